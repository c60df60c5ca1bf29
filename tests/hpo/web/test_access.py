"""Who may talk to the dashboard's server: by which name, from which page, with which token."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.storage.errors import UserError
from hpo.web.access import Access, Request, check_exposure, comes_from_itself, is_loopback
from hpo.web.changes import refusal

LOCAL, EVERYWHERE = Access("127.0.0.1", "mill"), Access("0.0.0.0", "mill", "a long token")


def request(method: str = "GET", path: str = "/", **headers: str) -> Request:
    return Request(method, path, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.0.0.5"])
def test_a_server_on_loopback_is_known_by_the_names_of_this_machine(host):
    assert LOCAL.knows_host(request(host=host))


@pytest.mark.parametrize(
    "host", ["", "evil.example:8080", "127.0.0.1.evil.example", "192.168.0.2", "mill", "[::1", "a@b:c"]
)
def test_a_name_that_was_rebound_to_this_machine_is_not_known(host):
    assert not LOCAL.knows_host(request(host=host))


@pytest.mark.parametrize(
    ("host", "known"), [("192.168.0.2:8080", True), ("mill:8080", True), ("Mill", True), ("evil.example", False)]
)
def test_a_server_for_a_network_is_known_by_its_addresses_and_its_own_name(host, known):
    assert EVERYWHERE.knows_host(request(host=host)) is known


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ({"origin": "http://127.0.0.1:8080"}, True),
        ({"origin": "http://127.0.0.1:8080", "sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"origin": "http://localhost:8080"}, False),
        ({"origin": "http://127.0.0.1:8080.evil.example"}, False),
        ({"origin": "http://127.0.0.1:8080", "sec_fetch_site": "same-site"}, False),
        ({"origin": "http://evil.example", "sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "none"}, False),
    ],
)
def test_what_changes_something_must_come_from_the_same_origin(headers, trusted):
    assert comes_from_itself(request("PUT", host="127.0.0.1:8080", **headers)) is trusted


def test_the_token_opens_as_a_bearer_and_the_cookie_by_its_name_alone():
    assert EVERYWHERE.is_allowed(request(authorization="Bearer a long token"), "c")
    assert EVERYWHERE.is_allowed(request(cookie=f"x=1; c={EVERYWHERE.cookie}"), "c")
    for wrong in (
        {},
        {"authorization": "Bearer another"},
        {"authorization": "Basic a long token"},
        {"cookie": f"d={EVERYWHERE.cookie}"},
        {"cookie": "c="},
        {"cookie": "c=a long token"},
        {"cookie": ";;=\x00"},
    ):
        assert not EVERYWHERE.is_allowed(request(**wrong), "c")


def test_the_cookie_does_not_tell_the_token():
    assert "token" not in EVERYWHERE.cookie
    assert Access("0.0.0.0", "mill", "another token").cookie != EVERYWHERE.cookie


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30))
def test_no_header_of_any_text_opens_or_breaks_the_door(text):
    for name in ("authorization", "cookie", "origin", "host", "sec_fetch_site"):
        asked = request("PUT", **{name: text})
        assert not EVERYWHERE.is_allowed(asked, "c")
        assert not comes_from_itself(asked) or name != "origin"
        LOCAL.knows_host(asked)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.2", "mill"])
def test_listening_beyond_this_machine_takes_a_token_or_a_word(host):
    with pytest.raises(UserError, match=r"--token.*--insecure"):
        check_exposure(host, None, insecure=False)
    check_exposure(host, None, insecure=True)
    check_exposure(host, "long enough", insecure=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_none(host):
    assert is_loopback(host)
    check_exposure(host, None, insecure=False)


def test_a_short_token_is_refused_with_a_way_to_make_a_long_one():
    with pytest.raises(UserError, match=r"4 characters; at least 8.*token_urlsafe"):
        check_exposure("127.0.0.1", "1234", insecure=False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/studies/3/note"),
        ("PUT", "/api/studies/3/14/note"),
        ("POST", "/api/artifacts/3"),
        ("POST", "/api/artifacts/3/14"),
        ("DELETE", "/api/artifacts/3/14/0a-ff"),
    ],
)
def test_notes_and_files_may_be_changed(method, path):
    assert refusal(method, path) is None


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("POST", "/api/studies/3/rename", "its curves, networks, ledger"),
        ("POST", "/api/studies/3/rename/", "its curves, networks, ledger"),
        ("DELETE", "/api/studies/3", "final part would stay behind"),
        ("POST", "/api/studies", "hpo run"),
        ("POST", "/api/trials/14/tell", "trials belong to the searches"),
        ("POST", "/api/trials/14/user-attrs", "trials belong to the searches"),
        ("POST", "/incompatible-rdb-schema", "only notes and uploaded files"),
        ("PATCH", "/api/studies/3/note", "only notes and uploaded files"),
        ("PUT", "/api/studies/3/note/../../3/rename", "only notes and uploaded files"),
    ],
)
def test_all_else_is_refused_with_the_reason(method, path, says):
    assert says in (refusal(method, path) or "")
