"""Front door `python -m hpo.studies`: the studies that come along, and those in the database with how far they are."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from collections.abc import Sequence

from optuna.trial import TrialState
from rich import box
from rich.table import Table
from rich.text import Text

from hpo.cli.console import console as plain_console
from hpo.cli.options import add_storage, parser
from hpo.cli.running import quiet_optuna, run_command
from hpo.definition.files import presets
from hpo.definition.parts import FINAL_SUFFIX, PARTS
from hpo.definition.printable import on_one_line, printable
from hpo.definition.rounds import RoundRecord, comparable
from hpo.definition.study import StudyDefinition
from hpo.engine.exit_codes import DONE
from hpo.engine.queue import coordinator_lease
from hpo.record.study import NotOurStudyError, StudyRecord, study_names
from hpo.record.trials import queued_trials
from hpo.record.untrusted import UnreadableStudyError, check_trials, reading
from hpo.searching.queued import QueuedTrial, search_results
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import incumbent
from hpo.storage.database import Database, database_errors, shown
from hpo.storage.errors import NoDatabaseError
from hpo.storage.leases import Leases


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _list(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.studies",
        "List the studies that come along, and the studies in the database: state, trials, best score, box.",
        """
        hpo studies
        hpo studies --storage sqlite:///hpo.db
        """,
    )
    add_storage(made)
    return made


def _list(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    console = plain_console()
    coming = _table("studies that come along")
    coming.add_column("study", no_wrap=True)
    coming.add_column("what it searches or compares")
    for name, title in presets().items():
        coming.add_row(name, title)
    console.print(coming)
    with database_errors(arguments.storage):
        try:
            database = Database(arguments.storage, create=False)
        except NoDatabaseError as error:
            console.print(f"no studies in the database yet: {error}", markup=False)
            return DONE
        names = [name for name in study_names(database) if not name.endswith(PARTS)]
        if not names:
            console.print(f"no studies in {shown(arguments.storage)} yet", markup=False)
            return DONE
        console.print(_stored(database, names, shown(arguments.storage)))
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
    definition, leases = record.definition, Leases(database.engine)
    search = queued_trials(database, name)
    everything = [*search, *queued_trials(database, name + FINAL_SUFFIX)]
    check_trials(everything, definition.space.hyperparameters)
    results = with_imputed_scores(comparable(definition, search_results(search)))
    rounds = record.rounds(definition)
    state = record.state
    if state != "done":
        state = "running" if leases.is_taken(coordinator_lease(name)) else "interrupted"
    ended = _count(everything, TrialState.COMPLETE) + _count(everything, TrialState.PRUNED)
    failed = _count(everything, TrialState.FAIL)
    return [
        state,
        str(ended),
        str(len(everything) - ended - failed),
        str(failed),
        f"{100 * incumbent(results).score:.1f} %" if results else "-",
        _where(definition, rounds),
    ]


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
