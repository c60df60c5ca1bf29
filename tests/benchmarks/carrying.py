"""`python -m tests.benchmarks.carrying`: is what a subset found as good as what a search on all data finds?

Both search a recorded table with the same number of trials, one on 400 images, one on all of the data, and end as the
product does: each good value is trained on all of the data with three seeds (after the subset with its weight decay
carried over), the best on validation is taken, or its plain values if they are better still, and then its learning rate
halved or doubled, if that is better on average. What counts is the test accuracy of what is taken.

A table holds one run on all of the data of most configs, and a search there meets the very run whose test accuracy it
is judged by. So the search on all of the data looks better here than it is. With `--live` everything is trained, and
truths are means of three runs of their own: some 130 trainings on all of the data a table and seed.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from rich.table import Table

from hpo.proof.probing import PROBES, better, better_probe
from hpo.searching.space import Config
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.live import Trainings
from tests.benchmarks.printing import console
from tests.benchmarks.record import table_data
from tests.benchmarks.recorded.designs import DESIGNS
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import HOW, budget_of, carried_over, replay
from tests.benchmarks.search_table import interval_text

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
    add_table_arguments(parser)
    parser.add_argument("--seeds", type=int, metavar="N", help="searches a table (default: 100; live 3)")
    parser.add_argument("--trials", type=int, default=60, metavar="N", help="trials of each search (default: 60)")
    parser.add_argument("--json", action="store_true", help="print what every seed reached as JSON")
    parser.add_argument("--live", action="store_true", help="really train")
    parser.add_argument(
        "--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR", help="for --live"
    )
    arguments = parser.parse_args()
    seeds = range(arguments.seeds or (3 if arguments.live else 100))
    found: dict[str, list[Reached]] = {}
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            if arguments.live:
                look = functools.partial(really_reached, name, arguments.data_dir, arguments.trials)
            else:
                look = functools.partial(reached, name, arguments.folder, arguments.trials)
            found[name] = pool.map(look, seeds, chunksize=1 if arguments.live else 10)
            print(f"{name}: done", file=sys.stderr)
    if arguments.json:
        print(json.dumps({name: [asdict(each) for each in rows] for name, rows in found.items()}))
    else:
        console().print(carrying_table(found))


def reached(name: str, folder: Path, trials: int, seed: int) -> Reached:
    """Search one table on the subset and on all of the data, with as many trials."""
    table = RecordedTable.named(name, folder)
    return _reached(table, table.truth, trials, seed)


def really_reached(name: str, data_dir: str | Path | None, trials: int, seed: int) -> Reached:
    """Do the same with trainings in place of a table."""
    trainings = Trainings(DESIGNS[name], *table_data(name, Path(data_dir) if data_dir else None))

    def truth(config: Config) -> float:
        return float(np.mean([trainings.truth(config, 1_000_003 * seed + 500 + run) for run in SEEDS]))

    return _reached(trainings, truth, trials, seed)


def _reached(answers: RecordedTable | Trainings, truth: Callable[[Config], float], trials: int, seed: int) -> Reached:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    budget = budget_of(trials)
    subset = replay(answers, budget, seed, how=HOW)
    full = replay(answers, budget, seed, how=HOW, size=answers.full)
    return Reached(
        subset=truth(best_on_all(answers, subset.left, seed, functools.partial(carried_over, answers.design))),
        winner=truth(carried_over(answers.design, subset.winner)),
        plain=truth(subset.winner),
        full=truth(best_on_all(answers, full.left, seed)),
    )


def best_on_all(
    answers: RecordedTable | Trainings,
    configs: Sequence[Config],
    seed: int,
    carry: Callable[[Config], Config] = lambda config: config,
) -> Config:
    """Return what the product ends with, having trained `configs` on all of the data, each as `carry` changes it.

    The best one's plain values and neighbours are trained, too.
    """

    def scores(config: Config) -> dict[int, float]:
        return {run: answers.run(config, answers.full, 1_000_003 * seed + run).confirmation for run in SEEDS}

    scored = [(config, scores(carry(config))) for config in configs]
    plain, own = max(scored, key=lambda each: float(np.mean(list(each[1].values()))))
    winner = carry(plain)
    if winner != plain and better(unchanged := scores(plain), own):
        winner, own = plain, unchanged
    probes = {
        stage: {**winner, "learning_rate": float(winner["learning_rate"]) * factor} for stage, factor in PROBES.items()
    }
    best = better_probe(own, {stage: scores(config) for stage, config in probes.items()})
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
