"""Checks of what a user may get wrong: each raises a ValueError that names the field, the rule and the value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hpo.models.bounds import Number, OneOf, Rule, Sizes, Whole, declared, shown

ENORMOUS = 2**63 - 1
"""A bound where nothing else bounds: what a 64-bit number can hold."""


def check_declared(settings: Any) -> None:
    """Raise ValueError for the first field of `settings`, a dataclass, whose value breaks the rule it is declared with.

    A field without a rule, and one that may hold something else than numbers, is left to the class.
    """
    for name, field in declared(type(settings)).items():
        if isinstance(field.rule, Sizes):
            check_sizes(name, getattr(settings, name), field.rule)
        elif field.rule is not None:
            check_rule(name, getattr(settings, name), field.rule)


def check_rule(name: str, value: object, rule: Rule) -> None:
    """Raise ValueError unless `value` is as `rule` says."""
    wanted = rule.broken(value)
    if wanted is not None:
        found = f"; got {shown(value)}" if isinstance(rule, OneOf) else f", got {shown(value)}"
        raise ValueError(f"{name} must be {wanted}{found}")


def check_integer(name: str, value: object, *, at_least: int, at_most: int = ENORMOUS) -> None:
    """Raise ValueError unless `value` is a whole number (not a bool) from `at_least` to `at_most`."""
    check_rule(name, value, Whole(at_least, at_most))


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
    check_rule(name, value, Number(at_least, above, below, at_most))


def check_flag(name: str, value: object) -> None:
    """Raise ValueError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {shown(value)}")


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of `choices`."""
    check_rule(name, value, OneOf(tuple(choices)))


def check_sizes(name: str, values: object, rule: Sizes) -> None:
    """Raise ValueError unless `values` is a tuple of sizes as `rule` says; a wrong entry is named with its place."""
    check_rule(name, values, rule)
    entries: tuple[object, ...] = values if isinstance(values, tuple) else ()
    if len(entries) < rule.at_least:
        raise ValueError(f"{name} must have at least one entry, got {shown(values)}")
    for position, value in enumerate(entries):
        check_rule(f"{name}[{position}]", value, rule.each)
