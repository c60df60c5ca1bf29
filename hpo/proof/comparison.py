"""A comparison: every config of a grid trained with several seeds, nothing chosen. What came out, as frozen values.

The experiments of "Deep Learning from Scratch" (chapters 6 and 7) are comparisons. Run k of every config shares its
images, its initial weights' seed and its order of batches with run k of the others, so that differences are paired.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from hpo.definition.study import StudyDefinition
from hpo.proof.estimates import Estimate, estimate, estimate_difference
from hpo.searching.extremes import failed_score
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.queued import DONE, QueuedTrial, score_of
from hpo.searching.seeds import COMPARE, derived_seed
from hpo.searching.space import Config


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One training of one config of the grid. All are scores at the end of the training: of an accuracy itself.

    `score` is that on the whole holdout, `train_accuracy` nan where the trainer does not say; `id` is the
    trial's in the database: its curve, with the test accuracy at every point, and its trained network are found by it.
    """

    run: int
    number: int
    id: int
    seed: int
    score: float
    train_accuracy: float
    test_accuracy: float
    n_train: int
    epochs: int
    seconds: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class ComparedConfig:
    """One config of the grid with all of its ended runs, and their means with 90 % intervals."""

    config: Config
    runs: tuple[ComparedRun, ...]
    train: Estimate
    validation: Estimate
    test: Estimate
    gap: Estimate
    """Train score - test score, paired within each run."""


def wanted_trials(configs: Sequence[Config], *, runs: int, seed: int) -> list[tuple[Config, dict[str, Any]]]:
    """Return the trials of a comparison with their attributes: first run 0 of all configs, then run 1, and so on.

    `seed` is the study's. Run k has the same seed in every config, and with it the same first weights and batches.
    """
    return [
        (
            config,
            {
                "round": 1,
                "index": run * len(configs) + place,
                "run": run,
                "seed": derived_seed(seed, COMPARE, run),
                "allowed": DONE,
            },
        )
        for run in range(runs)
        for place, config in enumerate(configs)
    ]


def compared(definition: StudyDefinition, trials: Iterable[QueuedTrial]) -> list[ComparedConfig]:
    """Return the configs of the grid, in its order, with their ended runs; those without any are left out.

    A failed run has the worst score (an accuracy of 0, see `hpo.searching.extremes`). Of a run that was enqueued twice
    the first that ended counts; one that was stopped is such a twin and none of the runs.
    """
    grid, metric = definition.space.grid(), definition.metric
    first: dict[tuple[int, int], QueuedTrial] = {}
    for trial in trials:
        if trial.state in (TrialState.COMPLETE, TrialState.FAIL):
            run = int(trial.attributes["run"])
            first.setdefault((int(trial.attributes["index"]) - run * len(grid), run), trial)
    scores = [score_of(trial, metric) for trial in first.values()]
    worst = failed_score(metric, [score for score in scores if score is not None])
    found = {key: _run(trial, worst, metric) for key, trial in first.items()}
    runs = [[found[key] for key in sorted(found) if key[0] == place] for place in range(len(grid))]
    return [
        compared_config(config, of_config, metric) for config, of_config in zip(grid, runs, strict=True) if of_config
    ]


def difference(ours: ComparedConfig, other: ComparedConfig, of: Callable[[ComparedRun], float]) -> Estimate:
    """Return how much larger `of` is for `ours` than for `other`: the mean difference between the runs of one number.

    Such runs share images, first weights and batches, so what those do to both cancels. The 90 % t interval is that of
    the differences; runs that only one of the two has do not count.
    """
    theirs = {run.run: of(run) for run in other.runs}
    return estimate_difference([of(run) - theirs[run.run] for run in ours.runs if run.run in theirs])


def _run(trial: QueuedTrial, worst: float, metric: Metric) -> ComparedRun:
    attributes, score = trial.attributes, score_of(trial, metric)
    train, test = (
        worst if score is None else math.nan if attributes.get(name) is None else metric.score(attributes[name])
        for name in ("train_accuracy", "test_accuracy")
    )
    return ComparedRun(
        run=int(attributes["run"]),
        number=trial.number,
        id=trial.id,
        seed=int(attributes["seed"]),
        score=worst if score is None else score,
        train_accuracy=train,
        test_accuracy=test,
        n_train=attributes.get("n_train", 0),
        epochs=attributes.get("epochs", 0),
        seconds=attributes.get("seconds", 0.0),
        reason=attributes.get("reason"),
    )


def compared_config(config: Config, runs: Sequence[ComparedRun], metric: Metric = ACCURACY) -> ComparedConfig:
    """Return `config` with the means of its `runs` and their intervals."""
    return ComparedConfig(
        config=config,
        runs=tuple(runs),
        train=estimate([run.train_accuracy for run in runs], metric),
        validation=estimate([run.score for run in runs], metric),
        test=estimate([run.test_accuracy for run in runs], metric),
        gap=estimate_difference([run.train_accuracy - run.test_accuracy for run in runs]),
    )
