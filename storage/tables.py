"""CSV and Parquet tables: read from the very bytes whose SHA-256 is the data's identity."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hpo.storage.columns import check_names
from hpo.storage.errors import UserError, to_install
from hpo.storage.limits import check_size, read_whole
from hpo.storage.targets import check_complete

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

CSV, PARQUET = (".csv", ".tsv"), (".parquet", ".pq")
ENDINGS = (*CSV, *PARQUET)

_BYTES_A_CELL = 8


@dataclass(frozen=True, slots=True)
class TableFields:
    """Which column of a table is the target, and which are left out."""

    target: str
    ignore: tuple[str, ...] = ()


def is_table(path: Path | str) -> bool:
    """Say whether the file is a table, by its name."""
    return Path(path).suffix.lower() in ENDINGS


def digest(path: Path) -> str:
    """Return the SHA-256 of the file."""
    return hashlib.sha256(read_whole(path)).hexdigest()


def read_frame(path: Path, *, sha256: str | None = None, text: Sequence[str] = ()) -> pd.DataFrame:
    """Return the table in the file `path`, one row an example.

    `sha256`: what its bytes must have. The columns `text` are read as text, whatever they look like. Raises UserError
    if it is another file, can't be read, or has no rows or a name twice.
    """
    data = read_whole(path)
    if sha256 is not None and (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise UserError(f"{path} has changed since it was located (SHA-256 {sha256} then, {found} now); start again")
    frame = _parquet(data, path) if path.suffix.lower() in PARQUET else _csv(data, path, text)
    frame.columns = [str(each) for each in frame.columns]
    if not len(frame):
        raise UserError(f"{path} has no rows; expected one an example, below a line with the names of the columns")
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise UserError(f"{path} has several columns named {doubled[0]!r}; rename them")
    return frame.reset_index(drop=True)


def split_target(frame: pd.DataFrame, target: str, where: str) -> tuple[pd.DataFrame, npt.NDArray[Any]]:
    """Return the other columns, and the target (N,): numbers, true and false, or text.

    Raises UserError where there is no such column, or it lacks a value, with the rows.
    """
    check_names(frame, [target], where, "the target")
    return frame.drop(columns=target), _plain(frame[target], f"{where}: {target}")


def _plain(column: pd.Series, where: str) -> npt.NDArray[Any]:
    from pandas.api import types  # noqa: PLC0415 - see hpo.storage.columns.by_schema

    missing = column.isna().to_numpy(dtype=bool)
    check_complete(missing, where)
    if types.is_datetime64_any_dtype(column):
        raise UserError(f"{where} holds dates; expected classes or numbers")
    kinds = ((types.is_bool_dtype, np.bool_), (types.is_integer_dtype, np.int64), (types.is_float_dtype, np.float64))
    for is_one, dtype in kinds:
        if is_one(column):
            return np.asarray(column, dtype=dtype)
    return np.array([str(each) for each in column.tolist()])


def _csv(data: bytes, path: Path, text: Sequence[str]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - see hpo.storage.columns.by_schema

    try:
        header = data.split(b"\n", 1)[0].decode("utf-8-sig")
        separator = _separator(header)
        names = next(csv.reader([header.strip()], delimiter=separator), [])
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UserError(f"{path} has several columns named {twice!r}; rename them")
        return pd.read_csv(
            io.BytesIO(data),
            sep=separator,
            encoding="utf-8-sig",
            low_memory=False,
            dtype={name: "str" for name in text if name in names},
        )
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no UTF-8 text ({error.reason} at byte {error.start:,}); save it as UTF-8"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, ValueError, OverflowError) as error:
        raise UserError(f"{path} can't be read as a table: {str(error).strip()[:200]}; save it again as CSV") from error


def _separator(header: str) -> str:
    """Return what separates the columns: what is most often in the line of their names, a comma in doubt."""
    return max((",", ";", "\t"), key=header.count)


def _parquet(data: bytes, path: Path) -> pd.DataFrame:
    if find_spec("pyarrow") is None:
        raise UserError(f"{path}: reading Parquet needs pyarrow, which is not installed; {to_install('parquet')}")
    import pandas as pd  # noqa: PLC0415 - see hpo.storage.columns.by_schema
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        told = pq.read_metadata(io.BytesIO(data))
        check_size(told.num_rows * told.num_columns * _BYTES_A_CELL, str(path))
        return pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise UserError(
            f"{path} can't be read as a Parquet table: {str(error).strip()[:200]}; save or copy it again"
        ) from error
