import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.proof.final_runs import full_results
from hpo.proof.probing import PROBES, better_probe
from hpo.training.assignments import assignment, planned_size
from hpo.training.cuts import Cut
from tests.support.builders import definition, final_run, queued

SCORES = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(lambda scores: dict(enumerate(scores)))


@given(winner=SCORES, lower=SCORES, higher=SCORES)
def test_what_is_taken_has_the_highest_mean_and_the_winner_stays_where_none_is_higher(winner, lower, higher):
    probes = {"probe_lower": lower, "probe_higher": higher}
    means = {stage: np.mean(list(scores.values())) for stage, scores in probes.items()}
    best = better_probe(winner, probes)
    if best is None:
        assert max(means.values()) <= np.mean(list(winner.values()))
    else:
        assert means[best] == max(means.values()) > np.mean(list(winner.values()))


@given(SCORES)
def test_what_only_equals_the_winner_is_not_taken(winner):
    assert better_probe(winner, dict.fromkeys(PROBES, winner)) is None


def test_there_is_nothing_to_take_where_nothing_was_tried():
    assert better_probe({0: 0.5}, {}) is None


@pytest.mark.parametrize(
    ("stage", "test", "kept"),
    [
        ("full", "at the end", True),
        ("adopted", "at the end", True),
        ("plain", "at the end", False),
        ("probe_lower", "never", False),
        ("probe_higher", "never", False),
    ],
)
def test_all_of_the_data_trains_every_neighbour_but_a_probe_never_opens_the_test_set(stage, test, kept):
    study, trial = definition(), queued(3, {"stage": stage, "run": 0, "seed": 9, "source_trial": 5})
    asked = assignment(study, 1000, trial)
    assert asked.cuts == (Cut(None, scorers="holdout"),), "the whole pool trains, and all that is held out scores"
    assert (asked.epochs, asked.test, asked.keeps) == (5, test, kept)
    assert planned_size(study, 1000, trial.attributes) == {"n_train": 1000, "epochs": 5}


def test_a_probe_has_a_validation_accuracy_and_no_test_accuracy():
    (found,) = full_results(
        [final_run("probe_lower", (1, 0), run, 0.8, config={"learning_rate": 0.1}) for run in (0, 1)]
    )
    assert (found.validation.mean, found.test.runs) == (0.8, 0)
    assert math.isnan(found.gap)
    assert not found.overfits
    assert not found.ranked
