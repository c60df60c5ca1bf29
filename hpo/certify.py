"""Front door `python -m hpo.certify`: does the subset that a study trains on rank the better configs like more data?"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hpo.certificate.plan import CONFIGS, FACTOR, LARGEST, SEEDS
from hpo.certificate.ranking import LEAST_CONFIGS, LEAST_SEEDS
from hpo.cli.console import console as plain_console
from hpo.cli.data import data_dir_of_workers, look_at_data
from hpo.cli.display import Display
from hpo.cli.options import (
    add_changes,
    add_data_dir,
    add_patience,
    add_storage,
    add_workers,
    check_workers,
    make_out_folder,
    parser,
    user_path,
)
from hpo.cli.running import quiet_optuna, run_command, say, stopped
from hpo.cli.waiting import patience
from hpo.definition.rounds import RoundRecord
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.engine.exit_codes import DONE
from hpo.engine.launchers.processes import Prestarted, on_this_machine
from hpo.engine.running import run_certificate
from hpo.record.certificate import CertificateRecord, load_findings
from hpo.record.declared import DeclaredStudy
from hpo.record.names import study_names
from hpo.record.study import StudyRecord
from hpo.record.untrusted import using
from hpo.storage.database import Database, database_errors, shown
from hpo.storage.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    with Prestarted() as prestarted:
        return run_command(lambda: _certify(arguments, prestarted))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.certify",
        "Check whether the subset that a study trains on ranks configs like more data does. The same configs are\n"
        "trained on n, 4n and 16n images, with several seeds each and as many updates. The rankings of the better\n"
        "half are compared. Run it before the search, or after it; then the configs are drawn around the last box.\n"
        "The same command again resumes; finished trials are kept.",
        """
        hpo certify --study mnist_wd
        hpo certify --study my_study.toml --configs 32 --seeds 5
        hpo certify --study mnist_wd --largest 50000
        """,
    )
    made.add_argument(
        "--study",
        required=True,
        metavar="NAME|FILE.toml",
        help="a study in the database, a built-in one, or the path of your own study file",
    )
    add_storage(made)
    add_patience(made)
    add_workers(made)
    made.add_argument(
        "--name", metavar="NAME", help="what the study is called in the database (default: like its file)"
    )
    made.add_argument("--configs", type=int, metavar="N", help=f"how many configs are drawn (default: {CONFIGS})")
    made.add_argument("--seeds", type=int, metavar="N", help=f"runs of each config on each size (default: {SEEDS})")
    made.add_argument(
        "--largest",
        type=int,
        metavar="N",
        help=f"images of the largest size, the reference (default: {LARGEST} times the study's, or all there are)",
    )
    made.add_argument("--out", type=user_path, metavar="DIR", help="where table and figure go (default: out/<study>/)")
    add_data_dir(made)
    add_changes(made)
    return made


def _certify(arguments: argparse.Namespace, prestarted: Prestarted) -> int:
    quiet_optuna(arguments.verbose)
    check_workers(arguments.workers)
    for name, least in (("configs", LEAST_CONFIGS), ("seeds", LEAST_SEEDS), ("largest", FACTOR)):
        given = getattr(arguments, name)
        if given is not None and given < least:
            raise UserError(f"--{name} {given}: a certificate needs at least {least}")
    waiting = patience(arguments.patience, say)
    with database_errors(arguments.storage), Database(arguments.storage, patience=waiting) as database:
        definition, rounds = _study(arguments, database)
        out = arguments.out or Path("out") / definition.name
        make_out_folder(out)
        looked = look_at_data(definition, arguments.data_dir)
        definition = looked.settled(definition)
        arguments.data_dir = data_dir_of_workers(definition, arguments.data_dir)
        asked = {name: getattr(arguments, name) for name in ("configs", "seeds", "largest")}
        record = CertificateRecord.open(database, definition, rounds, looked.summary, looked.source, **asked)
        with Display(plain_console()) as display:
            if record.state != "done":
                plan = record.plan
                configs = f"{len(plan.configs)} configs from {plan.where}, {plan.seeds} seeds"
                display.say(f"certificate of {definition.name}: {configs}")
                display.say(f"data: {looked.source['provenance']}, database: {shown(arguments.storage)}")
            done = run_certificate(
                database,
                record,
                launch=on_this_machine(
                    arguments.storage, arguments.workers, arguments.data_dir, prestarted.take, arguments.patience
                ),
                watcher=display,
            )
        if not done:
            return stopped(arguments.storage)
        _conclude(database, definition, record, out)
    return DONE


def _study(arguments: argparse.Namespace, database: Database) -> tuple[StudyDefinition, Sequence[RoundRecord]]:
    """Return the definition that --study names, and what the database knows of its rounds.

    A study in the database goes before one that comes along. Raises UserError if a file, or what was changed, makes
    another definition than the one in the database.
    """
    name = arguments.name or arguments.study.removesuffix(".toml").rsplit("/", 1)[-1]
    present = name in study_names(database)
    if present and not arguments.study.endswith(".toml") and not arguments.changes and arguments.seed is None:
        record = StudyRecord(database, name)
        if not isinstance(record.definition.trainer, NetworkTrainer):
            raise UserError(
                f"{name} has a trainer of your own, and nothing runs that only a database names; give its study file: "
                "hpo certify --study FILE.toml"
            )
        return record.definition, record.rounds
    declared = DeclaredStudy.load(arguments.study, arguments.changes, arguments.seed, name=arguments.name)
    definition = declared.as_far_as_known(database)
    if not present:
        return definition, []
    record = StudyRecord(database, name)
    with using(name):
        record.refuse_changes(definition, record.source)
    return definition, record.rounds


def _conclude(database: Database, definition: StudyDefinition, record: CertificateRecord, out: Path) -> None:
    from hpo.reports.certificate_files import write_certificate  # noqa: PLC0415 - see hpo.run
    from hpo.reports.terminal.certificate import certificate_panel  # noqa: PLC0415

    findings = load_findings(database, definition)
    if findings is None:
        raise RuntimeError(f"{record.name} is done, yet trials are missing")
    written = write_certificate(findings, out)
    console = plain_console()
    console.print(certificate_panel(findings))
    console.print(f"\nfiles in {out}: {', '.join(path.name for path in written)}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
