"""How the first weights are drawn (the book, section 6.2)."""

import math

import numpy as np

from hpo.models.arrays import Array, Shape
from hpo.models.bounds import Number
from hpo.models.checks import check_choice, check_rule

INITIALIZATIONS = ("he", "xavier")


def check_initialization(value: str | float) -> None:
    """Raise ValueError unless `value` is "he", "xavier" or a positive standard deviation."""
    if isinstance(value, str):
        check_choice("initialization (or a positive standard deviation)", value, INITIALIZATIONS)
    else:
        check_rule("initialization, when it is a standard deviation,", value, Number(above=0, sane=1e6))


def standard_deviation(initialization: str | float, fan_in: int) -> float:
    """Return the standard deviation of weights whose outputs sum over `fan_in` inputs.

    "he": sqrt(2 / fan_in), keeps the variance through ReLU (He et al. 2015, eq. 10).
    "xavier": sqrt(1 / fan_in), the book's form of Glorot & Bengio 2010 (eq. 12 averages fan_in and fan_out).
    A number is the standard deviation itself.
    """
    check_initialization(initialization)
    if isinstance(initialization, str):
        return math.sqrt({"he": 2.0, "xavier": 1.0}[initialization] / fan_in)
    return float(initialization)


def draw_weights(shape: Shape, fan_in: int, initialization: str | float, rng: np.random.Generator) -> Array:
    """Return normal weights of `shape`, float64, so that networks of either dtype start at the same values."""
    return rng.standard_normal(shape) * standard_deviation(initialization, fan_in)
