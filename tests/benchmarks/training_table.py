"""The benchmark's results for people: one table of 80 columns, and what does not fit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PEERS = {
    "plain": "the book's style: float64, layer by layer, the batch's loss once more after each update",
    "layers": "our own reference, float32, layer by layer: what the fused stages are worth",
    "eager": "PyTorch as most people write it",
    "best": "PyTorch at its best: fused optimizers, channels_last maps, inference mode, ReLU after the pool",
    "sklearn": "scikit-learn's MLPClassifier",
}


def print_results(results: Mapping[str, Any], console: Console) -> None:
    """Print what `training.measure` returns."""
    machine = results["machine"]
    console.print(f"{machine['cpu']}, one thread a side; data: {results['data']}", highlight=False)
    if results["workloads"]:
        console.print(_table(results["workloads"]))
        _print_legend(results, console)
    if early_late := results.get("adam_long"):
        console.print(
            f"adam_long: a step takes {early_late['early_ms']:.2f} ms in steps 1..100 and "
            f"{early_late['late_ms']:.2f} ms in steps 5,001..5,100: ratio {_spread(early_late['ratio'])}",
            highlight=False,
        )
    for name, used in results.get("memory", {}).items():
        console.print(
            f"memory: {name}, 60,000 images: {used['peak']:.0f} MB at its peak, {used['start']:.0f} MB before training",
            highlight=False,
        )


def _table(workloads: Mapping[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for header in ("workload", "ours, ms", "of sgemm", "against", "times", "10 .. 90 %", "asked", "reached"):
        table.add_column(header, justify="left" if header in ("workload", "against") else "right", no_wrap=True)
    for name, workload in workloads.items():
        first = [name, _milliseconds(workload["ours_ms"]["median"]), f"{workload['sgemm_fraction']:.2f}"]
        for peer, ratio in workload["peers"].items() or [("-", None)]:
            table.add_row(*first, peer, *(_cells(ratio) if ratio else []))
            first = ["", "", ""]
    return table


def _cells(ratio: Mapping[str, Any]) -> list[str | Text]:
    asked = "-" if ratio["asked"] is None else f"{ratio['asked']:g}"
    reached = {None: Text("-"), True: Text("yes", style="green"), False: Text("no", style="red")}[ratio["reached"]]
    return [f"{ratio['median']:.2f}", f"{ratio['low']:.2f} .. {ratio['high']:.2f}", asked, reached]


def _print_legend(results: Mapping[str, Any], console: Console) -> None:
    shown = {peer for workload in results["workloads"].values() for peer in workload["peers"]}
    console.print(
        f"\ntimes: median of the peer's time over ours in {results['rounds']} rounds (slow peers: every third); "
        f"above 1 we are faster. of sgemm: of {results['sgemm_gflops']:.0f} Gflop/s, the best product of two "
        "1024 x 1024 matrices in this run.",
        highlight=False,
    )
    for peer, what in PEERS.items():
        if peer in shown:
            console.print(f"{peer}: {what}", highlight=False)
    for name, workload in results["workloads"].items():
        console.print(f"{name}: {workload['what']}", highlight=False)
    console.print()


def _milliseconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _spread(spread: Mapping[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['low']:.2f} .. {spread['high']:.2f})"
