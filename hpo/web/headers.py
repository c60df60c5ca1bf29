"""The headers that every answer has here, and those that none should have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DROPPED = ("access-control-allow-origin",)
"""The dashboard lets every page on the web read artifacts; ours does not."""

POLICY = "Content-Security-Policy"
SANDBOX = "sandbox"
"""What is shown under this policy runs no script, and is no page of ours to the browser."""


def with_ours(start_response: StartResponse) -> StartResponse:
    """Return `start_response` for an answer of our own."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        kept = [(name, value) for name, value in headers if name.lower() not in DROPPED]
        return start_response(status, [*kept, *HEADERS.items()], exc_info)

    return start


def in_a_sandbox(start_response: StartResponse) -> StartResponse:
    """Return `start_response` for an answer of the dashboard: in a sandbox, unless it says itself what it may do.

    Its own page says so. All else is data, scripts and pictures of that page, to which a sandbox does nothing, or a
    file that somebody uploaded, which must not run in our name. No path is looked at, so none can be written in a way
    that gets a page past this.
    """
    ours = with_ours(start_response)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        if any(name.lower() == POLICY.lower() for name, _ in headers):
            return ours(status, headers, exc_info)
        return ours(status, [*headers, (POLICY, SANDBOX)], exc_info)

    return start
