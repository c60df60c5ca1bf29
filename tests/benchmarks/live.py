"""`python -m tests.benchmarks.search --live`: a few of the searches really trained, to hold the replays against.

The same game as in a replay, with trainings in place of a table: each takes its own group of 400 images, initialisation
and order. What a side picks is trained on all of the data (ours with its values carried over, the others as they are),
and counts by its test accuracy. Beside it stands what as many replays of the same side on the recorded table come to.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import functools
import logging
import multiprocessing
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from rich.table import Table

from hpo import models
from hpo.definition.trainers.networks import networks_of
from hpo.searching.space import Config
from hpo.training.cuts import Cut
from hpo.training.images import Fold, StudyData
from hpo.training.networks import evaluation_steps
from tests.benchmarks.peers import PEERS
from tests.benchmarks.peers.problem import RUNGS, Problem, recommended, run
from tests.benchmarks.printing import console
from tests.benchmarks.record import confirmation_images, table_data
from tests.benchmarks.recorded.designs import DESIGNS, Design
from tests.benchmarks.recorded.tables import RecordedTable, Run
from tests.benchmarks.replay import carried_over, replay
from tests.benchmarks.search_table import OURS, interval_text

SIDES = (OURS, "random", "optuna TPE")


@dataclass(frozen=True)
class Outcome:
    """What one search picked really reaches, and what a replay's pick does: test accuracies on all of the data."""

    table: str
    side: str
    seed: int
    live: float
    replayed: float


class Trainings:
    """Answers as a `RecordedTable` does, by training."""

    def __init__(self, design: Design, data: StudyData, test: models.Examples) -> None:
        self.design = design
        self.space = design.definition.space
        self.full = len(design.sizes)
        self._data, self._test = data, test

    def run(self, config: Config, size: int, seed: int) -> Run:
        """Train `config` on `size` to its end and return what it scored; the same for the same three."""
        samples = self.design.all_sizes[size].samples
        fold = self._data.fold(Cut(samples, seed % (self._data.pool_size // samples)))
        network, points = self._trained(config, size, seed, fold)
        ended = points[-1].diverged is not None
        images = confirmation_images(self._data)
        confirmation = 0.0 if ended else network.evaluate(images).accuracy
        network.release_buffers()
        scores = [(point.validation_accuracy, point.train_accuracy) for point in points]
        scores += [(0.0, 0.0)] * (len(RUNGS) - len(scores))
        if ended:
            scores[len(points) - 1] = 0.0, 0.0
        validation, train = (dict(zip(RUNGS, column, strict=True)) for column in zip(*scores, strict=True))
        return Run(validation, train, confirmation)

    def truth(self, config: Config, seed: int) -> float:
        """Train `config` on all of the data and return its accuracy on the test images."""
        network, points = self._trained(config, self.full, seed, self._data.fold(Cut(None, scorers="holdout")))
        return 0.0 if points[-1].diverged else network.evaluate(self._test).accuracy

    def _trained(
        self, config: Config, size: int, seed: int, fold: Fold
    ) -> tuple[models.Network, list[models.TrainingResult]]:
        described, training = networks_of(self.design.definition).settings(config)
        rng = np.random.default_rng([seed, size])
        network = models.build_network(described, fold.train.images.shape[1:], self._data.part.classes, rng)
        epochs = self.design.all_sizes[size].epochs
        steps = epochs * models.steps_per_epoch(len(fold.train), training.batch_size)
        results = models.fit(
            network,
            fold.train,
            fold.validation,
            training,
            epochs=epochs,
            rng=rng,
            evaluate_at=[steps] if size == self.full else evaluation_steps(steps, 1, RUNGS),
            probe=fold.train.take(np.arange(min(500, len(fold.train)))),
        )
        return network, list(results)


def compare(
    tables: Sequence[str],
    sides: Sequence[str],
    seeds: int,
    budget: int,
    *,
    workers: int,
    folder: Path,
    data_dir: Path | None,
) -> list[Outcome]:
    """Return what `sides` reach with a budget of whole trainings on each of `tables`, live and replayed."""
    tasks = [(table, side, seed) for seed in range(seeds) for table in tables for side in sides]
    search = functools.partial(_searched, budget=budget, folder=folder, data_dir=data_dir)
    found = []
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for each in pool.imap_unordered(search, tasks):
            found.append(each)
            print(f"{each.table}, {each.side}, seed {each.seed}: {100 * each.live:.2f} %", file=sys.stderr)
    return found


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print the mean test accuracies of every side, live and replayed, with 90 % intervals."""
    table = Table(title="test accuracy on all of the data, %", title_justify="left")
    for column in ("table", "side", "searches", "live", "replayed"):
        table.add_column(column, justify="left" if column in ("table", "side") else "right")
    for name, side in dict.fromkeys((each.table, each.side) for each in sorted(outcomes, key=lambda o: o.table)):
        rows = [each for each in outcomes if (each.table, each.side) == (name, side)]
        live, replayed = ([100 * getattr(row, which) for row in rows] for which in ("live", "replayed"))
        table.add_row(name, side, f"{len(rows)}", interval_text(live), interval_text(replayed))
    console().print(table)


def _searched(task: tuple[str, str, int], budget: int, folder: Path, data_dir: Path | None) -> Outcome:
    name, side, seed = task
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    table, trainings = RecordedTable.named(name, folder), Trainings(DESIGNS[name], *table_data(name, data_dir))
    live, replayed = _pick(trainings, side, seed, budget), _pick(table, side, seed, budget)
    live, replayed = (_as_used(table, side, config) for config in (live, replayed))
    return Outcome(name, side, seed, trainings.truth(live, seed), table.truth(replayed))


def _as_used(table: RecordedTable, side: str, config: Config) -> Config:
    return carried_over(table.design, config) if side == OURS else config


def _pick(answers: RecordedTable | Trainings, side: str, seed: int, budget: int) -> Config:
    """Return the config that `side` would use, as picked on the subset."""
    if side == OURS:
        return replay(answers, budget, seed).winner
    problem = Problem(
        answers.space,
        answers.space.start(),
        budget,
        curve=lambda config, number: answers.run(config, 0, 1_000_003 * seed + number).validation,
    )
    run(PEERS[side], problem, seed)
    return recommended(problem)[-1]
