"""The procedure of "Deep Learning from Scratch", section 6.5, with its reader's eye made a rule.

The book draws 100 configs log-uniformly, prints the best five, tells the reader to narrow the ranges to where those lie
and to repeat, and in the end to take one. Here the first half of the budget is drawn in the whole box; the rest in the
span of the best five, each hyperparameter by itself, as a reader would note down the smallest and the largest value.
"""

from __future__ import annotations

import numpy as np

from hpo.searching.space import Box, Interval
from tests.benchmarks.peers.problem import Config, Problem
from tests.benchmarks.peers.random_search import draw

BEST = 5


def search(problem: Problem, seed: int) -> None:
    """Draw, look at the best five, narrow to their span, draw again."""
    rng = np.random.default_rng(seed)
    scored: list[tuple[float, Config]] = []
    for _ in range(max(problem.n_trials // 2, 1)):
        config = draw(problem, problem.box, rng)
        scored.append((problem.evaluate(config), config))
    best = [config for _, config in sorted(scored, key=lambda pair: -pair[0])[:BEST]]
    spans = {name: [config[name] for config in best] for name in problem.numeric}
    narrowed = Box({name: Interval(min(span), max(span)) for name, span in spans.items()})
    while True:
        problem.evaluate(draw(problem, narrowed, rng))
