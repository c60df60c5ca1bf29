"""How much a study trains, counted from its definition alone, and the most that is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.storage.errors import UserError

if TYPE_CHECKING:
    from hpo.definition.study import StudyDefinition

MOST_TRAININGS = 100_000
"""A hundred thousand trainings of a second each take a day; each is a row in the database."""

MOST_TRIALS = {"gp": 1_000, "tpe": 10_000, "qmc": 10_000}
"""Of all rounds, where the time of a proposal grows with the trials before it: beyond, it takes minutes."""


def most_trainings(definition: StudyDefinition) -> int:
    """Return how many networks `definition` trains if nobody leaves the race early and everything is tried."""
    comparison, final = definition.comparison, definition.final
    if comparison is not None:
        return definition.space.grid_size() * comparison.seeds
    search = definition.search.groups * sum(each.trials for each in definition.rounds)
    race = final.racing * final.race_runs
    good = final.good_values * (final.confirmation_runs + final.seeds)
    # On all of the data the winner is tried as in the search, and with half and twice its learning rate; the best of
    # these is trained again.
    around = final.seeds * (4 if final.probe else 2)
    return search + race + good + around


def check_effort(definition: StudyDefinition) -> None:
    """Raise UserError, saying what to lower, for more trainings or trials than MOST_TRAININGS and MOST_TRIALS."""
    sampler, trials = definition.search.sampler, sum(each.trials for each in definition.rounds)
    if trials > MOST_TRIALS.get(sampler, trials):
        raise UserError(
            f"search.sampler = {sampler!r} learns from all trials before it, so a study has at most "
            f"{MOST_TRIALS[sampler]:,} of them, and this one has {trials:,}; set fewer trials, or take another sampler "
            "(lattice)"
        )
    trainings = most_trainings(definition)
    if trainings <= MOST_TRAININGS:
        return
    way_out = (
        "set fewer choices or seeds"
        if definition.comparison is not None
        else (
            "set fewer trials, search.groups, final.candidates, final.race_runs, final.confirmation_runs or final.seeds"
        )
    )
    raise UserError(f"this study would train {trainings:,} networks, more than {MOST_TRAININGS:,}; {way_out}")
