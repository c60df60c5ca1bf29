"""The recommended config: the one answer to "what do I use?", computed once, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from hpo.definition.study import StudyDefinition
from hpo.proof.estimates import Estimate
from hpo.proof.final_runs import FullResult
from hpo.proof.good_values import GoodValue
from hpo.proof.transfer import Change
from hpo.searching.learning import clearly_above
from hpo.searching.metric import Metric
from hpo.searching.metric_text import amount_words
from hpo.searching.space import Config
from hpo.searching.trials import Key, TrialResult, ranked

Where = Literal["test", "full", "confirmation", "search"]
"""Where a score comes from: the test set, after a training on all of the data; validation after such a training, where
there is no test set; fresh runs on the subset; the search.
"""

Nothing = Literal["untried", "failed", "alike", "chance", "lost"]
"""Why no config is recommended: none was tried yet; every training failed; all scores are the same; the best is not
clearly above guessing; or it learnt on the subset, and on all of the data it did not.
"""

FEWEST_ALIKE = 5
"""Of fewer trials the scores may be the same by chance."""

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Recommended:
    """What to use: the values as they are to be trained, what they scored and where, and what was changed on the way.

    `config` is None where `nothing` says why; the rest then tells of the config that came closest. `trial` and `key`
    are those of the search's trial that tried it first. `validation` are the scores that it was chosen by; `score`
    is that of the test set where it was evaluated there. `changes` are the settings that were changed for all of the
    data, and those that were put back.
    """

    config: Config | None
    score: Estimate = UNKNOWN
    validation: Estimate = UNKNOWN
    where: Where | None = None
    trial: int | None = None
    key: Key | None = None
    images: int = 0
    epochs: int = 0
    changes: tuple[Change, ...] = ()
    nothing: Nothing | None = None
    result: FullResult | None = None
    """The runs on all of the data behind it, once it was trained there."""


def recommend(
    definition: StudyDefinition,
    data: Mapping[str, Any],
    trials: Sequence[TrialResult],
    good: Sequence[GoodValue],
    full: Sequence[FullResult],
) -> Recommended:
    """Return the recommended config of a search as far as it is.

    `trials` are the comparable ones, `good` and `full` are in their order of preference, `data` are the numbers of the
    study's data. No number that chose a config is taken for its score, unless there is no other yet.
    """
    last = definition.rounds[-1]
    subset = last.taken(int(data["pool"]))
    if full and _all_trained(definition, good, full):
        winner = full[0]
        found = Recommended(
            config=values_in_use(definition, winner, full),
            score=winner.test if winner.test.runs else winner.validation,
            validation=winner.validation,
            where="test" if winner.test.runs else "full",
            trial=winner.source_trial,
            key=winner.source,
            images=int(data["pool"]),
            epochs=definition.final.epochs,
            changes=_changes(definition, winner, trials, full),
            result=winner,
        )
    elif good:
        best = good[0]
        confirmed = best.confirmed
        found = Recommended(
            config=best.config,
            score=confirmed,
            validation=confirmed,
            where="confirmation",
            trial=best.trial,
            key=best.key,
            images=subset,
            epochs=last.epochs,
        )
    else:
        first = next((trial for trial in ranked(trials) if not _failed(trial, definition.metric)), None)
        if first is None:
            return Recommended(None, nothing="failed" if trials else "untried")
        score = Estimate(first.score, math.nan, math.nan, 1)
        found = Recommended(
            config=first.config,
            score=score,
            validation=score,
            where="search",
            trial=first.number,
            key=first.key,
            images=subset,
            epochs=last.epochs,
        )
    nothing = _nothing(definition, data, trials, good, found)
    if nothing is None:
        return found
    return replace(found, config=None, changes=(), nothing=nothing, result=None)


def values_in_use(definition: StudyDefinition, result: FullResult, full: Sequence[FullResult]) -> Config:
    """Return the values of `result` as trained on all of the data, with what was changed beside the space in any."""
    changed = sorted({name for each in full for run in each.runs for name in run.overrides})
    own = {name: result.config[name] for name in definition.space.hyperparameters if name in result.config}
    if not changed:
        return own
    plain = definition.plain(result.config)
    return {**own, **{name: plain[name] for name in changed}}


def _all_trained(definition: StudyDefinition, good: Sequence[GoodValue], full: Sequence[FullResult]) -> bool:
    """Say whether every good value has all of its runs on all of the data: before, they cannot be compared there."""
    done = {each.source for each in full if each.stage == "full" and len(each.runs) >= definition.final.seeds}
    return {each.key for each in good} <= done


def _nothing(
    definition: StudyDefinition,
    data: Mapping[str, Any],
    trials: Sequence[TrialResult],
    good: Sequence[GoodValue],
    found: Recommended,
) -> Nothing | None:
    """Return why what was `found` is not to be recommended, if so."""
    metric = definition.metric
    if trials and all(_failed(trial, metric) for trial in trials):
        return "failed"
    if len(trials) >= FEWEST_ALIKE and len({trial.score for trial in trials}) == 1:
        return "alike"
    chance = data.get("chance")
    if chance is None or not found.validation.runs:
        return None
    if found.validation.mean > clearly_above(chance, _images_scored(definition, data, found.where), metric):
        return None
    confirmed = next((each.confirmed for each in good if each.key == found.key), UNKNOWN)
    images = _images_scored(definition, data, "confirmation")
    learnt = confirmed.runs and confirmed.mean > clearly_above(chance, images, metric)
    return "lost" if found.where in ("test", "full") and learnt else "chance"


def _failed(trial: TrialResult, metric: Metric) -> bool:
    """Say whether a trial failed or diverged, which counts as the worst score there is: no image right."""
    return trial.failed or trial.score == metric.worst


def _images_scored(definition: StudyDefinition, data: Mapping[str, Any], where: Where | None) -> int:
    """Return how many images a validation score is the mean over."""
    name = {"test": "holdout", "full": "holdout", "confirmation": "confirmation"}.get(where or "", "validation")
    return int(data.get(name, getattr(definition.data, name)))


def _changes(
    definition: StudyDefinition, winner: FullResult, trials: Sequence[TrialResult], full: Sequence[FullResult]
) -> tuple[Change, ...]:
    """Return the settings that differ from those of the search, and a weight decay that was put back."""
    source = next((trial for trial in trials if trial.key == winner.source), None)
    if source is None:
        return ()
    before, after = (definition.plain(config) for config in (source.config, winner.config))
    carried = next((each for each in full if each.stage == "full" and each.source == winner.source), None)
    found = []
    metric = definition.metric
    improved = "rose" if metric.maximized else "fell"
    old_decay, decay = before.get("weight_decay"), after.get("weight_decay")
    if old_decay is not None and decay is not None and old_decay != decay:
        ratio = old_decay / decay if decay else math.inf
        why = f"divided by {ratio:.3g} for {ratio:.3g} times the images"
        found.append(Change("weight_decay", old_decay, decay, why))
    elif (
        decay is not None and carried is not None and any(each.plain and each.source == winner.source for each in full)
    ):
        scaled = definition.plain(carried.config)["weight_decay"]
        plain = next(each for each in full if each.plain and each.source == winner.source)
        if scaled not in (0, decay):
            ratio, lost = decay / scaled, plain.validation.mean - carried.validation.mean
            how = (
                f"validation {metric.name} was {amount_words(metric, lost)} {'lower' if metric.maximized else 'higher'}"
            )
            why = f"kept as in the search (divided by {ratio:.3g}, {how})"
            found.append(Change("weight_decay", decay, decay, why))
    if before.get("learning_rate") != after.get("learning_rate"):
        factor = after["learning_rate"] / before["learning_rate"]
        how = "doubled" if factor > 1 else "halved"
        base = [each for each in full if each.source == winner.source and each.stage in ("full", "plain")]
        same = [each for each in base if definition.plain(each.config).get("weight_decay") == decay]
        gain = winner.validation.mean - same[0].validation.mean if same else math.nan
        why = f"{how} on all of the data" + (
            "" if math.isnan(gain) else f" (validation {metric.name} {improved} by {amount_words(metric, gain)})"
        )
        found.append(Change("learning_rate", before["learning_rate"], after["learning_rate"], why))
    return tuple(found)
