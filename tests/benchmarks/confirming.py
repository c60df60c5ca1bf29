"""`python -m tests.benchmarks.confirming`: how often the 90 % interval of a winner's fresh runs holds the truth.

The recorded tables cannot tell. They hold four to six runs of a config: of normal runs, five drawn with replacement
from so few put the truth into their t interval in 85 to 87 % of cases, for want of runs and not of width. And a config
between recorded ones is answered by runs of several others, which are of two kinds beside a cliff.

So the winners of replayed searches were really trained, again and again, each time as the product confirms: another
group of images, another initialisation, other images to score. --record makes these runs, and goes on where it was
stopped. Fives are drawn from them, and their interval is held against the mean of all the others, widened for what
that mean does not know either: sqrt(1/5 + 1/others) in place of sqrt(1/5).
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import math
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import binomtest

from hpo import models
from hpo.definition.trainers.networks import networks_of
from hpo.proof.estimates import estimate
from hpo.searching.space import Config
from hpo.training.cuts import Cut
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.claims import wide_space
from tests.benchmarks.printing import console
from tests.benchmarks.record import table_data
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import HOW, budget_of, replay

FILE = "confirmations.jsonl"
FIVE = 5
ORDERS = 50
STREAM, FIRST_GROUP = 777, 40
"""What the runs are drawn from: no table has runs of these seeds, nor did a search see these groups of images."""


@dataclass(frozen=True)
class Confirmed:
    """The accuracies (0..1) of many fresh runs of the winner of the replay of `table` with `seed`."""

    table: str
    seed: int
    config: Config
    scores: Sequence[float]


@dataclass(frozen=True)
class Coverage:
    """Shares of fives whose interval holds the truth, lies above it, lies below it; its mean width; how many fives."""

    covered: float
    above: float
    below: float
    width: float
    fives: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.confirming", description=__doc__)
    add_table_arguments(parser)
    parser.add_argument("--record", action="store_true", help="train the winners first, as far as they are not there")
    parser.add_argument("--winners", type=int, default=8, metavar="N", help="of each table, to record (default: 8)")
    parser.add_argument("--runs", type=int, default=40, metavar="N", help="of each winner, to record (default: 40)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    arguments = parser.parse_args()
    file = arguments.folder / FILE
    if arguments.record:
        known = {(each.table, each.seed) for each in read(file)}
        tasks = [(table, seed) for seed in range(arguments.winners) for table in arguments.tables]
        train = functools.partial(confirmed, folder=arguments.folder, runs=arguments.runs, data_dir=arguments.data_dir)
        with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
            for each in pool.imap(train, [task for task in tasks if task not in known]):
                with file.open("a") as lines:
                    lines.write(json.dumps(asdict(each)) + "\n")
                print(f"{each.table}, winner {each.seed}: done", file=sys.stderr)
    found = [each for each in read(file) if each.table in arguments.tables]
    console().print(coverage_table(found))


def confirmed(task: tuple[str, int], folder: Path, runs: int, data_dir: Path | None) -> Confirmed:
    """Train the winner of one replay `runs` times, each time as the product confirms a good value."""
    name, seed = task
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = RecordedTable.named(name, folder)
    winner = replay(table, budget_of(100), seed, space=wide_space(table, missed_by=0), how=HOW).winner
    data, _ = table_data(name, data_dir)
    size = table.design.sizes[0]
    network_settings, training = networks_of(table.design.definition).settings(winner)
    scores = []
    for run in range(runs):
        fold = data.fold(Cut(size.samples, FIRST_GROUP + run, scorers="confirmation", draw=run))
        rng = np.random.default_rng([STREAM, run])  # shared by all winners, as by all good values
        network = models.build_network(network_settings, fold.train.images.shape[1:], data.part.classes, rng)
        steps = size.epochs * models.steps_per_epoch(size.samples, training.batch_size)
        (end,) = models.fit(
            network, fold.train, fold.validation, training, epochs=size.epochs, rng=rng, evaluate_at=[steps]
        )
        scores.append(0.0 if end.diverged else round(end.validation_accuracy, 4))
        network.release_buffers()
    return Confirmed(name, seed, winner, scores)


def coverage(scores: Sequence[float], rng: np.random.Generator, orders: int = ORDERS) -> Coverage:
    """Return what the product's interval of five runs does, over many fives of the `scores` of one config."""
    values = np.array(scores)
    n = len(values)
    fives = np.concatenate([_fives(rng.permutation(n)) for _ in range(orders)])
    truth = (values.sum() - values[fives].sum(axis=1)) / (n - FIVE)
    widened = math.sqrt(1 + FIVE / (n - FIVE))
    found = [estimate(list(values[five])) for five in fives]
    mean = np.array([each.mean for each in found])
    low = mean - widened * (mean - [each.low for each in found])
    high = mean + widened * ([each.high for each in found] - mean)
    width = float(np.mean([each.high - each.low for each in found]))
    above, below = float((low > truth).mean()), float((high < truth).mean())
    return Coverage(1 - above - below, above, below, width, n // FIVE)


def coverage_table(found: Sequence[Confirmed]) -> Table:
    """Return a line for each table and one for all: shares of intervals in %, widths in points."""
    table = Table(title="90 % intervals of five fresh runs, held against real runs", title_justify="left")
    for column in ("table", "winners", "fives", "covered %", "too high %", "too low %", "width", "sd of a run"):
        table.add_column(column, justify="left" if column == "table" else "right")
    names = list(dict.fromkeys(each.table for each in found))
    for name in [*names, "all"]:
        rows = [each for each in found if name in (each.table, "all")]
        seen = [coverage(each.scores, np.random.default_rng(each.seed)) for each in rows]
        covered, fives = float(np.mean([each.covered for each in seen])), sum(each.fives for each in seen)
        interval = binomtest(round(covered * fives), fives).proportion_ci(0.9, "wilson")
        spread = math.sqrt(np.mean([np.var(each.scores, ddof=1) for each in rows]))
        table.add_row(
            name,
            f"{len(rows)}",
            f"{fives}",
            f"{100 * covered:.1f} ({100 * interval.low:.0f}..{100 * interval.high:.0f})",
            f"{100 * np.mean([each.above for each in seen]):.1f}",
            f"{100 * np.mean([each.below for each in seen]):.1f}",
            f"{100 * np.mean([each.width for each in seen]):.2f}",
            f"{100 * spread:.2f}",
        )
    return table


def read(file: Path) -> list[Confirmed]:
    """Return what was recorded so far; a last line that is not whole is left out."""
    text = file.read_text() if file.exists() else ""
    return [Confirmed(**json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]


def _fives(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order of n cut into n // 5 fives that share nothing, (n // 5, 5)."""
    return order[: len(order) // FIVE * FIVE].reshape(-1, FIVE)


if __name__ == "__main__":
    main()
