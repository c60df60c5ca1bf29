"""The race, read from its runs, and the good values that come out of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpo.definition.study import StudyDefinition
from hpo.proof.estimates import Estimate, estimate
from hpo.proof.final_runs import FinalRun, FullResult, Stage, excess_of, full_results
from hpo.proof.preference import Contender, preferred
from hpo.proof.racing import Race, race
from hpo.searching.candidates import candidates
from hpo.searching.constraints import Constraint
from hpo.searching.space import Box, Config, Numeric, SearchSpace, number
from hpo.searching.trials import Key, TrialResult


@dataclass(frozen=True, slots=True)
class RacedConfig:
    """A config that raced: its mean over the runs that it took part in, and whether it is one of the good values.

    `worse` says whether the race tells it from its best; what is neither good nor worse was crowded out.
    """

    trial: int
    key: Key
    config: Config
    mean: float
    runs: int
    good: bool
    worse: bool
    gap: float = math.inf
    """Train minus validation score, mean over the same runs; infinite if all of them failed or it is not known."""


def chosen_by_search(definition: StudyDefinition, box: Box, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Return those of the comparable `trials` whose configs race; `box` is the last round's."""
    return candidates(
        definition.space,
        box,
        trials,
        definition.final.racing,
        constrained=bool(definition.bounds),
        metric=definition.metric,
    )


def raced(definition: StudyDefinition, chosen: Sequence[TrialResult], runs: Sequence[FinalRun]) -> Race:
    """Return how the race of the `chosen` trials stands."""
    scores: dict[Key, dict[int, float]] = {}
    final, metric = definition.final, definition.metric
    for run in runs:
        if run.stage == "race":
            failed = run.failed and metric.worst is None
            scores.setdefault(run.source, {})[run.run] = -math.inf if failed else run.score
    return race([trial.key for trial in chosen], scores, final.race_runs, final.good_values, metric)


def raced_configs(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun]
) -> tuple[RacedConfig, ...]:
    """Return the standing of all that raced: the good values, then who was crowded out, and who is worse.

    Good values are in the order in which they are recommended, the others in that of their means.

    `trials` are the comparable trials, `box` is the last round's. A study whose race is not over has none.
    """
    chosen = {t.key: t for t in chosen_by_search(definition, box, trials)}
    over = raced(definition, list(chosen.values()), runs)
    if not over.left:
        return ()
    scores = {(run.source, run.run): run.score for run in runs if run.stage == "race"}
    gaps: dict[Key, list[float]] = {}
    for run in runs:
        if run.stage == "race" and _has_a_gap(run):
            gaps.setdefault(run.source, []).append(run.train_accuracy - run.score)
    ranked = []
    for key, trial in chosen.items():
        own = [scores[key, i] for i, heat in enumerate(over.heats) if key in heat]
        good, worse = key in over.left, key not in (*over.left, *over.crowded_out)
        gap = float(np.mean(gaps[key])) if key in gaps else math.inf
        ranked.append(RacedConfig(trial.number, key, trial.config, float(np.mean(own)), len(own), good, worse, gap))
    by_key = {each.key: each for each in ranked if each.good}
    first = [by_key[key] for key in recommended_order(definition, list(by_key), runs)]
    rest = [each for each in ranked if not each.good]
    return (*first, *sorted(rest, key=lambda each: (each.worse, -each.runs, -each.mean, each.key)))


def recommended_order(definition: StudyDefinition, good: Sequence[Key], runs: Sequence[FinalRun]) -> list[Key]:
    """Return the keys of the good values, the recommended one first.

    By their validation score on all of the data as soon as all of them are trained there; before, by that of their
    confirmation, and before that by the race: scores of different sizes are never compared with each other.
    """
    final = definition.final
    stages: tuple[tuple[Stage, int], ...] = (("full", final.seeds), ("confirm", final.confirmation_runs), ("race", 1))
    for stage, wanted in stages:
        found = contenders(runs, stage, good, definition.bounds)
        if all(len(each.scores) >= wanted for each in found):
            return preferred(found, definition.max_gap)
    return list(good)


def results_on_all_of_the_data(definition: StudyDefinition, runs: Sequence[FinalRun]) -> list[FullResult]:
    """Return the results on all of the data, the one to use first (see `full_results`)."""
    return full_results(
        runs,
        definition.max_gap,
        metric=definition.metric,
        constraints=definition.bounds,
        tested=definition.abilities.test,
    )


def _has_a_gap(run: FinalRun) -> bool:
    return not run.reason and not run.failed and not math.isnan(run.train_accuracy)


def contenders(
    runs: Sequence[FinalRun], stage: Stage, keys: Sequence[Key], constraints: Sequence[Constraint] = ()
) -> list[Contender]:
    """Return the configs of `keys` with their scores, mean gap and mean excess in the runs of a stage."""
    found = []
    for key in keys:
        own = [run for run in runs if run.stage == stage and run.source == key]
        gaps = [run.train_accuracy - run.score for run in own if _has_a_gap(run)]
        scores = {run.run: run.score for run in own}
        gap = float(np.mean(gaps)) if gaps else math.inf
        found.append(Contender(key, scores, gap, excess_of(own, constraints)))
    return found


def good_values(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun]
) -> list[GoodValue]:
    """Return the configs that are statistically tied with the best and went on, the recommended one first.

    Their scores are those of their confirmation.

    `trials` are the comparable trials, `box` is the last round's. A study that is not that far has none.
    """
    return good_of(definition, raced_configs(definition, box, trials, runs), trials, runs)


def good_of(
    definition: StudyDefinition, ranked: Sequence[RacedConfig], trials: Sequence[TrialResult], runs: Sequence[FinalRun]
) -> list[GoodValue]:
    """Return the same, where the race is `ranked` already."""
    tried = {trial.key: trial for trial in trials}
    confirmed = _scores(runs, "confirm")
    return [
        GoodValue(
            rank=rank,
            trial=each.trial,
            key=each.key,
            config=each.config,
            race=each.mean,
            confirmed=estimate(confirmed.get(each.key, []), definition.metric),
            search_score=tried[each.key].score,
            at_boundary=boundaries(definition.space, each.config),
            trained=max(tried[each.key].rungs, default=100),
            gap=each.gap,
        )
        for rank, each in enumerate(ranked, 1)
        if each.good
    ]


def _scores(runs: Iterable[FinalRun], stage: Stage) -> Mapping[Key, list[float]]:
    scores: dict[Key, list[float]] = {}
    for run in sorted(runs, key=lambda run: run.run):
        if run.stage == stage:
            scores.setdefault(run.source, []).append(run.score)
    return scores


@dataclass(frozen=True, slots=True)
class GoodValue:
    """A config that is statistically tied with the best: its rank, and its score from confirmation runs alone."""

    rank: int
    trial: int
    key: Key
    config: Config
    race: float
    confirmed: Estimate
    search_score: float
    at_boundary: tuple[str, ...]
    trained: int = 100
    """How far the search trained it, in percent: a stopped trial may be promising because its neighbours are."""
    gap: float = math.nan
    """Train minus validation score, mean over its runs in the race."""


def boundaries(space: SearchSpace, config: Config) -> tuple[str, ...]:
    """Return the numeric hyperparameters whose value lies within 2 % of an end of its limits."""
    found = []
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric) and name in config:
            low, high = hyperparameter.axis(hyperparameter.limits)
            share = (hyperparameter.to_axis(number(config, name)) - low) / (high - low)
            if not 0.02 <= share <= 0.98:
                found.append(name)
    return tuple(found)
