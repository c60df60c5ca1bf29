"""The dashboard of a database, filled in and guarded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpo.record.names import whole_studies
from hpo.record.results import load_results
from hpo.record.untrusted import UnreadableStudyError
from hpo.record.untrusted import reading as untrusted_reading
from hpo.storage.artifacts import DatabaseArtifacts
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.web.access import Access
from hpo.web.downloads import Downloads
from hpo.web.findings import Findings
from hpo.web.guard import Guard
from hpo.web.opened import Opened

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def guarded(reading: Database, writing: Database | None, *, access: Access, port: int) -> WSGIApplication:
    """Return the dashboard of a database, opened for reading and, unless nothing may be changed, for writing."""
    return Guard(
        Opened(_dashboard(reading), Findings(reading), read_only=writing is None),
        None if writing is None else _dashboard(writing),
        access=access,
        cookie_name=f"hpo-{port}",
        report=_Reports(reading),
    )


class _Reports:
    """The report of a study as a page, made when it is asked for; one at a time, for drawing takes a core."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, threading.Lock()

    def __call__(self, study: str) -> str:
        from hpo.reports.page.page import report_html  # noqa: PLC0415 - the plotting library takes seconds to load

        with self._lock:
            results = load_results(self._database, study)
            with untrusted_reading(study):
                return report_html([results])


def fill_in(reading: Database, writing: Database, announce: Callable[[str], None], stop: threading.Event) -> None:
    """Publish what is missing or stale of every study in a database, until `stop` is set.

    It is looked at through `reading`, which holds up no search.
    """
    from hpo.reports.dashboard.publish import publish  # noqa: PLC0415 - it takes a moment, and the server need not wait

    for name in whole_studies(reading):
        if stop.is_set():
            return
        try:
            results = load_results(reading, name)
            with untrusted_reading(name):
                publish(writing, results)
        except UnreadableStudyError as error:
            announce(f"{error}; the others are there")
        except UserError:
            continue  # a study that some other program made: the dashboard shows it as it is
        except Exception as error:  # whatever it is, the dashboard itself is there
            announce(f"the notes and figures of {name} are not up to date: {error}")


def _dashboard(database: Database) -> WSGIApplication:
    from optuna_dashboard import wsgi  # noqa: PLC0415 - it takes seconds to load

    application = wsgi(database.optuna, artifact_store=DatabaseArtifacts(database.engine))
    application.install(Downloads())
    made: WSGIApplication = application
    return made
