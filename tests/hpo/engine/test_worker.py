"""What a worker makes of a trainer that it knows by its protocol alone: a small one, which learns nothing."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.engine import worker
from hpo.engine.coordinator import Coordinator
from hpo.engine.interrupts import Interrupted, StopRequest
from hpo.engine.worker import Worker
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.searching.queued import QueuedTrial
from hpo.searching.space import Config
from hpo.storage.database import Database
from hpo.storage.records import load_curves, load_network_bytes, load_test_evaluations
from hpo.training.own_data import SOURCE
from hpo.training.protocol import Assignment, OpenTest, Point, Score, TrainingFailedError
from tests.support.builders import definition

DATA = {"pool": 2_000, "holdout": 600, "validation": 200, "confirmation": 400, "chance": 0.1}
TRIALS = 6
FINAL = {"good_values": 1, "race_runs": 2, "confirmation_runs": 2, "seeds": 1, "epochs": 2}

Scored = Callable[["Pretended", int], Score]


@dataclass(eq=False)
class Pretended:
    """A training that only says how it stands, and notes what is done with it."""

    trainer: PretendedTrainer
    number: int
    config: Config
    task: Assignment
    open_test: OpenTest
    percent: int = 0
    closed: int = 0

    def advance(self, percent: int) -> Score:
        self.percent = percent
        return self.trainer.scored(self, percent)

    def kept(self) -> bytes | None:
        return b"a model" if self.trainer.keeps else None

    def close(self) -> None:
        self.closed += 1


@dataclass
class PretendedTrainer:
    """Starts trainings that say what `scored` makes of them."""

    scored: Scored
    keeps: bool = True
    abilities: Abilities = EVERYTHING
    stops_anywhere: bool = False
    started: list[Pretended] = field(default_factory=list)
    closed: int = 0

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> Pretended:
        self.started.append(Pretended(self, len(self.started), config, assignment, open_test))
        return self.started[-1]

    def close(self) -> None:
        self.closed += 1


def value(of: Pretended, percent: int) -> float:
    return 0.3 + 0.4 * percent / 100 + 0.1 * math.sin(1000 * float(of.config["learning_rate"]))


def scored(of: Pretended, percent: int) -> Score:
    """Say as little as a trainer may."""
    return Score(value(of, percent))


def of_search(training: Pretended) -> bool:
    return training.task.stage == "search"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path}/study.db") as opened:
        yield opened


@dataclass
class Worked:
    """What a worker left of a small study, whose first `TRIALS` trials are those of the search."""

    trainer: PretendedTrainer
    said: list[str]
    search: list[QueuedTrial]
    final: list[QueuedTrial]

    def failed(self) -> dict[str, int]:
        """Return the reasons of failed trials of the search, each with how many trials it has."""
        reasons = [trial.attributes["reason"] for trial in self.search if trial.state == TrialState.FAIL]
        return {reason: reasons.count(reason) for reason in reasons}


def work(
    database: Database,
    trainer: PretendedTrainer,
    stop: StopRequest | None = None,
) -> Worked:
    """Let one coordinator and one worker with `trainer` bring the study to its end, or until it is to `stop`."""
    said = list[str]()
    made = definition(rounds=[{"trials": TRIALS, "samples": 50, "epochs": 4}], final=FINAL)
    record = StudyRecord.create(database, made, DATA, SOURCE)
    leader = Coordinator(database, made.name, said.append)

    def lead() -> None:
        leader.step()
        while leader.advanced:
            leader.step()

    Worker(
        database,
        made.name,
        trainer,
        None,
        None,
        stop=stop or StopRequest(),
        announce=said.append,
        on_idle=lead,
        nudged=threading.Event(),
    ).run()
    leader.release()
    found = trials_of(database, record)
    return Worked(trainer, said, found.search, found.final)


def test_a_trainer_that_says_only_a_number_brings_a_study_to_its_end(database: Database) -> None:
    worked = work(database, PretendedTrainer(scored))
    assert StudyRecord(database, "small").state == "done"
    assert {trial.state for trial in worked.search} == {TrialState.COMPLETE, TrialState.PRUNED}
    assert all(trial.state == TrialState.COMPLETE for trial in worked.final)
    assert not any("train_accuracy" in trial.attributes for trial in worked.search)
    assert {training.task.samples for training in worked.trainer.started if of_search(training)} == {50}


def test_a_training_that_fails_fails_its_trial_with_its_own_words_and_the_study_goes_on(database: Database) -> None:
    def first_fails(of: Pretended, percent: int) -> Score:
        if of.number == 0:
            raise TrainingFailedError("the solver did not converge", "a log")
        return scored(of, percent)

    worked = work(database, PretendedTrainer(first_fails))
    assert worked.failed() == {"the solver did not converge": 1}
    assert "trial 0 failed: the solver did not converge" in worked.said
    assert StudyRecord(database, "small").state == "done"


def test_what_cannot_be_started_fails_in_the_same_way(database: Database) -> None:
    class Picky(PretendedTrainer):
        def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> Pretended:
            started = super().start(config, assignment, open_test)
            if len(self.started) == 2:
                raise TrainingFailedError("learning_rate is none of mine")
            return started

    assert work(database, Picky(scored)).failed() == {"learning_rate is none of mine": 1}


ABSURD = {
    "no number": (Score(math.nan), "accuracy is nan, which is no finite number"),
    "outside the bounds": (Score(1.5), "accuracy is 1.5, outside its bounds 0 .. 1"),
}


@pytest.mark.parametrize(("score", "reason"), ABSURD.values(), ids=ABSURD)
def test_a_value_that_is_none_fails_the_trial_and_says_why(database: Database, score: Score, reason: str) -> None:
    def once(of: Pretended, percent: int) -> Score:
        return score if of.number == 1 else scored(of, percent)

    worked = work(database, PretendedTrainer(once))
    assert worked.failed() == {reason: 1}
    assert worked.trainer.started[1].closed == 1


def test_a_diverged_training_has_the_worst_value_and_does_not_fail(database: Database) -> None:
    def diverges(of: Pretended, percent: int) -> Score:
        return Score(0.0, reason="loss is not finite") if of.number == 0 else scored(of, percent)

    worked = work(database, PretendedTrainer(diverges))
    assert not worked.failed()
    assert worked.search[0].attributes["reason"] == "loss is not finite"


def test_a_curve_without_hits_is_kept_and_read_again_and_what_nobody_said_is_not_known(database: Database) -> None:
    def curve(of: Pretended, percent: int) -> Score:
        points = tuple(Point(group, percent, percent / 25, value(of, percent)) for group in (0, 1))
        odd = (Point(1, percent, percent / 25, 0.5, train=0.6, train_loss=math.nan, seconds=2.0),)
        return replace(scored(of, percent), points=points + odd + (Point(1, 99, 4.0, math.nan),))

    worked = work(database, PretendedTrainer(curve))
    curves = load_curves(database.engine, [trial.id for trial in worked.search])
    for trial in worked.search:
        found = curves[trial.id]
        assert found.hits.shape == (2, 0)
        first, second, odd = found.points
        assert (first.group, second.group, first.validation_accuracy) == (0, 1, trial.rungs[trial.reached])
        assert (first.train_loss, first.train_accuracy, first.validation_loss) == (None, None, None)
        assert (odd.train_loss, odd.train_accuracy, odd.seconds) == (None, 0.6, 2.0)


def test_hits_are_kept_where_a_trainer_has_them(database: Database) -> None:
    hits = np.arange(26).reshape(2, 13) % 3 == 0

    def knows(of: Pretended, percent: int) -> Score:
        points = (Point(0, 1, 1.0, 0.5), Point(1, 1, 1.0, 0.5))
        return replace(scored(of, percent), points=points, hits=hits)

    worked = work(database, PretendedTrainer(knows))
    (found,) = load_curves(database.engine, [worked.search[0].id]).values()
    np.testing.assert_array_equal(found.hits, hits)


def test_other_metrics_stand_with_the_trial(database: Database) -> None:
    def measured(of: Pretended, percent: int) -> Score:
        return replace(scored(of, percent), train=0.9, others={"latency_ms": 12.5, "size": 3.0})

    worked = work(database, PretendedTrainer(measured))
    for trial in (*worked.search, *worked.final):
        assert trial.attributes["metrics"] == {"latency_ms": 12.5, "size": 3.0}
        assert trial.attributes["train_accuracy"] == 0.9


def test_every_training_is_closed_once_and_the_trainer_at_the_end(database: Database) -> None:
    worked = work(database, PretendedTrainer(scored))
    assert any(trial.state == TrialState.PRUNED for trial in worked.search), "some were parked for good"
    assert {training.closed for training in worked.trainer.started} == {1}
    assert len(worked.trainer.started) == len(worked.search) + len(worked.final), "what is parked is taken up again"
    assert worked.trainer.closed == 1


def test_a_parked_training_that_is_one_too_many_is_closed_and_begun_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_PARKED", 1)
    worked = work(database, PretendedTrainer(scored))
    assert {training.closed for training in worked.trainer.started} == {1}
    assert len(worked.trainer.started) > len(worked.search) + len(worked.final)


def test_a_stop_gives_the_trial_back_and_closes_its_training(database: Database) -> None:
    stop = StopRequest()

    def interrupted(of: Pretended, percent: int) -> Score:
        if len(of.trainer.started) == 3:
            stop.requested = True
            raise Interrupted
        return scored(of, percent)

    worked = work(database, PretendedTrainer(interrupted), stop=stop)
    assert {training.closed for training in worked.trainer.started} == {1}
    assert worked.search[2].state == TrialState.WAITING
    assert worked.trainer.closed == 1


def test_a_model_is_kept_of_the_first_run_on_all_of_the_data_if_there_is_one(database: Database) -> None:
    worked = work(database, PretendedTrainer(scored))
    kept = {trial.id: load_network_bytes(database.engine, trial.id) for trial in (*worked.search, *worked.final)}
    full = [trial.id for trial in worked.final if trial.attributes["stage"] == "full"]
    assert {key for key, content in kept.items() if content == b"a model"} == set(full)
    assert len(full) == 1


def test_a_trainer_without_a_model_keeps_none(database: Database) -> None:
    worked = work(database, PretendedTrainer(scored, keeps=False))
    assert all(load_network_bytes(database.engine, trial.id) is None for trial in worked.final)


def test_the_test_set_is_opened_once_a_trial_and_the_ledger_says_what_for(database: Database) -> None:
    def tested(of: Pretended, percent: int) -> Score:
        if not of.task.test_allowed:
            return scored(of, percent)
        assert of.open_test() is None, "whoever has data of their own has a test set of their own"
        assert of.open_test() is None
        return replace(scored(of, percent), test=0.625)

    worked = work(database, PretendedTrainer(tested))
    (full,) = [trial for trial in worked.final if trial.attributes["stage"] == "full"]
    (entry,) = load_test_evaluations(database.engine, "small")
    assert (entry.trial_id, entry.dataset) == (full.id, "the trainer's own test set")
    assert entry.purpose.startswith("full run 0 of trial ")
    assert full.attributes["test_accuracy"] == 0.625


def test_a_trial_of_the_search_cannot_open_the_test_set(database: Database) -> None:
    def peeks(of: Pretended, percent: int) -> Score:
        if of.number == 0:
            of.open_test()
        return scored(of, percent)

    worked = work(database, PretendedTrainer(peeks))
    assert worked.failed() == {"the test set is not to be opened in the stage 'search'": 1}
    assert not load_test_evaluations(database.engine, "small")
