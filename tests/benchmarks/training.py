"""`python -m tests.benchmarks.training`: how fast our networks train, against others on the same work.

The others are a plain NumPy reference in the book's style, PyTorch, and scikit-learn: one thread each, in short blocks
by turns, compared within a turn. PyTorch and scikit-learn come with `pip install -e '.[benchmark]'`.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import gc
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from hpo.storage.errors import UserError
from tests.benchmarks.bars import ASKED
from tests.benchmarks.digits import Digits, load_digits
from tests.benchmarks.interleaving import OURS, Side, Spread, Timing, interleave
from tests.benchmarks.long_adam import measure_long_adam
from tests.benchmarks.machine import check_one_thread, describe_machine, measure_sgemm
from tests.benchmarks.memory import NETWORKS, measure_memory
from tests.benchmarks.training_table import print_results
from tests.benchmarks.workloads import WORKLOADS, Workload

ROUNDS = 15
ADAM_LONG, MEMORY = "adam_long", "memory"
NAMES = (*WORKLOADS, ADAM_LONG, MEMORY)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.training", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print all numbers as one JSON object")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=_positive, default=ROUNDS, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    arguments = parser.parse_args()
    try:
        digits = load_digits(arguments.data_dir)
    except UserError as error:
        parser.error(str(error))
    if missing := _missing():
        print(f"left out: {', '.join(missing)}; pip install -e '.[benchmark]' installs them", file=sys.stderr)
    results = measure(digits, arguments.only, arguments.rounds)
    if arguments.json:
        print(json.dumps(results))
    else:
        print_results(results, Console(width=80))


def measure(digits: Digits, names: Collection[str], rounds: int) -> dict[str, Any]:
    """Return all results of the workloads `names`, as --json prints them."""
    console = Console(stderr=True)
    timings: dict[str, Timing] = {}
    extra: dict[str, Any] = {}
    sgemm = measure_sgemm()
    # A live line that refreshes by itself would need a thread, which would compute beside what is timed.
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(text: str) -> None:
            if console.is_terminal:
                live.update(text, refresh=True)

        for name, workload in WORKLOADS.items():
            if name in names:
                timings[name] = _time(workload, digits, rounds, _ticker(name, rounds, show))
                sgemm = max(sgemm, measure_sgemm())
        if ADAM_LONG in names:
            show(f"{ADAM_LONG}: 5,100 steps")
            extra[ADAM_LONG] = _long_adam(digits)
        if MEMORY in names:
            show(f"{MEMORY}: a process for each network")
            extra[MEMORY] = {name: measure_memory(name) for name in NETWORKS}
    return {
        "machine": describe_machine(),
        "data": digits.source,
        "threads": 1,
        "rounds": rounds,
        "left_out": _missing(),
        "sgemm_gflops": sgemm / 1e9,
        "workloads": {name: _summary(name, WORKLOADS[name], timing, sgemm) for name, timing in timings.items()},
        **extra,
    }


def _time(workload: Workload, digits: Digits, rounds: int, tick: Callable[[int], None]) -> Timing:
    sides: dict[str, Side] = workload.sides(digits)
    if _installed("torch"):
        from tests.benchmarks.torch_networks import one_thread  # noqa: PLC0415 - only where it is installed

        one_thread()
        sides |= workload.torch_sides(digits)
    if _installed("sklearn"):
        sides |= workload.sklearn_sides(digits)
    check_one_thread()
    gc.collect()
    return interleave(sides, rounds=rounds, tick=tick)


def _summary(name: str, workload: Workload, timing: Timing, sgemm: float) -> dict[str, Any]:
    ours = timing.unit()
    peers = {}
    for peer in timing.seconds:
        if peer != OURS:
            ratio, asked = timing.ratio(peer), ASKED[name].get(peer)
            reached = None if asked is None else ratio.median >= asked
            milliseconds = _milliseconds(timing.unit(peer), workload.shown_units)
            peers[peer] = {**asdict(ratio), "asked": asked, "reached": reached, "ms": milliseconds}
    return {
        "what": workload.what,
        "ours_ms": _milliseconds(ours, workload.shown_units),
        "gflops": workload.flops / ours.median / 1e9,
        "sgemm_fraction": workload.flops / ours.median / sgemm,
        "peers": peers,
    }


def _long_adam(digits: Digits) -> dict[str, Any]:
    timing, ratio = measure_long_adam(digits)
    early, late = (1e3 * timing.unit(side).median for side in ("early", "late"))
    return {"early_ms": early, "late_ms": late, "ratio": asdict(ratio)}


def _milliseconds(spread: Spread, units: int) -> dict[str, float]:
    factor = 1e3 * units
    return {"median": factor * spread.median, "low": factor * spread.low, "high": factor * spread.high}


def _ticker(name: str, rounds: int, show: Callable[[str], object]) -> Callable[[int], None]:
    return lambda turn: show(f"{name}: round {turn} of {rounds}" if turn else f"{name}: warming up")


def _missing() -> list[str]:
    """Return the packages of peers that are not installed."""
    modules = {"torch": "torch", "scikit-learn": "sklearn"}
    return [package for package, module in modules.items() if not _installed(module)]


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1 round, got {value}")
    return value


if __name__ == "__main__":
    main()
