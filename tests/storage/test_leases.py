import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hpo.storage.database import Database
from hpo.storage.leases import LEASE_SECONDS, RENEW_SECONDS, Holder, Leases, this_host
from hpo.storage.schema import leases


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    database = Database(f"sqlite:///{tmp_path / 'hpo.db'}")
    yield database.engine
    database.close()


@pytest.fixture(scope="module")
def dead_pid() -> int:
    """Return the id of a process of this machine that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def pass_by(engine: sa.Engine, seconds: float) -> None:
    """Let all leases have been renewed `seconds` earlier than they were."""
    with engine.begin() as connection:
        connection.execute(leases.update().values(renewed_at=leases.c.renewed_at - seconds))


def test_a_lease_is_one_holders_at_a_time(engine):
    one, other = Leases(engine), Leases(engine)
    assert one.acquire("study")
    assert not other.acquire("study")
    assert one.holds("study")
    assert not other.holds("study")


def test_a_holder_may_acquire_its_lease_again(engine):
    one = Leases(engine)
    assert one.acquire("study")
    assert one.acquire("study")
    assert one.holds("study")


def test_leases_of_different_names_do_not_meet(engine):
    one, other = Leases(engine), Leases(engine)
    assert one.acquire("trial/1")
    assert other.acquire("trial/2")


def test_a_released_lease_is_free(engine):
    one, other = Leases(engine), Leases(engine)
    one.acquire("study")
    one.release("study")
    assert not one.holds("study")
    assert other.acquire("study")


def test_nobody_releases_the_lease_of_another(engine):
    one, other = Leases(engine), Leases(engine)
    one.acquire("study")
    other.release("study")
    assert one.holds("study")


def test_a_lease_that_nobody_has_is_not_held_and_not_taken(engine):
    assert not Leases(engine).holds("study")
    assert not Leases(engine).is_taken("study")


def test_a_lease_expires_when_it_was_not_renewed_for_its_time(engine):
    one, other = Leases(engine), Leases(engine)
    one.acquire("study")
    pass_by(engine, LEASE_SECONDS - 5)
    assert not other.acquire("study")
    assert other.is_taken("study")
    pass_by(engine, 10)
    assert not other.is_taken("study")
    assert other.acquire("study")
    assert not one.holds("study")


def test_an_expired_lease_that_nobody_took_is_still_its_holders(engine):
    one, other = Leases(engine), Leases(engine)
    one.acquire("study")
    pass_by(engine, 2 * LEASE_SECONDS)
    assert one.holds("study")
    one.renew()
    assert not other.acquire("study")


def test_renewing_keeps_all_leases_of_a_holder_and_only_those(engine):
    one, other, third = (Leases(engine) for _ in range(3))
    one.acquire("a")
    one.acquire("b")
    other.acquire("c")
    pass_by(engine, 2 * LEASE_SECONDS)
    one.renew()
    assert [third.acquire(name) for name in "abc"] == [False, False, True]


def test_a_holder_that_lost_its_lease_does_not_get_it_back_by_renewing(engine):
    one, other = Leases(engine), Leases(engine)
    one.acquire("study")
    pass_by(engine, 2 * LEASE_SECONDS)
    other.acquire("study")
    one.renew()
    assert other.holds("study")
    assert not one.acquire("study")


def test_a_lease_outlives_several_beats_of_a_heart():
    assert LEASE_SECONDS > 3 * RENEW_SECONDS


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once(engine, dead_pid):
    dead, alive = Leases(engine, Holder(pid=dead_pid)), Leases(engine)
    assert dead.acquire("study")
    assert not alive.is_taken("study")
    assert alive.acquire("study")


def test_a_process_of_another_machine_may_live_whatever_its_id_is_here(engine, dead_pid):
    elsewhere, here = Leases(engine, Holder(host="elsewhere", pid=dead_pid)), Leases(engine)
    elsewhere.acquire("study")
    assert not here.acquire("study")
    pass_by(engine, 2 * LEASE_SECONDS)
    assert here.acquire("study")


def test_a_process_of_another_user_is_alive(engine):
    assert Leases(engine, Holder(pid=1)).acquire("study")  # init, whom others may not signal
    assert not Leases(engine).acquire("study")


def test_every_holder_has_a_name_of_its_own():
    holders = [Holder() for _ in range(100)]
    assert len({holder.name for holder in holders}) == 100
    assert {holder.host for holder in holders} == {this_host()}


def test_whatever_order_holders_come_in_never_do_two_hold_the_same_lease(engine):
    holders = [Leases(engine) for _ in range(3)]
    for order in itertools.permutations(holders):
        assert [each.acquire("study") for each in order] == [True, False, False]
        assert [each.holds("study") for each in order] == [True, False, False]
        order[0].release("study")
