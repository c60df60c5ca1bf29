"""`python -m tests.benchmarks.starting`: what it takes until the first network trains, and what the end takes.

- first: seconds from the command `hpo run --study smoke` to the moment when a worker has its first trial;
- end: seconds from the end of the last trial to the end of the command, with everything drawn, and the whole command;
- workers: seconds and CPU seconds until so many workers are there, have looked for work and left: they join a study
  that is done.

Each in processes of its own, several times; a median, with the 10 % and 90 % quantiles.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import optuna
import sqlalchemy as sa

from tests.benchmarks.interleaving import Spread

ROOT = Path(__file__).parents[2]
STUDY = "smoke"
POLL_SECONDS = 0.05
"""How often it is looked whether a trial has begun: when it did is read from the database."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.starting", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="turns of each (default: 7)")
    parser.add_argument("--workers", type=int, default=16, metavar="N", help="that join at once (default: 16)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print all numbers as one JSON object")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    data = ["--data-dir", str(arguments.data_dir)] if arguments.data_dir else []
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        done = f"sqlite:///{folder}/done.db"
        for turn in range(arguments.rounds):
            end, whole = whole_run(done if turn == 0 else f"sqlite:///{folder}/whole-{turn}.db", data)
            seconds, cpu = joining(arguments.workers, done, data)
            measured = {
                "first": first_trial(f"sqlite:///{folder}/first-{turn}.db", data),
                "end": end,
                "whole": whole,
                "workers, seconds": seconds,
                "workers, CPU seconds": cpu,
            }
            for name, value in measured.items():
                found.setdefault(name, []).append(value)
    spreads = {name: Spread.of(values) for name, values in found.items()}
    if arguments.json:
        print(json.dumps({name: {"values": found[name], **asdict(spread)} for name, spread in spreads.items()}))
        return
    for name, spread in spreads.items():
        print(f"{name:22} {spread.median:6.2f}  ({spread.low:.2f} .. {spread.high:.2f})")


def first_trial(url: str, data: list[str]) -> float:
    """Return the seconds from the start of a search to the claim of its first trial; then it is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        with subprocess.Popen(_run(url, folder, data), cwd=ROOT, stdout=subprocess.DEVNULL) as search:
            while (claimed := _moment(url, "MIN(datetime_start)")) is None:
                time.sleep(POLL_SECONDS)
            search.send_signal(signal.SIGINT)
    return claimed - began


def whole_run(url: str, data: list[str]) -> tuple[float, float]:
    """Return the seconds of a search after its last trial, and of all of it."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        subprocess.run(_run(url, folder, data), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        ended = time.time()
    last = _moment(url, "MAX(datetime_complete)")
    assert last is not None
    return ended - last, ended - began


def joining(workers: int, url: str, data: list[str]) -> tuple[float, float]:
    """Return the seconds, and the CPU seconds, that so many workers take to join a study that is done, and to leave."""
    command = [sys.executable, "-m", "hpo.work", "--study", STUDY, "--storage", url, "--workers", str(workers), *data]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _run(url: str, folder: str, data: list[str]) -> list[str]:
    return [sys.executable, "-m", "hpo.run", "--study", STUDY, "--storage", url, "--out", folder, *data]


def _moment(url: str, which: str) -> float | None:
    """Return a moment of the trials in Optuna's tables, as a time stamp; None where there is none yet."""
    if not Path(url.removeprefix("sqlite:///")).exists():
        return None
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT {which} FROM trials").scalar()
    except sa.exc.OperationalError:  # the tables are not there yet
        return None
    finally:
        engine.dispose()
    return None if found is None else datetime.fromisoformat(found).timestamp()


if __name__ == "__main__":
    main()
