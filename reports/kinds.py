"""The formats that a study's results are written in."""

from __future__ import annotations

TABULAR_FORMATS = ("csv", "parquet", "json", "md")
DRAWN_FORMATS = ("html", "png", "svg")
"""The report, and two of figures: drawing them takes a while."""

FORMATS = TABULAR_FORMATS + DRAWN_FORMATS
DEFAULT_FORMATS = ("csv", "html", "png", "svg")
