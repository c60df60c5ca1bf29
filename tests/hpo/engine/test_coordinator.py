import random
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hpo.engine.progress import Progress, progress
from hpo.record.names import study_names
from hpo.record.study import StudyRecord
from hpo.searching.queued import search_results
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from tests.support.databases import (
    CHANCE,
    POOL,
    SMALL,
    Killed,
    coordinator,
    killed_before_write,
    mortal,
    open_study,
    outcome,
    queue_of,
    run_to_the_end,
    train,
    trials,
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database file with a study that nobody has worked on."""
    path = tmp_path_factory.mktemp("begun") / "begun.db"
    open_study(path).close()
    return path


@pytest.fixture
def path(begun: Path, tmp_path: Path) -> Path:
    """Return a study of one's own that nobody has worked on."""
    return shutil.copy(begun, tmp_path / "study.db")


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def history(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Progress, dict[str, Any]]]:
    """Return the progress, and what is known, after every step of a study that nothing disturbs."""
    database = Database(f"sqlite:///{shutil.copy(begun, tmp_path_factory.mktemp('calm') / 'study.db')}")
    leader, worker = coordinator(database), mortal()
    seen, done = [], False
    while not done:
        done = leader.step()
        while leader.advanced and not done:
            done = leader.step()
        for _ in range(2):  # before and after what is ready was trained
            leader._look()
            seen.append((progress(SMALL, leader.trials.search, leader.trials.final, POOL), outcome(database)))
            train(database, worker)
    database.close()
    return seen


@pytest.fixture(scope="module")
def undisturbed(history: list[tuple[Progress, dict[str, Any]]]) -> dict[str, Any]:
    return history[-1][1]


def test_a_study_ends_with_good_values_that_were_confirmed(undisturbed):
    assert undisturbed["state"] == "done"
    assert undisturbed["good"]
    assert all(confirmed.runs == SMALL.final.confirmation_runs for *_, confirmed in undisturbed["good"])


def test_half_of_each_round_stops_at_each_rung(undisturbed):
    reached = Counter((number, rungs.count(":")) for number, *_, rungs in undisturbed["search"])
    assert reached == {(1, 1): 4, (1, 2): 2, (1, 3): 2, (2, 1): 3, (2, 2): 1, (2, 3): 2}
    assert Counter(state for _, _, _, state, *_ in undisturbed["search"]) == {"PRUNED": 10, "COMPLETE": 4}


def test_every_index_of_every_round_is_tried_once_each_from_a_seed_of_its_own(undisturbed):
    places = [(number, index) for number, index, *_ in undisturbed["search"]]
    assert places == [(1, i) for i in range(8)] + [(2, i) for i in range(6)]
    assert len({seed for _, _, seed, *_ in undisturbed["search"]}) == 14


def test_the_second_round_looks_elsewhere_and_says_why(undisturbed):
    first, second = undisturbed["rounds"]
    assert first.box == SMALL.space.start()
    assert second.box != first.box
    assert [sentence.split(":")[0] for sentence in second.why] == ["learning_rate", "weight_decay"]


def test_the_final_part_races_confirms_and_takes_the_winner_to_all_of_the_data_and_beyond(undisturbed):
    stages = Counter(stage for stage, *_ in undisturbed["final"])
    good = len(undisturbed["good"])
    probes = {"probe_lower": 1, "probe_higher": 1, "adopted": 1}
    assert stages == {"race": 4, "confirm": 2 * good, "full": good, **probes}


def test_progress_grows_from_nothing_to_all_there_is(history):
    moments = [moment for moment, _ in history]
    assert moments[0].work == 0
    assert all(before.work <= after.work for before, after in pairwise(moments))
    assert all(moment.work <= moment.total for moment in moments)
    phases = list(dict.fromkeys(moment.phase for moment in moments))
    assert phases == ["round 1 of 2", "round 2 of 2", "race", "confirmation", "all of the data"]


def test_rounds_are_never_rewritten(history):
    for (_, before), (_, after) in pairwise(history):
        assert after["rounds"][: len(before["rounds"])] == before["rounds"]


def test_the_order_in_which_trials_are_trained_changes_nothing(database, undisturbed):
    run_to_the_end(database, order=random.Random(1).shuffle)
    assert outcome(database) == undisturbed


def test_workers_that_train_one_trial_at_a_time_between_steps_change_nothing(database, undisturbed):
    leader, worker = coordinator(database), mortal()
    pick = random.Random(3)

    def only_one(ready: list[Any]) -> None:
        pick.shuffle(ready)
        del ready[1:]

    while not leader.step():
        train(database, worker, order=only_one)
    assert outcome(database) == undisturbed


def test_a_coordinator_that_dies_after_every_single_write_changes_nothing(database, undisturbed):
    lives, done = 0, False
    while not done:
        leader = coordinator(database)  # the one before is dead, after one write
        done, lives = leader.step(), lives + 1
        train(database)
    assert lives > 10
    assert outcome(database) == undisturbed


@pytest.mark.parametrize("write", [3, 20, 45, 70])
def test_a_study_whose_only_process_is_killed_goes_on_from_there(path, undisturbed, write):
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Killed), killed_before_write(database, write):
        run_to_the_end(database)
    database.close()
    again = Database(f"sqlite:///{path}")
    run_to_the_end(again)
    assert outcome(again) == undisturbed
    again.close()


def test_of_two_coordinators_only_the_one_with_the_lease_does_anything(database, undisturbed):
    one, other = (coordinator(database, Holder()) for _ in range(2))
    assert not one.step()
    before = outcome(database)
    assert not other.step()
    assert outcome(database) == before
    for step in count():  # from now on they hand the lease to and fro
        leader, follower = (one, other) if step % 2 else (other, one)
        follower.release()
        if leader.step():
            break
        train(database, mortal())
    assert outcome(database) == undisturbed
    assert other.step()
    assert one.step()


@pytest.mark.parametrize("at", range(3, 60, 4))
def test_a_coordinator_that_sleeps_through_a_takeover_changes_nothing_when_it_wakes(path, undisturbed, at):
    frozen, lively = Database(f"sqlite:///{path}"), Database(f"sqlite:///{path}")
    leader, successor, worker = coordinator(frozen), coordinator(lively), mortal()
    transactions = count(1)

    def meanwhile(*connection: object) -> None:
        if next(transactions) == at:
            for _ in range(4):
                successor.step()
                train(lively, worker)

    sa.event.listen(frozen.engine, "checkout", meanwhile)
    try:
        while not leader.step():
            train(lively, worker)
        assert outcome(lively) == undisturbed
    finally:
        for database in (frozen, lively):
            database.close()


def test_a_failed_trial_is_the_worst_of_its_round_and_the_study_goes_on(database):
    leader, worker = coordinator(database), mortal()
    leader.step()
    queue = queue_of(database)
    claimed = queue.claim()
    assert claimed is not None
    queue.fail(claimed, "out of memory")
    while not leader.step():
        assert train(database, worker) or leader.advanced
    first = search_results(trials(database).search)[0]
    assert (first.key, first.score) == ((1, 0), 0.0)
    assert outcome(database)["good"]


def test_a_study_whose_creation_was_cut_short_is_not_there_at_all(tmp_path):
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    source = {"provenance": "made up", "sha256": "0", "complete": "yes"}
    database = Database(url)
    try:
        with pytest.raises(Killed), killed_before_write(database, 1):
            StudyRecord.create(database, SMALL, {"pool": POOL, "chance": CHANCE}, source)
        assert study_names(database) == []
        assert StudyRecord.create(database, SMALL, {"pool": POOL, "chance": CHANCE}, source).definition == SMALL
    finally:
        database.close()
