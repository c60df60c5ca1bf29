"""The learning curves of a comparison: of each config the mean over its runs, with the smallest and the largest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hpo.proof.comparison import ComparedConfig
from hpo.record.results import StudyResults
from hpo.storage.records import Curve

Floats = NDArray[np.float64]
Quantity = Literal["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_accuracy"]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One quantity over the updates of some runs: its mean, smallest and largest value, all float64 of shape (P,)."""

    steps: Floats
    epochs: Floats
    mean: Floats
    low: Floats
    high: Floats
    runs: int


def band(results: StudyResults, compared: ComparedConfig, of: Quantity) -> Band | None:
    """Return `of` over the runs of a config that did not diverge; None where no such run has a curve yet.

    A diverged run has no losses to average, and its zeros would be drawn as if it had learnt nothing: `diverged` counts
    those runs instead.
    """
    return mean_band(
        [results.curves[run.id] for run in compared.runs if not run.reason and run.id in results.curves], of
    )


def mean_band(curves: Sequence[Curve], of: Quantity) -> Band | None:
    """Return `of` over `curves`; one that ended early keeps its last value.

    Points where it was not measured do not count.
    """
    measured = [[(p.step, p.epoch, getattr(p, of)) for p in c.points if getattr(p, of) is not None] for c in curves]
    measured = [points for points in measured if points]
    if not measured:
        return None
    start = max(points[0][0] for points in measured)
    epochs = {step: epoch for points in measured for step, epoch, _ in points if step >= start}
    steps = np.array(sorted(epochs), dtype=np.float64)
    table = np.empty((len(measured), len(steps)))
    for row, points in zip(table, measured, strict=True):
        last = np.searchsorted([step for step, _, _ in points], steps, side="right") - 1
        row[:] = np.array([value for _, _, value in points])[last]
    return Band(
        steps=steps,
        epochs=np.array([epochs[int(step)] for step in steps]),
        mean=table.mean(axis=0),
        low=table.min(axis=0),
        high=table.max(axis=0),
        runs=len(measured),
    )


def diverged(compared: ComparedConfig) -> str:
    """Return `diverged` or `2 of 5 runs diverged`, for labels; an empty text where all ran to their end."""
    failed = sum(bool(run.reason) for run in compared.runs)
    if not failed:
        return ""
    return "diverged" if failed == len(compared.runs) else f"{failed} of {len(compared.runs)} runs diverged"


def averaged_text(results: StudyResults) -> str:
    """Return what lines and bands are, for the line under a figure's title."""
    runs = max((len(compared.runs) for compared in results.compared), default=0)
    if runs <= 1:
        return "one run each"
    return f"lines: mean of {runs} runs, bands: from the smallest to the largest"
