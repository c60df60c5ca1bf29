"""What may be changed through the dashboard: notes and uploaded files. All else belongs to the searches."""

from __future__ import annotations

import re

ALLOWED = (
    ("PUT", r"/api/studies/\d+(/\d+)?/note"),
    ("POST", r"/api/artifacts/\d+(/\d+)?"),
    ("DELETE", r"/api/artifacts/\d+(/\d+)?/[0-9a-fA-F-]+"),
)
RENAME = (
    "a study is not renamed here: that copies its trials and deletes it, and its curves, networks, ledger and final "
    "part would stay with the old name, so that a running search would end and none could go on"
)
DELETE = (
    "a study is not deleted here: its final part would stay behind, and a new search of that name would take the old "
    "runs for its own; start afresh with another study name or another --storage"
)
CREATE = "studies are started with hpo run --study NAME, which says what they search"
REASONS = (
    ("POST", r"/api/studies/\d+/rename", RENAME),
    ("DELETE", r"/api/studies/\d+", DELETE),
    ("POST", r"/api/studies", CREATE),
)
OTHERWISE = "through this dashboard only notes and uploaded files can be changed; trials belong to the searches"


def refusal(method: str, path: str) -> str | None:
    """Return why this request may not change anything, or None if it may."""
    path = path.rstrip("/")
    if any(method == allowed and re.fullmatch(pattern, path) for allowed, pattern in ALLOWED):
        return None
    return next((why for each, pattern, why in REASONS if method == each and re.fullmatch(pattern, path)), OTHERWISE)
