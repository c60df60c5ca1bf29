"""`python -m tests.benchmarks.effects`: how often the permutation test for an effect is right, on recorded tables.

To the hyperparameters of a table another one is added that does nothing, and searches are replayed in rounds of 20. How
often the learning rate is called relevant after the first round is counted, and how often the one that does nothing,
after one round and after three. The first round looks in four decades of learning rates. With `--wide` its limits are
wider still, and six of its trials look there: the test, which asks what a box tells, has fourteen.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import optuna
from rich.table import Table

from hpo.searching.relevance import relevance
from hpo.searching.space import Interval, Numeric, SearchSpace
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.claims import share_text, wide_space
from tests.benchmarks.printing import console
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import Plan, budget_of, replay

HOW = Plan(trials=20, candidates=3, runs=2)
ROUNDS = (1, 3)
RATE, IDLE = "learning_rate", "idle"


@dataclass(frozen=True)
class Called:
    """Whether one search called the learning rate relevant after its first round, and what does nothing after 1, 3."""

    rate: bool
    idle: bool
    idle_later: bool


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.effects", description=__doc__)
    add_table_arguments(parser)
    parser.add_argument("--seeds", type=int, default=400, metavar="N", help="searches a table (default: 400)")
    parser.add_argument("--wide", action="store_true", help="limits wider than where round 1 looks")
    arguments = parser.parse_args()
    table = Table(title="called relevant, % of searches", title_justify="left")
    for column in ("table", "learning rate, 20 trials", "does nothing, 20", "does nothing, 60"):
        table.add_column(column, justify="left" if column == "table" else "right")
    found: list[Called] = []
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            look = functools.partial(called, name, arguments.folder, arguments.wide)
            rows = pool.map(look, range(arguments.seeds), chunksize=10)
            table.add_row(name, *_shares(rows))
            found += rows
    table.add_row("all", *_shares(found))
    console().print(table)


def called(name: str, folder: Path, wide: bool, seed: int) -> Called:
    """Search one table and ask after the first and the last round which hyperparameters have an effect."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = RecordedTable.named(name, folder)
    space = wide_space(table, missed_by=0) if wide else table.space
    anywhere = Interval(0.0, 1.0)
    space = SearchSpace({**space.hyperparameters, IDLE: Numeric(anywhere, anywhere)})
    found = replay(table, budget_of(HOW.trials * ROUNDS[-1], HOW), seed, space=space, how=HOW)
    boxes = dict(enumerate(found.boxes, 1))
    verdicts = []
    for rounds in ROUNDS:
        trials = [trial for trial in found.trials if trial.round <= rounds]
        each = relevance(space, {number: boxes[number] for number in boxes if number <= rounds}, trials, seed=seed)
        verdicts.append({one.name: one.verdict == "relevant" for one in each})
    return Called(verdicts[0][RATE], verdicts[0][IDLE], verdicts[1][IDLE])


def _shares(rows: list[Called]) -> list[str]:
    return [share_text([getattr(row, what) for row in rows]) for what in ("rate", "idle", "idle_later")]


if __name__ == "__main__":
    main()
