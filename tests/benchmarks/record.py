"""`python -m tests.benchmarks.record`: train every config of the recorded tables and write down what it scored.

It takes hours, and may be stopped at any time: what is recorded stays, and the same command goes on. Each table is a
file of JSON lines, one a run, described in tests/benchmarks/recorded/README.md.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import base64
import functools
import itertools
import multiprocessing
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo import models
from hpo.definition.trainers.networks import networks_of
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.test_set import load_test_part
from hpo.training.cuts import Cut
from hpo.training.images import Fold, StudyData
from hpo.training.networks import evaluation_steps
from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.peers.problem import RUNGS
from tests.benchmarks.recorded.designs import CONFIRMATION, DESIGNS, TEST, VALIDATION, Design
from tests.benchmarks.recorded.runs import Runs, append_run, read_runs

BETTER_HALF, BETTER_THIRD = 1 / 2, 1 / 3
TEMPTING, OFTEN = 0.05, 20
"""A search may take a config for the best that comes this near to it with any seed; such are run so often."""


@dataclass(frozen=True)
class Task:
    """One run to record: config number `config` of the table, on size number `size`, with seed number `seed`."""

    table: str
    config: int
    size: int
    seed: int

    @property
    def key(self) -> tuple[int, int, int]:
        """What the run is known by inside its table."""
        return self.config, self.size, self.seed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.record", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"which (default: all): {', '.join(DESIGNS)}")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where the tables are written")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.tables if name not in DESIGNS]
    if unknown:
        parser.error(f"no table named {unknown[0]!r}; known tables: {', '.join(DESIGNS)}")
    designs = [DESIGNS[name] for name in arguments.tables or DESIGNS]
    train = functools.partial(record, data_dir=Path(arguments.data_dir) if arguments.data_dir else None)
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for stage, wanted in enumerate(STAGES, 1):
            known = {design.name: read_runs(arguments.folder, design.name) for design in designs}
            tasks = [
                task
                for design in designs
                for task in wanted(design, known[design.name])
                if task.key not in known[task.table]
            ]
            for done, (task, run) in enumerate(pool.imap(train, tasks), 1):
                append_run(arguments.folder, task.table, run)
                if sys.stderr.isatty() or done % 100 == 0:
                    print(f"\rstage {stage} of {len(STAGES)}: {done:,} of {len(tasks):,} runs", end="", file=sys.stderr)


def _everywhere(design: Design, known: Runs) -> Iterator[Task]:
    """Yield every config on the smallest subset, and on all of the data once."""
    del known
    full = len(design.sizes)
    for size, seeds in ((0, design.sizes[0].seeds), (full, 1)):
        for config, seed in itertools.product(range(len(design.configs)), range(seeds)):
            yield Task(design.name, config, size, seed)


def _larger_subsets(design: Design, known: Runs) -> Iterator[Task]:
    """Yield every config on the larger subsets: with all seeds where it is among the better half, else once."""
    better = set(_best(design, known, BETTER_HALF))
    for size in range(1, len(design.sizes)):
        for config in range(len(design.configs)):
            for seed in range(design.sizes[size].seeds if config in better else 1):
                yield Task(design.name, config, size, seed)


def _often(design: Design, known: Runs) -> Iterator[Task]:
    """Yield the configs of a grid that a search may end with on the smallest subset, so often that means need no model.

    Beside a cliff of divergence a config is as good as any with one seed and worthless with another, and neighbours say
    nothing of how often.
    """
    if not design.grid:
        return
    seeds = range(design.sizes[0].seeds)
    runs = np.array(
        [[known[config, 0, seed]["confirmation"] for seed in seeds] for config in range(len(design.configs))]
    )
    tempting = np.flatnonzero(runs.max(axis=1) >= runs.mean(axis=1).max() - TEMPTING)
    for config, seed in itertools.product(tempting.tolist(), range(OFTEN)):
        yield Task(design.name, config, 0, seed)


def _all_of_the_data(design: Design, known: Runs) -> Iterator[Task]:
    """Yield the best configs on all of the data with every seed."""
    for config, seed in itertools.product(_best(design, known, BETTER_THIRD), range(design.full.seeds)):
        yield Task(design.name, config, len(design.sizes), seed)


def _best(design: Design, known: Runs, share: float) -> list[int]:
    """Return the `share` of configs with the highest validation accuracy on all of the data, with seed 0."""
    score = {config: known[config, len(design.sizes), 0]["validation"][-1] for config in range(len(design.configs))}
    return sorted(sorted(score, key=lambda config: (-score[config], config))[: round(share * len(score))])


STAGES = (_everywhere, _often, _larger_subsets, _all_of_the_data)
"""What is recorded one after the other: what a table needs most comes first."""


def record(task: Task, data_dir: Path | None) -> tuple[Task, dict[str, Any]]:
    """Train the run and return it with what is written down of it."""
    design = DESIGNS[task.table]
    data, test = table_data(task.table, data_dir)
    size = design.all_sizes[task.size]
    fold = _fold(data, size.samples, task.seed)
    network_settings, training = networks_of(design.definition).settings(design.configs[task.config])
    rng = np.random.default_rng([task.seed, task.size])
    network = models.build_network(network_settings, fold.train.images.shape[1:], data.part.classes, rng)
    steps = size.epochs * models.steps_per_epoch(size.samples, training.batch_size)
    results = models.fit(
        network,
        fold.train,
        fold.validation,
        training,
        epochs=size.epochs,
        rng=rng,
        evaluate_at=evaluation_steps(steps, 1, RUNGS),
        probe=fold.train.take(np.arange(min(VALIDATION, size.samples))),
    )
    points = list(results)
    run: dict[str, Any] = {
        "config": task.config,
        "size": task.size,
        "seed": task.seed,
        "steps": steps,
        "seconds": round(points[-1].seconds, 3),
        "diverged": points[-1].diverged is not None,
        "train": _padded([p.train_accuracy for p in points]),
        "validation": _padded([p.validation_accuracy for p in points]),
        "hits": base64.b64encode(np.packbits(points[-1].validation_hits).tobytes()).decode(),
    }
    others = {"confirmation": confirmation_images(data)} | ({"test": test} if task.size == len(design.sizes) else {})
    for name, examples in others.items():
        run[name] = 0.0 if run["diverged"] else round(network.evaluate(examples).accuracy, 4)
    network.release_buffers()
    return task, run


def _padded(accuracies: list[float]) -> list[float]:
    """Return an accuracy for each rung; 0 for those behind a divergence."""
    return [round(accuracy, 4) for accuracy in accuracies] + [0.0] * (len(RUNGS) - len(accuracies))


def _fold(data: StudyData, samples: int, seed: int) -> Fold:
    """Return fresh training images for each seed, as far as there are, and the validation images of every search."""
    return data.fold(Cut(samples, seed if samples < data.pool_size else 0))


def confirmation_images(data: StudyData) -> models.Examples:
    """Return the images that a run is confirmed on: none of them validate a search."""
    indices = data.split.holdout[VALIDATION : VALIDATION + CONFIRMATION]
    return models.Examples(data.part.images[indices], data.part.labels[indices])


@functools.cache
def table_data(table: str, data_dir: Path | None) -> tuple[StudyData, models.Examples]:
    definition = DESIGNS[table].definition
    located = locate(definition.data.dataset, data_dir=data_dir, announce=lambda text: None)
    if not located.complete:
        raise SystemExit(f"{definition.data.dataset}: the tables are recorded on the complete dataset only")
    part = load_training_part(located)
    data = StudyData.build(definition, located, part)
    test = load_test_part(located, image_shape=part.images.shape[1:], classes=part.classes)
    return data, models.Examples(test.images[:TEST], test.labels[:TEST])


if __name__ == "__main__":
    main()
