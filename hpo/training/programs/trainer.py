"""The trainer that starts a program, and what a machine must have for that."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from hpo.definition.abilities import Abilities
from hpo.definition.placeholders import named
from hpo.definition.trainers.programs import ProgramTrainer
from hpo.searching.metric import Metric
from hpo.searching.space import Config, unpacked
from hpo.storage.errors import UserError
from hpo.training.programs.checkpoints import Checkpoints, remove_forgotten
from hpo.training.programs.guards import Guards
from hpo.training.programs.runs import Data, Run
from hpo.training.programs.training import ProgramTraining
from hpo.training.protocol import Assignment, OpenTest


class Programs:
    """Starts the program of `settings` in `folder`; its paused trainings are kept in `checkpoints`.

    scope: a folder's name for this study of this database; trainings of two are never taken for each other.
    Raises UserError where the program is not there, or cannot be run.
    """

    def __init__(
        self,
        settings: ProgramTrainer,
        metric: Metric,
        *,
        folder: Path,
        checkpoints: Path,
        scope: str,
        data: Data | None = None,
    ) -> None:
        check_program(settings, folder)
        self._guards = Guards()
        self._settings, self._metric, self._data = settings, metric, data
        self._folder, self._checkpoints = folder, checkpoints / scope
        self._names = named(settings.program.command)
        if "checkpoint" in self._names:
            remove_forgotten(checkpoints)

    @property
    def abilities(self) -> Abilities:
        """What its command says that it is told; what it then does with that is its own."""
        return self._settings.abilities

    @property
    def stops_anywhere(self) -> bool:
        """False: a program is started for each rung."""
        return False

    def start(self, config: Config, assignment: Assignment, open_test: OpenTest) -> ProgramTraining:
        """Return the training at the rung that it has reached before, here or elsewhere."""
        runs = [
            Run(config, assignment, group, cut, self._metric, self._data) for group, cut in enumerate(assignment.cuts)
        ]
        folders = [
            Checkpoints(self._checkpoints / f"{self._key(config, assignment)}-{run.group}")
            if "checkpoint" in self._names
            else None
            for run in runs
        ]
        return ProgramTraining(
            self._settings, self._metric, self._folder, runs, folders, open_test=open_test, guards=self._guards
        )

    def close(self) -> None:
        """End the process that looks after programs."""
        self._guards.close()

    def _key(self, config: Config, assignment: Assignment) -> str:
        plain = {name: unpacked(value) for name, value in config.items()}
        decides = [self._settings.tables(), plain, asdict(assignment)]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


def check_program(settings: ProgramTrainer, folder: Path) -> None:
    """Raise UserError where this machine cannot run the program: it is not there, or cannot be executed."""
    program = settings.program.command[0]
    if not folder.is_dir():
        raise UserError(f"trainer.command: there is no folder {folder}, where the program runs")
    if "/" in program:
        path = folder / program
        if not path.exists():
            raise UserError(
                f"trainer.command: there is no program {path}; a path starts at the folder of the study file"
            )
        if not path.is_file() or not os.access(path, os.X_OK):
            raise UserError(
                f"trainer.command: {path} cannot be executed; make it so (chmod +x {program}), or name the program "
                "that runs it first"
            )
    elif shutil.which(program) is None:
        here = (folder / program).is_file()
        way_out = f'the one in the study\'s folder is "./{program}"' if here else "install it, or give its path"
        raise UserError(f"trainer.command: there is no program {program!r} on this machine; {way_out}")
    if settings.program.memory_gb is not None:
        with suppress(OSError):
            if list(Path("/proc/self/task").glob("*/children")):
                return
        raise UserError("trainer.memory_gb: this system does not say what a program takes (/proc); leave it out")
