"""What a field of settings may hold, declared with the field: `epochs: Annotated[int, Whole(1, 100_000), "..."]`.

Every number has an upper bound, far above what anybody trains, so that a slip of the finger is told at once and not
by a machine without memory. The text beside the rule says what the field is for, wherever fields are listed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, TypeAlias, cast, get_args, get_origin, get_type_hints

LONGEST_SHOWN = 100
"""Letters of a wrong value that a message repeats."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number (not a bool) of at least `at_least` and at most `at_most`."""

    at_least: int
    at_most: int

    def broken(self, value: object) -> str | None:
        """Return what `value` should have been, as in "it must be ...", or None if it may be there."""
        number = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
        if number is None or number < self.at_least:
            return f"a whole number of at least {self.at_least}"
        return f"a whole number of at most {self.at_most:,}" if number > self.at_most else None

    def __str__(self) -> str:
        return f"{self.at_least} .. {self.at_most:_}"


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number inside the limits that are given; nobody has a use for one beyond `sane`, which is said apart."""

    at_least: float = -math.inf
    above: float = -math.inf
    below: float = math.inf
    at_most: float = math.inf
    sane: float = math.inf

    def broken(self, value: object) -> str | None:
        """Return what `value` should have been, or None if it may be there."""
        number = _float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        if math.isfinite(number) and number > self.sane:
            return f"a finite number of at most {self.sane:g}"
        if self.above < number < self.below and self.at_least <= number <= self.at_most and math.isfinite(number):
            return None
        limits = {"above": self.above, "of at least": self.at_least, "below": self.below, "of at most": self.at_most}
        rules = [f"{word} {limit:g}" for word, limit in limits.items() if math.isfinite(limit)]
        return " ".join(["a finite number", " and ".join(rules)]).strip()

    def __str__(self) -> str:
        low = f"above {self.above:g}" if math.isfinite(self.above) else f"{self.at_least:g}"
        high = f"below {self.below:g}" if math.isfinite(self.below) else f"{min(self.at_most, self.sane):g}"
        return f"{low} .. {high}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """A tuple of sizes, each as `each` says: at least `at_least` of them and at most `at_most`."""

    each: Whole
    at_most: int
    at_least: int = 0

    def broken(self, value: object) -> str | None:
        """Return what `value` should have been, or None if it may be there; its entries are asked for one by one."""
        if not isinstance(value, tuple):
            return "a tuple of sizes such as (100, 50)"
        return f"at most {self.at_most} sizes long" if len(value) > self.at_most else None

    def __str__(self) -> str:
        return f"at most {self.at_most} sizes of {self.each}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few names."""

    names: tuple[str, ...]

    def broken(self, value: object) -> str | None:
        """Return what `value` should have been, or None if it may be there."""
        return None if isinstance(value, str) and value in self.names else f"one of {', '.join(self.names)}"

    def __str__(self) -> str:
        return ", ".join(f'"{name}"' for name in self.names)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most so many letters."""

    at_most: int

    def broken(self, value: object) -> str | None:
        """Return what `value` should have been, or None if it may be there."""
        if not isinstance(value, str):
            return "a text"
        if len(value) > self.at_most:
            return f"at most {self.at_most:,} letters long (it has {len(value):,})"
        return "a text without half characters" if any("\ud800" <= letter <= "\udfff" for letter in value) else None

    def __str__(self) -> str:
        return f"a text of at most {self.at_most:_} letters"


Rule: TypeAlias = Whole | Number | Sizes | OneOf | Text


@dataclass(frozen=True, slots=True)
class Declared:
    """What a field is declared with: the rule for its values, None where its type says all, and what it is for."""

    rule: Rule | None
    says: str


def declared(cls: type) -> Mapping[str, Declared]:
    """Return what each field of the dataclass `cls` is declared with, in their order."""
    return _declared_by(cast("Hashable", cls))


@cache
def _declared_by(cls: Any) -> Mapping[str, Declared]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: _declared(hints[field.name]) for field in dataclasses.fields(cls)}


def shown(value: object) -> str:
    """Return `value` as a message repeats it: never longer than a line, whatever it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python writes out; a bottomless list
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _declared(hint: Any) -> Declared:
    extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    rule = next((each for each in extras if isinstance(each, Rule)), None)
    return Declared(rule, next((each for each in extras if isinstance(each, str)), ""))


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
