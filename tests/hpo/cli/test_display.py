"""The lines that tell how far a search is, where there is no terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from hpo.cli import display
from hpo.cli.display import Display, spoken
from hpo.engine.progress import Progress


@pytest.mark.parametrize("seconds", [0.2, 1, 35, 61, 89, 119, 121, 149, 151, 200, 3000, 3700, 5300, 90_000])
def test_a_time_left_is_told_in_words_that_are_no_further_off_than_a_fourth(seconds):
    number, unit = re.fullmatch(r"([\d.]+) (s|min|h)", spoken(seconds)).groups()
    told = float(number) * {"s": 1, "min": 60, "h": 3600}[unit]
    assert told == pytest.approx(max(1, seconds), rel=0.25)


def last_line(afterwards: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what is said last of three moments, a few seconds apart."""
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(display.time, "monotonic", lambda: next(clock))
    file = io.StringIO()
    with Display(Console(file=file, width=200), afterwards) as shown:
        for work in (0, 40, 80):
            shown.update(Progress("race", work, 100, best=0.5, work=work, total=100, training=True))
    return file.getvalue().splitlines()[-1]


def test_the_time_left_ends_with_the_command_and_not_with_the_work(monkeypatch):
    without, with_more = (
        re.fullmatch(r"race, 80/100 trials, best so far 50.0 %, about (\d+) s left", last_line(after, monkeypatch))
        for after in (0, 7)
    )
    assert int(with_more[1]) == int(without[1]) + 7


@pytest.mark.parametrize(("trials", "said"), [(2, "0/2 trials, 3/20 epochs"), (80, "0/80 trials")])
def test_where_trials_are_few_their_epochs_show_that_something_moves(trials, said):
    out = io.StringIO()
    with Display(Console(file=out, width=200)) as shown:
        shown.update(Progress("race", 0, trials, None, 1, 10, True, epochs_done=3.2, epochs_in_phase=10.0 * trials))
    assert out.getvalue().strip() == f"race, {said}"
