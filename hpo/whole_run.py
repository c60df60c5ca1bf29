"""A whole study as `hpo run` does it once its options are read: from its definition to tables and figures on disk.

Apart from the front door, which starts the workers' process before it imports this, and all that this needs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hpo import models
from hpo.cli import garbage
from hpo.cli.console import console as plain_console
from hpo.cli.data import Looked, data_dir_of_workers, look_at_data
from hpo.cli.display import Display
from hpo.cli.effort import effort_line
from hpo.cli.foresight import LoadingLate
from hpo.cli.formats import chosen_formats
from hpo.cli.given import given_by
from hpo.cli.options import check_workers, make_out_folder
from hpo.cli.running import quiet_optuna, say, stopped
from hpo.cli.waiting import patience
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.engine.exit_codes import DONE
from hpo.engine.launchers.processes import Ahead, Prestarted, on_this_machine
from hpo.engine.running import run_study
from hpo.record.commands import serve_command
from hpo.record.declared import DeclaredStudy
from hpo.record.kept_networks import kept_network
from hpo.record.names import study_names
from hpo.record.results import StudyResults, load_results
from hpo.record.untrusted import using
from hpo.reports.kinds import DRAWN_FORMATS
from hpo.storage.database import Database, database_errors
from hpo.training.images import StudyData

DRAWING_SECONDS = 8.0
"""What is drawn at the end, and about how long that takes (`python -m tests.benchmarks.reports`)."""


def run(arguments: argparse.Namespace, prestarted: Prestarted) -> int:
    """Do what `arguments` ask for, with the workers' process that was started, and return the exit code."""
    quiet_optuna(arguments.verbose)
    check_workers(arguments.workers)
    arguments.formats = chosen_formats(arguments.formats)
    warm = [f"search.warm_start={arguments.warm_start}"] if arguments.warm_start else []
    declared = DeclaredStudy.load(arguments.study, [*arguments.changes, *warm], arguments.seed, name=arguments.name)
    out = arguments.out or Path("out") / declared.name
    make_out_folder(out)
    folder = data_dir_of_workers(declared.definition, arguments.data_dir)
    prestarted.tell(Ahead(declared.name, declared.definition.record(), None if folder is None else str(folder)))
    waiting = patience(arguments.patience, say)
    with database_errors(arguments.storage), Database(arguments.storage, patience=waiting) as database:
        looked = look_at_data(declared.definition, arguments.data_dir)
        garbage.look_again()
        declared = declared.settled(looked.settled)
        arguments.data_dir = folder
        done = _search(arguments, database, declared, looked, prestarted=prestarted)
        prestarted.close()
        if done:
            _conclude(database, declared.name, looked.data, out, arguments)
            return DONE
        if declared.name in study_names(database):
            results = load_results(database, declared.name)
            _publish_or_say(database, results)
            with using(declared.name):
                _write(results, out, arguments)
    return stopped(arguments.storage)


def _search(
    arguments: argparse.Namespace,
    database: Database,
    declared: DeclaredStudy,
    looked: Looked,
    *,
    prestarted: Prestarted,
) -> bool:
    """Run the study to its end and show it; False if it was asked to stop before."""
    draws = bool(set(DRAWN_FORMATS) & set(arguments.formats))
    with Display(plain_console(), DRAWING_SECONDS if draws else 0.0) as display:
        return run_study(
            database,
            declared,
            data=looked.summary,
            source=looked.source,
            launch=on_this_machine(
                arguments.storage,
                arguments.workers,
                arguments.data_dir,
                prestarted.take,
                arguments.patience,
                given=given_by(declared),
            ),
            watcher=LoadingLate(display, _load_reports),
            more_rounds=arguments.rounds,
            accept_source=arguments.accept_source,
            lines=lambda definition: [effort_line(definition, looked, arguments.workers)],
            publish=lambda name: _publish(database, load_results(database, name)),
        )


def _load_reports() -> None:
    """Import what is written and drawn at the end."""
    import hpo.reports.files  # noqa: PLC0415 - see _write
    import hpo.reports.look.files  # noqa: PLC0415
    import hpo.reports.terminal.search  # noqa: F401, PLC0415


def _publish(database: Database, results: StudyResults) -> None:
    """Write what the dashboard shows of the study."""
    from hpo.reports.dashboard.publish import publish  # noqa: PLC0415 - see _write

    publish(database, results)


def _publish_or_say(database: Database, results: StudyResults) -> None:
    """Do the same at the end, where the files are what counts."""
    try:
        _publish(database, results)
    except Exception as error:  # whatever it is: hpo.serve tries again
        say(f"the dashboard's notes and figures could not be written: {error}")


def _write(results: StudyResults, out: Path, arguments: argparse.Namespace) -> list[Path]:
    from hpo.reports.files import write_reports  # noqa: PLC0415 - pandas and matplotlib take a second to load

    return write_reports(results, out, arguments.formats, bom=arguments.bom)


def _write_network(database: Database, results: StudyResults, data: StudyData | None, out: Path) -> list[Path]:
    """Write the trained network, and what is inside it if it is a ConvNet, as a held-out image is seen by it."""
    from hpo.reports.look.files import write_look, write_network  # noqa: PLC0415 - see _write

    kept = kept_network(database, results) if isinstance(results.definition.trainer, NetworkTrainer) else None
    if kept is None:
        return []
    written = [write_network(kept.after, out)]
    if isinstance(kept.after, models.ConvNet) and data is not None:
        written += write_look(kept.before, kept.after, data.pictures.images[data.split.holdout[0]], out)
    return written


def _conclude(database: Database, name: str, data: StudyData | None, out: Path, arguments: argparse.Namespace) -> None:
    from hpo.reports.files import REPORT  # noqa: PLC0415 - see _write
    from hpo.reports.terminal.search import ending  # noqa: PLC0415 - see _write

    results = load_results(database, name)
    console = plain_console()
    with using(name):
        with console.status("writing tables, figures and the report"):
            _publish_or_say(database, results)
            written = _write(results, out, arguments) + _write_network(database, results, data, out)
        for panel in ending(results, whole=arguments.verbose):
            console.print(panel)
    console.print(f"\n{len(written)} files in {out}", markup=False, soft_wrap=True)
    if out / REPORT in written:
        console.print(f"the report: {out / REPORT}", markup=False, soft_wrap=True)
    console.print(f"watch it with: {serve_command(arguments.storage)}", markup=False, soft_wrap=True)
