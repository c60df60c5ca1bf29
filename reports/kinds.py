"""The formats that a study's results are written in."""

from __future__ import annotations

FORMATS = ("csv", "parquet", "json", "md", "html", "png", "svg")
"""Four of tables, the report, two of figures."""

DEFAULT_FORMATS = ("csv", "html", "png", "svg")
