"""Files out of the database are for download: the browser shows none of them as a page of ours."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from hpo.storage.artifacts import Artifact
from hpo.web.headers import POLICY, SANDBOX


class Downloads:
    """A plugin of Bottle, with which the dashboard is made: it looks at what a route answers, not at how it was asked.

    The dashboard's pages load pictures and save files as before; only who opens a file's address gets it saved.
    """

    name = "downloads"
    api = 2

    def apply(self, callback: Callable[..., Any], route: object) -> Callable[..., Any]:
        """Return `callback`, with the headers of a download where it answers with a file out of the database."""
        del route

        @functools.wraps(callback)
        def answer(*arguments: Any, **options: Any) -> Any:
            found = callback(*arguments, **options)
            if isinstance(getattr(found, "body", None), Artifact):
                found.set_header("Content-Disposition", "attachment")
                found.set_header(POLICY, SANDBOX)
            return found

        return answer
