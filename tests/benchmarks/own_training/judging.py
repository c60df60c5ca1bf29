"""What one search says, and what is true of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.own_training.peers import PEERS
from tests.benchmarks.own_training.searching import definition_of, mean, plain, searched, values_of
from tests.benchmarks.own_training.subjects import SUBJECTS

TRUTH_RUNS, TEST_RUNS = 60, 10


@dataclass(frozen=True)
class Seen:
    """What one search showed, in the metric's units. `peers` are None where they were not asked."""

    subject: str
    seed: int
    low: float
    high: float
    truth: float
    cost: float
    test: float | None = None
    peers: dict[str, float] | None = None


def seen(task: tuple[str, int, bool], folder: Path) -> Seen:
    """Search once, and look what is true of what the search says."""
    warnings.simplefilter("ignore")  # of networks that have not converged, on purpose
    name, seed, against = task
    subject, definition = SUBJECTS[name], definition_of(SUBJECTS[name], seed)
    results, cost = searched(subject, seed, folder)
    winner = results.good[0]
    own = {key: winner.config[key] for key in definition.space.hyperparameters}
    metric = definition.metric
    ends = sorted(metric.value(each) for each in (winner.confirmed.low, winner.confirmed.high))
    truth = mean(values_of(subject, definition, own, TRUTH_RUNS))
    if not against:
        return Seen(name, seed, ends[0], ends[1], truth, cost.choosing)

    def at_the_test(config: dict[str, object]) -> float:
        return mean(values_of(subject, definition, config, TEST_RUNS, stage="full"))

    peers = {
        peer: at_the_test(plain(search(subject, definition, cost.choosing, seed)))
        for peer, search in PEERS.items()
        if subject.rungs or peer != "one-epoch halving"
    }
    return Seen(name, seed, ends[0], ends[1], truth, cost.choosing, at_the_test(own), peers)
