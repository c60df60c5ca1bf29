"""A comparison: every config of a grid trained with several seeds, nothing chosen. What came out, as frozen values.

The experiments of "Deep Learning from Scratch" (chapters 6 and 7) are comparisons. Run k of every config shares its
images, its initial weights' seed and its order of batches with run k of the others, so that differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass

from hpo.selecting import Estimate
from hpo.space import Config


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One training of one config of the grid. Accuracies are shares, at the end of the training.

    `score` is the accuracy on the whole holdout; `id` is the trial's in the database: its curve, with the test accuracy
    at every point, and its trained network are found by it.
    """

    run: int
    number: int
    id: int
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
    """Train accuracy - test accuracy, paired within each run."""
