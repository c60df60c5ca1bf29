"""What fresh runs say of configs that an earlier search chose for their scores: which is best, and what was luck."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpo.proof.estimates import Estimate, estimate
from hpo.proof.racing import not_told_apart
from hpo.searching.metric import Metric

NORMAL_90 = 1.645

Outcome = float | str
"""What came of a run: its score, or why it failed."""


@dataclass(frozen=True, slots=True)
class Racer:
    """One config that ran again: what its trial scored in the search, and its fresh `outcomes`, run by run."""

    number: int
    observed: float
    outcomes: tuple[Outcome, ...]
    fresh: Estimate
    """Of the runs that ended with a score. The trial itself is left out: it was chosen for its score."""

    @property
    def scores(self) -> list[float]:
        """The scores of the runs that did not fail."""
        return [each for each in self.outcomes if not isinstance(each, str)]

    @property
    def failures(self) -> list[tuple[int, str]]:
        """The runs that failed, with their reasons."""
        return [(run, each) for run, each in enumerate(self.outcomes) if isinstance(each, str)]

    @property
    def luck(self) -> float:
        """By how much its trial scored more than its fresh runs do on average; nan where none has a score."""
        return self.observed - self.fresh.mean


@dataclass(frozen=True, slots=True)
class Rerun:
    """How `racers` came out, over `runs` runs whose seeds they shared; best mean first, those that failed last.

    `tied` are the numbers of those that can't be told from the best, best mean first: with 90 % probability the best of
    those that finished all of their runs is among them. It is empty where none did.
    """

    racers: tuple[Racer, ...]
    runs: int
    tied: tuple[int, ...]

    @property
    def use(self) -> Racer | None:
        """The config to use: the best mean of those that finished all of their runs; None where none did."""
        return self.racer(self.tied[0]) if self.tied else None

    @property
    def compared(self) -> list[Racer]:
        """Those that finished all of their runs."""
        return [each for each in self.racers if not each.failures]

    @property
    def highest(self) -> Racer:
        """The one whose trial scored best in the search."""
        return max(self.racers, key=lambda each: (each.observed, -each.number))

    @property
    def ignores_seeds(self) -> bool:
        """Whether every config scored exactly the same in all of its runs."""
        several = [each.scores for each in self.racers if len(each.scores) > 1]
        return bool(several) and all(len(set(scores)) == 1 for scores in several)

    def racer(self, number: int) -> Racer:
        """Return the one of trial `number`."""
        return next(each for each in self.racers if each.number == number)


def rerun(observed: Mapping[int, float], outcomes: Mapping[int, Sequence[Outcome]], metric: Metric) -> Rerun:
    """Return what the `outcomes` of each trial's config, run by run, say; `observed` are the scores of the trials.

    A config that failed in a run is not compared: whoever used it might meet the same failure, and a mean over the runs
    that went well would flatter it.
    """
    racers = [
        Racer(number, observed[number], tuple(each), estimate([s for s in each if not isinstance(s, str)], metric))
        for number, each in outcomes.items()
    ]
    whole = {(0, each.number): each.scores for each in racers if not each.failures}
    ranked = sorted(racers, key=lambda each: (bool(each.failures), not each.scores, -each.fresh.mean, each.number))
    tied = tuple(number for _, number in not_told_apart(whole)) if whole else ()
    return Rerun(tuple(ranked), max(len(each.outcomes) for each in racers), tied)


def shifted(rerun: Rerun, expected: Mapping[int, tuple[float, float]], noise: float) -> int:
    """Return -1 where all fresh means lie below what the search itself made one expect of these configs, 1 above, or 0.

    `expected` are intervals of means, `noise` the standard deviation of one run. Then the fresh runs train or score
    otherwise than the search did, and what a trial scored beyond them is not luck alone. Several configs are needed:
    one alone may be a lucky one.
    """
    known = [each for each in rerun.racers if each.scores]
    if len(known) < 2:
        return 0
    wide = [NORMAL_90 * noise / math.sqrt(len(each.scores)) for each in known]
    if all(each.fresh.mean < expected[each.number][0] - width for each, width in zip(known, wide, strict=True)):
        return -1
    return int(all(each.fresh.mean > expected[each.number][1] + width for each, width in zip(known, wide, strict=True)))
