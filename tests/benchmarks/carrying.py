"""`python -m tests.benchmarks.carrying`: is what a subset found as good as what a search on all data finds?

Both search a recorded table with the same number of trials, one on 400 images, one on all of the data, and end as the
product does: each good value is trained on all of the data with three seeds (after the subset with its weight decay
carried over), the best on validation is taken, and then its learning rate halved or doubled, if that is better on
average. What counts is the test accuracy of what is taken.

A table holds one run on all of the data of most configs, and a search there meets the very run whose test accuracy it
is judged by. So the search on all of the data looks better here than it is.
"""

from __future__ import annotations

import hpo.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from rich.table import Table

from hpo.probing import PROBES, taken
from hpo.space import Config
from tests.benchmarks.printing import console
from tests.benchmarks.recorded.designs import DESIGNS
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import HOW, budget_of, carried_over, replay
from tests.benchmarks.search_table import interval_text

FOLDER = Path(__file__).parent / "recorded"
SEEDS = range(3)


@dataclass(frozen=True)
class Reached:
    """Test accuracies on all of the data (0..1) of one seed.

    `subset`: what the search on the subset ends with; `winner` and `plain`: the winner of its race alone, carried over
    and as it was; `full`: what the search on all of the data ends with.
    """

    subset: float
    winner: float
    plain: float
    full: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.carrying", description=__doc__)
    parser.add_argument("--tables", nargs="+", choices=list(DESIGNS), default=list(DESIGNS), metavar="TABLE")
    parser.add_argument("--seeds", type=int, default=100, metavar="N", help="searches a table (default: 100)")
    parser.add_argument("--trials", type=int, default=60, metavar="N", help="trials of each search (default: 60)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where the recorded tables are")
    parser.add_argument("--json", action="store_true", help="print what every seed reached as JSON")
    arguments = parser.parse_args()
    found: dict[str, list[Reached]] = {}
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            look = functools.partial(reached, name, arguments.folder, arguments.trials)
            found[name] = pool.map(look, range(arguments.seeds), chunksize=10)
            print(f"{name}: done", file=sys.stderr)
    if arguments.json:
        print(json.dumps({name: [asdict(each) for each in rows] for name, rows in found.items()}))
    else:
        console().print(carrying_table(found))


def reached(name: str, folder: Path, trials: int, seed: int) -> Reached:
    """Search one table on the subset and on all of the data, with as many trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = RecordedTable.named(name, folder)
    budget = budget_of(trials)
    subset = replay(table, budget, seed, how=HOW)
    full = replay(table, budget, seed, how=HOW, size=table.full)
    return Reached(
        subset=table.truth(best_on_all(table, [carried_over(table, config) for config in subset.left], seed)),
        winner=table.truth(carried_over(table, subset.winner)),
        plain=table.truth(subset.winner),
        full=table.truth(best_on_all(table, full.left, seed)),
    )


def best_on_all(table: RecordedTable, configs: Sequence[Config], seed: int) -> Config:
    """Return what the product ends with, having trained `configs` and the best one's neighbours on all of the data."""

    def scores(config: Config) -> dict[int, float]:
        return {run: table.run(config, table.full, 1_000_003 * seed + run).confirmation for run in SEEDS}

    winner = max(configs, key=lambda config: float(np.mean(list(scores(config).values()))))
    probes = {
        stage: {**winner, "learning_rate": float(winner["learning_rate"]) * factor} for stage, factor in PROBES.items()
    }
    best = taken(scores(winner), {stage: scores(config) for stage, config in probes.items()})
    return winner if best is None else probes[best]


def carrying_table(found: dict[str, list[Reached]]) -> Table:
    """Return the mean differences of each table in points of test accuracy, with 90 % intervals."""
    table = Table(title="points of test accuracy on all of the data, 90 % intervals", title_justify="left")
    for column in ("table", "subset - full", "its winner - full", "winner carried over - plain"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name, rows in found.items():
        table.add_row(
            name, *(_difference(rows, *pair) for pair in (("subset", "full"), ("winner", "full"), ("winner", "plain")))
        )
    return table


def _difference(rows: Sequence[Reached], one: str, other: str) -> str:
    return interval_text([100 * (getattr(row, one) - getattr(row, other)) for row in rows], sign=True)


if __name__ == "__main__":
    main()
