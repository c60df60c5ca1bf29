"""Learning-rate schedules: what the learning rate is multiplied by as a training goes on.

Each takes how many of the run's `total` steps are done, `step` in 0..total, and returns the factor for the next one.
"""

import math
from collections.abc import Callable


def constant(step: int, total: int) -> float:  # noqa: ARG001 - it is the same everywhere
    """Return 1."""
    return 1.0


def cosine(step: int, total: int) -> float:
    """Return half a cosine wave from 1 to 0 (Loshchilov & Hutter 2017, eq. 5, from 1 to 0 and without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * step / total))


def step_down(step: int, total: int) -> float:
    """Return 1, after half of the steps 1/10, after three quarters 1/100 (He et al. 2016, section 4.2)."""
    if 4 * step >= 3 * total:
        return 0.01
    return 0.1 if 2 * step >= total else 1.0


SCHEDULES: dict[str, Callable[[int, int], float]] = {"constant": constant, "cosine": cosine, "step": step_down}
