import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState

from hpo.engine.queue import MAX_DEATHS, TrialQueue
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage.database import Database
from hpo.storage.leases import LEASE_SECONDS, Leases
from hpo.storage.records import Curve, load_curves
from hpo.storage.schema import leases as leases_table
from tests.support.databases import CURVE, SMALL, Killed, coordinator, killed_before_write, mortal, open_study, queues

CONFIG = {"learning_rate": 0.01, "weight_decay": 1e-5}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with one trial in the queue, which may be trained to its first rung."""
    path = tmp_path_factory.mktemp("begun") / "begun.db"
    database = open_study(path)
    attributes = {"round": 1, "index": 0, "seed": 42, "allowed": 25}
    queue_of(database, mortal(database)).add(CONFIG, SMALL.space.distributions(), attributes)
    database.close()
    return path


@pytest.fixture
def database(begun: Path, tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{shutil.copy(begun, tmp_path / 'study.db')}")
    yield opened
    opened.close()


def queue_of(database: Database, leases: Leases) -> TrialQueue:
    return TrialQueue(database, SMALL.name, leases)


def alive(database: Database) -> TrialQueue:
    """Return the queue as one more living worker sees it."""
    return queue_of(database, Leases(database.engine))


def dying(database: Database) -> TrialQueue:
    """Return the queue as a worker sees it that others find dead."""
    return queue_of(database, mortal(database))


def only(queue: TrialQueue) -> QueuedTrial:
    (trial,) = queue.trials()
    return trial


def claimed_by(queue: TrialQueue) -> QueuedTrial:
    claimed = queue.claim(only(queue))
    assert claimed is not None
    return claimed


def pass_by(database: Database, seconds: float) -> None:
    with database.engine.begin() as connection:
        connection.execute(leases_table.update().values(renewed_at=leases_table.c.renewed_at - seconds))


def test_a_queued_trial_is_ready_with_its_config_its_seed_and_how_far_it_may_go(database):
    trial = only(alive(database))
    assert trial.ready
    assert trial.config == CONFIG
    assert (trial.attributes["seed"], trial.allowed, trial.reached) == (42, 25, 0)


def test_a_claim_is_one_workers(database):
    one, other = alive(database), alive(database)
    before = only(other)
    claimed = one.claim(before)
    assert claimed is not None
    assert claimed.state == TrialState.RUNNING
    assert other.claim(before) is None
    assert other.claim(only(other)) is None


def test_a_claim_shows_the_trial_as_it_stands_now_and_not_as_it_was_seen(database):
    one, other = alive(database), alive(database)
    seen_long_ago = only(other)
    one.report(claimed_by(one), 25, 0.5, CURVE, {})
    one.allow(only(one), 50)
    claimed = other.claim(seen_long_ago)
    assert claimed is not None
    assert (claimed.allowed, claimed.reached) == (50, 25)


def test_a_trial_that_was_trained_as_far_as_it_may_go_waits_for_its_verdict(database):
    one, other = alive(database), alive(database)
    seen_long_ago = only(other)
    assert one.report(claimed_by(one), 25, 0.5, CURVE, {"seconds": 1.5})
    parked = only(other)
    assert (parked.state, parked.ready, dict(parked.rungs)) == (TrialState.WAITING, False, {25: 0.5})
    assert parked.attributes["seconds"] == 1.5
    assert other.claim(seen_long_ago) is None
    assert only(other).state == TrialState.WAITING


def test_the_last_rung_completes_a_trial_with_its_score_and_its_curve(database):
    queue = alive(database)
    queue.allow(only(queue), DONE)
    assert queue.report(claimed_by(queue), DONE, 0.9, CURVE, {})
    trial = only(queue)
    assert (trial.state, trial.score, trial.finished) == (TrialState.COMPLETE, 0.9, True)
    assert load_curves(database.engine, [trial.id])[trial.id].points == CURVE.points


def test_a_stopped_trial_keeps_its_scores_and_is_never_claimed_again(database):
    queue = alive(database)
    queue.report(claimed_by(queue), 25, 0.5, CURVE, {})
    seen_long_ago = dataclasses.replace(only(queue), attributes={"allowed": 50})
    queue.stop(only(queue))
    assert (only(queue).state, only(queue).rungs) == (TrialState.PRUNED, {25: 0.5})
    assert alive(database).claim(seen_long_ago) is None


def test_a_failed_trial_says_why(database):
    queue = alive(database)
    assert queue.fail(claimed_by(queue), "out of memory")
    assert only(queue).state == TrialState.FAIL
    assert only(queue).attributes["reason"] == "out of memory"
    assert only(queue).score is None


def test_a_trial_that_is_given_back_can_be_claimed_by_another(database):
    one, other = alive(database), alive(database)
    one.give_back(claimed_by(one))
    assert claimed_by(other).attributes["seed"] == 42


def test_nothing_is_written_by_a_worker_that_lost_its_lease(database):
    slow, other = alive(database), alive(database)
    claimed = claimed_by(slow)
    pass_by(database, 2 * LEASE_SECONDS)
    assert other.reap(other.trials()) == [0]
    again = claimed_by(other)
    assert not slow.report(claimed, 25, 0.1, Curve((), np.zeros((1, 2), bool)), {"seconds": 9.0})
    assert only(other).rungs == {}
    assert "seconds" not in only(other).attributes
    assert load_curves(database.engine, [claimed.id]) == {}
    assert other.report(again, 25, 0.5, CURVE, {})
    assert only(other).rungs == {25: 0.5}


def test_a_worker_that_lost_its_lease_cannot_fail_what_another_trains(database):
    slow, other = alive(database), alive(database)
    claimed = claimed_by(slow)
    pass_by(database, 2 * LEASE_SECONDS)
    other.reap(other.trials())
    again = claimed_by(other)
    slow.fail(claimed, "out of memory")
    assert other.report(again, 25, 0.5, CURVE, {})


def test_a_report_after_the_trial_ended_is_dropped(database):
    slow = alive(database)
    claimed = claimed_by(slow)
    alive(database).stop(only(slow))
    assert not slow.report(claimed, 25, 0.5, CURVE, {})


def test_the_trial_of_a_living_worker_is_left_to_it(database):
    claimed_by(alive(database))
    other = alive(database)
    assert other.reap(other.trials()) == []


@pytest.mark.parametrize("cause", ["process gone", "lease expired"])
def test_the_trial_of_a_dead_worker_returns_once_with_its_number_its_config_and_its_seed(database, cause):
    if cause == "process gone":
        claimed_by(dying(database))
    else:
        claimed_by(alive(database))
        pass_by(database, 2 * LEASE_SECONDS)
    one, other = alive(database), alive(database)
    assert one.reap(one.trials()) == [0]
    assert other.reap(other.trials()) == []
    trial = only(one)
    assert trial.ready
    assert (trial.number, trial.config, trial.attributes["seed"]) == (0, CONFIG, 42)
    assert claimed_by(other).config == CONFIG


def test_a_trial_that_keeps_killing_its_workers_fails_and_says_so(database):
    reaper = alive(database)
    for death in range(1, MAX_DEATHS + 1):
        claimed_by(dying(database))
        assert reaper.reap(reaper.trials()) == ([0] if death < MAX_DEATHS else [])
    trial = only(reaper)
    assert trial.state == TrialState.FAIL
    assert f"died {MAX_DEATHS} times" in trial.attributes["reason"]


@pytest.mark.parametrize("rung", [25, DONE])
@pytest.mark.parametrize("write", range(1, 8))
def test_a_worker_killed_at_any_point_of_claim_and_report_costs_nothing_but_the_training(database, rung, write):
    # The writes: lease, RUNNING, curve, attribute, score, state, lease.
    keeper = alive(database)
    keeper.allow(only(keeper), rung)
    victim = dying(database)
    with pytest.raises(Killed), killed_before_write(database, write):
        victim.report(claimed_by(victim), rung, 0.5, CURVE, {"seconds": 1.0})
    keeper.reap(keeper.trials())
    if only(keeper).ready:
        again = alive(database)
        assert again.report(claimed_by(again), rung, 0.5, CURVE, {"seconds": 1.0})
    trial = only(keeper)
    assert trial.state == (TrialState.COMPLETE if rung == DONE else TrialState.WAITING)
    assert (trial.rungs, trial.reached, trial.ready) == ({rung: 0.5}, rung, False)
    assert trial.score == (0.5 if rung == DONE else None)
    assert trial.attributes["seconds"] == 1.0
    assert load_curves(database.engine, [trial.id])[trial.id].points == CURVE.points


def test_a_worker_that_died_between_its_last_report_and_the_end_left_a_trial_to_train_again(database):
    keeper = alive(database)
    keeper.allow(only(keeper), DONE)
    victim = dying(database)
    with pytest.raises(Killed), killed_before_write(database, 6):
        victim.report(claimed_by(victim), DONE, 0.5, CURVE, {"seconds": 1.0})
    assert (only(keeper).state, only(keeper).reached) == (TrialState.RUNNING, DONE)
    assert keeper.reap(keeper.trials()) == [0]
    assert only(keeper).ready


def test_what_is_enqueued_comes_back_in_its_order(database):
    queue = alive(database)
    for index in range(1, 5):
        queue.add(CONFIG, SMALL.space.distributions(), {"round": 1, "index": index, "seed": index})
    assert [trial.attributes["index"] for trial in queue.trials()] == [0, 1, 2, 3, 4]
    assert queue.trials()[-1].allowed == DONE


def test_a_claim_writes_a_lease_that_its_end_takes_away(database):
    queue = alive(database)
    count = sa.select(sa.func.count()).select_from(leases_table)
    claimed = claimed_by(queue)
    with database.engine.begin() as connection:
        assert connection.execute(count).scalar_one() == 1
    queue.report(claimed, 25, 0.5, CURVE, {})
    with database.engine.begin() as connection:
        assert connection.execute(count).scalar_one() == 0


def test_how_far_a_trial_is_between_rungs_is_no_score_and_is_dropped_without_the_lease(database):
    (queue, _), (other, _) = queues(database, mortal(database)), queues(database, mortal(database))
    coordinator(database).step()
    claimed = queue.claim(queue.trials()[0])
    queue.mark(claimed, 15)
    (seen,) = [trial for trial in queue.trials() if trial.id == claimed.id]
    assert (seen.trained, seen.reached, dict(seen.rungs)) == (15, 0, {})
    queue.give_back(claimed)
    other.mark(claimed, 20)
    (seen,) = [trial for trial in queue.trials() if trial.id == claimed.id]
    assert (seen.on_the_way, seen.trained) == (15, 0)
