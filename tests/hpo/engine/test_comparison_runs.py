"""Comparisons trained for real on a real database: what is trained, disturbed and undisturbed, and what is kept."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from hpo import models
from hpo.definition.study import StudyDefinition
from hpo.engine import worker as workers
from hpo.engine.coordinator import Coordinator
from hpo.engine.progress import progress
from hpo.record.results import StudyResults, load_results
from hpo.record.study import StudyRecord
from hpo.searching.seeds import COMPARE, derived_seed
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.records import load_network_bytes
from hpo.storage.test_set import load_test_part
from hpo.studies import __main__ as studies
from hpo.training.assignments import assignment
from hpo.training.cuts import Cut
from tests.support.comparisons import (
    CONFIGS,
    EPOCHS,
    GRID,
    NAME,
    SEEDS,
    comparison_on,
    data_of,
    outcome_of,
    study_text,
    work_through,
)
from tests.support.databases import CURVE, mortal, queue_of, trials
from tests.support.searches import Search, started, wait_for


@pytest.fixture(scope="module")
def study(blobs: Path) -> StudyDefinition:
    return comparison_on(blobs)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, study: StudyDefinition) -> Iterator[Database]:
    """Return a database in which one undisturbed worker finished the comparison."""
    with Database(f"sqlite:///{tmp_path_factory.mktemp('versus') / 'hpo.db'}") as database:
        work_through(database, study)
        yield database


@pytest.fixture(scope="module")
def results(finished: Database) -> StudyResults:
    return load_results(finished, NAME)


def test_every_config_of_the_grid_is_trained_with_every_seed_and_nothing_more(results: StudyResults) -> None:
    assert results.state == "done"
    assert [each.config for each in results.compared] == GRID
    assert all([run.run for run in each.runs] == [0, 1] for each in results.compared)
    assert len(results.queued) == CONFIGS * SEEDS
    assert (results.good, results.full, results.runs) == ([], [], [])


def test_the_first_run_of_every_config_comes_before_any_second(results: StudyResults) -> None:
    order = [(trial.attributes["run"], trial.config) for trial in results.queued]
    assert order == [(run, config) for run in range(SEEDS) for config in GRID]
    assert [trial.attributes["index"] for trial in results.queued] == list(range(CONFIGS * SEEDS))


def test_runs_of_one_number_share_seed_and_images_and_others_do_not(
    results: StudyResults, study: StudyDefinition
) -> None:
    seeds: dict[int, set[int]] = {}
    for trial in results.queued:
        seeds.setdefault(trial.attributes["run"], set()).add(trial.attributes["seed"])
    assert seeds == {run: {derived_seed(study.seed, COMPARE, run)} for run in range(SEEDS)}
    data = data_of(study)[0]
    cuts = [assignment(study, data.pool_size, trial).cuts for trial in results.queued]
    images = [data.fold(cut).train.images.tobytes() for (cut,) in cuts]
    assert [images.index(each) for each in images] == [0] * CONFIGS + [CONFIGS] * CONFIGS


def test_a_run_trains_on_its_samples_and_is_scored_on_the_whole_holdout(
    results: StudyResults, study: StudyDefinition
) -> None:
    assert {(run.n_train, run.epochs) for each in results.compared for run in each.runs} == {(100, EPOCHS)}
    assert {curve.hits.shape for curve in results.curves.values()} == {(1, 600)}
    for each in results.compared:
        for run in each.runs:
            assert run.score == pytest.approx(results.curves[run.id].hits.mean())
    everything = data_of(study)[0].fold(Cut(None, scorers="holdout"))
    assert (len(everything.train), len(everything.validation)) == (2400, 600)


def test_a_curve_has_evenly_spaced_points_each_with_its_test_accuracy(results: StudyResults) -> None:
    for each in results.compared:
        for run in each.runs:
            points = results.curves[run.id].points
            assert [point.step for point in points] == [step * EPOCHS for step in range(1, 6)]
            assert all(point.test_accuracy is not None and 0 <= point.test_accuracy <= 1 for point in points)
            assert points[-1].test_accuracy == run.test_accuracy
            assert len({point.test_accuracy for point in points}) > 1  # the network as it was there


def test_the_network_of_the_first_run_is_kept_and_has_the_accuracies_of_its_trial(
    finished: Database, results: StudyResults, study: StudyDefinition
) -> None:
    data, located = data_of(study)
    part = load_test_part(located, image_shape=data.image_shape, classes=data.part.classes)
    for each in results.compared:
        first, second = each.runs
        content = load_network_bytes(finished.engine, first.id)
        assert content is not None
        network = models.network_from_bytes(content)
        assert network.evaluate(models.Examples(part.images, part.labels)).accuracy == first.test_accuracy
        assert network.evaluate(data.fold(Cut(100, scorers="holdout")).validation).accuracy == first.score
        assert load_network_bytes(finished.engine, second.id) is None


def test_the_ledger_has_one_entry_a_run(results: StudyResults) -> None:
    assert sorted(entry.trial_id for entry in results.ledger) == [trial.id for trial in results.queued]
    purposes = {entry.trial_id: entry.purpose for entry in results.ledger}
    last = results.queued[-1]
    assert purposes[last.id] == f"curve of run 1 of trial {last.number}"


def test_learning_tells_the_methods_apart(results: StudyResults) -> None:
    assert all(each.test.mean > 0.3 for each in results.compared)  # five classes: .2 is guessing
    assert len({each.test.mean for each in results.compared}) == CONFIGS


def test_a_finished_comparison_is_left_as_it_is(finished: Database, study: StudyDefinition) -> None:
    before = outcome_of(finished)
    work_through(finished, study)
    assert outcome_of(finished) == before


def test_the_list_of_studies_says_what_is_compared(finished: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert studies.main(["--storage", finished.url]) == 0
    listed = capsys.readouterr().out.split(f"studies in {finished.url}")[-1]
    assert [word in listed for word in (NAME, "done", "a grid: 4 x 2 runs")] == [True] * 3


def test_more_images_than_there_are_is_an_error_that_names_both_numbers(blobs: Path) -> None:
    with pytest.raises(UserError, match=r"comparison\.samples = 2401, but only 2400 images .* set fewer samples"):
        data_of(comparison_on(blobs, samples=2401))


# Disturbed: other workers, kills, twins.


def test_two_workers_killed_with_their_coordinator_and_resumed_find_the_same_to_the_last_bit(
    finished: Database, study: StudyDefinition, blobs: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"{NAME}.toml"
    file.write_text(study_text(blobs), encoding="utf-8")
    search = Search(tmp_path, blobs)
    search.study = file
    with started("run", *search.arguments, "--workers", "2") as process:
        wait_for(search.workers)
        with Database(search.url) as database:
            wait_for(lambda: sum(trial.finished for trial in trials(database, NAME).search) >= 2)
            os.killpg(process.pid, signal.SIGKILL)
            for pid in search.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    with Database(search.url) as database:
        assert 2 <= sum(trial.finished for trial in trials(database, NAME).search) < CONFIGS * SEEDS
        work_through(database, study)
        assert outcome_of(database) == outcome_of(finished)


def begun(path: Path, study: StudyDefinition) -> Database:
    database = Database(f"sqlite:///{path}")
    source = {"provenance": "made up", "sha256": "0", "complete": "yes"}
    StudyRecord.create(database, study, {"pool": 2400, "chance": 0.2}, source)
    return database


def invented(database: Database, at_most: int = 99) -> int:
    """End what is ready with invented accuracies that depend on the trial's place alone; return how many there were."""
    queue, count = queue_of(database, mortal(), NAME), 0
    while count < at_most and (claimed := queue.claim()) is not None:
        score = 0.5 + claimed.attributes["index"] / 100
        attributes = {"train_accuracy": score + 0.1, "test_accuracy": score - 0.1}
        assert queue.report(claimed, 100, score, CURVE, attributes, network=b"network")
        count += 1
    return count


def coordinator(database: Database) -> Coordinator:
    return Coordinator(database, NAME, lambda text: None, mortal())


def test_a_coordinator_that_dies_after_every_single_write_changes_nothing(
    tmp_path: Path, study: StudyDefinition
) -> None:
    found = []
    for name, deadly in (("calm", False), ("deadly", True)):
        database = begun(tmp_path / f"{name}.db", study)
        leader, done = coordinator(database), False
        while not done:
            leader = coordinator(database) if deadly else leader  # the one before is dead, after one write
            done = leader.step()
            assert done or leader.advanced or invented(database, at_most=3)
        found.append(outcome_of(database))
        database.close()
    assert found[0] == found[1]
    assert found[0]["state"] == "done"


def test_progress_counts_the_runs_and_their_image_epochs(tmp_path: Path, study: StudyDefinition) -> None:
    database = begun(tmp_path / "progress.db", study)
    leader = coordinator(database)
    leader.step()
    total = CONFIGS * SEEDS * 100 * EPOCHS
    start = progress(study, trials(database, NAME).search, [], 2400)
    assert (start.phase, start.trials_done, start.trials_in_phase) == ("comparison", 0, CONFIGS * SEEDS)
    assert (start.work, start.total, start.best) == (0, total, None)
    invented(database, at_most=2)
    then = progress(study, trials(database, NAME).search, [], 2400)
    assert (then.trials_done, then.work, then.total, then.best) == (2, total / 4, total, None)
    database.close()


def test_all_of_the_images_are_counted_as_such(blobs: Path) -> None:
    assert progress(comparison_on(blobs, samples=0), [], [], 2400).total == CONFIGS * SEEDS * 2400 * EPOCHS
    assert progress(comparison_on(blobs, samples=9999), [], [], 2400).total == CONFIGS * SEEDS * 2400 * EPOCHS


def test_a_single_config_without_a_space_is_compared_with_nothing(tmp_path: Path, blobs: Path) -> None:
    alone = comparison_on(blobs, epochs=1, evaluations=50, space={})
    with Database(f"sqlite:///{tmp_path / 'alone.db'}") as database:
        work_through(database, alone)
        (only,) = load_results(database, NAME).compared
        assert (only.config, len(only.runs)) == ({}, SEEDS)
        curve = load_results(database, NAME).curves[only.runs[0].id]
        assert [point.step for point in curve.points] == [1, 2, 3, 4, 5]  # fewer steps than points


def test_a_run_that_diverges_scores_nothing_on_any_images_and_says_why(tmp_path: Path, blobs: Path) -> None:
    wild = comparison_on(blobs, epochs=2, seeds=1, space={"learning_rate": {"choices": [0.05, 1e30]}})
    with Database(f"sqlite:///{tmp_path / 'wild.db'}") as database:
        work_through(database, wild)
        results = load_results(database, NAME)
    tame, lost = (each.runs[0] for each in results.compared)
    assert (tame.reason, lost.score, lost.train_accuracy, lost.test_accuracy) == (None, 0.0, 0.0, 0.0)
    assert lost.reason is not None
    assert "step" in lost.reason
    assert results.curves[lost.id].points[-1].test_accuracy == 0.0
    assert len(results.ledger) == 2


def test_early_stopping_ends_a_curve_with_the_best_network(tmp_path: Path, blobs: Path) -> None:
    methods = {"optimizer": {"choices": ["sgd", "adam"]}}
    training = {"patience": 1, "learning_rate": 0.05}
    patient = comparison_on(blobs, epochs=60, seeds=1, evaluations=30, space=methods, training=training)
    with Database(f"sqlite:///{tmp_path / 'patient.db'}") as database:
        work_through(database, patient)
        results = load_results(database, NAME)
    for each in results.compared:
        points = results.curves[each.runs[0].id].points
        assert len(points) < 30
        best = min(points, key=lambda point: point.validation_loss)
        assert points[-1].test_accuracy == best.test_accuracy == each.runs[0].test_accuracy


def test_a_long_training_says_on_the_way_how_it_stands_and_ends_no_different(
    tmp_path: Path, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = comparison_on(blobs, seeds=1, evaluations=10)
    outcomes = []
    for name, patience in (("silent", math.inf), ("telling", 0.0)):
        monkeypatch.setattr(workers, "TELL_SECONDS", patience)
        with Database(f"sqlite:///{tmp_path}/{name}.db") as database:
            work_through(database, definition)
            shown = optuna.load_study(study_name=NAME, storage=database.optuna).trials
            rungs = [set(trial.intermediate_values) for trial in shown]
            outcomes.append([run.score for each in load_results(database, NAME).compared for run in each.runs])
        expected = {100} if name == "silent" else {10, 20, 30, 40, 50, 60, 70, 80, 90, 100}
        assert rungs == [expected] * CONFIGS
    assert outcomes[0] == outcomes[1]
