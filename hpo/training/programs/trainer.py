"""The trainer whose trainings are runs of a program: one for each rung, or one for the whole.

A program that takes {percent} or {checkpoint} is started anew for each rung. With {checkpoint} it goes on from the
folder in which it saved itself, wherever that folder is; without, it trains again from the beginning. Any other program
is started once. A program that lives on between two rungs and waits for its next order is not a kind of its own: it
would have to be held in memory for every paused training, and would be lost with its worker.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hpo.definition.abilities import Abilities
from hpo.definition.placeholders import named, trains_in_parts
from hpo.definition.trainers.programs import ProgramTrainer
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.searching.space import Config, unpacked
from hpo.storage.errors import UserError
from hpo.training.programs.checkpoints import Checkpoints, Stand, remove_forgotten, saved_in
from hpo.training.programs.guards import Guards
from hpo.training.programs.output import Line, Output
from hpo.training.programs.process import RunningProgram
from hpo.training.programs.reasons import failed, failure
from hpo.training.programs.runs import Data, Run
from hpo.training.programs.scores import VALUE, Told, WrongLineError, read_points, read_score
from hpo.training.protocol import Assignment, OpenTest, Point, Score, TrainingFailedError


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


@dataclass
class _Group:
    """One group, as far as it has come."""

    run: Run
    folder: Checkpoints | None
    stand: Stand


class ProgramTraining:
    """One config in training by a program."""

    def __init__(
        self,
        settings: ProgramTrainer,
        metric: Metric,
        folder: Path,
        runs: list[Run],
        folders: list[Checkpoints | None],
        *,
        open_test: OpenTest,
        guards: Guards,
    ) -> None:
        self._guards, self._folder = guards, folder
        self._settings, self._metric, self._open_test = settings, metric, open_test
        self._groups = [
            _Group(run, folder, folder.last() if folder else Stand()) for run, folder in zip(runs, folders, strict=True)
        ]
        self._assignment = runs[0].assignment
        self._names = named(settings.program.command)
        self._running: RunningProgram | None = None
        self._closed = False

    @property
    def percent(self) -> int:
        """How far every group has been trained."""
        return min(group.stand.percent for group in self._groups)

    def advance(self, percent: int) -> Score:
        """Let the program train every group to `percent`, unless it has been there, and return what it says.

        A training whose program cannot be told where to stop is trained to its end.
        """
        until = percent if trains_in_parts(self._settings.program.command) else DONE
        for group in self._groups:
            if group.stand.percent < until and group.folder is not None:
                group.stand = group.folder.last()  # others may have gone on with it meanwhile
            if group.stand.percent < until:
                group.stand = self._trained(group, until)
        told = [read_score(_line_at(group.stand, until), self._metric) for group in self._groups]
        return self._score(told)

    def kept(self) -> bytes | None:
        """Return None: a program keeps its model itself."""
        return None

    def close(self) -> None:
        """End the program if it runs; what the training has saved stays."""
        self._closed = True
        if self._running is not None:
            self._running.stop()

    def forget(self) -> None:
        """Delete what the training has saved."""
        for group in self._groups:
            if group.folder is not None:
                group.folder.remove()

    def _trained(self, group: _Group, until: int) -> Stand:
        """Run the program for one group to `until` and return how it stands there.

        Raises TrainingFailedError where it gives no score.
        """
        test = self._may_test(until)
        if test:
            self._open_test()  # which goes to the ledger before the program is started
        begin = 0 if group.folder is None else group.stand.percent
        place = None
        try:
            place = Path(tempfile.mkdtemp(prefix="hpo-program-")) if group.folder is None else group.folder.begin(begin)
            saved = None if group.folder is None else saved_in(place)
            command = group.run.command(
                self._settings.program.command, place, begin=begin, until=until, test=test, checkpoint=saved
            )
            line, lines, seconds = self._heard(command, until, place)
            before = group.stand.lines if begin else ()
            stand = Stand(
                until,
                group.stand.seconds + seconds,
                (*before, *((each.percent, each.told) for each in lines if each.percent < until), (until, line.told)),
            )
            if group.folder is not None:
                group.folder.reach(place, stand)
            return stand
        except OSError as error:
            raise TrainingFailedError(f"{self._settings.name} was not run: {error}") from error
        finally:
            if place is not None:
                shutil.rmtree(place, ignore_errors=True)

    def _heard(self, command: list[str], until: int, scratch: Path) -> tuple[Line, list[Line], float]:
        """Run `command` and return its score, all lines with scores, and the seconds that it took."""
        output = Output((VALUE, self._metric.name), until)
        limit, name = self._settings.program, self._settings.name
        memory = int((limit.memory_gb or 0) * 1e9)
        spent = sum(group.stand.seconds for group in self._groups)
        left = None if limit.minutes is None else max(0.0, 60 * limit.minutes - spent)
        self._running = RunningProgram(command, self._folder, self._guards, memory=memory, scratch=scratch)
        try:
            if self._closed:
                self._running.stop()
            ending = self._running.wait(output.add, left)
        finally:
            self._running = None
        output.end()
        error = failure(name, ending, output, minutes=limit.minutes, memory_gb=limit.memory_gb)
        line = output.score
        if error is not None or line is None:
            raise error or TrainingFailedError(f"{name} gave no score")
        try:
            told = read_score(line, self._metric)
            self._check_test(told, until)
        except WrongLineError as wrong:
            raise failed(name, str(wrong), ending, output) from wrong
        return line, output.lines, ending.seconds

    def _may_test(self, until: int) -> bool:
        """Whether the program may evaluate on its test set on the way to `until`."""
        use = self._assignment.test
        tells = bool(self._names & {"test", "config"})
        return tells and (use == "along the curve" or (use == "at the end" and until == DONE))

    def _check_test(self, told: Told, until: int) -> None:
        if told.test is not None and not self._may_test(until):
            raise WrongLineError(
                f'gave a score on the test set in the stage "{self._assignment.stage}", where it may not be opened; do '
                "that only where {test} is 1 (test_allowed in {config})"
            )

    def _score(self, told: list[Told]) -> Score:
        shared = set.intersection(*(set(each.others) for each in told))
        trains = [each.train for each in told if each.train is not None]
        tests = [each.test for each in told if each.test is not None]
        return Score(
            value=float(np.mean([each.value for each in told])),
            train=float(np.mean(trains)) if len(trains) == len(told) else None,
            test=float(np.mean(tests)) if len(tests) == len(told) else None,
            others={name: float(np.mean([each.others[name] for each in told])) for name in sorted(shared)},
            points=tuple(self._points()),
            seconds=sum(group.stand.seconds for group in self._groups),
            reason=next((f"group {i + 1}: {each.diverged}" for i, each in enumerate(told) if each.diverged), None),
        )

    def _points(self) -> list[Point]:
        return [
            point
            for number, group in enumerate(self._groups)
            for point in read_points(
                [Line(percent, told) for percent, told in group.stand.lines],
                self._metric,
                group=number,
                epochs=self._assignment.epochs,
                seconds=group.stand.seconds,
            )
        ]


def _line_at(stand: Stand, percent: int) -> Line:
    """Return the line with the score at a rung; where none is that far, the last one."""
    lines = [Line(*each) for each in stand.lines]
    return next((line for line in reversed(lines) if line.percent == percent), lines[-1])


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
