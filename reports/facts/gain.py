"""What another round of the search could be expected to gain."""

from __future__ import annotations

from dataclasses import dataclass

from hpo.definition.rounds import comparable
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.seeds import PAYING, derived_seed


@dataclass(frozen=True, slots=True)
class NextRound:
    """A round that could follow the last one: so many trials, and its expected gain (a difference of scores).

    The gain is infinite where it would look at ground that nobody has seen, and cannot be told.
    """

    number: int
    trials: int
    gain: float


@once
def next_round(results: StudyResults) -> NextRound | None:
    """Return what one more round like the last would gain; None where too little is known to tell."""
    definition, opened = results.definition, results.rounds
    if definition.comparison is not None or definition.search.sampler == "grid" or not results.good or not opened:
        return None
    known = comparable(definition, results.trials)
    if len({trial.round for trial in known}) < 2:
        return None
    box, number = opened[-1].box, opened[-1].number + 1
    following = narrow(definition.space, box, known, results.data.get("chance"), definition.metric).box
    seed = derived_seed(definition.seed, PAYING, number)
    gain = expected_gain(definition.space, box, following, known, seed, metric=definition.metric)
    return NextRound(number, definition.rounds[opened[-1].number - 1].trials, gain)
