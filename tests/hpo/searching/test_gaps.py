from dataclasses import replace

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from hpo.definition.reading import read_definition
from hpo.proof.good_values import raced_configs
from hpo.searching.candidates import candidates, within_bound
from hpo.searching.gaps import guard_cost
from hpo.searching.proposing import propose
from hpo.searching.queued import search_results
from hpo.storage.errors import UserError
from tests.support.builders import definition, final_run, linear, queued, result, space, tables
from tests.support.databases import CURVE, coordinator, open_study, queue_of

LINE = space(x=linear((0.0, 1.0)))
TRIALS = [
    result({"x": i / 20}, score, i, gap=gap)
    for i, (score, gap) in enumerate([(0.9, 0.2), (0.8, 0.05), (0.7, 0.1), (0.6, None), (0.5, 0.3)])
]
"""Five trials that lie near each other, the best of which overfits."""


def bounded(trials, max_gap):
    """The same trials in a study that bounds the gap."""
    return [replace(t, excess=None if t.gap is None else t.gap - max_gap) for t in trials]


def chosen(trials, count, max_gap):
    """The indices of the candidates in a study that bounds the gap."""
    return [t.index for t in candidates(LINE, LINE.limits(), bounded(trials, max_gap), count, constrained=True)]


def cost_of(trials, count, max_gap):
    return guard_cost(LINE, LINE.limits(), bounded(trials, max_gap), count, constrained=True)


def test_only_configs_within_the_bound_race_and_a_gap_that_nobody_knows_is_not_within():
    assert chosen(TRIALS, 5, 0.1) == [1, 2]


def test_where_nobody_keeps_to_the_bound_everybody_is_considered_and_that_is_known():
    free = candidates(LINE, LINE.limits(), TRIALS, 3)
    assert chosen(TRIALS, 3, 0.01) == [t.index for t in free]
    cost = cost_of(TRIALS, 3, 0.01)
    assert cost is not None
    assert (cost.any_within, cost.chosen.key, cost.without.key) == (False, free[0].key, free[0].key)


def test_what_the_bound_cost_is_the_first_choice_with_it_beside_that_without():
    cost = cost_of(TRIALS, 3, 0.1)
    assert cost is not None
    assert (cost.any_within, cost.chosen.index, cost.without.index) == (True, 1, 0)
    assert guard_cost(LINE, LINE.limits(), TRIALS, 3, constrained=False) is None
    assert guard_cost(LINE, LINE.limits(), [], 3, constrained=True) is None


def test_what_was_stopped_is_within_the_bound_only_where_nothing_trained_to_its_end_is():
    trained = [result({"x": 0.1}, 0.72, 0, gap=0.20), result({"x": 0.2}, 0.60, 1, gap=0.09)]
    stopped = [result({"x": 0.3}, 0.55, 2, gap=0.00, rungs={25: 0.55}, stopped=True)]
    assert chosen(trained + stopped, 5, 0.1) == [1]
    assert chosen(trained + stopped, 5, 0.05) == [2]


def test_what_learnt_next_to_nothing_is_no_candidate_for_its_small_gap():
    learnt, nothing = result({"x": 0.1}, 0.72, 0, gap=0.20), result({"x": 0.9}, 0.095, 1, gap=0.0)
    assert chosen([learnt, nothing], 1, 0.05) == [0]
    cost = cost_of([learnt, nothing], 1, 0.05)
    assert cost is not None
    assert not cost.any_within


@given(
    trials=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(-0.5, 1), st.booleans()), max_size=12),
    max_gap=st.floats(0, 1),
)
def test_nobody_within_the_bound_breaks_it_or_has_less_than_half_of_the_best_score(trials, max_gap):
    tried = [result({"x": x}, score, i, gap=gap, stopped=early) for i, (x, score, gap, early) in enumerate(trials)]
    kept = [tried[i] for i in within_bound(bounded(tried, max_gap))]
    best = max((trial.score for trial in tried), default=0.0)
    assert all(trial.gap <= max_gap and trial.score >= best / 2 for trial in kept)
    assert len({trial.stopped for trial in kept}) <= 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 1), st.floats(-0.5, 1)), min_size=1, max_size=12))
def test_a_bound_that_nobody_breaks_changes_nothing_among_those_that_learnt(drawn):
    trials = [result({"x": x}, score, i, gap=gap) for i, (x, score, gap) in enumerate(drawn)]
    assert chosen(trials, 4, 1.0) == [t.index for t in candidates(LINE, LINE.limits(), trials, 4)]


@pytest.mark.parametrize(
    ("state", "more", "gap"),
    [
        (TrialState.COMPLETE, {"train_accuracy": 0.9}, 0.3),
        (TrialState.PRUNED, {"train_accuracy": 0.7}, 0.1),
        (TrialState.PRUNED, {}, None),
        (TrialState.FAIL, {"train_accuracy": 0.9}, None),
        (TrialState.COMPLETE, {"train_accuracy": 0.9, "reason": "diverged"}, None),
    ],
)
def test_the_gap_is_that_where_training_ended_if_it_did_not_break_off(state, more, gap):
    (found,) = search_results([queued(0, {"round": 1, "index": 0, **more}, rungs={100: 0.6}, state=state)])
    assert found.gap == (gap if gap is None else pytest.approx(gap))


@pytest.mark.parametrize(("max_gap", "first"), [(None, 0), (0.1, 1), (0.05, 0)])
def test_of_good_values_the_one_that_overfits_least_comes_first_where_a_bound_asks_for_it(max_gap, first):
    study = definition(final={"good_values": 2, "race_runs": 3}, search={"max_gap": max_gap} if max_gap else {})
    box = study.space.start()
    gap = min(0.1, max_gap or 0.1)
    trials = [result({"learning_rate": 1e-3 * (i + 1), "weight_decay": 1e-5}, 0.8, i, gap=gap) for i in (0, 1)]
    scores = {0: (0.80, 0.83, 0.79), 1: (0.81, 0.80, 0.80)}
    train = {0: 1.0, 1: 0.9}
    runs = [
        final_run("race", (1, i), run, score, train_accuracy=train[i])
        for i, own in scores.items()
        for run, score in enumerate(own)
    ]
    places = raced_configs(study, box, trials, runs)
    assert all(place.good for place in places)
    assert [place.key for place in places] == [(1, first), (1, 1 - first)]
    (other,) = [place for place in places if place.key == (1, 1)]
    assert other.mean < max(place.mean for place in places)
    assert other.gap == pytest.approx(0.9 - 2.41 / 3)


def test_tpe_keeps_away_from_what_overfits():
    # The score rises with x, and beyond .5 so does the gap.
    trials = [result({"x": i / 39}, i / 39, i, gap=max(0.0, i / 39 - 0.5)) for i in range(40)]

    def above(max_gap: float | None) -> int:
        known = trials if max_gap is None else bounded(trials, max_gap)
        proposed = propose(LINE, LINE.limits(), known, n=20, seed=1, sampler="tpe", constrained=max_gap is not None)
        return sum(each["x"] > 0.6 for each in proposed)

    assert above(0.02) < 7
    assert above(None) > 14


def test_a_reported_constraint_is_one_to_optuna_and_to_its_dashboard(tmp_path):
    with_bound = definition(search={"max_gap": 0.1})
    with open_study(tmp_path / "hpo.db", with_bound) as database:
        coordinator(database).step()
        queue = queue_of(database)
        claimed = queue.claim()
        assert claimed is not None
        assert queue.report(claimed, 100, 0.8, CURVE, {}, constraint=0.05)
        trial = optuna.load_study(study_name="small", storage=database.optuna).trials[claimed.number]
    assert trial.constraints == {"0": 0.05}
    assert trial.system_attrs["constraints"] == [0.05]


def test_the_bound_is_none_unless_it_is_given_and_then_a_share():
    assert definition().search.max_gap is None
    assert "max_gap" not in definition().record()["search"]
    bounded = definition(search={"max_gap": 0.1})
    assert read_definition("small", bounded.record()) == bounded
    with pytest.raises(UserError, match="max_gap = 10"):
        read_definition("small", tables(search={"max_gap": 10}))
