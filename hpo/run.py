"""Front door `python -m hpo.run`: a whole study, from its definition to tables and figures on disk."""

from __future__ import annotations

import hpo.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console, RenderableType

import models
from hpo.command_line import (
    DONE,
    INTERRUPTED,
    add_data_dir,
    add_storage,
    parser,
    quiet_optuna,
    run_command,
    say,
)
from hpo.coordinator import Coordinator
from hpo.definition import StudyDefinition
from hpo.display import Display
from hpo.fleet import Fleet
from hpo.interrupts import StopRequest
from hpo.kept_networks import kept_network
from hpo.progress import progress
from hpo.studies import load_definition, presets
from hpo.study_data import StudyData
from hpo.study_record import StudyRecord
from hpo.study_results import StudyResults, load_results
from hpo.workers import Heart
from storage.database import Database, database_errors, shown
from storage.datasets import load_training_part, locate
from storage.errors import UserError
from storage.leases import Leases

POLL_SECONDS = (0.3, 2.0)
"""How often the coordinator looks for what remote workers did, at most and at least; its own workers tell it."""

LOOKING_SHARE = 0.03
"""Of a core, that its looking may cost: its workers need the cores."""


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    if arguments.study is None:
        _introduce()
        return DONE
    return run_command(lambda: _run(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.run",
        "Search good hyperparameter values: train many configs on a small subset, move and narrow the box they are\n"
        "drawn from, race and confirm the best, and prove those on all of the data and the test set. Or compare the\n"
        "configs of a grid over several seeds, as the book's experiments do.\n"
        "The same command again resumes; finished trials are kept.",
        """
        python -m hpo.run --study mnist_wd
        python -m hpo.run --study book_overfit_weight_decay
        python -m hpo.run --study mnist_wd --set rounds.0.trials=10 --seed 1
        python -m hpo.run --study my_study.toml --storage postgresql+psycopg://user:password@host/hpo
        """,
    )
    made.add_argument("--study", metavar="NAME|FILE.toml", help="a study that comes along, or the path of your own")
    add_storage(made)
    made.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one per core)"
    )
    made.add_argument("--seed", type=int, metavar="N", help="another seed than the study's own")
    made.add_argument("--out", type=Path, metavar="DIR", help="where tables and figures go (default: out/<study>/)")
    add_data_dir(made)
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change one field of the definition, such as rounds.0.trials=10; may be repeated",
    )
    return made


def _introduce() -> None:
    say("Searches good hyperparameter values on a subset of the data and proves them on all of it,")
    say("or compares the configs of a grid.\n")
    say("studies that come along:")
    width = max(len(name) for name in presets())
    for name, title in presets().items():
        say(f"  {name:<{width}}  {title}")
    say("\nstart one with:  python -m hpo.run --study mnist_wd\nmore:            python -m hpo.run --help")


def _run(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    if arguments.workers < 1:
        raise UserError(f"--workers {arguments.workers}: at least one worker is needed")
    definition = load_definition(arguments.study, arguments.changes, arguments.seed)
    out = arguments.out or Path("out") / definition.name
    _make_folder(out)
    with database_errors(arguments.storage), Database(arguments.storage) as database:
        data, source = _look_at_data(definition, arguments.data_dir)
        record = StudyRecord.create(database, definition, data.summary(), source)
        if record.state != "done" and not _search(arguments, database, record):
            _write(load_results(database, definition.name), out)
            say(
                f"stopped; finished trials are kept in {shown(arguments.storage)}. "
                "The same command goes on where this one stopped."
            )
            return INTERRUPTED
        _conclude(database, definition, data, out, arguments.storage)
    return DONE


def _look_at_data(definition: StudyDefinition, data_dir: Path | None) -> tuple[StudyData, dict[str, str]]:
    """Find and cut the data, and build the network once, so that what does not fit is said before anything runs."""
    located = locate(definition.data.dataset, data_dir=data_dir, announce=say)
    data = StudyData.build(definition, located, load_training_part(located))
    try:
        models.build_network(definition.network, data.image_shape, data.part.classes, np.random.default_rng(0))
    except ValueError as error:
        raise UserError(f"the network does not fit the images of {located.provenance}: {error}") from error
    return data, located.record()


def _make_folder(out: Path) -> None:
    """Make the folder for the results now: an hour later would be a bad time to learn that it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f"--out {out} cannot be written to: {error.strerror}; name another folder") from error


def _search(arguments: argparse.Namespace, database: Database, record: StudyRecord) -> bool:
    """Run the search, or the comparison, to its end; False if it was asked to stop before."""
    stop = StopRequest()
    definition = record.definition
    leases = Leases(database.engine)
    console = Console(highlight=False)
    with Display(console) as display:
        display.say(f"{definition.name}: {definition.title}")
        display.say(f"data: {record.source['provenance']}, database: {shown(arguments.storage)}")
        coordinator = Coordinator(database, definition.name, leases, display.say)
        heart = Heart(leases, display.say)
        fleet = Fleet(
            definition.name,
            arguments.storage,
            arguments.workers,
            data_dir=arguments.data_dir,
            announce=display.say,
        )
        try:
            while not stop.requested:
                looked_at = time.perf_counter()
                done = coordinator.step()
                display.update(progress(definition, coordinator.trials, coordinator.final_trials, record.data["pool"]))
                if done:
                    return True
                if coordinator.advanced:
                    fleet.nudge()
                fleet.look_after()
                cost = time.perf_counter() - looked_at
                shortest, longest = POLL_SECONDS
                fleet.wait(min(max(shortest, cost / LOOKING_SHARE), longest))
            return False
        finally:
            fleet.stop()
            heart.stop()
            coordinator.release()


def _write(results: StudyResults, out: Path) -> list[Path]:
    from reports.files import write_reports  # noqa: PLC0415 - pandas and matplotlib take a second to load

    return write_reports(results, out)


def _write_network(database: Database, results: StudyResults, data: StudyData, out: Path) -> list[Path]:
    """Write the trained network, and what is inside it if it is a ConvNet, as a held-out image is seen by it."""
    from reports.look.files import write_look, write_network  # noqa: PLC0415 - see _write

    kept = kept_network(database, results)
    if kept is None:
        return []
    written = [write_network(kept.after, out)]
    if isinstance(kept.after, models.ConvNet):
        written += write_look(kept.before, kept.after, data.part.images[data.split.holdout[0]], out)
    return written


def _conclude(database: Database, definition: StudyDefinition, data: StudyData, out: Path, storage: str) -> None:
    from reports.verdict import verdict  # noqa: PLC0415 - see _write

    results = load_results(database, definition.name)
    written = _write(results, out) + _write_network(database, results, data, out)
    console = Console(highlight=False)
    for panel in _panels(results):
        console.print(panel)
    console.print(verdict(results), markup=False)
    console.print(f"\nfiles in {out}: {', '.join(path.name for path in written)}", markup=False)
    console.print(f"watch it with: optuna-dashboard {shown(storage)}", markup=False)


def _panels(results: StudyResults) -> list[RenderableType]:
    """Return the tables that a search, or a comparison, ends with."""
    if results.definition.comparison is not None:
        from reports.terminal import comparison_panel  # noqa: PLC0415 - see _write

        return [comparison_panel(results)]
    from reports.terminal import full_panel, good_values_panel, rounds_panel  # noqa: PLC0415 - see _write

    return [rounds_panel(results), good_values_panel(results), full_panel(results)]


if __name__ == "__main__":
    sys.exit(main())
