"""The database, by one contract over SQLite and PostgreSQL, and what it says when it cannot be used."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from hpo.storage.database import Database, database_errors, shown
from hpo.storage.errors import UserError
from hpo.storage.schema import SCHEMA_VERSION, networks, schema_version


def test_tables_are_made_on_first_use_and_found_again(database_url: str) -> None:
    Database(database_url).close()
    with Database(database_url) as database, database.engine.begin() as connection:
        assert connection.execute(sa.select(schema_version.c.version)).all() == [(SCHEMA_VERSION,)]


def _open(url: str, failures: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    try:
        Database(url).close()
        failures.put(None)
    except Exception as error:
        failures.put(repr(error))


def test_many_processes_may_create_the_same_database_at_once(database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    failures = context.Queue()
    processes = [context.Process(target=_open, args=(database_url, failures)) for _ in range(4)]
    for process in processes:
        process.start()
    assert [failures.get(timeout=60) for _ in processes] == [None] * 4


def test_a_database_from_a_newer_version_is_refused_with_the_way_out(database_url: str) -> None:
    with Database(database_url) as database, database.engine.begin() as connection:
        connection.execute(schema_version.update().values(version=SCHEMA_VERSION + 1))
    for read_only in (False, True):
        with pytest.raises(UserError, match=r"newer version.*update hpo-service"):
            Database(database_url, read_only=read_only)


def test_waiting_trials_keep_their_params_and_their_attributes(database_url: str) -> None:
    value = 0.1 + 0.2  # a float that decimal text would round
    waiting = create_trial(
        state=TrialState.WAITING,
        params={"x": value},
        distributions={"x": FloatDistribution(0, 1)},
        user_attrs={"seed": 2**53 - 1},
    )
    with Database(database_url) as database:
        study = database.optuna.create_new_study([StudyDirection.MAXIMIZE], "s")
        database.optuna.create_new_trial(study, waiting)
    with Database(database_url) as database:
        (trial,) = database.optuna.get_all_trials(study)
    assert trial.params == {"x": value}
    assert trial.user_attrs == {"seed": 2**53 - 1}


def test_sqlite_writes_ahead_and_has_on_the_disk_what_is_durable(tmp_path: Path) -> None:
    def setting(connection: sa.Connection) -> tuple[object, object]:
        mode, synchronous = (connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in NAMES)
        return mode, synchronous

    with Database(f"sqlite:///{tmp_path / 'hpo.db'}") as database:
        for durable, level in ((True, FULL), (False, NORMAL), (False, NORMAL), (True, FULL)):
            assert database.write(setting, durable=durable) == ("wal", level)


NAMES, NORMAL, FULL = ("journal_mode", "synchronous"), 1, 2


def test_a_transaction_that_only_reads_takes_no_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    with Database(url) as database, Database(url) as other:

        def read_while_somebody_writes(connection: sa.Connection) -> None:
            before = connection.execute(sa.select(networks)).all()
            other.write(lambda c: c.execute(networks.insert().values(trial_id=1, npz=b"")))
            assert connection.execute(sa.select(networks)).all() == before == [], "it sees one moment"

        database.read(read_while_somebody_writes)
        assert len(database.read(lambda c: c.execute(sa.select(networks)).all())) == 1


def test_a_transaction_that_fails_leaves_nothing(database_url: str) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(networks.insert().values(trial_id=1, npz=b""))
        raise ValueError("no")

    with Database(database_url) as database:
        with pytest.raises(ValueError, match="no"):
            database.write(half)
        assert database.read(lambda connection: connection.execute(sa.select(networks)).all()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "not a database URL"),
        ("sqlite://", "in one process's memory"),
        ("postgresql+nosuchdriver://host/db", "no driver"),
        ("sqlite:////no/such/folder/hpo.db", "folder exists"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/db", "server runs"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_without_its_password(url: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as raised:
        Database(url)
    assert "secret" not in str(raised.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database, and long enough to be read as a header of one" * 20)
    with pytest.raises(UserError, match="not an SQLite file"):
        Database(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


def test_a_database_that_is_only_read_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "hpo.db"
    with pytest.raises(UserError, match="there is no database"):
        Database(f"sqlite:///{path}", create=False)
    assert not path.exists()


def test_a_database_opened_for_reading_is_read_and_takes_no_writes(database_url: str) -> None:
    with Database(database_url) as database:
        study = database.optuna.create_new_study([StudyDirection.MAXIMIZE], "s")
    with Database(database_url, read_only=True) as database:
        assert database.optuna.get_study_id_from_name("s") == study
        with pytest.raises(UserError, match=r"read-?only"), database_errors(database_url):
            database.optuna.create_new_study([StudyDirection.MAXIMIZE], "another")


def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    with Database(url) as database, database.engine.begin() as writing:
        writing.execute(networks.insert().values(trial_id=1, npz=b""))
        with Database(url, read_only=True) as other:
            assert other.optuna.get_all_studies() == []


@pytest.mark.parametrize("name", ["hpo.db", "탐색 #1 100%.db"])
def test_a_database_is_read_in_a_folder_that_takes_no_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    url, access = f"sqlite:///{tmp_path / name}", os.access
    Database(url).close()
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path and access(path, mode))
    with Database(url, read_only=True) as database:
        assert database.optuna.get_all_studies() == []
        assert [path.name for path in tmp_path.iterdir()] == [name], "SQLite's own files cannot be made there"


def test_what_is_only_read_must_hold_our_tables(tmp_path: Path) -> None:
    path = tmp_path / "hpo.db"
    path.touch()
    with pytest.raises(UserError, match=r"holds no study.*start a search"):
        Database(f"sqlite:///{path}", read_only=True)
    assert path.read_bytes() == b""
    with pytest.raises(UserError, match="there is no database"):
        Database(f"sqlite:///{tmp_path / 'gone.db'}", read_only=True)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hpo.db"
    Database(f"sqlite:///{path}").close()
    path.chmod(0o444)
    with pytest.raises(UserError, match="writable"):
        Database(f"sqlite:///{path}")


def _overfill(url: str) -> None:
    with database_errors(url), Database(url) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.exec_driver_sql("CREATE TABLE big (x)")
        connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(10000000))")


def test_a_full_disk_is_told_with_what_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"free some space.*finished trials are kept"):
        _overfill(f"sqlite:///{tmp_path / 'hpo.db'}")


def test_a_shown_url_hides_its_password() -> None:
    assert shown("postgresql+psycopg://u:secret@host/db") == "postgresql+psycopg://u:***@host/db"


def test_a_shown_path_is_the_one_that_was_typed() -> None:
    assert shown("sqlite:///폴더 1/探索.db") == "sqlite:///폴더 1/探索.db"
