"""`python -m tests.benchmarks.certifying`: what a certificate of a subset is worth, on recorded tables.

After a replayed search of 60 trials on 400 images, a certificate asks as the product does whether 400 or 1,600 images
rank 16 configs around its last box like 6,400 do, three runs of each; with `--before`, 16 configs of the whole recorded
range, as for `samples = "auto"`. What is lost by the first of the 16 on the size that it chooses is then looked up:
test accuracy on all of the data, where its weight decay is carried over, against the best of the 16 as they are.

Cost: the certificate and 100 trials on the chosen size, in trained images, over 100 trials as long as those on all of
the data; trials stop early as in a replay.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from rich.table import Table

from hpo.certificate.plan import CONFIGS, SEEDS, widened
from hpo.certificate.ranking import Certificate, Floats, Size, certify
from hpo.searching.proposing import lattice
from hpo.searching.space import Config
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.claims import share_text
from tests.benchmarks.printing import console
from tests.benchmarks.recorded.designs import Design
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import HOW, TRIAL_COST, budget_of, carried_over, replay
from tests.benchmarks.search_table import interval_text

TRIALS, LATER_TRIALS = 60, 100
LITTLE = 0.003


@dataclass(frozen=True)
class Certified:
    """One certificate: the place of the size it passes (None: none), what it and each size really lose, the cost."""

    passed: int | None
    lost: float
    losses: tuple[float, ...]
    cost: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.certifying", description=__doc__)
    add_table_arguments(parser)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="certificates a table (default: 200)")
    parser.add_argument("--before", action="store_true", help="before a search, not after it")
    arguments = parser.parse_args()
    found: dict[str, list[Certified]] = {}
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            look = functools.partial(certified, name, arguments.folder, arguments.before)
            found[name] = pool.map(look, range(arguments.seeds), chunksize=5)
            print(f"{name}: done", file=sys.stderr)
    console().print(certifying_table(found))


def certified(name: str, folder: Path, before: bool, seed: int) -> Certified:
    """Certify the subsets of one table once, and look up what following the certificate loses."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = RecordedTable.named(name, folder)
    box = table.space.start()
    if not before:
        box = widened(table.space, replay(table, budget_of(TRIALS), seed, how=HOW).boxes[-1])
    configs = lattice(table.space, box, CONFIGS, seed)
    sizes = table.design.sizes
    scores = [_scores(table, configs, place, seed) for place in range(len(sizes))]
    verdict = certify(
        {Size(size.samples, size.epochs): each for size, each in zip(sizes, scores, strict=True)}, seed=seed
    )
    truths = np.array([table.truth(config) for config in configs])
    picks = [configs[int(each.mean(axis=1).argmax())] for each in scores]
    losses = tuple(
        float(truths.max()) - table.truth(carried_over(table.design, pick, place)) for place, pick in enumerate(picks)
    )
    passed = None if verdict.smallest is None else [size.samples for size in sizes].index(verdict.smallest.size.samples)
    return Certified(passed, losses[-1 if passed is None else passed], losses, _cost(table.design, verdict))


def _scores(table: RecordedTable, configs: Sequence[Config], place: int, seed: int) -> Floats:
    """Return validation accuracies, (configs, runs); a size has seeds of its own."""
    seeds = [((seed * len(table.design.sizes) + place) * SEEDS + run) * 7 + 1 for run in range(SEEDS)]
    return np.array([[table.run(config, place, each).validation[100] for each in seeds] for config in configs])


def _cost(design: Design, verdict: Certificate) -> float:
    """Return what the certificate and 100 trials on the chosen size train, over as many on all of the data."""
    certificate = CONFIGS * SEEDS * sum(size.samples * size.epochs for size in design.sizes)
    search = LATER_TRIALS * TRIAL_COST * verdict.chosen.cost
    return (certificate + search) / (LATER_TRIALS * TRIAL_COST * design.full.samples * design.full.epochs)


def certifying_table(found: dict[str, list[Certified]]) -> Table:
    """Return a line for each table and one for all: shares in %, losses in points with 90 % intervals."""
    table = Table(title="certificates of a subset, and what following them loses", title_justify="left")
    names = ("table", "400 pass", "1,600", "none", "lost then", "<= .3", "by 400", "by 1,600", "by 6,400", "cost")
    for column in names:
        table.add_column(column, justify="left" if column == "table" else "right")
    everywhere = [each for rows in found.values() for each in rows]
    for name, rows in [*found.items(), ("all", everywhere)]:
        passing = [row for row in rows if row.passed is not None]
        table.add_row(
            name,
            *(f"{100 * np.mean([row.passed == place for row in rows]):.0f}" for place in (0, 1, None)),
            interval_text([100 * row.lost for row in passing]),
            share_text([row.lost <= LITTLE for row in passing]) if passing else "-",
            *(f"{100 * np.mean([row.losses[place] for row in rows]):.2f}" for place in range(3)),
            f"{np.mean([row.cost for row in rows]):.3f}",
        )
    return table


if __name__ == "__main__":
    main()
