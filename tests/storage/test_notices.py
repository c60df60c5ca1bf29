import threading
import time

import pytest
import sqlalchemy as sa

from hpo.storage.database import Database
from hpo.storage.notices import listening, tell
from tests.support.searches import wait_for


def test_who_listens_is_told_at_once_and_only_of_his_study(database_url):
    with Database(database_url) as database, listening(database.engine, 1) as notices:
        if database.engine.dialect.name == "sqlite":
            assert not notices.arrive
            return
        database.write(lambda connection: tell(connection, 2))
        assert not notices.wait(0.2)
        later = threading.Timer(0.2, lambda: database.write(lambda connection: tell(connection, 1)))
        later.start()
        assert notices.wait(20)
        later.join()


def test_what_a_transaction_that_was_lost_would_have_told_is_not_told(database_url):
    with Database(database_url) as database, listening(database.engine, 1) as notices:
        if not notices.arrive:
            pytest.skip("SQLite passes nothing on")

        def lose(connection: sa.Connection) -> None:
            tell(connection, 1)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            database.write(lose)
        assert not notices.wait(0.2)


def test_one_who_listens_holds_one_connection_and_gives_it_up_afterwards(database_url):
    with Database(database_url) as database, Database(database_url) as watching:
        with listening(database.engine, 1) as notices:
            if not notices.arrive:
                pytest.skip("SQLite passes nothing on")
            assert not notices.wait(0.1)
            wait_for(lambda: _connections(watching) == 1 + 1)  # and the one that asks
        wait_for(lambda: _connections(watching) == 0 + 1)


def test_one_whose_connection_was_cut_is_told_nothing_and_goes_on(database_url):
    with Database(database_url) as database, listening(database.engine, 1) as notices:
        if not notices.arrive:
            pytest.skip("SQLite passes nothing on")
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^LISTEN'"
        database.write(lambda connection: connection.exec_driver_sql(cut).all())
        end = time.monotonic() + 20
        while notices.arrive and time.monotonic() < end:
            assert not notices.wait(0.1)
        assert not notices.arrive


def _connections(database: Database) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    return int(database.read(lambda connection: connection.exec_driver_sql(query).scalar_one()))
