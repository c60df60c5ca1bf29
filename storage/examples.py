"""Examples of any shape, for trainers that are not our networks: arrays in an `.npz` file, or the rows of a table.

What is loaded here has no test example in it: those are behind `hpo.storage.test_set`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.columns import Schema, by_schema, schema_of
from hpo.storage.copies import fingerprints
from hpo.storage.errors import UserError
from hpo.storage.labels import class_values, numbered
from hpo.storage.located import Located
from hpo.storage.parts import checked_arrays
from hpo.storage.splits import Indices
from hpo.storage.tables import read_frame, split_target
from hpo.storage.targets import Task, amounts, check_complete, one_column

Raw = tuple[Any, npt.NDArray[Any]]
"""x, an array (N, ...) or a table of N rows, and the targets (N,) as they were saved."""


@dataclass(frozen=True, eq=False)
class ExamplePart:
    """Everything that a search may see.

    `x`: an array (N, ...) of any numeric type, read-only, or a pandas DataFrame of N rows; either may hold NaN. `y`
    (N,): int64 in 0..classes-1, or float64 where `task` is regression, and `classes` 0. `names` are the classes' own
    names; empty where they are known by their numbers. `copies` (N,) says which example each is, where some are there
    more than once, target included; None where so many are that they are no copies. `repeats`: how many are there
    again. `schema`: of the columns of a table. `test`: whether there is a test part beside it.
    """

    x: Any
    y: npt.NDArray[Any]
    task: Task
    classes: int = 0
    names: tuple[str, ...] = ()
    copies: Indices | None = None
    schema: Schema | None = None
    repeats: int = 0
    test: bool = True

    @property
    def unit(self) -> str:
        """What one of them is called, in the plural."""
        return "examples" if self.schema is None else "rows"

    @property
    def strata(self) -> npt.NDArray[np.integer]:
        """What a split keeps the shares of (N,): the classes, or nothing."""
        return self.y if self.task == "classification" else np.zeros(len(self.y), dtype=np.int64)

    def take(self, indices: Indices) -> tuple[Any, npt.NDArray[Any]]:
        """Return x and y of the examples `indices`."""
        return rows_of(self.x, indices), self.y[indices]


def rows_of(x: Any, indices: Indices) -> Any:
    """Return the rows `indices` of an array or a table."""
    return x.iloc[indices] if hasattr(x, "iloc") else x[indices]


def load_examples(located: Located) -> ExamplePart:
    """Return the training examples, after checking their SHA-256; never reads a test example.

    Raises UserError if a file is another than was located, or x and y don't belong together.
    """
    raw, targets = read_raw(located, "train")
    schema = None
    x = raw
    if located.table is not None:
        where = str(located.part("x_train").path)
        raw = raw.drop(columns=list(located.table.ignore))
        schema = schema_of(raw, where)
        x = by_schema(raw, schema, where)
    y = targets_of(located, targets, "train")
    which = _which(x, y)
    repeats = len(y) - 1 - int(which.max())
    few = repeats > len(y) // 2  # so that equal rows are equal values, and no copies
    return ExamplePart(
        x,
        y,
        located.task,
        classes=len(located.classes),
        names=tuple(str(each) for each in located.classes),
        copies=None if few or not repeats else which,
        schema=schema,
        repeats=repeats,
        test=located.tested,
    )


def read_raw(located: Located, which: str, text: Sequence[str] = ()) -> Raw:
    """Return x and the targets of "train" or "test" as they were saved, after checking their SHA-256.

    The columns `text` of a CSV table are read as text, whatever they look like.
    """
    x_part, y_part = located.part(f"x_{which}"), located.part(f"y_{which}")
    if located.table is not None:
        frame = read_frame(x_part.path, sha256=x_part.sha256, text=text)
        return split_target(frame, located.table.target, str(x_part.path))
    x = _joined([check_array(array, f"{x_part.path}: {key}") for key, array in checked_arrays(located, f"x_{which}")])
    x.flags.writeable = False
    y = _joined([one_column(array) for _, array in checked_arrays(located, f"y_{which}")])
    if len(x) != len(y):
        raise UserError(
            f"{y_part.path}: {len(y):,} targets in {' and '.join(y_part.members)} for the {len(x):,} examples of "
            f"{' and '.join(x_part.members)}; expected one target an example"
        )
    return x, y


def targets_of(located: Located, raw: npt.NDArray[Any], which: str) -> npt.NDArray[Any]:
    """Return the targets (N,) as they are trained on, read-only: the numbers of their classes, or float64."""
    where = where_of_targets(located, which)
    if located.task == "regression":
        if raw.dtype.kind not in "iuf" or raw.ndim != 1:
            raise UserError(f"{where} has the type {raw.dtype} and the shape {raw.shape}; expected a number an example")
        check_complete(~np.isfinite(raw.astype(np.float64)), where)
        y: npt.NDArray[Any] = amounts(raw, where) if which == "train" else raw.astype(np.float64)
    else:
        y = numbered(class_values(raw, where), located.classes, where)
    y.flags.writeable = False
    return y


def where_of_targets(located: Located, which: str) -> str:
    """Return the place of the targets, as messages begin with it."""
    file = located.part(f"y_{which}")
    return f"{file.path}: {located.table.target if located.table else ' and '.join(file.members)}"


def check_array(array: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return an array of examples (N, ...); raises UserError if it has none, or holds no numbers."""
    if array.ndim < 1 or array.size == 0:
        raise UserError(f"{where} has the shape {array.shape}; expected one or more examples, (N, ...)")
    if array.dtype.kind not in "biuf":
        raise UserError(
            f"{where} has the type {array.dtype}; expected numbers; text and numbers side by side go into a CSV or "
            "Parquet table"
        )
    return array


def _joined(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if len({array.shape[1:] for array in arrays}) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise UserError(f"training and validation arrays have the shapes {shapes}; expected one shape of an example")
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def hashes(x: Any) -> npt.NDArray[Any]:
    """Return something (N,) that is equal for equal examples of an array or a table."""
    if hasattr(x, "iloc"):
        import pandas as pd  # noqa: PLC0415 - see hpo.storage.columns.by_schema

        found: npt.NDArray[Any] = pd.util.hash_pandas_object(x, index=False).to_numpy()
        return found
    return fingerprints(x)


def _which(x: Any, y: npt.NDArray[Any]) -> Indices:
    """Return which example (N,) each is, with its target, numbered from 0."""
    pairs = zip(hashes(x).tolist(), y.tolist(), strict=True)
    seen: dict[tuple[Any, Any], int] = {}
    return np.array([seen.setdefault(pair, len(seen)) for pair in pairs], dtype=np.int64)
