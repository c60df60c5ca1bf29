"""Front door `python -m hpo.studies`: the studies that come along, and those in the database with how far they are."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import shlex
import sys
from collections.abc import Sequence

from optuna.trial import TrialState
from rich import box
from rich.table import Table
from rich.text import Text

from hpo.cli.console import console as plain_console
from hpo.cli.options import add_storage, parser
from hpo.cli.running import quiet_optuna, run_command, say
from hpo.definition.files import presets
from hpo.definition.printable import on_one_line, printable
from hpo.definition.rounds import RoundRecord, comparable
from hpo.definition.study import StudyDefinition
from hpo.engine.exit_codes import DONE
from hpo.record.names import NotOurStudyError, whole_studies
from hpo.record.removing import belongings, delete_study, rename_study
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.record.untrusted import UnreadableStudyError, reading
from hpo.searching.metric import Metric
from hpo.searching.metric_text import name_of, score_words
from hpo.searching.queued import QueuedTrial, search_results
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult, incumbent
from hpo.storage.database import Database, database_errors, shown
from hpo.storage.errors import NoDatabaseError, UserError
from hpo.storage.queue import leads


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    if arguments.delete is not None:
        return run_command(lambda: _delete(arguments))
    if arguments.rename is not None:
        return run_command(lambda: _rename(arguments))
    return run_command(lambda: _list(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.studies",
        "List the built-in studies, and the studies in the database: state, trials, best score, box. Or delete\n"
        "or rename a study of the database, with its final part, its certificate and all that is kept of its trials.",
        """
        hpo studies
        hpo studies --storage sqlite:///hpo.db
        hpo studies --rename mine first-try
        hpo studies --delete first-try
        """,
    )
    add_storage(made)
    change = made.add_mutually_exclusive_group()
    change.add_argument("--delete", metavar="NAME", help="delete this study")
    change.add_argument("--rename", nargs=2, metavar=("OLD", "NEW"), help="rename this study")
    made.add_argument("--yes", action="store_true", help="delete without asking")
    return made


def _delete(arguments: argparse.Namespace) -> int:
    with database_errors(arguments.storage), Database(arguments.storage, create=False) as database:
        found = belongings(database, arguments.delete)
        question = f"delete {found.sentence()}, from {shown(arguments.storage)}"
        if not arguments.yes and not _agreed(question):
            say("nothing was deleted")
            return DONE
        delete_study(database, arguments.delete)
        say(f"deleted {found.sentence()}")
    return DONE


def _agreed(question: str) -> bool:
    """Ask, and say whether the answer is yes. Raises UserError where nobody is there to answer."""
    if not sys.stdin.isatty():
        raise UserError(f"nobody can be asked whether to {question}; add --yes")
    return input(f"{printable(question)}? [y/N] ").strip().lower() in ("y", "yes")


def _rename(arguments: argparse.Namespace) -> int:
    old, new = arguments.rename
    with database_errors(arguments.storage), Database(arguments.storage, create=False) as database:
        rename_study(database, old, new)
        say(f"renamed {old!r} to {new!r}; go on with it by adding --name {shlex.quote(new)} to its command")
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    console = plain_console()
    coming = _table("built-in studies")
    coming.add_column("study", no_wrap=True)
    coming.add_column("what it searches or compares")
    for name, title in presets().items():
        coming.add_row(name, title)
    console.print(coming)
    with database_errors(arguments.storage):
        try:
            database = Database(arguments.storage, read_only=True)
        except NoDatabaseError as error:
            console.print(f"no studies in the database yet: {error}", markup=False)
            return DONE
        names = whole_studies(database)
        if not names:
            console.print(f"no studies in {shown(arguments.storage)} yet", markup=False)
            return DONE
        console.print(_stored(database, names, shown(arguments.storage)))
        if doubt := database.doubt():
            console.print(doubt, markup=False)
    return DONE


def _stored(database: Database, names: list[str], url: str) -> Table:
    table = _table(f"studies in {url}")
    for column in ("study", "state", "done", "queued", "failed", "best", BOX):
        table.add_column(column, no_wrap=column not in ("study", BOX), justify="right" if column in _COUNTS else "left")
    for name in names:
        table.add_row(Text(on_one_line(name)), *(Text(printable(cell)) for cell in _row(database, name)))
    return table


def _table(title: str) -> Table:
    title_text = Text(printable(title), style="table.title")
    return Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0), title=title_text, title_justify="left")


BOX = "box of the last round"
_COUNTS = ("done", "queued", "failed", "best")


def _row(database: Database, name: str) -> list[str]:
    """Return the cells of one study: of what cannot be read why, of another program's study that it is one."""
    try:
        with reading(name):
            return _read_row(database, name)
    except UnreadableStudyError as error:
        return ["", "", "", "", "", f"unreadable: {error.why}"]


def _read_row(database: Database, name: str) -> list[str]:
    try:
        record = StudyRecord(database, name)
    except NotOurStudyError:
        return ["not made by hpo run", "", "", "", "", ""]
    definition, found = record.definition, trials_of(database, record)
    search, everything = found.search, [*found.search, *found.final]
    metric = definition.metric
    results = with_imputed_scores(comparable(definition, search_results(search, metric)), metric)
    rounds = record.rounds
    state = record.state
    if state != "done":
        led = database.read(lambda connection: leads.is_led(connection, record.id))
        state = "running" if led else "interrupted"
    ended = _count(everything, TrialState.COMPLETE) + _count(everything, TrialState.PRUNED)
    failed = _count(everything, TrialState.FAIL)
    return [
        state,
        str(ended),
        str(len(everything) - ended - failed),
        str(failed),
        _best(metric, incumbent(results)) if results else "-",
        _where(definition, rounds),
    ]


def _best(metric: Metric, trial: TrialResult) -> str:
    """Return the best score as a value, with the name of a metric that is no share."""
    if trial.failed:
        return "-"
    return f"{name_of(metric)}{score_words(metric, trial.score)}"


def _where(definition: StudyDefinition, rounds: Sequence[RoundRecord]) -> str:
    """Return where the study looks now, a line for each hyperparameter; of a comparison, how large its grid is."""
    if definition.comparison is not None:
        return f"a grid: {len(definition.space.grid())} x {definition.comparison.seeds} runs"
    regions = rounds[-1].box.regions if rounds else {}
    return "\n".join(f"{key}: {_region(region)}" for key, region in regions.items()) or "-"


def _region(region: object) -> str:
    return ", ".join(map(str, region)) if isinstance(region, tuple) else str(region)


def _count(trials: list[QueuedTrial], state: TrialState) -> int:
    return sum(trial.state == state for trial in trials)


if __name__ == "__main__":
    sys.exit(main())
