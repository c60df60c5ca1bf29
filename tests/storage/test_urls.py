"""Database URLs: the driver they take, what they must look like, and that nobody prints a password of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpo.storage.database import Database, database_errors
from hpo.storage.errors import UserError
from hpo.storage.urls import database_url, shown, without_password, without_passwords

SECRET = "hunter2"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_the_driver_that_comes_along(scheme: str) -> None:
    assert database_url(f"{scheme}://u:pw@host:5432/db?sslmode=require") == (
        "postgresql+psycopg://u:pw@host:5432/db?sslmode=require"
    )


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert database_url("sqlite:///~/hpo.db") == f"sqlite:///{tmp_path}/hpo.db"
    assert database_url("sqlite:///a~b.db") == "sqlite:///a~b.db"
    with pytest.raises(UserError, match="no such user's home folder"):
        database_url("sqlite:///~no_such_user_here/hpo.db")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://hpo.db", r"two slashes.*write sqlite:///hpo\.db"),
        ("sqlite://", "one process's memory"),
        ("sqlite:///:memory:", "one process's memory"),
        ("", r"must look like sqlite:///hpo\.db, or postgresql"),
        ("hpo.db", r"must look like sqlite:///hpo\.db, or postgresql"),
        ("mysql://u:hunter2@localhost/hpo", r"SQLite or PostgreSQL, and mysql is neither; .* sqlite:///hpo\.db"),
        ("postgresql+psycopg://u:hunter2@localhost:port/hpo", "a number for a port"),
        ("postgres://u:p@hunter2#w:rd/1@localhost:5999/hpo", "percent-encoded, @ as %40"),
    ],
)
def test_what_is_no_url_is_said_in_a_sentence_with_what_one_looks_like(url: str, says: str) -> None:
    for read_only in (False, True):
        with pytest.raises(UserError, match=says) as raised:
            Database(url, read_only=read_only)
        assert SECRET not in str(raised.value)
        assert "\n" not in str(raised.value)


LEAKS = [
    "postgresql://u:hunter2@host/db",
    "postgresql+psycopg://u:p@hunter2@host/db",
    "postgresql://u:hunter2/x?y#z@host/db",
    "postgresql://u:p@ss#w:hunter2/1@localhost:5999/hpo",
    "postgresql://host/db?password=hunter2",
    "postgresql://host/db?sslmode=require&Password=a@hunter2&b",
    "postgresql://localhost:5432/db?password=a@hunter2",
    "postgresql://host/db?pass%77ord=hunter2",
    "postgresql://host/db?sslpassword=hunter2",
    "postgresql://u:hunter2",
    "postgresql://u:hunter2/db",
    "postgresql://u:hunter2@localhost:port/hpo",
    "postgres:/u:hunter2@host/db",
    "u:hunter2@host",
    "host=localhost user=u password=hunter2",
    "mysql://u:a://hunter2@host",
    "sqlite+pysqlcipher://:hunter2@/hpo.db",
    "postgresql://u:one\nhunter2@host/db",
]


@pytest.mark.parametrize("url", LEAKS)
def test_no_password_is_shown(url: str) -> None:
    assert SECRET not in shown(url)
    assert SECRET not in without_passwords(f"unrecognized arguments: -x {url}", [url])
    assert SECRET not in without_passwords(f"invalid int value: {url!r}", [url])


@pytest.mark.parametrize("url", [each for each in LEAKS if each.startswith(("postgres", "mysql", "sqlite", "u:"))])
@pytest.mark.parametrize("read_only", [False, True])
def test_no_password_is_in_what_is_said_of_a_database_that_cannot_be_used(url: str, read_only: bool) -> None:
    url = url.replace("@host", "@127.0.0.1:1").replace("//host", "//127.0.0.1:1")
    with pytest.raises(UserError) as raised, database_errors(url):
        Database(url, read_only=read_only)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["sqlite:////home/me@work/a:b.db", "postgresql://host:5432/db", "postgresql://[::1]:5432/db", "hpo.db"]
)
def test_what_has_no_password_is_shown_as_it_was_typed(url: str) -> None:
    assert shown(url) == url


def test_what_a_driver_says_loses_the_password_in_either_spelling() -> None:
    said = without_password("no p%40ss, no p@ss", "postgresql://u:p%40ss@host/db")
    assert said == "no ***, no ***"
    assert without_password("a port", "postgresql://u:a@host/db") == "*** port"


def test_a_url_among_other_words_is_shown_without_its_password() -> None:
    assert without_passwords("see --storage=postgresql://u:hunter2@host/db and go on") == (
        "see --storage=postgresql://u:***@host/db and go on"
    )
