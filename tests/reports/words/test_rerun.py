"""What fresh runs of an audit's configs say, in the metric's own units and direction."""

from __future__ import annotations

import pytest

from hpo.auditing.audit import Audit, audit
from hpo.auditing.search import score_of
from hpo.proof.rerun import Outcome, Rerun, rerun
from hpo.reports.page.audit import audit_page
from hpo.reports.page.page import page_html
from hpo.reports.words.rerun import (
    failed_texts,
    fresh_luck_text,
    otherwise_texts,
    seeds_texts,
    told_apart_text,
    use_text,
)
from hpo.searching.metric import ACCURACY, Metric
from tests.hpo.auditing.searches import hill, searched

RMSE = Metric("rmse", "minimize", low=0.0, high=None, is_share=False)


@pytest.fixture(scope="module")
def share() -> Audit:
    return audit(searched(hill(-2.0)))


@pytest.fixture(scope="module")
def plain() -> Audit:
    return audit(searched(lambda config: 3 - 2 * hill(0.5)(config), metric=RMSE, noise=0.02))


def best_two(found: Audit, first: list[Outcome], second: list[Outcome]) -> tuple[Rerun, int, int]:
    """Return a rerun of the two trials that scored best, with the outcomes of either, and their numbers."""
    one, two = sorted(found.search.scored, key=lambda each: -score_of(each))[:2]
    observed = {each.number: score_of(each) for each in (one, two)}
    ran = rerun(observed, {one.number: first, two.number: second}, found.search.metric)
    return ran, one.number, two.number


def test_of_a_share_luck_is_told_in_points(share: Audit) -> None:
    ran, one, two = best_two(share, [0.80, 0.81, 0.82], [0.85, 0.86, 0.87])
    best = 100 * score_of(next(each for each in share.search.trials if each.number == one))
    luck = fresh_luck_text(share, ran)
    assert luck.startswith(f"The best score of the search, {best:.1f} % (trial {one}), was {best - 81:.1f} points too")
    assert "its config scores 81.0 % on average (90 % interval: " in luck
    assert use_text(share, ran).startswith(f"Use the config of trial {two} (")
    assert told_apart_text(ran) == (
        f"Trial {two} is told apart from all others: with 90 % probability it is the best of those that ran."
    )
    assert not failed_texts(ran)
    assert not seeds_texts(ran)


def test_of_a_minimized_metric_low_is_good_and_no_percent_is_told(plain: Audit) -> None:
    ran, one, two = best_two(plain, [-1.5, -1.6, -1.7], [-1.4, -1.7, -1.5])
    assert f"(trial {one}), was " in fresh_luck_text(plain, ran)
    assert "too good" in fresh_luck_text(plain, ran)
    assert "its config scores 1.6 on average (90 % interval: 1.4" in fresh_luck_text(plain, ran)
    assert told_apart_text(ran) == (
        f"Trials {two} and {one} can't be told apart: with 90 % probability the best of those that ran is on this list."
    )
    assert " %" not in use_text(plain, ran).replace("90 % interval", "")


def test_a_score_below_the_mean_of_fresh_runs_was_no_luck(share: Audit) -> None:
    ran, _, _ = best_two(share, [0.97, 0.98], [0.80, 0.81])
    assert "was not too good" in fresh_luck_text(share, ran)


def test_failures_are_told_in_words_and_alike_ones_together(share: Audit) -> None:
    ran, one, two = best_two(share, ["it broke", "it broke"], ["it broke", "it broke"])
    assert failed_texts(ran) == [
        f"Trials {min(one, two)} and {max(one, two)} failed in 2 of 2 runs, so they are not compared: it broke."
    ]
    assert "none is recommended" in use_text(share, ran)
    assert "can't be said: its config failed in every run" in fresh_luck_text(share, ran)
    part, _, two = best_two(share, [0.8, "it <b>broke</b>"], [0.7, 0.71])
    assert told_apart_text(part).startswith(f"Only the config of trial {two} finished all of its runs")
    html = page_html(audit_page(share, [], part))
    assert "What the fresh runs say" in html
    assert "<b>broke" not in html


def test_seeds_that_make_no_difference_are_a_warning(share: Audit) -> None:
    ran, _, _ = best_two(share, [0.8, 0.8], [0.7, 0.7])
    assert "ignores run.seed" in seeds_texts(ran)[0]


def test_runs_that_all_score_worse_than_expected_are_not_called_luck_alone(share: Audit) -> None:
    assert share.again is not None
    observed = {each.number: each.score for each in share.again.configs}
    low = rerun(observed, {number: [0.3, 0.31] for number in observed}, ACCURACY)
    assert "Every config scores worse" in otherwise_texts(share, low)[0]
    as_expected = rerun(observed, {each.number: [each.expected] * 2 for each in share.again.configs}, ACCURACY)
    assert not otherwise_texts(share, as_expected)
