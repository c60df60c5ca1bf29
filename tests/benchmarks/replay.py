"""Our search on a recorded table: the product's own decisions, with answers from the table in place of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hpo.definition.trainers.networks import networks_of
from hpo.proof.estimates import Estimate, estimate
from hpo.proof.racing import race
from hpo.proof.transfer import changes
from hpo.searching.candidates import candidates
from hpo.searching.narrowing import narrow
from hpo.searching.proposing import propose
from hpo.searching.space import Box, Config, SearchSpace
from hpo.searching.stopping import survivors, with_imputed_scores
from hpo.searching.trials import TrialResult
from hpo.searching.warm_start import warm_box, warm_configs
from tests.benchmarks.recorded.designs import Design
from tests.benchmarks.recorded.tables import Run

CHANCE = 0.1
PERCENTS, KEEP = (25, 50, 100), 0.5
TRIAL_COST = 0.5
"""What a trial costs on average, in whole trainings: all train to 25 %, half of them to 50 %, a quarter to the end."""


class Answers(Protocol):
    """What a search asks: a `RecordedTable`, or real trainings."""

    @property
    def space(self) -> SearchSpace:
        """The ranges and limits of its hyperparameters."""
        ...

    def run(self, config: Config, size: int, seed: int) -> Run:
        """Return how a training of `config` on `size` with `seed` went."""
        ...


@dataclass(frozen=True)
class Plan:
    """How a budget is divided: rounds of `trials`, then `candidates` race over up to `runs` runs for `places`."""

    trials: int
    candidates: int
    runs: int
    places: int = 4


ROUND = 12
"""Trials in a round where what a search may cost is given, so that a small budget has rounds, too."""

HOW = Plan(trials=20, candidates=6, runs=4)
"""How the searches are divided whose claims are counted: in rounds like those of the studies that come along."""


def budget_of(trials: int, how: Plan = HOW) -> int:
    """Return the budget, in whole trainings, that pays for so many trials and the race."""
    return int(trials * TRIAL_COST) + how.candidates * how.runs


def plan(budget: int) -> Plan:
    """Return how a budget of whole trainings is divided."""
    if budget < 40:
        return Plan(ROUND, candidates=3, runs=2)
    if budget < 100:
        return Plan(ROUND, candidates=5, runs=3)
    return Plan(ROUND, candidates=6, runs=4)


@dataclass(frozen=True)
class Found:
    """What a search came to: its boxes, its trials, the winner of the race, what it spent in whole trainings."""

    boxes: tuple[Box, ...]
    trials: tuple[TrialResult, ...]
    winner: Config
    raced: tuple[Config, ...]
    left: tuple[Config, ...]
    confirmed: Estimate
    spent: float


def replay(
    table: Answers,
    budget: int,
    seed: int,
    *,
    space: SearchSpace | None = None,
    how: Plan | None = None,
    size: int = 0,
    warm: Sequence[Config] = (),
) -> Found:
    """Search `space` (the table's own, if None) with a budget of whole trainings on `size`, the smallest subset.

    `warm` are the good values of another search, to begin at.
    """
    how = how or plan(budget)
    space = space or table.space
    start = warm_box(space, warm) if warm else space.start()
    boxes, trials, spent = [start], list[TrialResult](), 0.0
    for_search = budget - how.candidates * how.runs
    while True:
        left = int((for_search - spent) / TRIAL_COST)
        n = left if left < 1.5 * how.trials else how.trials
        if n < how.trials / 2:
            break
        if trials:
            boxes.append(narrow(space, boxes[-1], trials, CHANCE).box)
        number = len(boxes)
        known = with_imputed_scores(trials)
        first = [] if trials else warm_configs(space, warm)
        drawn = propose(
            space, boxes[-1], known, n=n - len(first), seed=_seed(seed, number), sampler="lattice", warm=bool(warm)
        )
        configs = first + drawn
        found, paid = _round(table, configs, number, seed, size)
        trials += found
        spent += paid
    chosen = candidates(space, boxes[-1], trials, how.candidates)
    by_key = {trial.key: trial for trial in chosen}
    scores = {
        key: {run: table.run(trial.config, size, _seed(seed, 1_000, run)).confirmation for run in range(how.runs)}
        for key, trial in by_key.items()
    }
    stand = race(list(by_key), scores, how.runs, how.places)
    spent += sum(len(heat) for heat in stand.heats)
    winner = by_key[stand.left[0]].config
    confirmed = estimate([table.run(winner, size, _seed(seed, 2_000, run)).confirmation for run in range(5)])
    left_configs = tuple(by_key[key].config for key in stand.left)
    raced_configs = tuple(trial.config for trial in chosen)
    return Found(tuple(boxes), tuple(trials), winner, raced_configs, left_configs, confirmed, spent)


def _round(
    table: Answers, configs: Sequence[Config], number: int, seed: int, size: int
) -> tuple[list[TrialResult], float]:
    """Return the trials of round `number` with early stopping, and what they cost."""
    runs = [table.run(config, size, _seed(seed, number, index)) for index, config in enumerate(configs)]
    reached = dict.fromkeys(range(len(configs)), 0)
    alive = set(reached)
    for percent in PERCENTS:
        reached |= dict.fromkeys(alive, percent)
        if percent < PERCENTS[-1]:
            alive = survivors({index: runs[index].validation[percent] for index in alive}, KEEP)
    found = [
        TrialResult(
            number,
            index,
            config=configs[index],
            score=runs[index].validation[percent],
            rungs={each: runs[index].validation[each] for each in PERCENTS if each <= percent},
            stopped=percent < PERCENTS[-1],
            gap=runs[index].train[percent] - runs[index].validation[percent],
        )
        for index, percent in reached.items()
    ]
    return found, sum(reached.values()) / 100


def _seed(*place: int) -> int:
    """Return a seed of its own for a place in a search."""
    return sum(part * 10_007**power for power, part in enumerate(reversed(place)))


def carried_over(design: Design, config: Config, size: int = 0) -> Config:
    """Return `config`, found on the subset number `size`, as the product would train it on all of the data.

    What a table over four hyperparameters says of one value that changes was held against trainings: the best eight
    configs of fashion_mlp_4 gained .8 points of test accuracy (standard error .65) where it says .8.
    """
    definition, subset, full = design.definition, design.sizes[size], design.full
    updates = max(networks_of(definition).updates(config, each.samples, each.epochs) for each in (subset, full))
    new = changes(definition.plain(config), samples_subset=subset.samples, samples_full=full.samples, updates=updates)
    return {**config, **{change.name: change.new for change in new}}
