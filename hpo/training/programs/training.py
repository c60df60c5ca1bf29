"""A training by a program: it is started for each rung, or once for the whole.

A program that takes {percent} or {checkpoint} is started anew for each rung. With {checkpoint} it goes on from the
folder in which it saved itself, wherever that folder is; without, it trains again from the beginning. Any other program
is started once. A program that lives on between two rungs and waits for its next order is not a kind of its own: it
would have to be held in memory for every paused training, and would be lost with its worker.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpo.definition.placeholders import trains_in_parts
from hpo.definition.trainers.programs import ProgramTrainer
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.training.programs.checkpoints import Checkpoints, Stand, saved_in
from hpo.training.programs.guards import Guards
from hpo.training.programs.output import Line, Output
from hpo.training.programs.process import RunningProgram
from hpo.training.programs.reasons import failed, failure
from hpo.training.programs.runs import Run
from hpo.training.programs.scores import VALUE, Told, WrongLineError, read_points, read_score
from hpo.training.protocol import OpenTest, Point, Score, TrainingFailedError


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
        begin, saved, place = 0, None, None
        try:
            if group.folder is None:
                place = Path(tempfile.mkdtemp(prefix="hpo-program-"))
            else:
                place, group.stand = group.folder.begin()
                begin, saved = group.stand.percent, saved_in(place)
            if begin >= until:
                return group.stand
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
        running = RunningProgram(command, self._folder, self._guards, memory=memory, scratch=scratch)
        try:
            self._running = running
            if self._closed:
                running.stop()
            ending = running.wait(output.add, left)
        finally:
            self._running = None
            running.close()
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
        wanted = use == "along the curve" or (use == "at the end" and until == DONE)
        return wanted and self._settings.abilities.test

    def _check_test(self, told: Told, until: int) -> None:
        if told.test is None or self._may_test(until):
            return
        if not self._settings.abilities.test:
            raise WrongLineError(
                "gave a score on a test set that it was not asked for; add {test} to its command and do it only where "
                "it is 1, or write test = true in [trainer] and heed test_allowed in the file {config}"
            )
        raise WrongLineError(
            f'gave a score on the test set in the stage "{self._assignment.stage}", where it may not be opened; do '
            "that only where {test} is 1 (test_allowed in the file {config})"
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
