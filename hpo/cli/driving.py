"""What the command line adds to running a study: workers are processes of this machine."""

from __future__ import annotations

import argparse

from hpo.engine.launchers.base import Launch
from hpo.engine.launchers.processes import Fleet
from hpo.engine.running import LaunchFor


def on_this_machine(arguments: argparse.Namespace) -> LaunchFor:
    """Return what starts as many workers as `arguments` say."""

    def launch(study: str) -> Launch:
        return lambda announce: Fleet(
            study, arguments.storage, arguments.workers, data_dir=arguments.data_dir, announce=announce
        )

    return launch
