"""Does the subset rank the good values like all of the data do? Kendall's tau, and how often chance gives as much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpo.proof.estimates import CONFIDENCE

FEWEST = 4
"""Of fewer, even a perfect order is chance in more than 10 % of all cases: 2 / n! of them."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Kendall's tau (-1..1) over `n` pairs, and `p`: how often an order by chance agrees, or disagrees, as much.

    Both are nan where there are fewer than two pairs, or one side is all ties.
    """

    n: int
    tau: float
    p: float

    @property
    def sentence(self) -> str:
        """What to conclude, without a full stop."""
        if self.n < FEWEST:
            good = "1 good value is" if self.n == 1 else f"{self.n} good values are"
            return f"{good} too few to tell whether the subset ranks like all of the data"
        if math.isnan(self.tau):
            return f"Kendall's tau is not defined: all {self.n} are equal on one side"
        chance = f"chance gives as much in {100 * self.p:.2g} % of cases"
        if self.p > 1 - CONFIDENCE:
            return f"Kendall's tau {self.tau:.2f}, n = {self.n}: no clear agreement ({chance})"
        how = "agree" if self.tau > 0 else "disagree"
        return f"Kendall's tau {self.tau:.2f}, n = {self.n}: the two {how} ({chance})"


def agreement(ours: Sequence[float], theirs: Sequence[float]) -> Agreement:
    """Return Kendall's tau-b of two equally long sequences, with the two-sided p of its exact null distribution.

    Kendall (1938), "A new measure of rank correlation". With ties p is that of the same difference without them.
    """
    n = len(ours)
    a, b = (np.sign(np.subtract.outer(each, each))[np.triu_indices(n, 1)] for each in (ours, theirs))
    size = math.sqrt(float(np.sum(a != 0)) * float(np.sum(b != 0)))
    if not size:
        return Agreement(n, math.nan, math.nan)
    difference = float(a @ b)  # concordant minus discordant pairs
    pairs = n * (n - 1) // 2
    orders = [1]  # how many orders of k items have so many inversions
    for k in range(2, n + 1):
        orders = [int(each) for each in np.convolve(np.array(orders, dtype=object), np.ones(k, dtype=object))]
    extreme = sum(count for inversions, count in enumerate(orders) if abs(pairs - 2 * inversions) >= abs(difference))
    return Agreement(n, difference / size, extreme / math.factorial(n))
