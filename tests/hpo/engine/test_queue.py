import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError

from hpo.engine.lead import Lead, pieces
from hpo.engine.queue import TrialQueue
from hpo.record.attribute_names import IN_WORDS
from hpo.record.study import StudyRecord
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage import repair
from hpo.storage.database import Database
from hpo.storage.holders import LEASE_SECONDS, Holder
from hpo.storage.queue import deaths, rows
from hpo.storage.queue.deaths import MAX_DEATHS
from hpo.storage.queue.leads import LostLeadError
from hpo.storage.records import Curve, load_curves
from hpo.storage.schema import CLAIMED
from hpo.storage.schema import studies as studies_table
from hpo.storage.schema import trials as trials_table
from hpo.storage.studies import SEARCH
from tests.support.databases import (
    CURVE,
    SMALL,
    Killed,
    killed_before_write,
    mortal,
    open_study,
    queue_of,
    trials,
)

CONFIG = {"learning_rate": 0.01, "weight_decay": 1e-5}


def lead_of(database: Database, holder: Holder | None = None) -> Lead:
    """Return the lead of the small study, in the hands of one who lives."""
    lead = Lead(database, StudyRecord(database, SMALL.name), holder)
    assert lead.take()
    return lead


def put(lead: Lead, *indices: int, allowed: int = 25) -> None:
    """Put trials of the first round into the queue."""
    wanted = [(CONFIG, {"round": 1, "index": i, "seed": 42 + i, "allowed": allowed}) for i in indices]
    lead.write(lambda connection: lead.plan(connection, pieces(SEARCH, SMALL.space, wanted)))
    lead.write(lead.enqueue)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with one trial in the queue, which may be trained to its first rung."""
    path = tmp_path_factory.mktemp("begun") / "begun.db"
    database = open_study(path)
    lead = lead_of(database)
    put(lead, 0)
    lead.release()
    database.close()
    return path


@pytest.fixture
def database(begun: Path, tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{shutil.copy(begun, tmp_path / 'study.db')}")
    yield opened
    opened.close()


def only(database: Database) -> QueuedTrial:
    (trial,) = trials(database).search
    return trial


def claimed_by(queue: TrialQueue) -> QueuedTrial:
    claimed = queue.claim()
    assert claimed is not None
    return claimed


def pass_by(database: Database, seconds: float) -> None:
    with database.engine.begin() as connection:
        connection.execute(trials_table.update().values(lease_until=trials_table.c.lease_until - seconds))
        connection.execute(studies_table.update().values(leader_until=studies_table.c.leader_until - seconds))


def allow(database: Database, percent: int) -> None:
    lead = lead_of(database)
    lead.write(lambda connection: lead.verdict(connection, [only(database).id], percent, []))
    lead.release()


def shown(database: Database) -> list[str]:
    """Return in what Optuna's tables differ from ours."""
    row = StudyRecord(database, SMALL.name).row
    return database.read(lambda connection: repair.differences(connection, row, IN_WORDS))


def test_a_queued_trial_is_ready_with_its_config_its_seed_and_how_far_it_may_go(database):
    trial = only(database)
    assert trial.ready
    assert trial.config == CONFIG
    assert (trial.attributes["seed"], trial.allowed, trial.reached) == (42, 25, 0)
    assert shown(database) == []


def test_a_claim_is_one_workers(database):
    one, other = queue_of(database), queue_of(database)
    claimed = claimed_by(one)
    assert claimed.state == TrialState.RUNNING
    assert other.claim() is None
    assert shown(database) == []


def test_a_piece_of_work_is_there_once_whoever_plans_it(database):
    lead = lead_of(database)
    with pytest.raises(IntegrityError):
        put(lead, 0)
    assert len(trials(database).search) == 1


def test_a_trial_that_was_trained_as_far_as_it_may_go_waits_for_its_verdict(database):
    one, other = queue_of(database), queue_of(database)
    assert one.report(claimed_by(one), 25, 0.5, CURVE, {"seconds": 1.5})
    parked = only(database)
    assert (parked.state, parked.ready, dict(parked.rungs)) == (TrialState.WAITING, False, {25: 0.5})
    assert parked.attributes["seconds"] == 1.5
    assert other.claim() is None
    allow(database, 50)
    assert claimed_by(other).allowed == 50
    assert shown(database) == []


def test_the_last_rung_completes_a_trial_with_its_score_and_its_curve(database):
    queue = queue_of(database)
    queue.report(claimed_by(queue), 25, 0.5, CURVE, {})
    allow(database, DONE)
    assert queue.report(claimed_by(queue), DONE, 0.9, CURVE, {}, constraint=-0.1)
    trial = only(database)
    assert (trial.state, trial.score, trial.finished) == (TrialState.COMPLETE, 0.9, True)
    assert dict(trial.rungs) == {25: 0.5, DONE: 0.9}
    assert load_curves(database.engine, [trial.id])[trial.id].points == CURVE.points
    assert shown(database) == []
    (there,) = database.optuna.get_all_trials(StudyRecord(database, SMALL.name).shown[SEARCH])
    assert (there.value, there.intermediate_values) == (0.9, {25: 0.5, DONE: 0.9})
    assert there.system_attrs["constraints"] == [-0.1]


def test_a_stopped_trial_keeps_its_scores_and_is_never_claimed_again(database):
    queue, lead = queue_of(database), lead_of(database)
    queue.report(claimed_by(queue), 25, 0.5, CURVE, {})
    lead.write(lambda connection: lead.verdict(connection, [], 50, [only(database).id]))
    assert (only(database).state, only(database).rungs) == (TrialState.PRUNED, {25: 0.5})
    assert queue.claim() is None
    assert shown(database) == []


def test_a_failed_trial_says_why(database):
    queue = queue_of(database)
    assert queue.fail(claimed_by(queue), "out of memory")
    assert only(database).state == TrialState.FAIL
    assert only(database).attributes["reason"] == "out of memory"
    assert only(database).score is None
    assert shown(database) == []


def test_a_trial_that_is_given_back_can_be_claimed_by_another(database):
    one, other = queue_of(database), queue_of(database)
    assert one.give_back(claimed_by(one))
    assert claimed_by(other).attributes["seed"] == 42


@pytest.mark.parametrize("late", ["report", "fail", "give_back", "note"])
def test_nothing_is_written_by_a_worker_that_was_taken_for_dead(database, late):
    slow, other = queue_of(database), queue_of(database)
    claimed = claimed_by(slow)
    pass_by(database, 2 * LEASE_SECONDS)
    assert other.reap() == [0]
    for again in (False, True):  # while nobody has it, and while another worker does
        if again:
            taken = claimed_by(other)
        before = only(database)
        slow._claimed[claimed.id] = slow._claimed.get(claimed.id) or row_of(claimed, lease=1)
        write = {
            "report": lambda: slow.report(claimed, 25, 0.1, Curve((), np.zeros((1, 2), bool)), {"seconds": 9.0}),
            "fail": lambda: slow.fail(claimed, "out of memory"),
            "give_back": lambda: slow.give_back(claimed),
            "note": lambda: slow.note(claimed, 15, 0.3),
        }[late]
        assert not write()
        assert only(database) == before
        assert load_curves(database.engine, [claimed.id]) == {}
    assert other.report(taken, 25, 0.5, CURVE, {})
    assert only(database).rungs == {25: 0.5}
    assert shown(database) == []


def row_of(trial: QueuedTrial, lease: int) -> rows.TrialRow:
    """Return what a worker remembers that has claimed the trial under this lease."""
    return rows.TrialRow(
        id=trial.id,
        part=SEARCH,
        piece="",
        number=trial.number,
        state=CLAIMED,
        config=trial.config,
        attributes={},
        allowed=25,
        reached=0,
        on_the_way=0,
        rungs={},
        score=None,
        outcome={},
        deaths=0,
        lease=lease,
        claimed_at=0.0,
        ended_at=None,
        optuna_id=trial.optuna_id,
    )


def test_the_same_report_twice_is_the_same_report(database):
    queue = queue_of(database)
    claimed = claimed_by(queue)
    remembered = queue._claimed[claimed.id]
    assert queue.report(claimed, 25, 0.5, CURVE, {})
    before = only(database)
    queue._claimed[claimed.id] = remembered  # the answer was lost, so it is tried again
    assert queue.report(claimed, 25, 0.5, CURVE, {})
    assert only(database) == before


def test_a_claim_whose_answer_was_lost_is_free_for_the_next_one(database):
    queue = queue_of(database)
    assert claimed_by(queue)
    queue._claimed.clear()
    queue._certain = False
    assert claimed_by(queue).number == 0
    assert only(database).running


def test_the_trial_of_a_living_worker_is_left_to_it(database):
    claimed_by(queue_of(database))
    assert queue_of(database).reap() == []


def test_a_lease_that_is_renewed_is_alive(database):
    queue = queue_of(database)
    claimed_by(queue)
    pass_by(database, 2 * LEASE_SECONDS)
    queue.renew()
    assert queue_of(database).reap() == []


@pytest.mark.parametrize("cause", ["process gone", "lease expired"])
def test_the_trial_of_a_dead_worker_returns_once_with_its_number_its_config_and_its_seed(database, cause):
    claimed_by(queue_of(database, mortal() if cause == "process gone" else None))
    if cause == "lease expired":
        pass_by(database, 2 * LEASE_SECONDS)
    one, other = queue_of(database), queue_of(database)
    assert one.reap() == [0]
    assert other.reap() == []
    trial = only(database)
    assert trial.ready
    assert (trial.number, trial.config, trial.attributes["seed"]) == (0, CONFIG, 42)
    assert shown(database) == []
    assert claimed_by(other).config == CONFIG


def test_a_worker_of_another_machine_with_the_same_name_and_process_id_is_alive_until_its_lease_ends(database):
    twin = Holder(machine="another boot/pid:[4026531836]", pid=mortal().pid, started="1")
    claimed_by(queue_of(database, twin))
    assert queue_of(database).reap() == []
    pass_by(database, 2 * LEASE_SECONDS)
    assert queue_of(database).reap() == [0]


def test_deaths_that_nobody_saw_are_not_the_trials_fault_however_many(database):
    for _ in range(MAX_DEATHS + 2):
        claimed_by(queue_of(database, mortal()))
        assert queue_of(database).reap() == [0]
    assert only(database).ready


def bury(database: Database, holder: Holder) -> list[tuple[int, bool]]:
    study_id = StudyRecord(database, SMALL.name).id
    return database.write(lambda connection: deaths.bury(connection, study_id, holder.name, "killed by signal 9"))


@pytest.mark.parametrize("reaped_before", [False, True])
def test_a_trial_that_keeps_killing_its_workers_fails_and_says_so(database, reaped_before):
    for death in range(1, MAX_DEATHS + 1):
        holder = mortal()
        claimed_by(queue_of(database, holder))
        if reaped_before:
            assert queue_of(database).reap() == [0]
        assert bury(database, holder) == [(0, death == MAX_DEATHS)]
        assert bury(database, holder) == []
    trial = only(database)
    assert trial.state == TrialState.FAIL
    assert f"died {MAX_DEATHS} times" in trial.attributes["reason"]
    assert shown(database) == []


def test_a_worker_that_dies_after_it_paused_a_trial_leaves_no_blame_on_it(database):
    holder = mortal()
    queue = queue_of(database, holder)
    queue.report(claimed_by(queue), 25, 0.5, CURVE, {})
    allow(database, 50)
    assert bury(database, holder) == []


def test_fresh_trials_come_in_their_order_after_those_paused_here_and_before_those_others_paused(database):
    lead = lead_of(database)
    put(lead, 1, 2, 3, 4)
    one, other = queue_of(database), queue_of(database)
    paused = [claimed_by(one), claimed_by(one), claimed_by(one)]
    for trial in paused:
        one.report(trial, 25, 0.5, CURVE, {})
    lead.write(lambda connection: lead.verdict(connection, [each.id for each in paused], 50, []))
    found = [one.claim([paused[1].id]), one.claim(), one.claim(), other.claim(), other.claim(), other.claim()]
    assert [None if each is None else each.number for each in found] == [1, 3, 4, 2, 0, None]


@pytest.mark.parametrize("rung", [25, DONE])
@pytest.mark.parametrize("write", [1, 2])
def test_a_worker_killed_at_any_point_of_claim_and_report_costs_nothing_but_the_training(database, rung, write):
    if rung == DONE:
        queue = queue_of(database)
        queue.report(claimed_by(queue), 25, 0.4, CURVE, {})
        allow(database, DONE)
    victim = queue_of(database, mortal())
    with pytest.raises(Killed), killed_before_write(database, write):
        victim.report(claimed_by(victim), rung, 0.5, CURVE, {"seconds": 1.0})
    assert queue_of(database).reap() == ([] if write == 1 else [0])
    again = queue_of(database)
    assert again.report(claimed_by(again), rung, 0.5, CURVE, {"seconds": 1.0})
    trial = only(database)
    assert trial.state == (TrialState.COMPLETE if rung == DONE else TrialState.WAITING)
    assert (trial.rungs[rung], trial.reached, trial.ready) == (0.5, rung, False)
    assert trial.score == (0.5 if rung == DONE else None)
    assert trial.attributes["seconds"] == 1.0
    assert load_curves(database.engine, [trial.id])[trial.id].points == CURVE.points
    assert shown(database) == []


def test_a_claim_is_one_transaction_and_a_report_another(database):
    queue = queue_of(database)
    over = []
    sa.event.listen(database.engine, "commit", over.append)
    queue.report(claimed_by(queue), 25, 0.5, CURVE, {"seconds": 1.0})
    assert len(over) == 2


def test_how_far_a_trial_is_between_rungs_is_no_score(database):
    queue = queue_of(database)
    assert queue.note(claimed_by(queue), 15)
    seen = only(database)
    assert (seen.trained, seen.reached, dict(seen.rungs)) == (15, 0, {})
    assert shown(database) == []


def test_the_lead_is_one_processs_until_it_expires_and_who_lost_it_writes_nothing(database):
    first, second = lead_of(database), Lead(database, StudyRecord(database, SMALL.name))
    assert not second.take()
    pass_by(database, 2 * LEASE_SECONDS)
    assert second.take()
    with pytest.raises(LostLeadError):
        put(first, 1)
    put(second, 1)
    assert [trial.attributes["index"] for trial in trials(database).search] == [0, 1]


def test_a_lead_that_is_renewed_is_kept_and_one_that_was_given_back_is_free(database):
    first, second = lead_of(database), Lead(database, StudyRecord(database, SMALL.name))
    pass_by(database, 2 * LEASE_SECONDS)
    first.renew()
    assert not second.take()
    first.release()
    assert second.take()


def test_a_leader_whose_process_is_gone_is_followed_at_once(database):
    lead_of(database, mortal())
    assert Lead(database, StudyRecord(database, SMALL.name)).take()


def test_after_a_sleep_nobody_is_taken_for_dead_before_it_could_say_that_it_lives(database):
    lead = lead_of(database)
    claimed_by(queue_of(database))
    pass_by(database, 2 * LEASE_SECONDS)
    lead._looked_last -= LEASE_SECONDS  # the whole machine was suspended
    assert lead.reap() == []
    lead._reaps_from = 0.0
    assert lead.reap() == [0]
