"""The dashboard's server, asked over HTTP: what it shows, to whom, and what it lets nobody do."""

from __future__ import annotations

import io
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import StudyDirection

from hpo import serve
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.web.access import Access
from hpo.web.guard import Guard
from hpo.web.server import address_of, listen
from tests.support.clients import Client, served
from tests.support.databases import open_study, run_to_the_end
from tests.support.searches import DEADLINE, started

TOKEN = "a long token"


def says_who(name: str) -> Any:
    """Return a WSGI application that answers with its name, its path, and a header that must not get out."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/plain"), ("Access-Control-Allow-Origin", "*")]
        start_response("200 OK", headers)
        return [f"{name} {environ['PATH_INFO']}".encode()]

    return application


def report(study: str) -> str:
    if study != "학습":
        raise UserError(f"no study named {study!r}")
    return "<p>the report</p>"


@pytest.fixture(scope="module")
def dashboard_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a study in it that some other program made."""
    path = tmp_path_factory.mktemp("served") / "hpo.db"
    with Database(f"sqlite:///{path}") as database:
        database.optuna.create_new_study([StudyDirection.MAXIMIZE], "mine")
    return path


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Client]:
    access = Access("127.0.0.1", "mill")
    guard = Guard(says_who("reading"), says_who("writing"), access=access, cookie_name="hpo", report=report)
    with served(guard) as port:
        yield Client(port)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Client]:
    access = Access("127.0.0.1", "mill", TOKEN)
    guard = Guard(says_who("reading"), says_who("writing"), access=access, cookie_name="hpo", report=report)
    with served(guard) as port:
        yield Client(port)


def test_what_reads_goes_to_the_database_that_is_open_for_reading(open_to_all):
    assert open_to_all.ask("GET", "/api/studies")[2] == "reading /api/studies"


def test_a_note_of_the_own_page_is_written(open_to_all):
    note = json.dumps({"version": 1, "body": "my note"})
    answer = open_to_all.ask("PUT", "/api/studies/1/note", note, Origin=open_to_all.origin)[2]
    assert answer == "writing /api/studies/1/note"


def test_a_note_of_another_page_is_not(open_to_all):
    status, _, body = open_to_all.ask("PUT", "/api/studies/1/note", Origin="http://evil.example")
    assert status == 403
    assert "own pages" in json.loads(body)["reason"]


def test_a_delete_of_another_page_is_not(open_to_all):
    assert open_to_all.ask("DELETE", "/api/studies/1", Origin="http://evil.example")[0] == 403


@pytest.mark.parametrize("method", ["DELETE", "POST", "PATCH", "OPTIONS"])
def test_a_study_is_not_changed_even_by_the_own_page(open_to_all, method):
    status, _, body = open_to_all.ask(method, "/api/studies/1", Origin=open_to_all.origin)
    assert status == 403
    assert json.loads(body)["reason"]


def test_a_rebound_name_is_refused_before_anything_is_read(open_to_all):
    status, _, body = open_to_all.ask("GET", "/api/studies", Host=f"evil.example:{open_to_all.port}")
    assert status == 403
    assert "evil.example" in body
    assert "reading" not in body


def test_no_answer_lets_other_pages_read_it_or_frame_it(open_to_all):
    _, headers, _ = open_to_all.ask("GET", "/artifacts/1/c-1")
    assert "access-control-allow-origin" not in headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("path", ["/", "/x", "/static/x.js", "/artifacts", "/Artifacts/1/c-1"])
def test_what_the_dashboard_says_nothing_about_is_in_a_sandbox_whatever_its_path(open_to_all, path):
    assert open_to_all.ask("GET", path)[1]["content-security-policy"] == "sandbox"


@pytest.mark.parametrize(
    "path",
    [
        "/%ffartifacts/1/c-1",
        "/artifacts%ff/1/c-1",
        "/artifacts/%c0%af/1",
        "/artifacts/%ed%a0%80",
        "/a%e9",
        "/x%00",
        "/api/studies/1/note%0a",
        "/%7f",
        "/report/%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_path_that_can_be_read_in_two_ways_is_none(open_to_all, guarded, method, path):
    for client in (open_to_all, guarded):
        status, _, body = client.ask(method, path, Origin=client.origin)
        assert status == 400
        assert "reading" not in body
        assert "writing" not in body
    assert "UTF-8" in open_to_all.ask("GET", path, Accept="text/html")[2]


def test_the_report_of_a_study_is_a_page_and_that_of_no_study_says_so(open_to_all):
    assert open_to_all.ask("GET", "/report/%ED%95%99%EC%8A%B5")[::2] == (200, "<p>the report</p>")
    status, _, body = open_to_all.ask("GET", "/report/other%3Cb%3E")
    assert status == 404
    assert "<b>" not in body


@pytest.mark.parametrize("path", ["/", "/api/studies", "/static/bundle.js", "/report/x", "/artifacts/1/c-1"])
def test_without_the_token_nothing_is_shown(guarded, path):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "hpo=wrong"}):
        status, _, body = guarded.ask("GET", path, **headers)
        assert status == 401
        assert "reading" not in body
        assert "token" in body


def test_a_program_shows_the_token_as_a_bearer(guarded):
    assert guarded.ask("GET", "/api/studies", Authorization=f"Bearer {TOKEN}")[2] == "reading /api/studies"


def test_a_token_does_not_make_another_page_the_own_one(guarded):
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
    assert guarded.ask("PUT", "/api/studies/1/note", **headers)[0] == 403


def test_the_login_sets_a_cookie_that_no_script_and_no_other_site_can_use(guarded):
    status, _, body = guarded.ask("GET", "/dashboard", Accept="text/html")
    assert status == 401
    assert '<form method="post" action="/login">' in body
    form = {"Content_Type": "application/x-www-form-urlencoded", "Origin": guarded.origin}
    assert guarded.ask("POST", "/login", "token=wrong", **form)[0] == 401
    status, headers, body = guarded.ask("POST", "/login", "token=a+long+token", **form)
    cookie = headers["set-cookie"]
    assert (status, "url=/dashboard" in body) == (200, True)
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert guarded.ask("GET", "/api/studies", Cookie=cookie.split(";")[0])[0] == 200


@pytest.mark.parametrize("length", ["many", "-1", "9" * 30, "9" * 5000, "²", ""])
def test_a_login_of_any_length_is_answered(length):
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/login",
        "HTTP_HOST": "localhost",
        "HTTP_ORIGIN": "http://localhost",
        "CONTENT_LENGTH": length,
        "wsgi.input": io.BytesIO(b"token=wrong"),
    }
    said = []
    guard = Guard(says_who("r"), None, access=Access("127.0.0.1", "mill", TOKEN), cookie_name="hpo")
    assert b"Wrong token" in b"".join(guard(environ, lambda status, *more: said.append(status)))
    assert said == ["401 Unauthorized"]


def test_another_page_cannot_log_in(guarded):
    assert guarded.ask("POST", "/login", "token=a+long+token", Origin="http://evil.example")[0] == 403


def test_a_token_in_the_address_is_taken_out_of_it(guarded):
    status, headers, body = guarded.ask("GET", "/dashboard/studies/1?x=1&token=a+long+token")
    assert status == 200
    assert "hpo=" in headers["set-cookie"]
    assert 'url=/dashboard/studies/1?x=1"' in body
    assert "long" not in body
    assert guarded.ask("GET", "/dashboard?token=wrong", Accept="text/html")[0] == 401


@pytest.mark.parametrize("path", ["//evil.example/", "/%5Cevil.example/", "/%22%3E%3Cb%3E"])
def test_the_way_on_leads_nowhere_else(guarded, path):
    _, _, body = guarded.ask("GET", f"{path}?token=a+long+token")
    assert "url=//" not in body
    assert "url=/\\" not in body
    assert "<b>" not in body


def test_it_listens_on_ipv6_loopback_too():
    guard = Guard(says_who("reading"), None, access=Access("::1", "mill"), cookie_name="hpo")
    try:
        with served(guard, "::1") as port:
            assert Client(port, "::1").ask("GET", "/x")[2] == "reading /x"
            assert address_of("::1", port) == f"http://[::1]:{port}/"
    except UserError:
        pytest.skip("this machine has no IPv6")


def test_a_port_that_is_in_use_is_said_with_the_way_out():
    with listen("127.0.0.1", 0) as server, pytest.raises(UserError, match=r"in use; .*--port 0"):
        listen("127.0.0.1", server.server_port)


@pytest.mark.parametrize(("host", "port", "says"), [("no such host", 0, "no such host"), ("127.0.0.1", 70000, "65535")])
def test_where_it_cannot_listen_is_said(host, port, says):
    with pytest.raises(UserError, match=says):
        listen(host, port)


def test_a_read_only_dashboard_shows_and_writes_nothing(database_url):
    with Database(database_url) as database:
        study = database.optuna.create_new_study([StudyDirection.MAXIMIZE], "mine")
    with Database(database_url, read_only=True) as reading:
        application = serve.guarded(reading, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            client = Client(port)
            assert "mine" in client.ask("GET", "/api/studies")[2]
            status, _, body = client.ask("PUT", f"/api/studies/{study}/note", "{}", Origin=client.origin)
            assert status == 403
            assert "--read-only" in json.loads(body)["reason"]
        with pytest.raises(optuna.exceptions.StorageInternalError):
            reading.optuna.set_study_system_attr(study, "x", 1)


def test_a_read_only_dashboard_leaves_the_file_as_it_is_whatever_is_looked_at(tmp_path: Path):
    path = tmp_path / "hpo.db"
    with open_study(path) as opened:
        run_to_the_end(opened)
    before = path.read_bytes()
    with Database(f"sqlite:///{path}", read_only=True) as reading:
        application = serve.guarded(reading, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            client = Client(port)
            listed = json.loads(client.ask("GET", "/api/studies")[2])["study_summaries"]
            for number in (each["study_id"] for each in listed):
                for part in (f"{number}?after=0", f"{number}/param_importances"):
                    assert client.ask("GET", f"/api/studies/{part}")[0] == 200
                for method in ("PUT", "POST", "DELETE"):
                    asked = client.ask(method, f"/api/studies/{number}/note", "{}", Origin=client.origin)
                    assert asked[0] == 403
            assert client.ask("GET", "/report/small")[0] == 200
    assert path.read_bytes() == before


def test_a_note_written_in_the_dashboard_is_read_back(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/hpo.db"
    with Database(url) as writing:
        study = writing.optuna.create_new_study([StudyDirection.MAXIMIZE], "mine")
        with Database(url, read_only=True) as reading:
            application = serve.guarded(reading, writing, access=Access("127.0.0.1", "mill"), port=1)
            with served(application) as port:
                client = Client(port)
                body = json.dumps({"version": 1, "body": "my note"})
                headers = {"Origin": client.origin, "Content_Type": "application/json"}
                status, _, answer = client.ask("PUT", f"/api/studies/{study}/note", body, **headers)
                assert (status, json.loads(answer)) == (200, {})
                shown = json.loads(client.ask("GET", f"/api/studies/{study}")[2])
                assert shown["note"]["body"] == "my note"
                assert client.ask("DELETE", f"/api/studies/{study}", Origin=client.origin)[0] == 403
                assert "mine" in client.ask("GET", "/api/studies")[2]


def test_the_command_says_where_it_is_and_stops_cleanly(dashboard_file: Path):
    options = ("--port", "0", "--storage", f"sqlite:///{dashboard_file}")
    with started("serve", *options) as process:
        port = int(re.search(r"at http://127\.0\.0\.1:(\d+)/", process.stdout.readline())[1])
        client = Client(port)
        assert '"mine"' in client.ask("GET", "/api/studies")[2]
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped"
