"""Front door `python -m hpo.work`: workers that join a running search, from wherever the database is reached."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from hpo.cli import garbage
from hpo.cli.given import study_and_given
from hpo.cli.options import add_data_dir, add_patience, add_storage, check_workers, parser
from hpo.cli.running import complain, quiet_optuna, run_command, say
from hpo.cli.waiting import patience
from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.engine.exit_codes import INTERRUPTED
from hpo.engine.launchers.base import Announce
from hpo.engine.launchers.crew import Crew
from hpo.engine.launchers.member import Idle, Membership, Ready
from hpo.engine.launchers.processes import IDLE_LINE, READY_LINE, Ahead, Order, read
from hpo.engine.watchdog import watched
from hpo.engine.worker import Worker
from hpo.record.study import StudyRecord, check_same_data
from hpo.storage.database import Database, database_errors
from hpo.storage.errors import UserError
from hpo.storage.located import Located
from hpo.storage.queue import deaths
from hpo.training.given import Given
from hpo.training.images import StudyData
from hpo.training.kinds import trainer_of
from hpo.training.loading import load_data, locate_data
from hpo.training.own_data import provenance
from hpo.training.protocol import Trainer

STDIN = 0


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _for_parent(arguments) if arguments.child else _for_person(arguments), watch=False)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.work",
        "Join a running search with more workers, on any machine that can reach the database. Each takes trials from\n"
        "the queue, trains them, and writes their results to the database. They end when the search is done; a worker\n"
        "that dies is replaced. One worker per core is best. Ctrl-C stops them, and unfinished trials go back to the\n"
        "queue.",
        """
        hpo work --study mnist_wd
        hpo work --study mnist_wd --workers 8 --storage postgresql+psycopg://user:password@host/hpo
        hpo work --study my_study.toml
        hpo work --study my_study --trainer train.py:train
        """,
    )
    made.add_argument(
        "--study", metavar="NAME|FILE.toml", help="a study in the database (see: hpo studies), or the file of one"
    )
    made.add_argument(
        "--trainer",
        metavar="FILE.py:FUNCTION",
        help="what may be trained with here, where a study trains something else than the networks that come along: "
        "its function, or its study file. Without it such a study is refused: a database makes no worker run code",
    )
    made.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    add_storage(made)
    add_patience(made)
    add_data_dir(made)
    made.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # started by hpo.run, which may die
    return made


def _for_person(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    check_workers(arguments.workers)
    if arguments.study is None:
        raise UserError("--study NAME is needed: a study in the database (see: hpo studies)")
    storage = arguments.storage
    study, given = study_and_given(arguments.study, arguments.trainer)
    reach = partial(_reach, storage, arguments.patience, say, insists=arguments.patience is not None)
    with database_errors(storage):
        trainer, data, located = _load(study, reach, arguments.data_dir, given, offline=False, announce=say)
        several = f" with {arguments.workers} workers" if arguments.workers > 1 else ""
        code = Crew(
            arguments.workers,
            partial(_work, reach=reach, study=study, trainer=trainer, data=data, located=located, announce=say),
            bury=partial(_bury, reach, study),
            announce=say,
            on_ready=lambda: say(f"working on {study}{several} ({provenance(located)})"),
        ).run()
    if code == INTERRUPTED:
        say("stopped; the unfinished trial is back in the queue")
    else:
        say(f"{study} is done")
    return code


def _given_by_parent(order: Order) -> Given | None:
    return None if order.trainer is None else Given.read(order.trainer)


def _for_parent(arguments: argparse.Namespace) -> int:
    """Do what the hpo.run wants that holds the other end of standard input; stop when it is gone."""
    quiet_optuna(arguments.verbose)
    garbage.put_off()  # until the data are loaded, too
    loaded, told = None, read(STDIN)
    if isinstance(told, Ahead):
        loaded, told = _loaded_ahead(told), read(STDIN)
    if not isinstance(told, Order):
        return INTERRUPTED
    order, folder = told, _folder(told)
    reach = partial(_reach, order.storage, order.patience, _say_nothing, insists=True)  # the search says it
    with database_errors(order.storage):
        trainer, data, located = _load(
            order.study, reach, folder, _given_by_parent(order), offline=True, announce=complain, ahead=loaded
        )
        return Crew(
            order.workers,
            partial(
                _work,
                reach=reach,
                study=order.study,
                trainer=trainer,
                data=data,
                located=located,
                announce=complain,
                is_nudged=True,
            ),
            bury=partial(_bury, reach, order.study),
            announce=complain,
            on_ready=lambda: say(READY_LINE),
            on_idle=lambda: say(IDLE_LINE),
            parent=STDIN,
        ).run()


@dataclass(frozen=True)
class _Loaded:
    """Data that were cut for `definition` before its study was in the database."""

    definition: StudyDefinition
    located: Located
    data: StudyData

    def fits(self, definition: StudyDefinition, located: Located) -> bool:
        """Say whether the study came out with the same data, cut the same way."""
        ours, theirs = self.data.settled(self.definition), self.data.settled(definition)
        return (ours.data, ours.seed, self.located) == (theirs.data, theirs.seed, located)


def _loaded_ahead(ahead: Ahead) -> _Loaded | None:
    """Return what may be needed; None where that fails, which is said when it is needed."""
    try:
        definition = read_definition(ahead.name, ahead.definition)
        if definition.data.dataset is None:
            return None
        located = locate_data(definition, data_dir=_folder(ahead), offline=True, announce=lambda _: None)
        return _Loaded(definition, located, StudyData.build(definition, located, load_data(located)))
    except UserError:
        return None


def _folder(told: Ahead | Order) -> Path | None:
    return None if told.data_dir is None else Path(told.data_dir)


class Reach(Protocol):
    """Opens the database; it travels to the workers, which open it each for itself."""

    def __call__(self, *, checked: bool = False) -> Database:
        """Open it; `checked` says that its tables have been looked at."""


def _reach(
    storage: str, seconds: float | None, announce: Announce, *, insists: bool, checked: bool = False
) -> Database:
    waiting = patience(seconds, announce, insists=insists or checked)
    return Database(storage, create=False, checked=checked, patience=waiting)


def _say_nothing(_: str) -> None:
    pass


def _load(
    study: str,
    reach: Reach,
    data_dir: Path | None,
    given: Given | None,
    *,
    offline: bool,
    announce: Announce,
    ahead: _Loaded | None = None,
) -> tuple[Trainer, StudyData | None, Located | None]:
    """Return trainer and data of `study`, once for all workers; the database is closed again, as a fork asks for."""
    with watched(), reach() as database:
        record = StudyRecord(database, study)
        definition = record.definition
        if definition.data.dataset is None:
            return trainer_of(definition, None, given, scope=record.row.key), None, None
        scope = record.row.key
        stand_in = record.source["complete"] != "yes"
        located = locate_data(
            definition,
            data_dir=data_dir,
            offline=offline or stand_in,
            announce=(lambda _: None) if stand_in else announce,
            sha256=record.source["sha256"],
        )
        check_same_data(record, located)
    if ahead is not None and ahead.fits(definition, located):
        data = ahead.data
    else:
        data = StudyData.build(definition, located, load_data(located))
    return trainer_of(definition, data, given, located=located, scope=scope), data, located


def _work(
    membership: Membership,
    *,
    reach: Reach,
    study: str,
    trainer: Trainer,
    data: StudyData | None,
    located: Located | None,
    announce: Announce,
    is_nudged: bool = False,
) -> None:
    """Be one of the workers, in a process of its own."""
    with reach(checked=True) as database, database_errors(database.url):
        worker = Worker(
            database,
            study,
            trainer,
            data,
            located,
            stop=membership.stop,
            announce=announce,
            on_idle=lambda: membership.tell(Idle()),
            nudged=membership.nudged,
            is_nudged=is_nudged,
        )
        membership.tell(Ready(worker.holder))
        worker.run()


def _bury(reach: Reach, study: str, holder: str, cause: str) -> None:
    """Blame the trial that the worker with this name died of, in a process of its own."""
    with reach(checked=True) as database, database_errors(database.url):
        study_id = StudyRecord(database, study).id
        database.write(lambda connection: deaths.bury(connection, study_id, holder, cause))


if __name__ == "__main__":
    sys.exit(main())
