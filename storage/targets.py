"""What is to be predicted: class labels or numbers, told apart by their values where these leave no doubt."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")

SURELY_CLASSES = 20
"""So few different whole numbers are classes, unless a study says otherwise."""

OF_A_CLASS = 5
"""More different whole numbers than SURELY_CLASSES, each so often or more, may be either; each less often: amounts."""

_SHOWN = 5


def one_column(raw: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return targets saved as a column (N, 1) or a row (1, N) as (N,); any others as they are."""
    return raw.ravel() if raw.ndim == 2 and 1 in raw.shape else raw


def task_of(raw: npt.NDArray[Any], where: str, *, given: Task | None, likely: Task | None = None) -> Task:
    """Return what the targets `raw` (N,), or one-hot rows (N, K), are for; `where` begins the messages.

    `given` is what the study says, `likely` what its metric suggests, which decides where the values do not. Raises
    UserError where they are no targets, where nothing decides, and where text is to be predicted as a number.
    """
    if raw.size == 0:
        raise UserError(f"{where} is empty; expected one target an example")
    raw = one_column(raw)
    if raw.dtype.kind in "USb" or raw.ndim == 2:
        if given == "regression":
            found = "several columns" if raw.ndim == 2 else f"values such as {raw[0]!r}"
            raise UserError(f'{where} has {found}, which no regression predicts; write task = "classification"')
        return "classification"
    if raw.dtype.kind not in "iuf" or raw.ndim != 1:
        raise UserError(
            f"{where} has the type {raw.dtype} and the shape {raw.shape}; expected one number, text or true/false an "
            "example"
        )
    check_complete(~np.isfinite(raw.astype(np.float64)), where)
    return given or _by_values(raw, where, likely)


def check_complete(missing: npt.NDArray[np.bool_], where: str) -> None:
    """Raise UserError, with the rows, if any of `missing` (N,) is true."""
    rows = np.flatnonzero(missing)
    if not len(rows):
        return
    raise UserError(
        f"{where} lacks a usable value (missing, NaN or infinite) in {listed_rows(rows)} of {len(missing):,}; nothing "
        "can be learnt from them: fill them in or remove them"
    )


def listed_rows(rows: Sequence[int] | npt.NDArray[np.integer]) -> str:
    """Return row numbers, counted from 1, in a few words: `rows 3, 17 and 40`, `rows 1, 2, 3, 4, 5 and 12 more`."""
    numbers = [f"{int(row) + 1:,}" for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        return f"rows {', '.join(numbers)} and {len(rows) - _SHOWN:,} more"
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    return f"rows {', '.join(numbers[:-1])} and {numbers[-1]}"


def amounts(raw: npt.NDArray[Any], where: str) -> npt.NDArray[np.float64]:
    """Return targets of a regression (N,) as float64; raises UserError if all are the same."""
    values = one_column(raw).astype(np.float64)
    if values.min() == values.max():
        raise UserError(f"{where}: every value is {values[0]:g}; there is nothing to predict")
    return values


def _by_values(raw: npt.NDArray[Any], where: str, likely: Task | None) -> Task:
    if raw.dtype.kind == "f" and (raw != np.rint(raw)).any():
        return "regression"
    different = len(np.unique(raw))
    if different <= SURELY_CLASSES:
        return "classification"
    if raw.dtype.kind == "f" or len(raw) < OF_A_CLASS * different:
        return "regression"
    if likely is not None:
        return likely
    raise UserError(
        f"{where} holds {different:,} different whole numbers, which may be classes or amounts; write "
        'task = "classification" or task = "regression" in [data]'
    )
