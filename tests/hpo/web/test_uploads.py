"""What people upload and write through the server: files are for download, notes are texts of a bounded length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from optuna.study import StudyDirection

from hpo.storage.database import Database
from hpo.web import dashboard
from hpo.web.access import Access
from hpo.web.notes import LONGEST_NOTE
from tests.support.clients import Client, served, uploaded

PAGE = b"<script>fetch('/api/studies')</script>"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("uploads") / "hpo.db"
    with Database(f"sqlite:///{path}") as database:
        database.optuna.create_new_study([StudyDirection.MAXIMIZE], "mine")
        yield database


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with Database(database.url, read_only=True) as reading:
        application = dashboard.guarded(reading, database, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            yield Client(port)


def unguarded(database: Database, path: str) -> dict[str, str]:
    """Return the headers, by their names in small letters, with which the dashboard itself answers a path."""
    environ: dict[str, Any] = {"PATH_INFO": path}
    setup_testing_defaults(environ)
    found: dict[str, str] = {}
    answer = dashboard._dashboard(database)(environ, lambda _, headers, *more: found.update(headers))
    assert b"".join(answer) == PAGE
    return {name.lower(): value for name, value in found.items()}


def put(client: Client, body: str, path: str = "/api/studies/1/note", **headers: str) -> tuple[int, Any]:
    status, _, answer = client.ask(
        "PUT", path, body, **{"Origin": client.origin, "Content_Type": "application/json", **headers}
    )
    return status, json.loads(answer)


def version(client: Client) -> int:
    return json.loads(client.ask("GET", "/api/studies/1")[2])["note"]["version"]


def written(client: Client, text: str) -> str:
    return json.dumps({"version": version(client) + 1, "body": text})


def test_an_uploaded_page_is_for_download_and_runs_no_script(client):
    path = uploaded(client, 1, "page.html", PAGE)
    for asked in (path, f"{path}/", f"/%61rtifacts{path.removeprefix('/artifacts')}"):
        status, headers, body = client.ask("GET", asked)
        assert (status, body.encode()) == (200, PAGE)
        assert headers["content-disposition"] == "attachment"
        assert headers["content-security-policy"] == "sandbox"
    for hidden in (path.replace("/artifacts", "/%ffartifacts"), path.replace("/artifacts", "/artifacts%ff")):
        assert client.ask("GET", hidden)[0] == 400


@pytest.mark.parametrize(
    ("part", "instead"), [("", ""), ("/artifacts", "/\xffartifacts"), ("/artifacts", "/artifacts\xff")]
)
def test_the_file_itself_says_so_by_whatever_path_it_was_reached(client, database, part, instead):
    path = uploaded(client, 1, "page.html", PAGE)
    headers = unguarded(database, path.replace(part, instead) if part else path)
    assert headers["content-disposition"] == "attachment"
    assert headers["content-security-policy"] == "sandbox"


def test_the_dashboards_own_page_is_in_no_sandbox(client):
    status, headers, _ = client.ask("GET", "/dashboard/studies/1")
    assert status == 200
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "sandbox" not in headers["content-security-policy"]
    assert "content-disposition" not in headers


@pytest.mark.parametrize("path", ["/api/studies/1/note", "/api/studies/1/1/note", "/api/studies/1/note/"])
@pytest.mark.parametrize("size", [LONGEST_NOTE + 1, 10_000_000])
def test_a_note_that_is_too_long_is_refused_with_the_limit_and_none_of_it_is_written(client, path, size):
    before = version(client)
    status, answer = put(client, "x" * size, path)
    assert status == 413
    assert f"{LONGEST_NOTE:,} bytes" in answer["reason"]
    assert version(client) == before


def test_a_note_as_long_as_may_be_is_written(client):
    body = written(client, "")
    assert put(client, body.replace('""', f'"{"x" * (LONGEST_NOTE - len(body))}"'))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{"Transfer_Encoding": "chunked"}, {"Content_Length": "²".encode().decode("latin-1")}, {"Content_Length": "-1"}],
)
def test_a_note_without_its_length_is_refused(client, headers):
    assert put(client, "", **headers)[0] == 411


def test_a_length_of_thousands_of_digits_is_too_long_too(client):
    assert put(client, "", Content_Length="9" * 5000)[0] == 413


@pytest.mark.parametrize(
    "body",
    [
        "",
        "1",
        "[]",
        "{}",
        "[" * 100_000,
        '{"version": VERSION}',
        '{"version": VERSION, "body": ["a", "b"]}',
        '{"version": VERSION, "body": 12}',
        '{"version": "VERSION", "body": "text"}',
        '{"version": true, "body": "text"}',
        '{"version": VERSION, "body": "text"',
    ],
)
def test_what_is_no_text_is_no_note_and_leaves_the_one_before(client, body):
    before = client.ask("GET", "/api/studies/1")[2]
    status, answer = put(client, body.replace("VERSION", str(version(client) + 1)))
    assert status == 400
    assert "version" in answer["reason"]
    assert client.ask("GET", "/api/studies/1")[2] == before


def test_half_a_letter_is_written_and_can_be_written_over(client):
    for text in ("half \ud83d", "and \x00 and \udc00 \U0001f600", "whole"):
        assert put(client, written(client, text))[0] == 200
        assert json.loads(client.ask("GET", "/api/studies/1")[2])["note"]["body"] == text
