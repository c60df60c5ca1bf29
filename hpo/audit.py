"""Front door `python -m hpo.audit`: the truth about a search that somebody else ran, from its trials alone."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import re
import sys
from pathlib import Path

from hpo.auditing.search import AuditedSearch
from hpo.cli.console import console as plain_console
from hpo.cli.formats import add_formats, chosen_formats
from hpo.cli.options import add_storage, make_out_folder, parser, user_path
from hpo.cli.running import quiet_optuna, run_command, say
from hpo.engine.exit_codes import DONE
from hpo.searching.metric import DIRECTIONS
from hpo.storage.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _audit(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.audit",
        "Say what a search that was run with Optuna, or any other tool, is worth: how far its best score is luck,\n"
        "which configs can't be told apart, which ranges were too narrow, which hyperparameters had no detectable\n"
        "effect, what more trials would gain, and which configs to run again to know. Only trials are read, from an\n"
        "Optuna database, which is not written to, or from a CSV file with a line for each trial.",
        """
        hpo audit --storage sqlite:///theirs.db --study their_study
        hpo audit --storage sqlite:///theirs.db --study their_study --metric accuracy --out audits
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
    made.add_argument("--out", type=user_path, metavar="DIR", help="where the files go (default: out/audit-<name>/)")
    add_formats(made)
    return made


def _audit(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    formats = chosen_formats(arguments.formats)
    search = _search(arguments)
    out = arguments.out or Path("out") / f"audit-{_file_name(search.name)}"
    make_out_folder(out)
    # What looks and draws takes two seconds to load: --help, and names that there are not, are answered before.
    from hpo.auditing.audit import audit  # noqa: PLC0415
    from hpo.reports.audit_files import PAGE, audit_files  # noqa: PLC0415
    from hpo.reports.files import write_files  # noqa: PLC0415
    from hpo.reports.terminal.audit import audit_panel  # noqa: PLC0415

    found = audit(search)
    plain_console().print(audit_panel(found))
    contents = audit_files(found, formats, bom=arguments.bom)
    written = write_files(contents, out)
    say(f"\nfiles in {out}: {', '.join(str(path.relative_to(out)) for path in written)}")
    if PAGE in contents:
        say(f"the page: {out / PAGE}")
    return DONE


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
