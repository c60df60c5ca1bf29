"""Front door `python -m hpo.audit`: the truth about a search that somebody else ran, from its trials alone."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import re
import sys
import tempfile
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.auditing.search import AuditedSearch, score_of
from hpo.cli.console import console as plain_console
from hpo.cli.formats import add_formats, chosen_formats
from hpo.cli.options import (
    add_data_dir,
    add_storage,
    add_workers,
    check_workers,
    make_out_folder,
    parser,
    user_path,
)
from hpo.cli.running import quiet_optuna, run_command, say
from hpo.engine.exit_codes import DONE, INTERRUPTED
from hpo.engine.watchdog import watched
from hpo.searching.metric import DIRECTIONS
from hpo.storage.errors import UserError

if TYPE_CHECKING:
    from hpo.auditing.audit import Audit
    from hpo.definition.study import StudyDefinition
    from hpo.proof.rerun import Rerun
    from hpo.training.protocol import Trainer


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _audit(arguments), watch=arguments.trainer is None)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.audit",
        "Say what a search that was run with Optuna, or any other tool, is worth: how far its best score is luck,\n"
        "which configs can't be told apart, which ranges were too narrow, which hyperparameters had no detectable\n"
        "effect, what more trials would gain, and which configs to run again to know. Only trials are read, from an\n"
        "Optuna database, which is not written to, or from a CSV file with a line for each trial. With --trainer it\n"
        "runs those configs again, and says which to use.",
        """
        hpo audit --storage sqlite:///theirs.db --study their_study
        hpo audit --storage sqlite:///theirs.db --study their_study --metric accuracy --out audits
        hpo audit --storage sqlite:///theirs.db --study their_study --trainer train.py:train
        hpo audit --csv trials.csv --score val_loss --direction minimize
        hpo audit --csv trials.csv --score auc --direction maximize --ignore host,notes --log lr
        """,
    )
    made.add_argument("--study", metavar="NAME", help="the Optuna study; may be left out where there is only one")
    add_storage(made)
    made.add_argument("--csv", type=user_path, metavar="FILE", help="a CSV file of trials, in place of a database")
    made.add_argument("--score", metavar="COLUMN", help="the column of the score, with --csv")
    made.add_argument("--direction", choices=DIRECTIONS, help="whether scores are better when high or low, with --csv")
    made.add_argument("--columns", metavar="LIST", help="the columns of hyperparameters (default: all others)")
    made.add_argument("--ignore", metavar="LIST", help="columns that are none")
    made.add_argument("--log", metavar="LIST", help="columns on a log axis (default: what looks drawn on one)")
    made.add_argument("--linear", metavar="LIST", help="columns on a linear axis")
    made.add_argument(
        "--metric",
        metavar="NAME",
        help="what the scores are, such as accuracy: shares from 0 to 1 are shown in percent (default: plain values)",
    )
    made.add_argument(
        "--trainer",
        metavar="FILE.py:FUNCTION",
        help="run the configs again that are to be, each with fresh seeds: by this function, or by what a study file "
        "(FILE.toml) trains with, on its data",
    )
    add_workers(made)
    add_data_dir(made)
    made.add_argument("--out", type=user_path, metavar="DIR", help="where the files go (default: out/audit-<name>/)")
    add_formats(made)
    return made


def _audit(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    check_workers(arguments.workers)
    formats = chosen_formats(arguments.formats)
    with nullcontext() if arguments.trainer is None else watched():  # who is to be forked later has no threads then
        search = _search(arguments)
    if arguments.trainer is None:
        _told(arguments, search, formats)
        return DONE
    from hpo.cli.rerun import trainer_again  # noqa: PLC0415 - see _told

    with tempfile.TemporaryDirectory(prefix="hpo-audit-") as folder:
        found = trainer_again(arguments.trainer, search.metric, arguments.data_dir, Path(folder).name, say)
        audit = _told(arguments, search, formats)
        return _raced(arguments, audit, formats, found, Path(folder))


def _told(arguments: argparse.Namespace, search: AuditedSearch, formats: Collection[str]) -> Audit:
    """Say and write down what the trials alone tell."""
    make_out_folder(_out(arguments, search))
    # What looks and draws takes two seconds to load: --help, and names that there are not, are answered before.
    from hpo.auditing.audit import audit  # noqa: PLC0415
    from hpo.reports.terminal.audit import audit_panel  # noqa: PLC0415

    found = audit(search)
    plain_console().print(audit_panel(found))
    _write(arguments, found, formats, None)
    return found


def _raced(
    arguments: argparse.Namespace,
    audit: Audit,
    formats: Collection[str],
    found: tuple[StudyDefinition, Trainer],
    folder: Path,
) -> int:
    """Run the configs again that are to be, and say and write down what that tells."""
    from hpo.engine.rerun import Planned, train_again  # noqa: PLC0415 - see _told
    from hpo.proof.rerun import rerun  # noqa: PLC0415
    from hpo.reports.terminal.rerun import rerun_panel  # noqa: PLC0415
    from hpo.reports.words.formatting import count_text  # noqa: PLC0415

    if audit.again is None:
        raise UserError("there is nothing to run again: these trials are too few, or all scored the same")
    metric, runs = audit.search.metric, audit.again.runs
    trials = {each.number: each for each in audit.search.trials}
    again = [trials[each.number] for each in audit.again.configs]
    definition, trainer = found
    planned = Planned(definition, {each.number: dict(each.given) for each in again}, runs)
    say(f"\nrunning {count_text(len(again), 'config')} again, {runs} times each{_size(definition)}")
    outcomes = train_again(planned, trainer, folder, arguments.workers, say)
    if outcomes is None:
        return INTERRUPTED
    scores = {
        number: [each if isinstance(each, str) else metric.fault(each) or metric.score(each) for each in values]
        for number, values in outcomes.items()
    }
    failed = [each for values in scores.values() for each in values if isinstance(each, str)]
    if len(failed) == runs * len(again):
        raise UserError(f"--trainer {arguments.trainer}: every run failed, the first one with: {failed[0]}")
    ran = rerun({each.number: score_of(each) for each in again}, scores, metric)
    plain_console().print(rerun_panel(audit, ran))
    _write(arguments, audit, formats, ran)
    return DONE


def _size(definition: StudyDefinition) -> str:
    """Return how much each run trains on, where a study file says so."""
    last = definition.rounds[-1]
    return f", on {last.samples} examples for {last.epochs} epochs" if last.samples else ""


def _write(arguments: argparse.Namespace, audit: Audit, formats: Collection[str], rerun: Rerun | None) -> None:
    from hpo.reports.audit_files import PAGE, audit_files  # noqa: PLC0415 - see _told
    from hpo.reports.files import write_files  # noqa: PLC0415

    out = _out(arguments, audit.search)
    contents = audit_files(audit, formats, bom=arguments.bom, rerun=rerun)
    written = write_files(contents, out)
    say(f"\nfiles in {out}: {', '.join(str(path.relative_to(out)) for path in written)}")
    if PAGE in contents:
        say(f"the page: {out / PAGE}")


def _out(arguments: argparse.Namespace, search: AuditedSearch) -> Path:
    folder: Path = arguments.out or Path("out") / f"audit-{_file_name(search.name)}"
    return folder


def _search(arguments: argparse.Namespace) -> AuditedSearch:
    if arguments.csv is None:
        for name in ("score", "direction", "columns", "ignore", "log", "linear"):
            if getattr(arguments, name) is not None:
                raise UserError(f"--{name} is for a CSV file; name one with --csv, or leave it out")
        from hpo.record.audited import open_audited  # noqa: PLC0415 - see above

        return open_audited(arguments.storage, arguments.study, arguments.metric)
    from hpo.record.trial_csv import Columns, read_csv  # noqa: PLC0415

    if arguments.study is not None:
        raise UserError("--study is for a database, and --csv names a file; leave one of them out")
    for name, example in (("score", "the column of the score"), ("direction", "maximize or minimize")):
        if getattr(arguments, name) is None:
            raise UserError(f"--csv needs --{name}: {example}")
    columns = Columns(
        arguments.score,
        _listed(arguments.columns),
        _listed(arguments.ignore),
        _listed(arguments.log),
        _listed(arguments.linear),
    )
    return read_csv(arguments.csv, columns, arguments.direction, arguments.metric)


def _listed(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(",") if each.strip()]


def _file_name(name: str) -> str:
    """Return the name of a study as one of a folder: whoever called it may have thought of none."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:80] or "study"


if __name__ == "__main__":
    sys.exit(main())
