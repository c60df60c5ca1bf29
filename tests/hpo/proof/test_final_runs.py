import pytest
from optuna.trial import TrialState

from hpo.definition.rounds import comparable
from hpo.proof.final_runs import final_runs, full_results, source_key, source_text
from hpo.searching.queued import search_results
from tests.support.builders import definition, final_run, queued, result

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL


def at(number: int, round_: int, index: int, **more: object):
    return queued(number, {"round": round_, "index": index}, **more)  # type: ignore[arg-type]


def test_trials_that_are_still_under_way_have_no_result():
    assert search_results([at(0, 1, 0, rungs={25: 0.5}), at(1, 1, 1, state=TrialState.RUNNING)]) == []


def test_a_trial_that_was_enqueued_twice_counts_once_by_the_first_that_finished():
    trials = [
        at(0, 1, 0, rungs={25: 0.3}),
        at(1, 1, 0, rungs={100: 0.6}, state=COMPLETE),
        at(2, 1, 0, rungs={100: 0.9}, state=COMPLETE),
    ]
    (found,) = search_results(trials)
    assert (found.key, found.score, found.number) == ((1, 0), 0.6, 1)


def test_a_failed_trial_has_the_worst_score_and_is_not_stopped():
    (found,) = search_results([at(0, 1, 0, rungs={25: 0.5}, state=FAIL)])
    assert (found.score, found.stopped) == (0.0, False)


def test_a_stopped_trial_has_the_score_of_its_last_rung():
    (found,) = search_results([at(0, 1, 0, rungs={25: 0.3, 50: 0.4}, state=PRUNED)])
    assert (found.score, found.stopped, found.rungs) == (0.4, True, {25: 0.3, 50: 0.4})


def test_results_are_in_the_order_of_rounds_and_indices_whatever_the_database_numbered():
    places = [(2, 0), (1, 1), (1, 0), (2, 11), (2, 2)]
    trials = [at(i, *place, rungs={100: 0.5}, state=COMPLETE) for i, place in enumerate(places)]
    assert [found.key for found in search_results(trials)] == sorted(places)


ROUNDS = [
    {"trials": 5, "samples": 100, "epochs": 10},
    {"trials": 5, "samples": 400, "epochs": 10},
    {"trials": 5, "samples": 400, "epochs": 20},
    {"trials": 5, "samples": 100, "epochs": 10},
]


@pytest.mark.parametrize(("latest", "alike"), [(1, [1]), (2, [2]), (3, [3]), (4, [1, 4])])
def test_scores_compare_with_those_of_the_latest_round_if_samples_and_epochs_are_the_same(latest, alike):
    trials = [result({}, 0.5, 0, round_=number) for number in range(1, latest + 1)]
    assert [trial.round for trial in comparable(definition(rounds=ROUNDS), trials)] == alike


def test_nothing_compares_with_nothing():
    assert comparable(definition(), []) == []


def run_of(number: int, stage: str, source: str, run: int, **more: object):
    attributes = {"stage": stage, "source": source, "source_trial": 4, "run": run, "seed": 1}
    return queued(number, attributes, **more)  # type: ignore[arg-type]


def test_a_final_run_that_was_enqueued_twice_counts_once():
    runs = final_runs(
        [
            run_of(0, "race", "1.4", 0, rungs={100: 0.7}, state=COMPLETE),
            run_of(1, "race", "1.4", 0, rungs={100: 0.9}, state=COMPLETE),
            run_of(2, "race", "1.4", 1),
        ]
    )
    assert [(run.source, run.run, run.score) for run in runs] == [((1, 4), 0, 0.7)]


def test_a_failed_final_run_has_the_worst_score_everywhere():
    (run,) = final_runs([run_of(0, "full", "1.4", 0, state=FAIL)])
    assert (run.score, run.train_accuracy, run.test_accuracy) == (0.0, 0.0, None)
    (found,) = full_results([run])
    assert found.test.mean == 0.0


def test_results_on_all_of_the_data_are_averaged_over_their_seeds():
    runs = [
        final_run("full", (1, 0), i, 0.8 + 0.02 * i, train_accuracy=0.95, test_accuracy=0.7 + 0.1 * i) for i in (0, 1)
    ]
    (found,) = full_results(runs)
    assert found.validation.mean == pytest.approx(0.81)
    assert found.test.mean == pytest.approx(0.75)
    assert found.gap == pytest.approx(0.2)
    assert found.overfits


@pytest.mark.parametrize(("train", "overfits"), [(0.85, False), (0.849, False), (0.86, True)])
def test_a_gap_above_five_points_is_overfitting(train, overfits):
    (found,) = full_results([final_run("full", (1, 0), 0, 0.8, train_accuracy=train, test_accuracy=0.8)])
    assert found.overfits is overfits


def test_a_result_shows_the_settings_that_changed_beside_its_config():
    run = final_run("full", (1, 0), 0, 0.8, config={"learning_rate": 0.1}, overrides={"weight_decay": 0.01})
    assert full_results([run])[0].config == {"learning_rate": 0.1, "weight_decay": 0.01}


def test_the_way_a_run_names_its_trial_leads_back_to_it():
    assert source_text((1, 10)) == "1.10"  # no number: 1.10 would be 1.1
    assert source_key(source_text((1, 10))) == (1, 10)
