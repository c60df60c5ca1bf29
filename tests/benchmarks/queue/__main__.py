"""`python -m tests.benchmarks.queue`: what the queue costs, beside Optuna's own ways to share a study.

A round of trials that train nothing is drained by several workers: by ours, and by Optuna's `optimize` on the same
database, its gRPC proxy before that database, and its journal file. Then whole runs with their enqueueing and rungs,
what durable writes cost, what it costs to wait, and studies of many sizes. All in one run, the sides in turns. The
proxy needs the extra `peers`; PostgreSQL a server's programs, which are started here.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import optuna
from rich.console import Console

from tests.benchmarks.machine import describe_machine, installed_version
from tests.benchmarks.queue import optuna_sides
from tests.benchmarks.queue.bars import bars
from tests.benchmarks.queue.drains import measure_drains
from tests.benchmarks.queue.durability import measure_durability
from tests.benchmarks.queue.idle import measure_idle
from tests.benchmarks.queue.ours import OURS
from tests.benchmarks.queue.places import KINDS, Place, place
from tests.benchmarks.queue.sizes import measure_sizes
from tests.benchmarks.queue.tables import print_database, print_head, print_tail
from tests.benchmarks.queue.whole_runs import measure_whole_runs

SIDES = (OURS, optuna_sides.OPTIMIZE, optuna_sides.PROXY, optuna_sides.JOURNAL)
PARTS = ("drains", "whole_runs", "durability", "idle", "sizes")


def main(argv: list[str] | None = None) -> None:
    """Run the command with `argv`."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # servers and files do not outlive it
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    console = Console(width=80, highlight=False, quiet=arguments.json)
    results = _about(arguments)
    print_head(results, console)
    with ExitStack() as places:
        for kind in arguments.database:
            try:
                here = places.enter_context(place(kind))
            except FileNotFoundError as error:
                results["left_out"].append(str(error))
                continue
            results["databases"][kind] = _measure_database(here, arguments, _ticker())
            print_database(results["databases"][kind], results, console)
    print_tail(results, console)
    if arguments.json:
        print(json.dumps(results))


def _about(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the results say beside what was measured."""
    names = ("optuna", "sqlalchemy", "grpcio", "psycopg")
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], **{name: installed_version(name) for name in names}}
    left_out = []
    if optuna_sides.PROXY in arguments.sides and not optuna_sides.proxy_is_installed():
        arguments.sides = [side for side in arguments.sides if side != optuna_sides.PROXY]
        left_out.append("Optuna's gRPC proxy (pip install grpcio protobuf)")
    return {
        "machine": {**describe_machine(), **machine},
        "trials": arguments.trials,
        "whole_trials": arguments.whole_trials,
        "repetitions": arguments.repetitions,
        "seconds": arguments.seconds,
        "left_out": left_out,
        "databases": {},
    }


def _measure_database(here: Place, arguments: argparse.Namespace, tick: Callable[[str], None]) -> dict[str, Any]:
    often = {"repetitions": arguments.repetitions, "seconds": arguments.seconds, "tick": tick}
    parts: dict[str, Callable[[], Any]] = {
        "drains": lambda: measure_drains(
            here, trials=arguments.trials, workers=arguments.workers, only=arguments.sides, **often
        ),
        "whole_runs": lambda: measure_whole_runs(
            here, trials=arguments.whole_trials, workers=arguments.workers, **often
        ),
        "durability": lambda: measure_durability(here, trials=arguments.trials, **often),
        "idle": lambda: measure_idle(here, arguments.idle_seconds, tick),
        "sizes": lambda: measure_sizes(here, arguments.sizes, tick),
    }
    found = {name: measured() for name, measured in parts.items() if name in arguments.only}
    tick("")
    held = [{**asdict(bar), "reached": bar.reached} for bar in bars(found)]
    return {"what": here.describe(), **found, "bars": held}


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.queue",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole = {"type": _positive, "metavar": "N"}
    made.add_argument("--json", action="store_true", help="print all numbers as one JSON object")
    made.add_argument("--workers", nargs="+", default=[1, 2, 4, 8, 16, 64], **whole)
    made.add_argument("--database", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help=", ".join(KINDS))
    made.add_argument("--trials", default=1000, help="of a round that is drained (default: 1000)", **whole)
    made.add_argument("--whole-trials", default=200, help="of a whole run (default: 200)", **whole)
    made.add_argument("--sizes", nargs="+", default=[100, 1000, 10_000, 100_000], **whole)
    made.add_argument("--repetitions", default=3, help="turns of each side (default: 3)", **whole)
    made.add_argument("--seconds", type=float, default=10.0, help="of a drain at most (default: 10)")
    made.add_argument("--idle-seconds", type=float, default=30.0, help="of waiting (default: 30)")
    made.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, metavar="SIDE", help=", ".join(SIDES))
    made.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    return made


def _ticker() -> Callable[[str], None]:
    """Return what shows where it is: in one line that the next one overwrites, where somebody watches."""
    if not sys.stderr.isatty():
        return lambda text: print(text, file=sys.stderr, flush=True) if text else None
    return lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, got {value}")
    return value


if __name__ == "__main__":
    main()
