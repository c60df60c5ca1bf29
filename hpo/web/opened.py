"""The WSGI application around optuna-dashboard that lets its pages say what the report says.

It opens on the start page, answers for the parts of the API that would contradict the report, and adds the style and
the script of `hpo.web.appearance` to the pages. All else goes through as it is.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hpo.web.appearance import SCRIPT, SCRIPT_PATH, STYLE_PATH, style, with_additions
from hpo.web.findings import Findings
from hpo.web.reported import as_reported, importances_answer, is_ours, whole_studies
from hpo.web.start import Listed, start_page

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE = 3.0
"""Seconds after which the start page reads no more studies; those that it has read are kept for the next time."""

START = ("", "/dashboard")
STUDIES = "/api/studies"
_STUDY = re.compile(r"/api/studies/\d+", re.ASCII)
_IMPORTANCES = re.compile(r"/api/studies/(\d{1,18})/param_importances", re.ASCII)  # no database counts further
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'"
_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
"""Headers by which a browser asks for less than the whole page: what it kept may be a page of another version."""


_NOT_KEPT = ("content-length", "content-type", "etag", "last-modified", "accept-ranges")


class Opened:
    """The dashboard as it is opened here; what changes something never comes this way."""

    def __init__(self, dashboard: WSGIApplication, findings: Findings, *, read_only: bool) -> None:
        self._dashboard, self._findings, self._style = dashboard, findings, style(read_only=read_only)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that only reads."""
        path = environ.get("PATH_INFO", "").rstrip("/")
        change = _change(path)
        if change is not None:
            return _changed(self._dashboard, environ, start_response, change)
        if path in START:
            return self._start(environ, start_response)
        own = self._own(environ, path)
        return self._dashboard(environ, start_response) if own is None else _sent(environ, start_response, *own)

    def _own(self, environ: WSGIEnvironment, path: str) -> tuple[str, str] | None:
        """Return the kind and the text of what the dashboard has no part in."""
        if path == STYLE_PATH:
            return "text/css", self._style
        if path == SCRIPT_PATH:
            return "text/javascript", SCRIPT
        asked = _IMPORTANCES.fullmatch(path)
        ours = None if asked is None else self._importances(environ, int(asked[1]))
        return None if ours is None else ("application/json", json.dumps(ours))

    def _start(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = _ask(self._dashboard, environ, STUDIES)
        if not found.ok:
            return found.send(environ, start_response)
        page = start_page(self._listed(json.loads(found.body)))
        return _sent(environ, start_response, "text/html", page, {"Content-Security-Policy": _POLICY})

    def _listed(self, answer: Mapping[str, Any]) -> list[Listed]:
        """Return the studies for the start page, the newest first, as far as its patience goes."""
        until, listed = time.monotonic() + PATIENCE, []
        studies = whole_studies(answer)["study_summaries"]
        for each in sorted(studies, key=lambda each: -each["study_id"]):
            unread = is_ours(each) and time.monotonic() > until
            name = self._findings.name_of(each["study_id"]) or each["study_name"]  # it may be shown under another one
            finding = self._findings(name) if is_ours(each) and not unread else None
            listed.append(Listed(each["study_id"], name, finding, unread))
        return listed

    def _importances(self, environ: WSGIEnvironment, study_id: int) -> dict[str, Any] | None:
        """Return the report's importances of a study; None if they are not for us to tell."""
        name = self._findings.name_of(study_id)
        if name is None or not is_ours(self._summary(environ, study_id)):
            return None
        return importances_answer(self._findings(name).importances)  # those of a part say nothing: it has none

    def _summary(self, environ: WSGIEnvironment, study_id: int) -> Mapping[str, Any]:
        studies = json.loads(_ask(self._dashboard, environ, STUDIES).body)["study_summaries"]
        return next((each for each in studies if each["study_id"] == study_id), {"user_attrs": []})


def _change(path: str) -> Callable[[str], str] | None:
    """Return what is changed in the dashboard's answer for `path`; None if nothing is."""
    if path.startswith("/dashboard/"):
        return with_additions
    if path == STUDIES:
        return lambda text: json.dumps(whole_studies(json.loads(text)))
    if _STUDY.fullmatch(path):
        return lambda text: json.dumps(as_reported(json.loads(text)))
    return None


class _Answer:
    """An answer of the dashboard, read to its end."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def ok(self) -> bool:
        return self.status.startswith("200")

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response(self.status, self.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def _ask(application: WSGIApplication, environ: WSGIEnvironment, path: str | None = None) -> _Answer:
    """Return the answer of `application` to a request for the whole of its path, or of another one."""
    asked = {key: value for key, value in environ.items() if key not in _CONDITIONS} | {"REQUEST_METHOD": "GET"}
    if path is not None:
        asked |= {"PATH_INFO": path, "QUERY_STRING": ""}
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None, /) -> Callable[[bytes], object]:
        said.append((status, headers))
        return lambda _: None

    answer = application(asked, start)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return _Answer(*said[-1], body)


def _changed(
    application: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, change: Callable[[str], str]
) -> list[bytes]:
    """Send what `application` answers, changed where it is no refusal. The browser asks for it anew each time."""
    answer = _ask(application, environ)
    if not answer.ok:
        return answer.send(environ, start_response)
    kept = {name: value for name, value in answer.headers if name.lower() not in _NOT_KEPT}
    kind = next(value for name, value in answer.headers if name.lower() == "content-type").partition(";")[0]
    return _sent(environ, start_response, kind, change(answer.body.decode()), kept)


def _sent(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    kind: str,
    text: str,
    more: Mapping[str, str] | None = None,
) -> list[bytes]:
    body = text.encode()
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-cache", **(more or {})}
    start_response("200 OK", [*headers.items(), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
