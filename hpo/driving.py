"""What front doors that train have in common: a look at the data, a folder, and workers that are led to the end."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

import models
from hpo.command_line import say
from hpo.console import console
from hpo.definition import StudyDefinition
from hpo.display import Display
from hpo.fleet import Fleet
from hpo.interrupts import StopRequest
from hpo.progress import Progress
from hpo.publishing import Publisher
from hpo.study_data import StudyData
from hpo.workers import Heart
from storage.database import Database
from storage.datasets import load_training_part, locate
from storage.errors import UserError
from storage.leases import Leases

POLL_SECONDS = (0.3, 2.0)
"""How often the coordinator looks for what remote workers did, at most and at least; its own workers tell it."""

LOOKING_SHARE = 0.03
"""Of a core, that its looking may cost: its workers need the cores."""


class Leader(Protocol):
    """Who opens what the workers train."""

    advanced: bool

    def step(self) -> bool:
        """Do all that can be done now, and say whether everything is done."""

    def release(self) -> None:
        """Let another one lead."""

    def progress(self) -> Progress:
        """Return how far it is."""


def add_workers(arguments: argparse.ArgumentParser) -> None:
    """Add --workers."""
    arguments.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: one per core)"
    )


def add_changes(arguments: argparse.ArgumentParser) -> None:
    """Add --seed and --set."""
    arguments.add_argument("--seed", type=int, metavar="N", help="another seed than the study's own")
    arguments.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change one field of the definition, such as rounds.0.trials=10; may be repeated",
    )


def check_workers(workers: int) -> None:
    """Raise UserError if there are none."""
    if workers < 1:
        raise UserError(f"--workers {workers}: at least one worker is needed")


def look_at_data(definition: StudyDefinition, data_dir: Path | None) -> tuple[StudyData, dict[str, str]]:
    """Find and cut the data, and build the network once, so that what does not fit is said before anything runs."""
    located = locate(definition.data.dataset, data_dir=data_dir, announce=say)
    data = StudyData.build(definition, located, load_training_part(located))
    try:
        models.build_network(definition.network, data.image_shape, data.part.classes, np.random.default_rng(0))
    except ValueError as error:
        raise UserError(f"the network does not fit the images of {located.provenance}: {error}") from error
    return data, located.record()


def make_out_folder(out: Path) -> None:
    """Make the folder for the results now: an hour later would be a bad time to learn that it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f"--out {out} cannot be written to: {error.strerror}; name another folder") from error


def drive(
    lead: Callable[[Leases, Callable[[str], None]], Leader],
    *,
    study: str,
    database: Database,
    arguments: argparse.Namespace,
    lines: Sequence[str],
    publish: Callable[[], None] = lambda: None,
    afterwards: float = 0.0,
) -> bool:
    """Let the one that `lead` makes, and workers for `study`, work to the end; False if they were asked to stop before.

    `arguments` say where the database is (storage, data_dir) and how many workers there are, `lines` are said first.
    `publish` is called now and then when the study has moved forward, beside all this (hpo.publishing). `afterwards`
    are the seconds that the command then still takes.
    """
    stop = StopRequest()
    leases = Leases(database.engine)
    with Display(console(), afterwards) as display:
        for line in lines:
            display.say(line)
        leader = lead(leases, display.say)
        heart = Heart(leases, display.say)
        publisher = Publisher(publish, display.say)
        fleet = Fleet(study, arguments.storage, arguments.workers, data_dir=arguments.data_dir, announce=display.say)
        try:
            while not stop.requested:
                looked_at = time.perf_counter()
                done = leader.step()
                display.update(leader.progress())
                if done:
                    return True
                if leader.advanced:
                    fleet.nudge()
                    publisher.wake()
                fleet.look_after()
                cost = time.perf_counter() - looked_at
                shortest, longest = POLL_SECONDS
                fleet.wait(min(max(shortest, cost / LOOKING_SHARE), longest))
            return False
        finally:
            fleet.stop()
            publisher.stop()
            heart.stop()
            leader.release()
