"""A training done again, from its beginning, with the same seed and with others: see hpo.searching.reproduced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hpo.searching.reproduced import other_seeds, outcome
from hpo.searching.space import Config
from hpo.training.protocol import Assignment, Saves, Score, Trainer, TrainingFailedError


def trained_again(trainer: Trainer, config: Config, task: Assignment, percent: int, score: Score) -> dict[str, Any]:
    """Return what comes out where `config` is trained to `percent` once more with its seed, and with another.

    `score` is what came out the first time. Where another seed gives the same, more of them are tried: an accuracy on
    few examples may be the same by chance.
    """
    first = score.value, score.train
    again = _trained(trainer, config, task, percent)
    if again == first:  # which may be by chance
        again = _trained(trainer, config, task, percent)
    tried = 0
    for seed in other_seeds(task.seed):
        tried += 1
        differs = _trained(trainer, config, replace(task, seed=seed), percent) != first
        if differs:
            return outcome(first[0], again, again == first, tried=tried, differs=True)
    return outcome(first[0], again, again == first, tried=tried, differs=False)


def _trained(trainer: Trainer, config: Config, task: Assignment, percent: int) -> tuple[float, float | None] | None:
    """Return value and train value at `percent`; None where it fails."""
    # With a purpose of its own it finds nothing that the trial's training has saved, and leaves nothing for the next.
    training = trainer.start(config, replace(task, purpose="trained again"), _no_test)
    try:
        score = training.advance(percent)
        return score.value, score.train
    except TrainingFailedError:
        return None
    finally:
        training.close()
        if isinstance(training, Saves):
            training.forget()


def _no_test() -> None:
    raise TrainingFailedError("the test set is not to be opened when a training is done again")
