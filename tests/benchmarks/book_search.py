"""`python -m tests.benchmarks.book_search`: what the service's search is worth against the book's own procedure.

Both pick a learning rate and a weight decay for the book's MLP, seed after seed. Both winners are then trained on small
subsets alone, never on all of the data, and scored on the whole test set:

- the book: the first 500 images, shuffled, 100 held out; 100 log-uniform draws in the book's box; the best validation
  accuracy wins, and the network that had it is scored.
- the service: `hpo.run --study mnist_wd` as it stands, up to its race (the runs on all of the data are cut to one short
  epoch); the winner of the race is trained on fresh groups of 500 images, and of 400 as the book's networks are.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo import models
from hpo.definition.files import load_definition
from hpo.definition.trainers.networks import networks_of
from hpo.proof.estimates import estimate
from hpo.record.results import load_results
from hpo.storage.database import Database
from hpo.storage.datasets import Located, TrainingPart, load_training_part, locate
from hpo.storage.test_set import load_test_part
from hpo.training.cuts import Cut
from hpo.training.images import StudyData

ROOT = Path(__file__).parents[2]
BOOK = models.MultiLayerNetDescription()
STUDY = "mnist_wd"
UPDATES = 200


@dataclass(frozen=True)
class Outcome:
    """What one seed came to: test accuracies, the chosen values, and the seconds that choosing took."""

    book: float
    book_lr: float
    service_500: float
    service_400: float
    service_lr: float
    service_wd: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.book_search", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="whole searches a side (default: 5)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print the outcomes as JSON")
    arguments = parser.parse_args()
    data_dir = Path(arguments.data_dir) if arguments.data_dir else None
    located = locate("mnist", data_dir=data_dir, announce=lambda text: print(text, file=sys.stderr))
    part = load_training_part(located)
    test = load_test_part(located, image_shape=part.images.shape[1:], classes=part.classes)
    test_images = models.Examples(test.images, test.labels)
    outcomes = []
    for seed in range(arguments.seeds):
        book, book_lr = book_procedure(part, test_images, seed)
        found = service(located, part, test_images, seed=seed, data_dir=data_dir)
        outcomes.append(Outcome(book=book, book_lr=book_lr, **found))
        if not arguments.json:
            o = outcomes[-1]
            print(
                f"seed {seed}: book {o.book:.3f} (lr {o.book_lr:.2g})   service {o.service_500:.3f} on 500, "
                f"{o.service_400:.3f} on 400 (lr {o.service_lr:.2g}, wd {o.service_wd:.2g}; {o.seconds:.0f} s)",
                flush=True,
            )
    if arguments.json:
        print(json.dumps([vars(outcome) for outcome in outcomes]))
        return
    for name in ("book", "service_500", "service_400"):
        e = estimate([getattr(outcome, name) for outcome in outcomes])
        print(f"{name:12} mean test accuracy {e.mean:.3f}, 90 % interval {e.low:.3f} .. {e.high:.3f}, {e.runs} seeds")


def book_procedure(part: TrainingPart, test: models.Examples, seed: int) -> tuple[float, float]:
    """Return the test accuracy and learning rate of the book's winner."""
    rng = np.random.default_rng([seed, 0])
    order = rng.permutation(500)
    validation = models.Examples(part.images[order[:100]], part.labels[order[:100]])
    train = models.Examples(part.images[order[100:]], part.labels[order[100:]])
    best, best_test, best_lr = -1.0, 0.0, 0.0
    for _ in range(100):
        settings = models.TrainingSettings(
            learning_rate=10 ** rng.uniform(-6, -2), weight_decay=10 ** rng.uniform(-8, -4), batch_size=100
        )
        network, score = _train(train, validation, settings, rng)
        if score > best:
            best, best_test, best_lr = score, network.evaluate(test).accuracy, settings.learning_rate
    return best_test, best_lr


def service(
    located: Located,
    part: TrainingPart,
    test: models.Examples,
    *,
    seed: int,
    data_dir: Path | None,
) -> dict[str, float]:
    """Run the whole search with `seed`, score its winner on small subsets; return the service's part of an Outcome."""
    changes = ["final.epochs=1", "final.seeds=1"]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/hpo.db"
        command = [sys.executable, "-m", "hpo.run", "--study", STUDY, "--storage", url, "--out", folder]
        command += ["--seed", str(seed), *(word for change in changes for word in ("--set", change))]
        command += ["--data-dir", str(data_dir)] if data_dir else []
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        with Database(url) as database:
            config = load_results(database, STUDY).good[0].config
    definition = load_definition(STUDY, changes, seed)
    data = StudyData.build(definition, located, part)
    settings = networks_of(definition).settings(config)[1]
    accuracies = {}
    for samples in (500, 400):
        runs = []
        for run in range(5):
            fold = data.fold(Cut(samples, group=20 + run))
            network, _ = _train(fold.train, fold.validation, settings, np.random.default_rng([seed, samples, run]))
            runs.append(network.evaluate(test).accuracy)
        accuracies[samples] = float(np.mean(runs))
    lr, wd = float(config["learning_rate"]), float(config["weight_decay"])
    return {
        "service_500": accuracies[500],
        "service_400": accuracies[400],
        "service_lr": lr,
        "service_wd": wd,
        "seconds": seconds,
    }


def _train(
    train: models.Examples, validation: models.Examples, settings: models.TrainingSettings, rng: np.random.Generator
) -> tuple[models.Network, float]:
    """Train the book's MLP for 200 updates and return it with its validation accuracy."""
    network = models.build_network(BOOK, train.images.shape[1:], 10, rng)
    epochs = UPDATES // models.steps_per_epoch(len(train), settings.batch_size)
    results = models.fit(network, train, validation, settings, epochs=epochs, rng=rng, evaluate_at=[UPDATES])
    return network, list(results)[-1].validation_accuracy


if __name__ == "__main__":
    main()
