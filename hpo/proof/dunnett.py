"""Dunnett's one-sided critical values: how far the best of several rivals may lie above a config that is as good."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

STEPS = 80
"""Points of each of the two integrals. Both integrands are smooth and vanish at both ends, where the trapezoidal rule
converges exponentially: with three times as many, no value for 1 .. 19 rivals changes by more than 5e-6 of itself."""


@cache
def critical_value(rivals: int, freedom: float, confidence: float) -> float:
    """Return d with P(max over j of (X_j - X_0) / (sqrt(2) s) <= d) = `confidence`, for j = 1 .. `rivals`.

    X_0, X_1, .. are independent standard normal, and freedom * s^2 is an independent chi-squared with `freedom` degrees
    of freedom: the differences to X_0, which all share, have correlation 1/2 (Dunnett 1955, one-sided). Given X_0 = z
    and s the rivals are independent, so with p of them (his equation for the joint probability, with rho = 1/2)

        P(d) = integral over s of f(s) * integral over z of phi(z) * Phi(z + sqrt(2) d s)^p.

    For one rival d is the one-sided quantile of Student's t. Raises ValueError without a rival or any freedom.
    """
    if rivals < 1 or freedom < 1 or not 0.5 <= confidence < 1:
        raise ValueError(f"no critical value for {rivals} rivals, {freedom} degrees of freedom at {confidence}")
    low, high = 0.0, 1.0
    while _probability(high, rivals, freedom) < confidence:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if _probability(middle, rivals, freedom) < confidence else (low, middle)
    return high


def _probability(d: float, rivals: int, freedom: float) -> float:
    """Return P(d) of `critical_value`."""
    from scipy.special import ndtr  # noqa: PLC0415 - .2 s to load, which workers need not wait for

    z = np.linspace(-8.0, 8.0, STEPS)
    s, f = _scales(freedom)
    return float(f @ ndtr(z + math.sqrt(2) * d * s[:, None]) ** rivals @ _shares(-(z**2) / 2))


def _scales(freedom: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return s where it may lie, evenly on its log scale, and the probability of each: density s^freedom exp(..)."""
    width = 8 / math.sqrt(2 * freedom)
    x = np.linspace(-width - 16 / freedom, width, STEPS)
    return np.exp(x), _shares(freedom * (x - np.expm1(2 * x) / 2))


def _shares(log_density: NDArray[np.float64]) -> NDArray[np.float64]:
    density = np.exp(log_density - log_density.max())
    shares: NDArray[np.float64] = density / density.sum()
    return shares
