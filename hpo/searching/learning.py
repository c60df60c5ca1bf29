"""Whether anything was learnt: scores beside what guessing reaches, for metrics with and without bounds.

The rules for shares were measured on accuracies. For other metrics they say the same of what lies between guessing and
the best value, where these are known, and claim nothing where they are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from hpo.searching.metric import ACCURACY, Metric

HOPELESS_MARGIN = 0.15
"""A best share that is not so far above guessing has learnt nothing to narrow a box by."""

HOPELESS_PART = 0.05
"""For other metrics: so much of what lies between guessing and the best. Half of what a share of ten classes must reach
would be asked of a regression on noisy data in vain."""

STANDARD_ERRORS, LEARNT = 3.0, 0.02
"""A score is clearly above guessing beyond so many standard errors, and so much of what guessing leaves to learn."""

LEARNT_SHARE = 0.5
"""The share of the best score under which a trial has learnt too little for its small gap to say anything."""


def hopeless(metric: Metric, best: float, guess: float | None) -> bool:
    """Say whether `best`, the best score so far, is hardly better than guessing; `guess` is a value, None: not known.

    Where it is not known, only the worst value there is says so.
    """
    if guess is None:
        return best == metric.worst
    start = metric.score(guess)
    if metric.is_share:
        return best < start + HOPELESS_MARGIN
    return best <= start if metric.best is None else best < start + HOPELESS_PART * (metric.best - start)


def clearly_above(guess: float, examples: int, metric: Metric = ACCURACY) -> float:
    """Return the score above which a config has learnt: `guess` is the value that guessing has.

    A share is one of so many `examples`, whose noise is known. Of other metrics it is not, and where they have no best
    value either, whatever is better than guessing counts.
    """
    start = metric.score(guess)
    noise = 0.0
    if metric.is_share and metric.span is not None and metric.worst is not None:
        share = (start - metric.worst) / metric.span
        noise = math.sqrt(share * (1 - share) / max(examples, 1))
    return start + max(STANDARD_ERRORS * noise, LEARNT * (0.0 if metric.best is None else metric.best - start))


def learnt_enough(metric: Metric, scores: Sequence[float]) -> float:
    """Return the score that a trial among those with these `scores` must reach for its constraints to say anything.

    It is half of the way up to the best of them: from zero for a share, from guessing for another metric whose guess
    is declared, from the worst value where there is one. A metric that has none of these asks for the median.
    """
    if not scores:
        return -math.inf if metric.worst is None else metric.worst
    best = max(scores)
    start = metric.worst
    if not metric.is_share and metric.guess is not None:
        start = metric.score(metric.guess)
    if start is None or start > best:
        return median(scores)
    return start + LEARNT_SHARE * (best - start)
