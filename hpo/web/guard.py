"""The WSGI application around the dashboard: it lets requests through, or answers them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

from hpo.storage.errors import UserError
from hpo.web import pages
from hpo.web.access import Access, Request, comes_from_itself
from hpo.web.answers import Answer, login_page, refused
from hpo.web.changes import refusal
from hpo.web.headers import in_a_sandbox
from hpo.web.notes import is_a_note, unfit
from hpo.web.paths import decoded

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_BODY = 1_000_000
"""Bytes that are kept of a request which the dashboard itself does not get."""

LONGEST_LEFT = 32_000_000
"""Bytes of a refused request that are read and thrown away, so that who sends them hears why. Of more, none are."""

LONGEST_PIECE = 65_536
LONGEST_NUMBER = 18
"""Digits that are read of a length: with thousands of them Python reads none."""

REPORT = "/report/"


class Guard:
    """The dashboard for those who may see it. `writing` None: nothing can be changed.

    Requests that only read go to `reading`, whose database is open for reading: they cannot change anything, and hold
    up no search. `report` returns the page of a study's report; it raises UserError if there is no such study.
    """

    def __init__(
        self,
        reading: WSGIApplication,
        writing: WSGIApplication | None,
        *,
        access: Access,
        cookie_name: str,
        report: Callable[[str], str] | None = None,
    ) -> None:
        self._reading, self._writing = reading, writing
        self._access, self._cookie_name, self._report = access, cookie_name, report

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        request = _request(environ)
        answer = self._own_answer(request, environ)
        if answer is None and not request.changes_something:
            return self._reading(environ, in_a_sandbox(start_response))
        if answer is None and self._writing is not None:
            answer = _refused_change(request, environ)
            if answer is None:
                return _with_a_body(self._writing, environ, in_a_sandbox(start_response))
        if answer is None:
            answer = refused(request, "this dashboard was started with --read-only: nothing can be changed through it")
        _throw_away(environ)  # what is not heard to its end may not listen to the answer
        return answer.send(request, start_response)

    def _own_answer(self, request: Request, environ: WSGIEnvironment) -> Answer | None:
        """Return what the dashboard has no part in; None if the request may go on to it."""
        if not self._access.knows_host(request):
            host = request.headers.get("host", "")
            return refused(request, f"this server is not known as {host!r}; open it by the address it printed")
        if decoded(environ.get("PATH_INFO", "")) is None:
            return refused(request, "this path is not UTF-8, or has a control character in it", status=400)
        if request.changes_something and not comes_from_itself(request):
            return refused(
                request,
                "what changes something must come from the dashboard's own pages; a program says so with the header "
                f"Origin: http://{request.headers.get('host', '')}",
            )
        answer = None if self._access.token is None else self._ask_for_token(request, environ)
        if answer is None and self._report is not None and request.path.startswith(REPORT):
            answer = self._report_page(request)
        return answer

    def _ask_for_token(self, request: Request, environ: WSGIEnvironment) -> Answer | None:
        """Return the login, or what follows it; None if the request shows the token."""
        if request.path == "/login" and request.method == "POST":
            return self._login(environ)
        asked = parse_qs(environ.get("QUERY_STRING", ""))
        if "token" in asked and not request.changes_something:
            return self._token_in_url(request, asked)
        return None if self._access.is_allowed(request, self._cookie_name) else login_page(request, wrong=False)

    def _login(self, environ: WSGIEnvironment) -> Answer:
        given = parse_qs(_body(environ).decode("utf-8", "replace")).get("token", [""])[0]
        return self._welcome("/dashboard") if self._access.is_token(given) else Answer(401, pages.login(wrong=True))

    def _token_in_url(self, request: Request, asked: dict[str, list[str]]) -> Answer:
        """Take the token out of the address, so that it stays in no history and no bookmark."""
        if not self._access.is_token(asked.pop("token")[0]):
            return login_page(request, wrong=True)
        query = f"?{urlencode(asked, doseq=True)}" if asked else ""
        return self._welcome(f"/{quote(request.path.lstrip('/'))}{query}")

    def _welcome(self, path: str) -> Answer:
        cookie = f"{self._cookie_name}={self._access.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return Answer(200, pages.onward(path), headers={"Set-Cookie": cookie})

    def _report_page(self, request: Request) -> Answer:
        if self._report is None:
            raise RuntimeError("there is no report to serve")
        try:
            return Answer(200, self._report(request.path.removeprefix(REPORT)))
        except UserError as error:
            return Answer(404, pages.message("No such report", str(error)))


def _refused_change(request: Request, environ: WSGIEnvironment) -> Answer | None:
    """Return why the dashboard may not change this; None if it may."""
    reason = refusal(request.method, request.path)
    if reason is not None:
        return refused(request, reason)
    wrong = unfit(environ) if is_a_note(request.path) else None
    return None if wrong is None else refused(request, wrong[1], wrong[0])


def _with_a_body(
    application: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Return the answer of the dashboard, with an empty object where it has no content.

    Its own pages read every answer as JSON, and take one without content for a failure.
    """
    empty = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        if not status.startswith("204"):
            return start_response(status, headers, exc_info)
        empty.append(b"{}")
        return start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")], exc_info)

    answer = application(environ, start)
    return empty or answer


def _request(environ: WSGIEnvironment) -> Request:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    path = decoded(environ.get("PATH_INFO", ""))
    return Request(environ["REQUEST_METHOD"].upper(), "" if path is None else path, headers)


def _body(environ: WSGIEnvironment) -> bytes:
    """Return the rest of the request's body, as far as LONGEST_BODY."""
    left = _left(environ)
    body: bytes = environ["wsgi.input"].read(min(left, LONGEST_BODY))
    environ["CONTENT_LENGTH"] = str(left - len(body))
    return body


def _throw_away(environ: WSGIEnvironment) -> None:
    """Read the rest of the request's body, if it is not longer than LONGEST_LEFT, and keep nothing of it."""
    left = _left(environ)
    while 0 < left <= LONGEST_LEFT and (piece := environ["wsgi.input"].read(min(left, LONGEST_PIECE))):
        left -= len(piece)
    environ["CONTENT_LENGTH"] = "0"


def _left(environ: WSGIEnvironment) -> int:
    """Return how many bytes of the body are still to be read; 0 where the request does not say it in plain digits."""
    length = environ.get("CONTENT_LENGTH") or ""
    return int(length[:LONGEST_NUMBER]) if length.isascii() and length.isdecimal() else 0
