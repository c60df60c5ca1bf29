import pytest

from hpo.reports.words.outside_start import outside_start_note
from hpo.reports.words.verdict import verdict
from tests.support.results import NO_NUMBER, definition, just_begun, study


def starting(low: float, high: float):
    return {"learning_rate": {"log": True, "start": [low, high], "limits": [1e-6, 10.0]}}


@pytest.mark.parametrize("start", [(1e-6, 1e-3), (2.0, 10.0)])
def test_good_values_beyond_either_end_of_the_start_are_named_with_both_ranges(start):
    results = study(definition(starting(*start), rounds=(20, 20, 20, 20)))
    (note,) = outside_start_note(results)
    assert f"({start[0]:g} .. {start[1]:g})" in note
    assert "learning_rate" in note
    assert note in verdict(results)


def test_a_start_that_was_right_is_no_news():
    results = study(definition(starting(1e-3, 1.0)))
    assert outside_start_note(results) == []


def test_what_has_no_numbers_or_no_good_values_yet_says_nothing():
    assert outside_start_note(study(definition(NO_NUMBER))) == []
    assert outside_start_note(just_begun()) == []
    assert outside_start_note(study(definition(starting(1e-6, 1e-5)), finish=False)) == []
