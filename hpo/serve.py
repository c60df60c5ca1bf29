"""Front door `python -m hpo.serve`: the dashboard of all studies in a database, with what was found filled in."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator

from hpo.cli.options import add_patience, add_storage, parser
from hpo.cli.running import quiet_optuna, run_command, say
from hpo.cli.waiting import patience
from hpo.engine.exit_codes import DONE, INTERRUPTED
from hpo.record.names import whole_studies
from hpo.storage.database import Database, database_errors, shown
from hpo.web.access import Access, check_exposure
from hpo.web.dashboard import fill_in, guarded
from hpo.web.server import address_of, listen, run


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
        hpo serve
        hpo serve --storage postgresql+psycopg://user:password@host/hpo --read-only
        HPO_TOKEN=... hpo serve --host 0.0.0.0 --port 8000
        """,
    )
    add_storage(made)
    add_patience(made)
    made.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: 127.0.0.1, this machine)")
    made.add_argument("--port", type=int, default=8080, metavar="N", help="(default: 8080; 0: any that is free)")
    made.add_argument("--read-only", action="store_true", help="let nobody change anything, and write nothing")
    made.add_argument(
        "--token",
        default=os.environ.get("HPO_TOKEN") or None,
        help="a secret that a browser is asked for once; needed to listen beyond this machine (default: $HPO_TOKEN)",
    )
    made.add_argument("--insecure", action="store_true", help="listen beyond this machine without a token")
    return made


def _serve(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    check_exposure(arguments.host, arguments.token, insecure=arguments.insecure)
    with database_errors(arguments.storage), contextlib.ExitStack() as stack:
        if not arguments.read_only:  # first: it makes the tables that a database of an earlier version lacks
            waiting = patience(arguments.patience, say)
            writing = stack.enter_context(Database(arguments.storage, create=False, patience=waiting))
        waiting = patience(arguments.patience, say)
        reading = stack.enter_context(Database(arguments.storage, read_only=True, patience=waiting))
        names = whole_studies(reading)
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
        try:
            run(server, application, verbose=arguments.verbose)
        except KeyboardInterrupt:
            say("stopped")
            return INTERRUPTED
    return DONE


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


if __name__ == "__main__":
    sys.exit(main())
