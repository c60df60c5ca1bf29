"""The benchmark's results for people, in tables of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.queue.optuna_sides import OPTIMIZE
from tests.benchmarks.queue.ours import OURS


def print_results(results: Mapping[str, Any], console: Console) -> None:
    """Print what `measure` returns."""
    print_head(results, console)
    for found in results["databases"].values():
        print_database(found, results, console)
    print_tail(results, console)


def print_head(results: Mapping[str, Any], console: Console) -> None:
    """Print what is measured on."""
    machine = results["machine"]
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores; Optuna {machine['optuna']}, Python {machine['python']}. The load "
        f"was {machine['load']:.1f} before."
    )


def print_tail(results: Mapping[str, Any], console: Console) -> None:
    """Print what was left out."""
    if results["left_out"]:
        console.print(f"\nleft out: {', '.join(results['left_out'])}")


def print_database(found: Mapping[str, Any], results: Mapping[str, Any], console: Console) -> None:
    """Print what one database's part of the results says."""
    console.print(f"\n{found['what']}")
    if drains := found.get("drains"):
        console.print(_drains(drains))
        console.print(
            f"A round of {results['trials']:,} trials, at most {results['seconds']:g} s a drain; medians of "
            f"{results['repetitions']}, and the least and the greatest. W: workers. per s: trials a second. ours is: "
            "times as fast, turn by turn. tx, stmts: transactions and statements a trial, of all workers. CPU: ms a "
            "trial, of workers and server. claims: tried per trial."
        )
        for line in _lost(drains):
            console.print(line)
    if runs := found.get("whole_runs"):
        console.print(_runs(runs))
        console.print(
            f"Whole runs of {results['whole_trials']:,} trials with rungs at 25 and 50 %, from the empty study to the "
            "end of the final part, all counted on the search's trials; Optuna: halving at the same rungs, no final "
            "part."
        )
    if sizes := found.get("sizes"):
        console.print(_sizes(sizes))
        console.print(
            "Of the last round, drained by 2 workers beside all trials before; CPU in ms a trial. enqueue: seconds of "
            "all of the leader's steps until all rounds are enqueued. look: seconds of a leader's first look, and of "
            "its next one."
        )
    if durable := found.get("durability"):
        rates = ", ".join(f"{name} {_spread(each)}" for name, each in durable.items() if name != "workers")
        console.print(f"\nTrials a second, {durable['workers']} workers, by what is durable: {rates}.")
    if idle := found.get("idle"):
        console.print(
            f"\n{idle['workers']} idle workers and a leader: {100 * idle['cpu_share']:.1f} % of a core (server "
            f"{100 * idle['server_cpu_share']:.1f} %), {idle['statements_a_second']:.1f} statements and "
            f"{idle['transactions_a_second']:.1f} transactions a second, of which the leader "
            f"{idle['leader_statements_a_second']:.1f} statements. Connections of a worker: "
            f"{idle['connections_idle']} idle, {idle['connections_busy']} busy, at most."
        )
    if found["bars"]:
        console.print(_bars(found["bars"]))


def _drains(drains: Mapping[str, Any]) -> Table:
    table = _table("W", "side", "per s", "from..to", "ours is", "tx", "stmts", "CPU", "claims")
    for workers, sides in drains.items():
        first = workers
        for name, side in sides.items():
            counts = bool(side["statements"]["median"])
            table.add_row(
                first,
                name,
                _number(side["trials_a_second"]["median"]),
                _range(side["trials_a_second"]),
                "" if name == OURS else _spread(side["times"]),
                _number(side["transactions"]["median"]) if counts else "-",
                _number(side["statements"]["median"]) if counts else "-",
                _number(side["worker_ms"]["median"] + side["server_ms"]["median"]),
                _number(side["claims"]["median"]) if name == OURS else "-",
            )
            first = ""
    return table


def _lost(drains: Mapping[str, Any]) -> list[str]:
    """Return a line for each side that lost trials to errors of its database."""
    return [
        f"{name}, {workers} workers: up to {side['errors']['high']:.0f} trials ended in an error of the database."
        for workers, sides in drains.items()
        for name, side in sides.items()
        if side["errors"]["high"]
    ]


def _runs(runs: Mapping[str, Any]) -> Table:
    table = _table("W", "per s", "from..to", "optimize", "ours is", "tx", "stmts", "CPU", "leader", right=True)
    for workers, run in runs.items():
        mine = run[OURS]
        table.add_row(
            workers,
            _number(mine["trials_a_second"]["median"]),
            _range(mine["trials_a_second"]),
            _number(run[OPTIMIZE]["trials_a_second"]["median"]),
            _spread(run["times"]),
            _number(mine["transactions"]["median"]),
            _number(mine["statements"]["median"]),
            _number(mine["worker_ms"]["median"] + mine["server_ms"]["median"]),
            _number(mine["leader_ms"]["median"]),
        )
    return table


def _sizes(sizes: Mapping[str, Any]) -> Table:
    headers = ("trials", "per s", "CPU", "worker MB", "leader MB", "enqueue", "first look", "look")
    table = _table(*headers, right=True)
    for trials, size in sizes.items():
        table.add_row(
            f"{int(trials):,}",
            _number(size["trials_a_second"]),
            f"{size['worker_ms'] + size['server_ms']:.2f}",
            f"{size['memory_mb']:.0f}",
            f"{size['leader_memory_mb']:.0f}",
            f"{size['enqueue_seconds']:.2f}",
            f"{size['first_look_seconds']:.3f}",
            f"{size['look_seconds']:.3f}",
        )
    return table


def _bars(bars: list[Mapping[str, Any]]) -> Table:
    table = _table("asked", "found", "bar", "reached", right=True)
    table.columns[0].justify = "left"
    for bar in bars:
        sign = ">=" if bar["at_least"] else "<="
        reached = Text("yes", style="green") if bar["reached"] else Text("no", style="red")
        table.add_row(bar["what"], f"{bar['found']:.3g}", f"{sign} {bar['asked']:g}", reached)
    return table


def _table(*headers: str, right: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for header in headers:
        table.add_column(header, justify="left" if header == "side" and not right else "right", no_wrap=True)
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def _range(spread: Mapping[str, float]) -> str:
    return f"{_number(spread['low'])}..{_number(spread['high'])}"


def _spread(spread: Mapping[str, float] | None) -> str:
    return "-" if spread is None else f"{_number(spread['median'])} ({_range(spread)})"
