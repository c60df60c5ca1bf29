"""A round as it was opened, the round at which a search ended, and which trials' scores mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpo.definition.study import StudyDefinition
from hpo.searching.space import Box
from hpo.searching.trials import TrialResult


def comparable(definition: StudyDefinition, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Return those of `trials` whose scores mean the same as the latest round's: as many samples and epochs."""
    if not trials or definition.comparison is not None:
        return list(trials)
    latest = definition.rounds[max(trial.round for trial in trials) - 1]
    alike = {
        number
        for number, each in enumerate(definition.rounds, 1)
        if (each.samples, each.epochs) == (latest.samples, latest.epochs)
    }
    return [trial for trial in trials if trial.round in alike]


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round that was opened: where it looks, why there, and how many configs it tries."""

    number: int
    box: Box
    why: tuple[str, ...]
    trials: int


@dataclass(frozen=True, slots=True)
class UnopenedRound:
    """The round at which the search ended, because it was expected to gain too little, in the metric's units."""

    number: int
    expected_gain: float

    def sentence(self, definition: StudyDefinition) -> str:
        """Return what happened, for people, without a capital and a full stop."""
        share, unit = (
            definition.metric.is_share,
            "points" if definition.metric.is_share else f"of {definition.metric.name}",
        )
        expected, asked = (
            f"{100 * gain if share else gain:.2g}" for gain in (self.expected_gain, definition.search.min_gain)
        )
        return (
            f"round {self.number} of {len(definition.rounds)} was not opened: another round of "
            f"{definition.rounds[self.number - 1].trials} trials was expected to gain {expected} {unit}, less than the "
            f"{asked} asked for"
        )
