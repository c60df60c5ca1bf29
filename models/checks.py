"""Checks of what a user may get wrong: each raises a ValueError that names the field, the rule and the value."""

import math
from collections.abc import Sequence
from numbers import Integral, Real


def check_integer(name: str, value: object, *, at_least: int) -> None:
    """Raise ValueError unless `value` is a whole number (not a bool) of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}")


def check_number(
    name: str,
    value: object,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
) -> None:
    """Raise ValueError unless `value` is a finite number inside the limits that are given."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    inside = above < number < below and at_least <= number <= at_most
    if not (inside and math.isfinite(number)):
        limits = {"above": above, "of at least": at_least, "below": below, "of at most": at_most}
        rules = [f"{word} {limit:g}" for word, limit in limits.items() if math.isfinite(limit)]
        raise ValueError(f"{name} must be a finite number {' and '.join(rules)}, got {value!r}")


def check_flag(name: str, value: object) -> None:
    """Raise ValueError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {value!r}")


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")


def check_sizes(name: str, values: object, *, at_least_one: bool = False) -> None:
    """Raise ValueError unless `values` is a tuple of whole numbers of at least 1 (`at_least_one`: and not empty)."""
    if not isinstance(values, tuple):
        raise ValueError(f"{name} must be a tuple of sizes such as (100, 50), got {values!r}")
    if at_least_one and not values:
        raise ValueError(f"{name} must have at least one entry, got ()")
    for position, value in enumerate(values):
        check_integer(f"{name}[{position}]", value, at_least=1)
