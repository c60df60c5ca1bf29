"""What is taken as a note: a text that is not too long, as the dashboard's own pages send it.

The dashboard would store anything, and a part of it before it finds that the rest is no text; then it could not show
the study any more. And every search that publishes reads the note again.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

LONGEST_NOTE = 500_000
"""Bytes of a request that writes a note. A long study's own note has some tens of thousands."""

_NOTE = re.compile(r"/api/studies/\d+(/\d+)?/note/*")


def is_a_note(path: str) -> bool:
    """Say whether a change of this path is one of a note."""
    return _NOTE.fullmatch(path) is not None


def unfit(environ: WSGIEnvironment) -> tuple[int, str] | None:
    """Return the status and the reason with which a note is refused; None if it may be written.

    The body of one that is not too long is read, and stands in `environ` for whoever reads it next.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in environ or not (length.isascii() and length.isdecimal()):
        return 411, "a note is sent with its length: say it in the header Content-Length"
    if len(length) > 18 or int(length) > LONGEST_NOTE:
        return 413, f"this note is too long: {LONGEST_NOTE:,} bytes are taken; upload what is longer as a file"
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return None if _is_text(body) else (400, 'a note is JSON: {"version": 2, "body": "its text"}')


def _is_text(body: bytes) -> bool:
    try:
        note = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return isinstance(note, dict) and type(note.get("version")) is int and isinstance(note.get("body"), str)
