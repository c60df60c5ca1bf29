"""What came out of a study, as frozen values read off its trials: what decisions and reports look at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from optuna.trial import TrialState

from hpo.definition import StudyDefinition
from hpo.probing import PROBES, Probe
from hpo.queue import QueuedTrial
from hpo.racing import Race, race
from hpo.selecting import Estimate, GoodValue, Key, boundaries, candidates, estimate
from hpo.space import Box, Config
from hpo.trials import WORST_SCORE, TrialResult

Stage = Literal["race", "confirm", "full", "plain", "adopted"] | Probe
ON_ALL_OF_THE_DATA: tuple[Stage, ...] = ("full", "adopted", "plain", "probe_lower", "probe_higher")
LARGE_GAP = 0.05
"""A train-test gap above this share is flagged as overfitting."""


@dataclass(frozen=True, slots=True)
class FinalRun:
    """One run after the search. `score` is its validation accuracy; `test_accuracy` only where the test was opened."""

    stage: Stage
    source: Key
    source_trial: int
    run: int
    number: int
    id: int
    seed: int
    config: Config
    overrides: Config
    score: float
    train_accuracy: float
    test_accuracy: float | None
    n_train: int
    epochs: int
    seconds: float
    reason: str | None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RacePlace:
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
    """Train minus validation accuracy, mean over the same runs; infinite if all of them failed."""


@dataclass(frozen=True, slots=True)
class FullResult:
    """A good value trained on all of the data with several seeds, or what was tried around the winner.

    stage: "full" a good value; "plain" the winner's values as they were on the subset; "probe_lower", "probe_higher"
    the winner with another learning rate, without a test accuracy (nan); "adopted" what of these was taken.
    """

    source: Key
    source_trial: int
    config: Config
    stage: Stage
    runs: tuple[FinalRun, ...]
    train: Estimate
    validation: Estimate
    test: Estimate

    @property
    def plain(self) -> bool:
        """Whether these are the winner's values as they were on the subset."""
        return self.stage == "plain"

    @property
    def ranked(self) -> bool:
        """Whether this may be what to use: a good value, or what was taken in its place."""
        return self.stage in ("full", "adopted")

    @property
    def gap(self) -> float:
        """The generalization gap, train - test."""
        return self.train.mean - self.test.mean

    @property
    def overfits(self) -> bool:
        """Whether the gap is large."""
        return self.gap > LARGE_GAP


def search_results(trials: Iterable[QueuedTrial]) -> list[TrialResult]:
    """Return the finished, stopped and failed trials of the search, each (round, index) once, in their order."""
    found: dict[Key, TrialResult] = {}
    for trial in trials:
        key = (int(trial.attributes["round"]), int(trial.attributes["index"]))
        if not trial.finished or key in found:
            continue
        stopped = trial.state == TrialState.PRUNED
        score = trial.score if trial.score is not None else WORST_SCORE
        if stopped and trial.rungs:
            score = trial.rungs[trial.reached]
        train_accuracy = trial.attributes.get("train_accuracy")
        diverged = trial.state == TrialState.FAIL or bool(trial.attributes.get("reason"))
        found[key] = TrialResult(
            *key,
            config=trial.config,
            score=score,
            rungs=dict(trial.rungs),
            stopped=stopped,
            failed=trial.state == TrialState.FAIL,
            number=trial.number,
            gap=None if diverged or train_accuracy is None else train_accuracy - score,
        )
    return [found[key] for key in sorted(found)]


def chosen_by_search(definition: StudyDefinition, box: Box, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Return those of the comparable `trials` whose configs race; `box` is the last round's."""
    return candidates(definition.space, box, trials, definition.final.racing, definition.search.max_gap)


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


def final_runs(trials: Iterable[QueuedTrial]) -> list[FinalRun]:
    """Return the ended runs of the final part, each (stage, source, run) once; a failed one has the worst score."""
    found: dict[tuple[str, Key, int], FinalRun] = {}
    for trial in trials:
        a = trial.attributes
        source = source_key(a["source"])
        if not trial.finished or (a["stage"], source, a["run"]) in found:
            continue
        found[a["stage"], source, a["run"]] = FinalRun(
            stage=a["stage"],
            source=source,
            source_trial=a["source_trial"],
            run=a["run"],
            number=trial.number,
            id=trial.id,
            seed=a["seed"],
            config=trial.config,
            overrides=a.get("overrides", {}),
            score=trial.score if trial.score is not None else WORST_SCORE,
            train_accuracy=a.get("train_accuracy", WORST_SCORE),
            test_accuracy=a.get("test_accuracy"),
            n_train=a.get("n_train", 0),
            epochs=a.get("epochs", 0),
            seconds=a.get("seconds", 0.0),
            reason=a.get("reason"),
            claimed_at=trial.claimed_at,
            ended_at=trial.ended_at,
        )
    return [found[key] for key in sorted(found)]


def source_text(key: Key) -> str:
    """Return how the final part names the trial of the search that a run belongs to: round.index."""
    return f"{key[0]}.{key[1]}"


def source_key(text: str) -> Key:
    """Return the key that `source_text` wrote."""
    number, index = text.split(".")
    return int(number), int(index)


def raced(definition: StudyDefinition, chosen: Sequence[TrialResult], runs: Sequence[FinalRun]) -> Race:
    """Return how the race of the `chosen` trials stands."""
    scores: dict[Key, dict[int, float]] = {}
    for run in runs:
        if run.stage == "race":
            scores.setdefault(run.source, {})[run.run] = run.score
    final = definition.final
    return race([trial.key for trial in chosen], scores, final.race_runs, final.good_values)


def race_places(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun]
) -> list[RacePlace]:
    """Return the places of all that raced: the good values, then who was crowded out, and who is worse.

    Good values cannot be told apart by their accuracy, so the one that overfits least is first among them; the others
    are in the order of their means.

    `trials` are the comparable trials, `box` is the last round's. A study whose race is not over has none.
    """
    chosen = {t.key: t for t in chosen_by_search(definition, box, trials)}
    over = raced(definition, list(chosen.values()), runs)
    if not over.left:
        return []
    scores = {(run.source, run.run): run.score for run in runs if run.stage == "race"}
    gaps: dict[Key, list[float]] = {}
    for run in runs:
        if run.stage == "race" and not run.reason:
            gaps.setdefault(run.source, []).append(run.train_accuracy - run.score)
    places = []
    for key, trial in chosen.items():
        own = [scores[key, i] for i, heat in enumerate(over.heats) if key in heat]
        good, worse = key in over.left, key not in (*over.left, *over.crowded_out)
        gap = float(np.mean(gaps[key])) if key in gaps else math.inf
        places.append(RacePlace(trial.number, key, trial.config, float(np.mean(own)), len(own), good, worse, gap))
    first = sorted((place for place in places if place.good), key=lambda place: (place.gap, -place.mean, place.key))
    rest = [place for place in places if not place.good]
    return first + sorted(rest, key=lambda place: (place.worse, -place.runs, -place.mean, place.key))


def good_values(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun]
) -> list[GoodValue]:
    """Return the configs that cannot be told from the best and had a place, least overfitting first.

    Their scores are those of their confirmation.

    `trials` are the comparable trials, `box` is the last round's. A study that is not that far has none.
    """
    tried = {trial.key: trial for trial in trials}
    confirmed = _scores(runs, "confirm")
    return [
        GoodValue(
            rank=rank,
            trial=place.trial,
            key=place.key,
            config=place.config,
            race=place.mean,
            confirmed=estimate(confirmed.get(place.key, [])),
            search_score=tried[place.key].score,
            at_boundary=boundaries(definition.space, place.config),
            trained=max(tried[place.key].rungs, default=100),
            gap=place.gap,
        )
        for rank, place in enumerate(race_places(definition, box, trials, runs), 1)
        if place.good
    ]


def full_results(runs: Sequence[FinalRun]) -> list[FullResult]:
    """Return the results on all of the data, best mean validation accuracy first.

    The first is what to use: chosen by validation, never by test. What was only tried around the winner comes last.
    """
    found: list[FullResult] = []
    for stages in (("full", "adopted"), ("plain",), *((stage,) for stage in PROBES)):
        keys = sorted({(run.source, run.stage) for run in runs if run.stage in stages})
        results = [_full_result([run for run in runs if (run.source, run.stage) == key]) for key in keys]
        found += sorted(results, key=lambda result: -result.validation.mean)
    return found


def _full_result(runs: Sequence[FinalRun]) -> FullResult:
    first = runs[0]
    opened = [] if first.stage in PROBES else runs
    return FullResult(
        source=first.source,
        source_trial=first.source_trial,
        config={**first.config, **first.overrides},
        stage=first.stage,
        runs=tuple(runs),
        train=estimate([run.train_accuracy for run in runs]),
        validation=estimate([run.score for run in runs]),
        test=estimate([run.test_accuracy if run.test_accuracy is not None else WORST_SCORE for run in opened]),
    )


def _scores(runs: Iterable[FinalRun], stage: Stage) -> Mapping[Key, list[float]]:
    scores: dict[Key, list[float]] = {}
    for run in sorted(runs, key=lambda run: run.run):
        if run.stage == stage:
            scores.setdefault(run.source, []).append(run.score)
    return scores
