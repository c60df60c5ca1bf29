"""How far the best score is luck stands in trials.csv, and in the verdict of a study that is finished or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpo.reports.facts.luck import best_again, best_so_far
from hpo.reports.tables.search import trials_table
from hpo.reports.words.luck import luck_note
from hpo.reports.words.numbers import score_text
from hpo.reports.words.verdict import verdict
from hpo.searching.metric import ACCURACY
from hpo.storage.records import Curve
from tests.support.results import ONE, definition, just_begun, study


def lucky(results, accuracy=0.8, seed=0):
    """Return `results` whose trials all are as good, with independent luck on 200 images."""
    rng = np.random.default_rng(seed)
    curves = {key: Curve(curve.points, rng.random((2, 200)) < accuracy) for key, curve in results.curves.items()}
    return replace(results, curves=curves)


def test_of_many_equal_trials_the_best_is_all_luck_and_what_is_left_is_near_the_truth():
    best = best_so_far(lucky(study(finish=False)))
    assert len(best) == 60
    assert best[-1].luck > 0.03
    assert best[-1].corrected == pytest.approx(0.8, abs=0.02)
    assert [each.score for each in best] == sorted(each.score for each in best)


def test_the_trials_have_a_column_with_the_corrected_best_so_far():
    results = study(finish=False, unfinished=5)
    table = trials_table(results).set_index(["round", "index"])["best_corrected"]
    assert table.dropna().to_dict() == {each.key: each.corrected for each in best_so_far(results)}
    assert len(table.dropna()) == 55


def test_trials_with_other_samples_or_epochs_are_not_compared():
    of = definition(rounds=(8, 8))
    other = replace(of, rounds=(replace(of.rounds[0], epochs=10), of.rounds[1]))
    results = replace(study(of, finish=False), definition=other)
    assert {each.key[0] for each in best_so_far(results)} == {2}


def test_an_unfinished_study_says_what_is_left_of_its_best_score():
    results = lucky(study(finish=False))
    left = score_text(ACCURACY, best_so_far(results)[-1].corrected)
    assert f"% in validation, {left} % corrected for luck." in verdict(results)


def test_a_finished_study_says_how_many_points_were_luck():
    results = lucky(study())
    best = best_so_far(results)[-1]
    score = score_text(ACCURACY, best.score)
    note = f"The search's best score was {score} %, of which about {100 * best.luck:.1f} points was luck."
    assert luck_note(results) == [note]
    assert note in verdict(results)


def test_without_luck_no_points_are_claimed():
    results = study()
    curves = {key: Curve(curve.points, curve.hits & False) for key, curve in results.curves.items()}
    best = max((trial for trial in results.trials if not trial.stopped), key=lambda trial: trial.score)
    (winner,) = (trial.id for trial in results.queued if trial.number == best.number)
    curves[winner] = Curve(curves[winner].points, np.ones_like(curves[winner].hits))
    assert "of which next to nothing was luck" in luck_note(replace(results, curves=curves))[0]


def test_nothing_is_said_before_there_is_a_score():
    assert best_so_far(just_begun()) == []
    assert luck_note(just_begun()) == []
    assert luck_note(replace(study(finish=False), curves={})) == []


def test_where_no_trial_says_what_it_got_right_fresh_runs_say_how_far_the_best_was_luck():
    results = replace(study(definition(ONE)), curves={})
    first = max((trial for trial in results.trials if not trial.stopped), key=lambda trial: trial.score)
    best, again = first.score, next(good.confirmed.mean for good in results.good if good.key == first.key)
    assert (best_again(results).score, best_again(results).again.mean) == (best, again)
    (note,) = luck_note(results)
    luck = "next to nothing" if best <= again else f"about {100 * (best - again):.1f} points"
    assert f"was {100 * best:.1f} %; fresh runs of its config reached {100 * again:.1f} % on average" in note
    assert note.endswith(f"so {luck} was luck.")


def test_without_fresh_runs_of_the_best_nobody_knows_its_luck():
    assert "can't be said" in luck_note(replace(study(), curves={}, good=()))[0]
