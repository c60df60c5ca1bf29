"""In which formats a study's results are written, and the option that chooses them."""

from __future__ import annotations

import argparse

from hpo.definition.extras import check_format
from hpo.reports.kinds import DEFAULT_FORMATS, FORMATS
from hpo.storage.errors import UserError


def add_formats(arguments: argparse.ArgumentParser) -> None:
    """Add --format and --bom."""
    arguments.add_argument(
        "--format",
        default=",".join(DEFAULT_FORMATS),
        metavar="LIST",
        dest="formats",
        help=f"what is written: some of {','.join(FORMATS)} (default: {','.join(DEFAULT_FORMATS)})",
    )
    arguments.add_argument(
        "--bom",
        action="store_true",
        help="begin CSV with a byte-order mark: spreadsheets then read any script",
    )


def chosen_formats(text: str) -> list[str]:
    """Return the formats that --format names. Raises UserError for one that is unknown or cannot be written here."""
    wanted = [each.strip() for each in text.split(",") if each.strip()]
    for each in wanted:
        if each not in FORMATS:
            raise UserError(f"--format {each!r}; known formats: {', '.join(FORMATS)}")
        check_format(each)
    if not wanted:
        raise UserError(f"--format names none; known formats: {', '.join(FORMATS)}")
    return wanted
