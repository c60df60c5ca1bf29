"""Driving a study from the command line: its workers are processes of this machine, and it is shown in the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from hpo.cli.console import console
from hpo.cli.display import Display
from hpo.engine.driving import Lead, drive
from hpo.engine.launchers.processes import Fleet
from hpo.storage.database import Database


def drive_and_show(
    lead: Lead,
    *,
    study: str,
    database: Database,
    arguments: argparse.Namespace,
    lines: Sequence[str],
    publish: Callable[[], None] = lambda: None,
    afterwards: float = 0.0,
) -> bool:
    """Do what `drive` does, with as many workers as `arguments` say, and show it; `lines` are said first.

    `afterwards` are the seconds that the command then still takes.
    """
    with Display(console(), afterwards) as display:
        for line in lines:
            display.say(line)
        return drive(
            lead,
            lambda announce: Fleet(
                study, arguments.storage, arguments.workers, data_dir=arguments.data_dir, announce=announce
            ),
            database=database,
            watcher=display,
            publish=publish,
        )
