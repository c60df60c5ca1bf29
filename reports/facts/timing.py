"""Where the time of a search went: each round's and stage's training, and what of the clock that leaves.

What is known of a trial is how long it trained, when a worker took it last, and when it ended. How long it waited in
the queue before is not, nor when a command was interrupted: that is in what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hpo.proof.final_runs import ON_ALL_OF_THE_DATA, FinalRun
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.reports.facts.outcomes import outcomes

_NAMES = {"race": "race", "confirm": "confirmation"}


@dataclass(frozen=True, slots=True)
class StageTime:
    """One round, or one stage of the final part: its ended `trials`, and seconds.

    `training` is summed over trials. `clock` is from the end of what came before to its own end; None where the
    database does not say when its trials ended. `workers` is how many trials of the study were trained at once, at
    most, as far as is known.
    """

    name: str
    trials: int
    training: float
    clock: float | None
    workers: int

    @property
    def busy(self) -> float | None:
        """How much of the clock its training would take if all the workers were always training."""
        return None if self.clock is None else min(self.clock, self.training / self.workers)

    @property
    def rest(self) -> float | None:
        """What is left of the clock: waiting for other trials or for a worker, starting up, breaks."""
        return None if self.clock is None or self.busy is None else self.clock - self.busy


@dataclass(frozen=True, slots=True)
class _Span:
    """A trial that ended: what it trained, in seconds, and when it was taken last and ended."""

    training: float
    claimed_at: datetime | None
    ended_at: datetime | None
    whole: bool
    """Whether it trained until it ended; one that was stopped had been waiting for that verdict."""


@once
def stage_times(results: StudyResults) -> list[StageTime]:
    """Return the rounds and the stages that followed, as far as trials of them have ended, in the order they ended."""
    stages: dict[str, list[_Span]] = {}
    for each in outcomes(results):
        if each.trial.finished:
            span = _Span(each.seconds or 0.0, each.trial.claimed_at, each.trial.ended_at, each.trial.score is not None)
            stages.setdefault(f"round {each.round}", []).append(span)
    subset = results.definition.abilities.samples
    for run in results.runs:
        stages.setdefault(_stage(run, subset=subset), []).append(
            _Span(run.seconds, run.claimed_at, run.ended_at, whole=True)
        )
    workers = _at_once([span for spans in stages.values() for span in spans])
    found = []
    known = {name: [span.ended_at for span in spans if span.ended_at] for name, spans in stages.items()}
    order = sorted(stages, key=lambda name: max(known[name], default=datetime.max))
    before: datetime | None = None
    for name in order:
        starts = [span.claimed_at for span in stages[name] if span.claimed_at]
        before = before or min(starts, default=None)
        end = max(known[name], default=None)
        clock = (end - before).total_seconds() if end and before else None
        training = sum(span.training for span in stages[name])
        found.append(StageTime(name, len(stages[name]), training, clock, workers))
        before = end or before
    return found


def _stage(run: FinalRun, *, subset: bool) -> str:
    if run.stage in ON_ALL_OF_THE_DATA:
        return "all of the data" if subset else "test set"
    return _NAMES[run.stage]


def _at_once(spans: Sequence[_Span]) -> int:
    """Return how many spans overlap at most; at least one."""
    trained = [(each.claimed_at, each.ended_at) for each in spans if each.whole and each.claimed_at and each.ended_at]
    events = sorted([(start, 1) for start, _ in trained] + [(end, -1) for _, end in trained])
    now = most = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return max(1, most)
