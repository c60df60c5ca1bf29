"""What a belief is worth, and what a wrong one costs: searches of an invented problem with and without `prior`.

    python -m tests.benchmarks.beliefs

Each search has rounds of ten trials over learning rate, weight decay, dropout and batch size (see peers.synthetic), and
is asked after each round for its most promising config. Printed is the true accuracy of that config, in points less
than the best there is, with and without beliefs: the same searches, so differences are paired (90 % intervals).
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import t

from hpo.searching.candidates import candidates
from hpo.searching.narrowing import narrow
from hpo.searching.proposing import SAMPLERS, propose
from hpo.searching.seeds import derived_seed
from hpo.searching.space import Interval, Numeric, SearchSpace, Value
from hpo.searching.trials import TrialResult
from tests.benchmarks.peers.synthetic import CHANCE, FOUR, synthetic, truth

BEST = {"learning_rate": 0.16, "weight_decay": 1e-3, "dropout": 0.2, "batch_size": 100}
BELIEFS: Mapping[str, Mapping[str, Value]] = {
    "right": {"learning_rate": 0.15, "weight_decay": 1e-3},
    "a decade off": {"learning_rate": 0.015, "weight_decay": 1e-2},
    "wrong": {"learning_rate": 2e-4, "weight_decay": 0.5},
    "wrong, diverges": {"learning_rate": 2.5},
}
ROUNDS = 4


def regrets(beliefs: Mapping[str, Value], *, sampler: str, trials: int, seed: int) -> list[float]:
    """Return by how many points the choice after each round is worse than the best there is."""
    space = dataclasses.replace(_space(), beliefs=beliefs)
    problem = synthetic(ROUNDS * trials, seed)
    known: list[TrialResult] = []
    box, lost = space.start(), []
    for number in range(1, ROUNDS + 1):
        proposed = propose(space, box, known, n=trials, seed=derived_seed(seed, 1, number), sampler=sampler)
        for index, config in enumerate(proposed):
            score = problem.curve(config, (number - 1) * trials + index)[100]
            known.append(TrialResult(number, index, config, score, {}))
        chosen = candidates(space, box, known, 1)[0].config
        lost.append(100 * (truth(BEST) - truth(chosen)))
        box = narrow(space, box, known, CHANCE).box
    return lost


def _space() -> SearchSpace:
    """Return the space of the problem; its first round looks at three decades of learning rates, and of decays."""
    starts = {"learning_rate": Interval(1e-4, 1e-1), "weight_decay": Interval(1e-6, 1e-3)}
    return SearchSpace(
        {
            name: Numeric(starts.get(name, each.start), each.limits, each.log, each.integer)
            for name, each in FOUR.items()
        }
    )


def _told(values: Sequence[float]) -> str:
    half = t.ppf(0.95, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):6.2f} +- {half:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--sampler", choices=SAMPLERS, default="lattice")
    asked = parser.parse_args()
    more = {"sampler": asked.sampler, "trials": asked.trials}
    without = np.array([regrets({}, seed=seed, **more) for seed in range(asked.searches)])
    print(f"points lost after round 1 .. {ROUNDS}, {asked.searches} searches, {asked.trials} trials a round")
    print(f"{'no belief':16}", *(_told(column) for column in without.T), sep="  ")
    for name, beliefs in BELIEFS.items():
        lost = np.array([regrets(beliefs, seed=seed, **more) for seed in range(asked.searches)])
        print(f"{name:16}", *(_told(column) for column in (lost - without).T), "(more than without)", sep="  ")


if __name__ == "__main__":
    main()
