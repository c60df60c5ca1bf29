"""What is recommended, where its score comes from, and when nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpo.definition.rounds import comparable
from hpo.proof.recommended import Recommended, clearly_above, recommend
from hpo.record.results import StudyResults
from tests.support.results import DATA, definition, just_begun, study

FINISHED, RACING = study(), study(finish=False)


def recommended(results: StudyResults, **data: float) -> Recommended:
    known = comparable(results.definition, results.trials)
    return recommend(results.definition, results.data | data, known, results.good, results.full)


def test_the_score_comes_from_the_test_set_then_from_the_confirmation_then_from_the_search() -> None:
    full, good = FINISHED.full[0], FINISHED.good[0]
    assert (recommended(FINISHED).where, recommended(FINISHED).score) == ("test", full.test)
    confirmed = recommended(replace(FINISHED, full=[]))
    assert (confirmed.where, confirmed.score, confirmed.config) == ("confirmation", good.confirmed, good.config)
    assert recommended(RACING).where == "search"
    assert recommended(just_begun()).nothing == "untried"


def test_good_values_that_are_not_all_trained_on_all_of_the_data_are_not_compared_there() -> None:
    results = study(definition(rounds=(20, 20), final={"good_values": 3}))
    first = replace(results.full[-3], stage="full", runs=results.full[0].runs[:1])
    assert recommended(replace(results, full=[first])).where == "confirmation"


def test_a_score_that_guessing_could_reach_recommends_nothing() -> None:
    mean = FINISHED.full[0].validation.mean
    assert recommended(FINISHED, chance=mean).nothing == "chance"
    assert recommended(FINISHED, chance=mean).config is None
    assert recommended(FINISHED, chance=0.1).nothing is None


def test_what_learnt_on_the_subset_and_not_on_all_of_the_data_is_told_as_that() -> None:
    full = FINISHED.full[0]
    lost = replace(full, validation=replace(full.validation, mean=0.11))
    assert recommended(replace(FINISHED, full=[lost, *FINISHED.full[1:]])).nothing == "lost"


@pytest.mark.parametrize(("score", "why"), [(0.0, "failed"), (0.4, "alike")])
def test_trials_that_all_failed_or_all_scored_the_same_recommend_nothing(score: float, why: str) -> None:
    results = replace(RACING, trials=[replace(trial, score=score) for trial in RACING.trials])
    assert recommended(results).nothing == why


def test_fewer_images_must_show_more_above_guessing() -> None:
    assert clearly_above(0.1, 100) > clearly_above(0.1, 10_000) > 0.1
    assert clearly_above(DATA["chance"], 10_000) < 0.2
