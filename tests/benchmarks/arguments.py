"""What the benchmarks on recorded tables are told alike: which tables, how many workers, where the tables are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.benchmarks.recorded.designs import DESIGNS

FOLDER = Path(__file__).parent / "recorded"


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --tables, --workers and --folder to `parser`."""
    parser.add_argument("--tables", nargs="+", choices=list(DESIGNS), default=list(DESIGNS), metavar="TABLE")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where the recorded tables are")
