"""The columns of a table as a trainer takes them: numbers as int64 or float64, text as categories, for good.

What the columns are is learnt from the training table alone (a `Schema`), and a test table is read by it: a category
that training does not have is a missing value there, and a number that is none is refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpo.storage.errors import UserError
from hpo.storage.targets import listed_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and its categories in order; None where it holds numbers."""

    name: str
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of x, in order."""

    columns: tuple[Column, ...]

    @property
    def text(self) -> tuple[str, ...]:
        """The names of the columns with categories."""
        return tuple(each.name for each in self.columns if each.categories is not None)

    def counts(self) -> str:
        """Return how many columns of which kind there are, in words."""
        text = len(self.text)
        numbers = len(self.columns) - text
        parts = [f"{numbers:,} of numbers"] * bool(numbers) + [f"{text:,} of categories"] * bool(text)
        return " and ".join(parts)


def check_names(frame: pd.DataFrame, names: Sequence[str], where: str, what: str) -> None:
    """Raise UserError for the first of `names` that is no column, suggesting the nearest."""
    known = [str(each) for each in frame.columns]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            shown = ", ".join(known if len(known) <= 20 else [*known[:20], f"and {len(known) - 20:,} more"])
            hint = f"did you mean {near[0]!r}?" if near else f"its columns: {shown}"
            raise UserError(f"{where} has no column {name!r} ({what}); {hint}")


def schema_of(frame: pd.DataFrame, where: str) -> Schema:
    """Return what the columns of `frame` are. Raises UserError for a column that is neither numbers nor text."""
    if not len(frame.columns):
        raise UserError(f"{where} has no column beside the target; nothing can be learnt from it")
    return Schema(tuple(_column(frame[name], str(name), where) for name in frame.columns))


def by_schema(frame: pd.DataFrame, schema: Schema, where: str) -> pd.DataFrame:
    """Return the columns of `schema` out of `frame`, in its order and types; missing values are NaN.

    Raises UserError where a column is missing, or holds text where training has numbers.
    """
    import pandas as pd  # noqa: PLC0415 - it takes a while to load, and images need none of it

    check_names(frame, [each.name for each in schema.columns], where, "which training has")
    made = {}
    for each in schema.columns:
        raw = frame[each.name]
        if each.categories is None:
            made[each.name] = _numbers(raw, each.name, where)
        else:
            text = raw.astype("object").where(raw.notna(), None).map(str, na_action="ignore")
            known = text.where(text.isin(each.categories), None)
            made[each.name] = pd.Series(pd.Categorical(known, categories=list(each.categories)), index=frame.index)
    return pd.DataFrame(made).reset_index(drop=True)


def strangers(frame: pd.DataFrame, schema: Schema) -> dict[str, list[str]]:
    """Return the values of `frame` that are none of the categories of training, by column."""
    found = {}
    for each in schema.columns:
        if each.categories is not None:
            values = sorted({str(value) for value in frame[each.name].dropna().unique()} - set(each.categories))
            if values:
                found[each.name] = values
    return found


def _column(raw: pd.Series, name: str, where: str) -> Column:
    from pandas.api import types  # noqa: PLC0415 - see by_schema

    if types.is_datetime64_any_dtype(raw) or types.is_timedelta64_dtype(raw):
        raise UserError(
            f"{where}: the column {name!r} holds dates or times; save it as a number (such as a year, or days since a "
            f'date), or leave it out with ignore = ["{name}"]'
        )
    if types.is_complex_dtype(raw):
        raise UserError(f"{where}: the column {name!r} holds complex numbers; split it into two columns")
    if types.is_numeric_dtype(raw) or raw.isna().all():
        return Column(name)
    values = raw.dropna().unique()
    if all(isinstance(value, bool | np.bool_) for value in values):
        return Column(name)
    odd = next((value for value in values if isinstance(value, list | dict | tuple | set | bytes | np.ndarray)), None)
    if odd is not None:
        raise UserError(
            f"{where}: the column {name!r} holds values such as {odd!r:.60}; expected numbers or text; leave it out "
            f'with ignore = ["{name}"]'
        )
    return Column(name, tuple(sorted(str(value) for value in values)))


def _numbers(raw: pd.Series, name: str, where: str) -> pd.Series:
    import pandas as pd  # noqa: PLC0415 - see by_schema

    numbers = pd.to_numeric(raw, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & raw.notna())
    if len(wrong):
        raise UserError(
            f"{where}: the column {name!r} holds {raw.iloc[wrong[0]]!r:.60} in {listed_rows(wrong)}; in training it "
            "holds numbers"
        )
    return numbers.astype("int64" if numbers.dtype.kind in "iub" and not numbers.isna().any() else "float64")
