"""`python -m tests.benchmarks.winograd`: does Winograd's algorithm train as well as the direct convolution?

The book's deep ConvNet, one epoch of all of MNIST by Adam, seed after seed: once by each algorithm, from the same
initial weights, with the same batches and dropout masks. Only rounding differs; what it comes to is the difference of
the two test accuracies, with its 90 % interval over the seeds.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from hpo import models
from hpo.proof.estimates import estimate_difference
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.test_set import load_test_part
from tests.benchmarks.architectures import DEEP_CONVNET

SETTINGS = models.TrainingSettings(learning_rate=0.001, optimizer="adam", batch_size=100)
HELD_OUT = 1_000  # of the training images, for `fit` to look at; they choose nothing


@dataclass(frozen=True)
class Pair:
    """One seed: test accuracies (0..1) and seconds, by either algorithm."""

    seed: int
    winograd: float
    direct: float
    winograd_seconds: float
    direct_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.winograd", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="pairs of trainings (default: 10)")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="of one thread each (default: 1)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print the pairs as JSON")
    arguments = parser.parse_args()
    pairs = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for pair in pool.map(partial(train_pair, arguments.data_dir), range(arguments.seeds)):
            pairs.append(pair)
            print(
                f"seed {pair.seed}: test accuracy {pair.winograd:.4f} by Winograd ({pair.winograd_seconds:.0f} s), "
                f"{pair.direct:.4f} directly ({pair.direct_seconds:.0f} s)",
                file=sys.stderr,
                flush=True,
            )
    difference = estimate_difference([pair.winograd - pair.direct for pair in pairs])
    if arguments.json:
        print(json.dumps({"pairs": [asdict(pair) for pair in pairs], "difference": asdict(difference)}))
        return
    means = [float(np.mean([getattr(pair, name) for pair in pairs])) for name in ("winograd", "direct")]
    print(f"mean test accuracy after an epoch: {means[0]:.4f} by Winograd, {means[1]:.4f} directly")
    print(
        f"difference: {100 * difference.mean:+.3f} points, 90 % interval {100 * difference.low:+.3f} .. "
        f"{100 * difference.high:+.3f}, {difference.runs} seeds"
    )


def train_pair(data_dir: Path | None, seed: int) -> Pair:
    """Train the network of `seed` for an epoch by each algorithm."""
    located = locate("mnist", data_dir=data_dir, announce=lambda text: None)
    part = load_training_part(located)
    test = load_test_part(located, image_shape=part.images.shape[1:], classes=part.classes)
    examples = models.Examples(part.images, part.labels)
    held_out = examples.take(np.arange(HELD_OUT))
    train = examples.take(np.arange(HELD_OUT, len(examples)))
    found: dict[str, float] = {}
    for name, algorithm in (("winograd", "auto"), ("direct", "direct")):
        rng = np.random.default_rng(seed)
        network = models.build_network(
            replace(DEEP_CONVNET, algorithm=algorithm), part.images.shape[1:], part.classes, rng
        )
        started = time.perf_counter()
        for _ in models.fit(network, train, held_out, SETTINGS, epochs=1, rng=rng, probe=held_out):
            pass
        found[f"{name}_seconds"] = time.perf_counter() - started
        found[name] = network.evaluate(models.Examples(test.images, test.labels)).accuracy
    return Pair(seed, **found)


if __name__ == "__main__":
    main()
