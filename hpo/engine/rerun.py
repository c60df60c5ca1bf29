"""Training configs of a search that somebody else ran again, in several processes, without a database.

A folder is the queue: who makes the claim of a run trains it, and leaves its outcome there. So a process that dies
costs the run that it was at, and no other.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hpo.definition.study import StudyDefinition
from hpo.engine.exit_codes import DONE
from hpo.engine.interrupts import STOPPING
from hpo.engine.launchers.base import Announce
from hpo.engine.launchers.crew import Crew
from hpo.engine.launchers.member import Membership, Ready
from hpo.engine.scores import ending_fault
from hpo.proof.rerun import Outcome
from hpo.searching import queued
from hpo.searching.seeds import RERUN, derived_seed
from hpo.training.cuts import Cut
from hpo.training.protocol import Assignment, Saves, Trainer, Training, TrainingFailedError

TOLD = 10
"""About so often it is said how far all is."""

HOPELESS = 10
"""Where so many runs ended and all failed, no others are begun."""


@dataclass(frozen=True)
class Planned:
    """Train the config of each trial in `configs`, by its number, `runs` times; every run has a seed that all share."""

    definition: StudyDefinition
    configs: Mapping[int, Mapping[str, Any]]
    runs: int

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The trainings, (run, number of the trial), in their order: run by run."""
        return [(run, number) for run in range(self.runs) for number in self.configs]

    def assignment(self, run: int) -> Assignment:
        """Return what run number `run` is: examples that no search of this definition scores with, and no test set."""
        each = self.definition.rounds[-1]
        samples = each.samples if self.definition.abilities.samples else 0
        return Assignment(
            stage="race",
            run=run,
            seed=derived_seed(self.definition.seed, RERUN, run),
            samples=samples,
            epochs=each.epochs,
            cuts=(Cut(samples or None, group=run, scorers="race", draw=run),),
        )


def train_again(
    planned: Planned, trainer: Trainer, folder: Path, workers: int, tell: Announce
) -> Mapping[int, Sequence[Outcome]] | None:
    """Return what came of each trial's config, run by run, as values of the metric; None where it was asked to stop.

    `folder` is an empty one. `tell` is called in the workers, too. Raises UserError for a mistake that no run would be
    spared.
    """
    work = partial(_work, planned=planned, trainer=trainer, folder=folder, tell=tell)
    announce = partial(_announce, tell)
    size = min(workers, len(planned.pairs))
    if Crew(size, work, bury=partial(_bury, folder), announce=announce).run() != DONE:
        return None
    return {number: [_outcome(folder, run, number) for run in range(planned.runs)] for number in planned.configs}


def _announce(tell: Announce, text: str) -> None:
    tell("stopping; nothing is kept of these runs" if text == STOPPING else text)


def _work(membership: Membership, *, planned: Planned, trainer: Trainer, folder: Path, tell: Announce) -> None:
    """Be one of the workers, in a process of its own."""
    holder = uuid.uuid4().hex
    membership.tell(Ready(holder))
    try:
        for run, number in planned.pairs:
            if membership.stop.requested or _is_hopeless(folder):
                return
            if not _claim(folder, run, number, holder):
                continue
            with membership.stop.interruptible():
                outcome = _trained(planned, trainer, run, number)
            _write(folder, run, number, outcome)
            if isinstance(outcome, str):
                tell(f"trial {number}, run {run + 1} failed: {outcome}")
            _tell_progress(len(planned.pairs), folder, tell)
    finally:
        trainer.close()


def _trained(planned: Planned, trainer: Trainer, run: int, number: int) -> Outcome:
    """Return the value that a training ends with, or why it failed."""
    training: Training | None = None
    metric = planned.definition.metric
    values = planned.definition.space.whole(planned.configs[number])
    try:
        training = trainer.start(values, planned.assignment(run), _no_test_set)
        score = training.advance(queued.DONE)
        return ending_fault(metric, score) or score.value
    except TrainingFailedError as error:
        return str(error)
    except (ValueError, ArithmeticError, MemoryError, LookupError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        if training is not None:
            training.close()
            if isinstance(training, Saves):
                training.forget()


def _no_test_set() -> Any:
    raise TrainingFailedError("the test set is not to be opened in an audit")


def _claim(folder: Path, run: int, number: int, holder: str) -> bool:
    """Say whether this worker is the first that comes to a run."""
    try:
        file = os.open(folder / f"{run}-{number}.claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    with os.fdopen(file, "w", encoding="utf-8") as claim:
        claim.write(holder)
    return True


def _write(folder: Path, run: int, number: int, outcome: Outcome) -> None:
    whole, part = folder / f"{run}-{number}.json", folder / f"{run}-{number}.part"
    part.write_text(json.dumps(outcome), encoding="utf-8")
    part.replace(whole)


def _outcome(folder: Path, run: int, number: int) -> Outcome:
    """Return what came of a run; of one without an outcome, what is known of that."""
    whole = folder / f"{run}-{number}.json"
    try:
        found: Outcome = json.loads(whole.read_text(encoding="utf-8"))
    except FileNotFoundError:
        begun = whole.with_suffix(".claim").exists()
        return "the process that trained it ended" if begun else "not begun, as all runs before it failed"
    return found


def _is_hopeless(folder: Path) -> bool:
    """Say whether so many runs have failed, and none has not, that the trainer is at fault."""
    ended = list(folder.glob("*.json"))
    return len(ended) >= HOPELESS and all(each.read_text(encoding="utf-8").startswith('"') for each in ended)


def _bury(folder: Path, holder: str, cause: str) -> None:
    """Write down that the run which `holder` was at failed of its death."""
    for claim in folder.glob("*.claim"):
        run, number = (int(each) for each in claim.stem.split("-", 1))
        if claim.read_text(encoding="utf-8") == holder and not claim.with_suffix(".json").exists():
            _write(folder, run, number, f"the process that trained it ended: {cause}")


def _tell_progress(total: int, folder: Path, tell: Announce) -> None:
    """Say about TOLD times how many of the `total` runs are done."""
    with suppress(OSError):
        done = sum(each.suffix == ".json" for each in folder.iterdir())
        if done * TOLD // total > (done - 1) * TOLD // total:
            tell(f"{done} of {total} runs are done")
