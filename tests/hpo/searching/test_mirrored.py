"""The same search on a metric and on its mirror image, of which less is better, decides the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState

from hpo.definition.rounds import comparable
from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import FinalRun, final_runs, source_text
from hpo.proof.final_stage import WantedRun, wanted_runs
from hpo.proof.good_values import good_values, results_on_all_of_the_data
from hpo.proof.recommended import Recommended, recommend
from hpo.searching.constraints import Constraint
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import propose
from hpo.searching.queued import QueuedTrial, search_results
from hpo.searching.relevance import Relevance, relevance
from hpo.searching.space import Box, Config
from hpo.searching.stopping import survivors, with_imputed_scores
from hpo.searching.trials import Key, TrialResult
from tests.support.builders import definition, queued

POOL = 4_000
REWARD = Metric("reward", low=None, high=None, is_share=False)
AUC = Metric("auc", guess=0.5, is_share=False)
GAIN = Metric("gain", low=0.0, high=None, guess=0.1, is_share=False)


def mirrored(metric: Metric) -> Metric:
    """The metric whose values are those of `metric` with the other sign, and of which less is better."""
    low, high, guess = (None if each is None else 0.0 - each for each in (metric.high, metric.low, metric.guess))
    return replace(metric, direction="minimize", low=low, high=high, guess=guess)


@dataclass(frozen=True)
class Replayed:
    """What a search came to: every decision that was taken."""

    boxes: Sequence[Box]
    proposed: Sequence[Sequence[Config]]
    going_on: Sequence[set[int]]
    gain: float
    relevances: Sequence[Relevance]
    known: Sequence[TrialResult]
    wanted: Sequence[tuple[str, Key, int]]
    runs: Sequence[FinalRun]
    good: Sequence[Key]
    first: Sequence[Key]
    recommended: Recommended


def score(config: Config, rng: np.random.Generator) -> float:
    """About .9 at its best, near a learning rate of .1 and a weight decay of 1e-4, with luck."""
    away = (math.log10(float(config["learning_rate"])) + 1) ** 2 / 9
    away += (math.log10(float(config["weight_decay"])) + 4) ** 2 / 100
    return float(np.clip(0.9 - 0.6 * away + 0.02 * rng.standard_normal(), 0.0, 1.0))


def replayed(study: StudyDefinition, chance: float | None, *, absurd: float | None = None) -> Replayed:
    """Search, race, confirm and train on all of the data as a coordinator does; some trials fail, one is `absurd`."""
    metric, space = study.metric, study.space
    rng = np.random.default_rng(3)
    box, boxes, proposed, going_on, found = space.start(), {}, [], [], []
    for number in (1, 2, 3):
        known = search_results(found, metric, study.bounds)
        if number > 1:
            box = narrow(space, box, known, chance, metric).box
        boxes[number] = box
        scored = with_imputed_scores(known, metric)
        configs = propose(
            space, box, scored, n=16, seed=number, sampler="tpe", constrained=bool(study.bounds), metric=metric
        )
        proposed.append(configs)
        ends = [score(config, rng) for config in configs]
        half = {i: metric.score(metric.value(0.8 * end)) for i, end in enumerate(ends)}
        alive = survivors(half, 0.5)
        going_on.append(alive)
        for i, (config, end) in enumerate(zip(configs, ends, strict=True)):
            attributes: dict[str, Any] = {
                "round": number,
                "index": i,
                "train_accuracy": metric.value(end + 0.01 * (i % 9)),
            }
            rungs = {50: metric.value(0.8 * end)}
            state = TrialState.PRUNED
            if i in alive:
                state = TrialState.FAIL if i % 7 == 3 else TrialState.COMPLETE
                bad = end if absurd is None or i % 5 else absurd
                rungs |= {100: metric.value(bad)} if state == TrialState.COMPLETE else {}
            found.append(queued(len(found), attributes, rungs=rungs, state=state, config=config))
    known = comparable(study, search_results(found, metric, study.bounds))
    final: list[QueuedTrial] = []
    while missing := _missing(wanted_runs(study, box, known, final_runs(final, metric), POOL), final):
        final += [_final(run, len(final) + i, metric, rng) for i, run in enumerate(missing)]
    runs = final_runs(final, metric)
    good = good_values(study, box, known, runs)
    full = results_on_all_of_the_data(study, runs)
    data = {"pool": POOL, "chance": chance, "validation": 200, "confirmation": 400, "holdout": 1000}
    return Replayed(
        boxes=list(boxes.values()),
        proposed=proposed,
        going_on=going_on,
        gain=expected_gain(space, box, box, known, 5, metric=metric),
        relevances=relevance(space, boxes, known, seed=1, metric=metric),
        known=known,
        wanted=[run.key for run in wanted_runs(study, box, known, runs, POOL)],
        runs=runs,
        good=[each.key for each in good],
        first=[each.source for each in full],
        recommended=recommend(study, data, known, good, full),
    )


def _missing(wanted: Sequence[WantedRun], final: Sequence[QueuedTrial]) -> list[WantedRun]:
    there = {(t.attributes["stage"], t.attributes["source"], t.attributes["run"]) for t in final}
    return [run for run in wanted if (run.stage, source_text(run.source.key), run.run) not in there]


def _final(run: WantedRun, number: int, metric: Metric, rng: np.random.Generator) -> QueuedTrial:
    end = score(run.config, rng)
    attributes = {
        "stage": run.stage,
        "source": source_text(run.source.key),
        "source_trial": run.source.number,
        "run": run.run,
        "seed": run.seed,
        "overrides": dict(run.overrides),
        "train_accuracy": metric.value(end + 0.02),
        "test_accuracy": metric.value(end - 0.01),
    }
    state = TrialState.FAIL if number % 11 == 10 else TrialState.COMPLETE
    rungs = {100: metric.value(end)} if state == TrialState.COMPLETE else {}
    return queued(number, attributes, rungs=rungs, state=state, config=run.config)


def study_of(metric: Metric, **more: Any) -> StudyDefinition:
    rounds = [{"trials": 16, "samples": 400, "epochs": 10}] * 3
    return replace(definition(rounds=rounds), metric=metric, **more)


@pytest.mark.parametrize("chance", [None, 0.1, 0.6])
@pytest.mark.parametrize("metric", [ACCURACY, AUC, REWARD, GAIN], ids=lambda each: each.name)
def test_a_metric_and_its_mirror_image_decide_the_same(metric: Metric, chance: float | None) -> None:
    other = mirrored(metric)
    ours, theirs = study_of(metric), study_of(other)
    one = replayed(ours, chance)
    two = replayed(theirs, None if chance is None else other.value(chance))
    _check_same(one, two)
    assert one.good
    assert any(trial.failed for trial in one.known)


def test_with_constraints_they_decide_the_same_too() -> None:
    bounds = (Constraint("gap", at_most=0.04),)
    one, two = (replayed(study_of(each, constraints=bounds), 0.1) for each in (REWARD, mirrored(REWARD)))
    _check_same(one, two)
    free = replayed(study_of(REWARD), 0.1)
    assert one.proposed[0] == free.proposed[0]
    assert one.proposed[1] != free.proposed[1]


def test_one_absurd_value_changes_little_of_what_a_loss_decides() -> None:
    loss = mirrored(REWARD)
    sane, absurd = replayed(study_of(loss), None, absurd=0.0), replayed(study_of(loss), None, absurd=-1e30)
    assert absurd.boxes == sane.boxes
    assert absurd.going_on == sane.going_on
    assert absurd.wanted == sane.wanted
    assert absurd.recommended.config == sane.recommended.config
    assert 0 <= absurd.gain < 0.1


def _check_same(one: Replayed, two: Replayed) -> None:
    for name in ("boxes", "proposed", "going_on", "gain", "relevances", "known", "wanted", "good", "first"):
        assert repr(getattr(one, name)) == repr(getattr(two, name)), name  # as text: nan is itself
    assert [(run.score, run.test_accuracy) for run in one.runs] == [(run.score, run.test_accuracy) for run in two.runs]
    assert repr(replace(one.recommended, result=None, changes=())) == repr(
        replace(two.recommended, result=None, changes=())
    )
