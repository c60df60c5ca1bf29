"""Comparisons made by hand: real definitions, and runs whose curves have the shape that a test wants."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.proof.comparison import ComparedConfig, ComparedRun, compared_config
from hpo.record.results import StudyResults
from hpo.searching.seeds import COMPARE, derived_seed
from hpo.searching.space import Config
from hpo.storage.records import Curve, CurvePoint, LedgerEntry
from tests.support.results import DATA, SHOWN, SOURCE

WEIGHT_DECAY = {"weight_decay": {"choices": [0.0, 0.1]}}
OPTIMIZERS = {
    "optimizer": {
        "choices": [
            {"optimizer": "sgd", "learning_rate": 0.01},
            {"optimizer": "momentum", "learning_rate": 0.01},
            {"optimizer": "adagrad", "learning_rate": 0.01},
            {"optimizer": "adam", "learning_rate": 0.001},
        ]
    }
}
STANDARD_DEVIATIONS = [float(f"{std:.2g}") for std in np.logspace(0, -4, 16)]
GRID = {"batch_norm": {"choices": [False, True]}, "initialization": {"choices": STANDARD_DEVIATIONS}}
EPOCHS = 100
STEPS_PER_EPOCH = 3

Shape = Callable[[Config, int, float], Mapping[str, float]]
"""What a curve shows: from config, run and the share of the training done to the fields of a CurvePoint."""


def definition(
    space: Mapping[str, Any] = WEIGHT_DECAY,
    *,
    figure: str = "overfitting",
    name: str = "book_overfit",
    title: str = "overfitting with and without weight decay",
    seeds: int = 3,
) -> StudyDefinition:
    return read_definition(
        name,
        {
            "title": title,
            "data": {"dataset": "mnist"},
            "model": {"network": "mlp"},
            "space": space,
            "search": {"sampler": "grid"},
            "comparison": {"samples": 300, "epochs": EPOCHS, "seeds": seeds, "evaluations": 50, "figure": figure},
        },
    )


def overfits(config: Config, run: int, share: float) -> dict[str, float]:
    """Without weight decay validation loss turns at half time; with it, it never does. Test accuracy pays for it."""
    decay = float(config.get("weight_decay", 0.0))
    loss = 0.7 + 2 * abs(share - 0.5) ** 1.5 if decay == 0 else 0.8 + np.exp(-6 * share)
    train = (1.0 if decay == 0 else 0.9) - 0.8 * np.exp(-8 * share)
    test = (0.75 if decay == 0 else 0.72 - 0.001 * run) - 0.6 * np.exp(-8 * share) + 0.002 * run
    return {
        "train_loss": 1 - 0.9 * share,
        "train_accuracy": float(train),
        "validation_loss": float(loss),
        "validation_accuracy": float(test) + 0.01,
        "test_accuracy": float(test),
    }


def comparison(
    of: StudyDefinition | None = None,
    shape: Shape = overfits,
    *,
    points: int = 50,
    state: str = "done",
    source: Mapping[str, str] = SOURCE,
    diverged: Callable[[Config, int], bool] = lambda config, run: False,
) -> StudyResults:
    """Return a comparison whose curves `shape` draws; where `diverged`, a run broke off after a third."""
    of = of or definition()
    assert of.comparison is not None
    compared: list[ComparedConfig] = []
    curves: dict[int, Curve] = {}
    for place, config in enumerate(of.space.grid()):
        runs = []
        for run in range(of.comparison.seeds):
            trial = 100 * run + place
            broke = diverged(config, run)
            curves[trial] = curve(config, run, shape, points, broke)
            end = curves[trial].points[-1]
            runs.append(
                ComparedRun(
                    run=run,
                    number=trial,
                    id=trial,
                    seed=derived_seed(of.seed, COMPARE, run),
                    score=end.validation_accuracy,
                    train_accuracy=end.train_accuracy,
                    test_accuracy=end.test_accuracy or 0.0,
                    n_train=300,
                    epochs=EPOCHS,
                    seconds=2.0 + run,
                    reason="loss became nan at step 7" if broke else None,
                )
            )
        compared.append(compared_config(config, runs))
    opened = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return StudyResults(
        definition=of,
        state=state,
        data=DATA,
        source=source,
        versions={"python": "3.12.1", "numpy": "2.4.0", "optuna": "5.0.0"},
        rounds=(),
        queued=(),
        trials=(),
        runs=(),
        good=(),
        full=(),
        curves=curves,
        ledger=[LedgerEntry(of.name, trial, "comparison", "mnist", opened) for trial in sorted(curves)],
        compared=compared,
        shown=SHOWN,
        shown_trials={trial: trial for trial in curves},
    )


def curve(config: Config, run: int, shape: Shape, points: int, broke: bool) -> Curve:
    last = EPOCHS * STEPS_PER_EPOCH
    steps = sorted({max(1, round(last * (i + 1) / points)) for i in range(points)})
    made = [_point(step, shape(config, run, step / last)) for step in steps]
    if broke:
        made = made[: max(1, points // 3)]
        lost = {"train_loss": 1e6, "validation_loss": 1e6} | dict.fromkeys(_ACCURACIES, 0.0)
        made[-1] = dataclasses.replace(made[-1], **lost)  # type: ignore[arg-type]
    return Curve(tuple(made), np.zeros((1, 8), dtype=np.bool_))


def optimizer_losses(config: Config, run: int, share: float) -> dict[str, float]:
    """Training losses that fall at a pace of each optimizer's own, to the same floor."""
    pace = {"sgd": 1.0, "momentum": 4.0, "adagrad": 8.0, "adam": 16.0}[
        json.loads(str(config["optimizer"]))["optimizer"]
    ]
    loss = 2.3 * float(np.exp(-pace * share)) + 0.01 * run
    return overfits({}, run, share) | {"train_loss": loss}


def grid_accuracies(config: Config, run: int, share: float) -> dict[str, float]:
    """Batch normalisation learns with any initial weights, without it only those near .1 do."""
    off = abs(np.log10(float(config["initialization"])) + 1)
    end = 0.9 if config["batch_norm"] else max(0.1, 0.85 - 0.6 * off)
    return overfits({}, run, share) | {"train_accuracy": float(end * (1 - np.exp(-4 * share)))}


def _point(step: int, fields: Mapping[str, float]) -> CurvePoint:
    return CurvePoint(group=0, step=step, epoch=step / STEPS_PER_EPOCH, seconds=step * 0.01, **fields)


_ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
