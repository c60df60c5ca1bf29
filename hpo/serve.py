"""Front door `python -m hpo.serve`: the dashboard of all studies in a database, with what was found filled in."""

from __future__ import annotations

import hpo.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hpo.command_line import add_storage, parser, quiet_optuna, run_command, say
from hpo.serving.access import Access, check_exposure
from hpo.serving.guard import Guard
from hpo.serving.server import address_of, listen, run
from hpo.study_record import PARTS, study_names
from hpo.study_results import load_results
from hpo.untrusted import UnreadableStudyError
from hpo.untrusted import reading as untrusted_reading
from storage.artifacts import DatabaseArtifacts
from storage.database import Database, database_errors, shown
from storage.errors import UserError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _serve(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.serve",
        "Show the studies of a database in the browser: optuna-dashboard, with each study's verdict, good values,\n"
        "figures, curves and networks filled in, while it runs or afterwards. Notes can be edited there; trials\n"
        "cannot. Ctrl-C ends it; searches go on without it.",
        """
        python -m hpo.serve
        python -m hpo.serve --storage postgresql+psycopg://user:password@host/hpo --read-only
        HPO_TOKEN=... python -m hpo.serve --host 0.0.0.0 --port 8000
        """,
    )
    add_storage(made)
    made.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: 127.0.0.1, this machine)")
    made.add_argument("--port", type=int, default=8080, metavar="N", help="(default: 8080; 0: any that is free)")
    made.add_argument("--read-only", action="store_true", help="let nobody change anything, and write nothing")
    made.add_argument(
        "--token",
        default=os.environ.get("HPO_TOKEN") or None,
        help="what a browser is asked for once; needed to listen beyond this machine (default: $HPO_TOKEN)",
    )
    made.add_argument("--insecure", action="store_true", help="listen beyond this machine without a token")
    return made


def _serve(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    check_exposure(arguments.host, arguments.token, insecure=arguments.insecure)
    with database_errors(arguments.storage), contextlib.ExitStack() as stack:
        if not arguments.read_only:  # first: it makes the tables that a database of an earlier version lacks
            writing = stack.enter_context(Database(arguments.storage, create=False))
        reading = stack.enter_context(Database(arguments.storage, read_only=True))
        names = [name for name in study_names(reading) if not name.endswith(PARTS)]
        server = stack.enter_context(listen(arguments.host, arguments.port, verbose=arguments.verbose))
        address = address_of(arguments.host, server.server_port)
        say(f"{len(names)} {'study' if len(names) == 1 else 'studies'} of {shown(arguments.storage)} at {address}")
        say("it asks for the token once; Ctrl-C ends it" if arguments.token else "Ctrl-C ends it")
        if not arguments.read_only:
            stack.enter_context(_filling_in(reading, writing))
        application = guarded(
            reading,
            None if arguments.read_only else writing,
            access=Access(arguments.host, socket.gethostname(), arguments.token),
            port=server.server_port,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        run(server, application, verbose=arguments.verbose)
    return 0


def guarded(reading: Database, writing: Database | None, *, access: Access, port: int) -> WSGIApplication:
    """Return the dashboard of a database, opened for reading and, unless nothing may be changed, for writing."""
    return Guard(
        _dashboard(reading),
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
        from reports.page.page import report_html  # noqa: PLC0415 - the plotting library takes seconds to load

        with self._lock:
            results = load_results(self._database, study)
            with untrusted_reading(study):
                return report_html([results])


def fill_in(reading: Database, writing: Database, announce: Callable[[str], None], stop: threading.Event) -> None:
    """Publish what is missing or stale of every study in a database, until `stop` is set.

    It is looked at through `reading`, which holds up no search.
    """
    from reports.dashboard.publish import publish  # noqa: PLC0415 - it takes a moment, and the server need not wait

    for name in study_names(reading):
        if stop.is_set() or name.endswith(PARTS):
            continue
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


@contextlib.contextmanager
def _filling_in(reading: Database, writing: Database) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=fill_in, args=(reading, writing, say, stop), daemon=True, name="filling in")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)


def _dashboard(database: Database) -> WSGIApplication:
    from optuna_dashboard import wsgi  # noqa: PLC0415 - it takes seconds to load

    application: WSGIApplication = wsgi(database.optuna, artifact_store=DatabaseArtifacts(database.engine))
    return application


if __name__ == "__main__":
    sys.exit(main())
