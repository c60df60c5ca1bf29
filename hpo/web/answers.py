"""Answers that are not the dashboard's: a page for people, a reason as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from hpo.web import pages
from hpo.web.access import Request
from hpo.web.headers import with_ours

if TYPE_CHECKING:
    from wsgiref.types import StartResponse


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
        headers = [*self._headers.items(), ("Content-Length", str(len(body)))]
        with_ours(start_response)(f"{self._status} {HTTPStatus(self._status).phrase}", headers)
        return [] if request.method == "HEAD" else [body]


def refused(request: Request, reason: str, status: int = 403) -> Answer:
    """Return the answer to what is not done, with the reason."""
    if _is_a_page(request):
        return Answer(status, pages.message("Refused", reason))
    return Answer(status, json.dumps({"reason": reason}), json_=True)


def login_page(request: Request, *, wrong: bool) -> Answer:
    """Return the answer to who has not shown the token; `wrong` if one was shown that is not it."""
    if _is_a_page(request):
        return Answer(401, pages.login(wrong=wrong))
    reason = "this dashboard asks for its token: open it in a browser, or send Authorization: Bearer TOKEN"
    return Answer(401, json.dumps({"reason": reason}), json_=True, headers={"WWW-Authenticate": "Bearer"})


def _is_a_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.path.startswith("/api")
