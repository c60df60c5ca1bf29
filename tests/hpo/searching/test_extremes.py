"""What a failure counts as, and how far one absurd score may reach, where a metric has no bounds."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from hpo.searching.extremes import clipped, failed_score
from hpo.searching.metric import ACCURACY, KNOWN, LARGEST, Metric
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import propose
from hpo.searching.queued import search_results
from hpo.searching.smoothing import smoothed_scores
from hpo.searching.stopping import with_imputed_scores
from tests.support.builders import linear, queued, result, space

RMSE = Metric("rmse", **KNOWN["rmse"])
LOSS = Metric("loss", **KNOWN["loss"])
LINE = space(x=linear((0.0, 1.0)))
SCORES = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=40)


def test_what_failed_has_the_worst_there_is_or_the_worst_of_the_others() -> None:
    assert failed_score(ACCURACY, [0.5]) == 0.0
    assert failed_score(Metric("error_rate", "minimize"), [-0.5]) == -1.0
    assert failed_score(RMSE, [-5.0, -2.0, -math.inf, math.nan]) == -5.0
    assert failed_score(RMSE, []) == 0.0


@given(SCORES)
def test_scores_between_two_bounds_stay_as_they_are(scores: list[float]) -> None:
    assert clipped(ACCURACY, scores).tolist() == scores


@given(SCORES, st.floats(0.1, 10), st.floats(-100, 100))
def test_what_is_clipped_does_not_hang_on_units_and_keeps_its_order(
    scores: list[float], scale: float, shift: float
) -> None:
    found = clipped(LOSS, scores)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert np.allclose(clipped(LOSS, scale * np.array(scores) + shift), scale * found + shift, atol=1e-6)


def test_nothing_of_normal_scores_is_clipped_and_one_that_is_absurd_comes_near() -> None:
    scores = np.random.default_rng(0).standard_normal(200)
    assert (clipped(LOSS, scores) == scores).all()
    found = clipped(RMSE, [*scores - 50, -1e30])
    assert (found[:-1] == scores - 50).all()
    assert -70 < found[-1] < (scores - 50).min()


def test_most_may_diverge_and_the_limit_is_still_that_of_those_that_did_not() -> None:
    good = -np.linspace(1.0, 2.0, 40)
    found = clipped(RMSE, [*good, *-(10.0 ** np.linspace(5, 30, 60))])
    assert (found[:40] == good).all()
    assert found.min() > -20


def test_what_is_good_is_never_clipped() -> None:
    scores = [*np.random.default_rng(0).standard_normal(50).tolist(), 1e9]
    assert clipped(LOSS, scores).tolist() == scores


def of(values: list[float | None], **more: object) -> list:
    """The results of a search on RMSE, None for what failed."""
    states = [TrialState.FAIL if value is None else TrialState.COMPLETE for value in values]
    return search_results(
        [
            queued(i, {"round": 1, "index": i, **more}, rungs={} if value is None else {100: value}, state=state)
            for i, (value, state) in enumerate(zip(values, states, strict=True))
        ],
        RMSE,
    )


def test_a_failed_trial_of_a_loss_has_a_finite_score_that_nobody_is_below() -> None:
    found = of([3.0, None, 7.0])
    assert [trial.score for trial in found] == [-3.0, -7.0, -7.0]
    assert [trial.failed for trial in found] == [False, True, False]
    assert [trial.score for trial in of([None, None])] == [0.0, 0.0]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_a_failure_whoever_wrote_it(value: float) -> None:
    found = of([3.0, value])
    assert (found[1].score, found[1].failed) == (-3.0, True)


def test_what_diverged_failed_where_nothing_says_how_bad_that_is() -> None:
    (found,) = of([3.0], reason="diverged")
    assert found.failed
    (bounded,) = search_results(
        [queued(0, {"round": 1, "index": 0, "reason": "diverged"}, rungs={100: 0.0}, state=TrialState.COMPLETE)]
    )
    assert (bounded.failed, bounded.score) == (False, 0.0)


def test_one_absurd_value_ruins_no_smoothing_no_proposal_and_no_expected_gain() -> None:
    rng = np.random.default_rng(1)
    trials = [
        result({"x": float(x)}, -1 - 5 * (x - 0.3) ** 2 - 0.05 * rng.random(), i, round_=1 + i // 15)
        for i, x in enumerate(rng.random(30))
    ]
    trials[4] = replace(trials[4], score=-50.0)
    absurd = [replace(each, score=-1e30) if i == 4 else each for i, each in enumerate(trials)]
    box = LINE.limits()
    assert (smoothed_scores(LINE, box, trials) == smoothed_scores(LINE, box, absurd)).all()
    gains = [expected_gain(LINE, box, box, each, 0, metric=RMSE) for each in (trials, absurd)]
    assert gains[0] == gains[1] < 0.2
    samplers = ["tpe", *(["gp"] if importlib.util.find_spec("torch") else [])]
    for sampler in samplers:
        one, other = (propose(LINE, box, each, n=4, seed=0, sampler=sampler, metric=RMSE) for each in (trials, absurd))
        assert one == other


@pytest.mark.parametrize("middle", [-3.0, 0.0, 2.0])
def test_a_stopped_trial_stays_below_the_median_of_those_that_went_on_whatever_the_sign(middle: float) -> None:
    ends = [middle - 1, middle, middle + 1]
    finished = [result({"x": 0.5}, end, i, rungs={25: middle - 2, 100: end}) for i, end in enumerate(ends)]
    stopped = result({"x": 0.1}, middle - 2.1, 3, rungs={25: middle - 2.1}, stopped=True)
    hopeful = result({"x": 0.2}, middle - 0.5, 4, rungs={25: middle - 0.5}, stopped=True)
    *_, one, other = with_imputed_scores([*finished, stopped, hopeful], LOSS)
    assert one.score == pytest.approx(middle - 0.1)
    assert middle - 1e-9 < other.score < middle


def test_a_value_says_in_a_sentence_why_it_is_a_failure() -> None:
    assert RMSE.fault(3.0) is None
    assert RMSE.fault(-1.0) == "rmse is -1, outside its bounds 0 .. "
    assert "no finite number" in (LOSS.fault(math.nan) or "")
    assert "taken for a failure" in (LOSS.fault(10 * LARGEST) or "")
    assert ACCURACY.fault(0.0) is None
    assert ACCURACY.fault(1 + 2e-16 * 2) is None, "a rounding error is none"
    assert ACCURACY.fault(1.0001) is not None
