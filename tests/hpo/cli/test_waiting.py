"""--patience: what it may look like, and what comes of it."""

from __future__ import annotations

import argparse

import pytest

from hpo.cli.doors import doors
from hpo.cli.options import duration
from hpo.cli.waiting import patience
from hpo.engine.interrupts import pause


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600), ("90s", 90), ("600", 600), ("0", 0), ("1h", 3600), ("1.5 m", 90), (" 5s ", 5)]
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1", "10 minutes", "1d", "inf", "nan", "1e3", "10m30s"])
def test_what_is_no_time_is_told_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="such as 90s, 10m or 1h"):
        duration(text)


@pytest.mark.parametrize("door", ["run", "work", "certify", "serve"])
def test_whoever_uses_a_database_for_long_takes_a_patience(door: str) -> None:
    parser = doors()[door].make_parser()
    assert "--patience TIME" in parser.format_help()
    least = ["--study", "smoke"] if door != "serve" else []
    assert parser.parse_args(least).patience is None
    assert parser.parse_args([*least, "--patience", "2m"]).patience == 120


def test_nobody_s_patience_is_ten_minutes_and_ends_when_a_stop_is_asked_for() -> None:
    made = patience(None, lambda _: None)
    assert made.seconds == 600
    assert made.pause is pause
    assert patience(5.0, lambda _: None).seconds == 5
