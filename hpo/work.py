"""Front door `python -m hpo.work`: one worker, which joins a running search from wherever the database is reached."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import os
import signal
import sys
import threading

from hpo.cli.options import add_data_dir, add_storage, parser
from hpo.cli.running import complain, quiet_optuna, run_command, say
from hpo.engine.exit_codes import DONE, INTERRUPTED
from hpo.engine.interrupts import StopRequest
from hpo.engine.launchers.processes import IDLE_LINE
from hpo.engine.worker import LONGEST_WAIT, Worker
from hpo.record.study import StudyRecord, check_same_data
from hpo.storage.database import Database, database_errors
from hpo.storage.datasets import load_training_part, locate
from hpo.training.images import StudyData

PARENT_WAKES_SECONDS = 10.0
"""Between two looks of a worker whose parent tells it when there is something to do."""


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _work(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.work",
        "Join a running search as one more worker. It takes trials from the queue, trains them, and writes their\n"
        "results to the database. It ends when the search is done. Start one per core, on any machine that can reach\n"
        "the database.",
        """
        hpo work --study mnist_wd
        hpo work --study mnist_wd --storage postgresql+psycopg://user:password@host/hpo
        """,
    )
    made.add_argument("--study", required=True, metavar="NAME", help="a study in the database (see: hpo studies)")
    add_storage(made)
    add_data_dir(made)
    made.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # started by hpo.run, which may die
    return made


def _work(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    nudged = threading.Event()
    if arguments.child:
        _listen_to_parent(nudged)
    announce = complain if arguments.child else say
    with (
        StopRequest((lambda _: None) if arguments.child else say) as stop,
        database_errors(arguments.storage),
        Database(arguments.storage, create=False) as database,
    ):
        record = StudyRecord(database, arguments.study)
        definition = record.definition
        stand_in = record.source["complete"] != "yes"
        located = locate(
            definition.data.dataset,
            data_dir=arguments.data_dir,
            offline=arguments.child or stand_in,
            announce=(lambda _: None) if stand_in else announce,
            sha256=record.source["sha256"],
        )
        check_same_data(record, located)
        data = StudyData.build(definition, located, load_training_part(located))
        worker = Worker(
            database,
            arguments.study,
            data,
            located,
            stop=stop,
            announce=announce,
            on_idle=(lambda: say(IDLE_LINE)) if arguments.child else (lambda: None),
            nudged=nudged,
            longest_wait=PARENT_WAKES_SECONDS if arguments.child else LONGEST_WAIT,
        )
        if not arguments.child:
            say(f"working on {arguments.study} ({located.provenance})")
        worker.run()
    if not arguments.child:
        say("stopped; the unfinished trial is back in the queue" if stop.requested else f"{arguments.study} is done")
    return INTERRUPTED if stop.requested else DONE


def _listen_to_parent(nudged: threading.Event) -> None:
    """Set `nudged` at every line from the hpo.run that holds the other end of standard input; stop when it is gone."""

    def listen() -> None:
        for _ in sys.stdin:
            nudged.set()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True, name="parent").start()


if __name__ == "__main__":
    sys.exit(main())
