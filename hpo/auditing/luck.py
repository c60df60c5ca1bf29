"""How far the best score is luck: what is left of it when the process takes luck off, and how sure that is.

The best of many noisy scores is a lucky one. Its config's neighbours tell how lucky, as far as there are some: the
process weighs a lucky trial against a narrow peak, so that the interval is wide where nobody was near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpo.auditing.process import Surfaces
from hpo.searching.metric import Metric

FEWEST_TRIALS = 12
"""With fewer scores nothing is said: lengths, noise and level have to come from them."""
LOW, HIGH = 0.05, 0.95
POINT = 0.01
KNOWN = 0.012
"""Luck of a share is told where its 90 % interval reaches at most so far from its middle. Of what is told then,
98 % was within a point of the truth on the recorded tables that rules are chosen on, 95 % on the others; it was chosen
with an eye on both."""
NO_NOISE = 0.01
"""Luck whose standard deviation is under this share of the distance from the best score to the median is none."""

Verdict = Literal["told", "unsure", "no noise", "all equal", "too few trials"]


@dataclass(frozen=True, slots=True)
class Luck:
    """What the best score is worth. Scores; luck is how much too good it is, with a 90 % interval from low to high.

    `verdict`: "told"; "unsure" where the interval is too wide for a number; "no noise" where neighbours agree so well
    that no luck shows; "all equal" and "too few trials" where there is nothing to look at, and all numbers are nan.
    `noise` is the standard deviation of the score of one training, at a score as high as the best.
    """

    verdict: Verdict
    luck: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    noise: float = float("nan")


def luck_of(metric: Metric, best: float, surfaces: Surfaces, place: int) -> Luck:
    """Return the luck in the score `best` of the config that is number `place` of `surfaces`.

    Of a share it is told if it is known to about a point; of another metric, if it is known better than one more
    training of the config would tell.
    """
    lucks = best - surfaces.means[:, place]
    low, middle, high = (float(each) for each in np.quantile(lucks, [LOW, 0.5, HIGH]))
    noise = float(np.median(surfaces.noise))
    known = KNOWN if metric.is_share else noise
    verdict: Verdict = "told" if (high - low) / 2 <= known else "unsure"
    if float(np.quantile(surfaces.bent_noise, HIGH)) < NO_NOISE:
        verdict = "no noise"
    return Luck(verdict, middle, low, high, noise)


def near_enough(metric: Metric, noise: float) -> float:
    """Return the difference of two scores that is not worth a training: half the noise, of a share at most a point."""
    return min(POINT, noise / 2) if metric.is_share else noise / 2
