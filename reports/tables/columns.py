"""Columns with fixed dtypes: a table has the same ones whether it has a thousand rows or none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from hpo.reports.words.formatting import value_text
from hpo.searching.metric import Metric
from hpo.searching.space import Box, Hyperparameter, Interval, Numeric, SearchSpace

INTEGER, REAL, TEXT = "Int64", "float64", "string"


def frame(rows: Iterable[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return `rows` as a table with the columns of `dtypes` (name to dtype, in order); what a row lacks is missing."""
    listed = list(rows)
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in listed], dtype=dtype) for name, dtype in dtypes.items()}
    )


def config_dtypes(space: SearchSpace) -> dict[str, str]:
    """Return a column for each hyperparameter of `space`, by its name.

    A float is float64, an integer Int64. A categorical one takes the dtype of its choices: boolean, Int64, float64, or
    string where they are texts, lists (as JSON text) or of several kinds.
    """
    return {name: _dtype(hyperparameter) for name, hyperparameter in space.hyperparameters.items()}


def config_cells(space: SearchSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of `config` for the columns of `config_dtypes`."""
    dtypes = config_dtypes(space)
    return {name: _text(value) if dtypes.get(name) == TEXT else value for name, value in config.items()}


def box_dtypes(space: SearchSpace) -> dict[str, str]:
    """Return the columns of a box: `<name>_low` and `<name>_high` for a number, else `<name>_choices`."""
    dtypes: dict[str, str] = {}
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric):
            dtypes |= {f"{name}_low": _dtype(hyperparameter), f"{name}_high": _dtype(hyperparameter)}
        else:
            dtypes[f"{name}_choices"] = TEXT
    return dtypes


def box_cells(box: Box) -> dict[str, Any]:
    """Return the cells of `box` for the columns of `box_dtypes`."""
    cells: dict[str, Any] = {}
    for name, region in box.regions.items():
        if isinstance(region, Interval):
            cells |= {f"{name}_low": region.low, f"{name}_high": region.high}
        else:
            cells[f"{name}_choices"] = ", ".join(value_text(choice) for choice in region)
    return cells


def value_cell(metric: Metric, score: float | None) -> float | None:
    """Return a score as a value of the metric for its cell; None, a missing cell, where there is none."""
    return None if score is None or not math.isfinite(score) else metric.value(score)


def names_text(names: Sequence[str]) -> str | None:
    """Return the names joined by commas; None, a missing cell, where there are none."""
    return ", ".join(names) or None


def _dtype(hyperparameter: Hyperparameter) -> str:
    if isinstance(hyperparameter, Numeric):
        return INTEGER if hyperparameter.integer else REAL
    kinds = {type(choice) for choice in hyperparameter.choices}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return INTEGER
    return REAL if kinds <= {int, float} else TEXT


def _text(value: object) -> str:
    return value if isinstance(value, str) else "none" if value is None else str(value)
