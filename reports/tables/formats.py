"""A table as a file: CSV, Parquet, JSON or Markdown."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

BOM = b"\xef\xbb\xbf"

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a text begins with that a spreadsheet takes for a formula, and runs."""


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return `table` as UTF-8 CSV with a header; what is missing is empty, and a carriage return is a new line."""
    text: str = _with_texts(table, _no_return).to_csv(index=False, lineterminator="\n")
    return text.encode()


def csv_bytes_with_bom(table: pd.DataFrame) -> bytes:
    """Return the same for spreadsheets: behind a byte-order mark, by which they know that it is UTF-8.

    A text that begins as a formula does gets an apostrophe in front, which they take for "this is text"; numbers stay
    numbers.
    """
    return BOM + csv_bytes(_with_texts(table, _no_formula))


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Return `table` as Parquet, with its dtypes; pyarrow must be installed."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()


def json_bytes(table: pd.DataFrame) -> bytes:
    """Return `table` as UTF-8 JSON: an object with its `schema` and, as `data`, a record for each row.

    The schema is a Table Schema (https://specs.frictionlessdata.io/table-schema): `fields` with the `name` and the
    `type` of each column (integer, number, boolean, string, datetime). What is missing is null. `pandas.read_json(path,
    orient="table")` reads it back with its dtypes.
    """
    schema = pd.io.json.build_table_schema(table, index=False)
    fields = ",\n".join(_dumps(field) for field in schema.pop("fields"))
    rest = "".join(f", {_dumps(key)}: {_dumps(value)}" for key, value in schema.items())
    columns = {name: [_plain(value) for value in table[name]] for name in table.columns}
    records = ",\n".join(_dumps(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))
    return f'{{"schema": {{"fields": [\n{fields}\n]{rest}}},\n"data": [\n{records}\n]}}\n'.encode()


def markdown_bytes(table: pd.DataFrame) -> bytes:
    """Return `table` as a Markdown table to be read by people: four significant digits, what is missing is empty."""
    names = [_markdown(str(name)) for name in table.columns]
    numeric = [pd.api.types.is_numeric_dtype(dtype) and str(dtype) != "boolean" for dtype in table.dtypes]
    lines = [_line(names), _line(["---:" if each else "---" for each in numeric])]
    columns = [[_cell(value) for value in table[name]] for name in table.columns]
    return ("\n".join([*lines, *map(_line, zip(*columns, strict=True))]) + "\n").encode()


TABLE_FORMATS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": csv_bytes,
    "parquet": parquet_bytes,
    "json": json_bytes,
    "md": markdown_bytes,
}
"""How a table becomes a file, by the ending of the file's name."""


def _plain(value: Any) -> Any:
    """Return a cell as JSON knows it."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    return f"{plain:.4g}" if isinstance(plain, float) else _markdown(str(plain))


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown(text: str) -> str:
    """Return `text` on one line, with nothing that would be a column, or HTML."""
    return " ".join(html.escape(text, quote=False).replace("|", "\\|").split())


def _with_texts(table: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    texts = [name for name, dtype in table.dtypes.items() if pd.api.types.is_string_dtype(dtype)]
    return table.assign(**{str(name): table[name].map(change) for name in texts})


def _no_return(value: Any) -> Any:
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def _no_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
