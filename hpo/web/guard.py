"""The WSGI application around the dashboard: it lets requests through, or answers them itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

from hpo.storage.errors import UserError
from hpo.web import pages
from hpo.web.access import Access, Request, comes_from_itself
from hpo.web.changes import refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DROPPED = ("access-control-allow-origin",)
"""The dashboard lets every page on the web read artifacts; ours does not."""

LONGEST_BODY = 1_000_000
"""Bytes that are read of a request which the dashboard itself does not get."""

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
            return self._reading(environ, _with_headers(request, start_response))
        if answer is None and self._writing is not None:
            reason = refusal(request.method, request.path)
            if reason is None:
                return _with_a_body(self._writing, environ, _with_headers(request, start_response))
            answer = _refused(request, reason)
        if answer is None:
            answer = _refused(request, "this dashboard was started with --read-only: nothing can be changed through it")
        _body(environ)  # what is not heard to its end may not listen to the answer
        return answer.send(request, start_response)

    def _own_answer(self, request: Request, environ: WSGIEnvironment) -> Answer | None:
        """Return what the dashboard has no part in; None if the request may go on to it."""
        if not self._access.knows_host(request):
            host = request.headers.get("host", "")
            return _refused(request, f"this server is not known as {host!r}; open it by the address it printed")
        if request.changes_something and not comes_from_itself(request):
            return _refused(
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
        return None if self._access.is_allowed(request, self._cookie_name) else _login_page(request, wrong=False)

    def _login(self, environ: WSGIEnvironment) -> Answer:
        given = parse_qs(_body(environ).decode("utf-8", "replace")).get("token", [""])[0]
        return self._welcome("/dashboard") if self._access.is_token(given) else Answer(401, pages.login(wrong=True))

    def _token_in_url(self, request: Request, asked: dict[str, list[str]]) -> Answer:
        """Take the token out of the address, so that it stays in no history and no bookmark."""
        if not self._access.is_token(asked.pop("token")[0]):
            return _login_page(request, wrong=True)
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


class Answer:
    """An answer of our own: a page, or for the dashboard's programs a reason as JSON."""

    def __init__(
        self, status: int, text: str, *, json_: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        self._status, self._text = status, text
        kind = "application/json" if json_ else "text/html; charset=utf-8"
        self._headers = {"Content-Type": kind, "Cache-Control": "no-store", **(headers or {})}

    def send(self, request: Request, start_response: StartResponse) -> list[bytes]:
        """Send it."""
        body = self._text.encode()
        phrase = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}[self._status]
        headers = [*self._headers.items(), ("Content-Length", str(len(body)))]
        _with_headers(request, start_response)(f"{self._status} {phrase}", headers)
        return [] if request.method == "HEAD" else [body]


def _refused(request: Request, reason: str) -> Answer:
    if _is_a_page(request):
        return Answer(403, pages.message("Refused", reason))
    return Answer(403, json.dumps({"reason": reason}), json_=True)


def _login_page(request: Request, *, wrong: bool) -> Answer:
    if _is_a_page(request):
        return Answer(401, pages.login(wrong=wrong))
    reason = "this dashboard asks for its token: open it in a browser, or send Authorization: Bearer TOKEN"
    return Answer(401, json.dumps({"reason": reason}), json_=True, headers={"WWW-Authenticate": "Bearer"})


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


def _is_a_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.path.startswith("/api")


def _request(environ: WSGIEnvironment) -> Request:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    return Request(environ["REQUEST_METHOD"].upper(), path, headers)


def _body(environ: WSGIEnvironment) -> bytes:
    """Return the rest of the request's body, as far as LONGEST_BODY, and leave nothing of it."""
    length = environ.get("CONTENT_LENGTH") or "0"
    environ["CONTENT_LENGTH"] = "0"
    body: bytes = environ["wsgi.input"].read(min(int(length), LONGEST_BODY)) if length.isdecimal() else b""
    return body


def _with_headers(request: Request, start_response: StartResponse) -> StartResponse:
    """Return `start_response` with the headers that every answer has here, and without those that none should have."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        ours = dict(HEADERS)
        if request.path.startswith("/artifacts/"):
            ours["Content-Security-Policy"] = "sandbox"  # an uploaded page runs no script in our name
        kept = [(name, value) for name, value in headers if name.lower() not in DROPPED]
        return start_response(status, [*kept, *ours.items()], exc_info)

    return start
