"""A certificate for the subset: does training on few images rank the better half of the configs like more data does?

Over all configs almost any subset ranks well, because junk is easy to rank; a search needs the better half ranked. And
a subset that ranks it badly does no harm as long as the config that it puts first is as good as any. So a certificate
says both: Kendall's tau over the better half, and what is lost by taking the subset's best config.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpo.searching.extremes import clipped
from hpo.searching.metric import ACCURACY, Metric

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

LEAST_SEEDS = 3
LEAST_CONFIGS = 8
CONFIDENCE = 0.90
DRAWS = 400
"""Of the bootstrap."""

TAU_LOW, LOSS, LOSS_HIGH = -0.2, 0.003, 0.01
"""The pass rule, see `SizeVerdict.passes`."""

SPREADS = 20
"""Where values have no bounds, so many times what the better half of the configs spans stands for 0 .. 1: of an
accuracy that half spans some five points."""


@dataclass(frozen=True, slots=True)
class Size:
    """A number of training images, and for how many epochs a trial trains on them."""

    samples: int
    epochs: int

    @property
    def cost(self) -> int:
        """What a trial costs, in trained samples."""
        return self.samples * self.epochs

    def __str__(self) -> str:
        return f"{self.samples} images x {self.epochs} epochs"


@dataclass(frozen=True, slots=True)
class SizeVerdict:
    """How one size ranks the configs, held against the reference.

    `tau` is Kendall's tau-b (-1..1) with the reference over the better half of the configs, `tau_low` its 90 % lower
    bound. `loss` is how much of the reference's score (of an accuracy a share, .01 is a point) is lost by taking the
    config that this size puts first instead of the one that the reference does, `loss_high` its 90 % upper bound.
    `cost` is what a trial costs relative to the reference, in trained samples; `span` is how far scores reach: the
    metric's bounds, or what stands for them (SPREADS).
    """

    size: Size
    tau: float
    tau_low: float
    loss: float
    loss_high: float
    cost: float
    span: float = 1.0

    @property
    def passes(self) -> bool:
        """Whether a search may train on this size: tau_low > -.2, loss <= .3 points, and loss_high <= 1 point.

        A point is 1 % of the span.

        In words: its best config is expected to be as good as the reference's, it is not likely to be a point worse,
        and the size does not rank the better half upside down. More cannot be asked of tau: where the better half is a
        plateau, even the reference hardly agrees with itself, and any config of it will do.

        The numbers were chosen on a recorded table (an MLP on Fashion-MNIST, learning rate x weight decay). Followed on
        eight tables, 100 certificates each before a search, with weight decay carried over to all of the data, sizes
        that passed lost .29 points of test accuracy against the best of the 16 configs (90 % interval .21 .. .37); 400
        images lost .50, 1,600 .48, and the reference itself, 6,400, .41 (`tests.benchmarks.certifying --before`). It
        errs on the safe side: 60 % of the certificates passed no size, and after a search, where configs are alike, 75.
        """
        return self.tau_low > TAU_LOW and self.loss <= LOSS * self.span and self.loss_high <= LOSS_HIGH * self.span


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was found about each candidate size, the smallest first; `ceiling` is what noise allows their tau to be.

    The ceiling is the reference's agreement with itself: the same tau, between some of its seeds and the others.
    """

    reference: Size
    sizes: tuple[SizeVerdict, ...]
    ceiling: float
    configs: int
    seeds: int

    @property
    def smallest(self) -> SizeVerdict | None:
        """The smallest size that passes, or None."""
        return next((each for each in self.sizes if each.passes), None)

    @property
    def chosen(self) -> Size:
        """The size to train on: the smallest that passes, or the reference where none does."""
        return self.reference if self.smallest is None else self.smallest.size

    def of(self, size: Size) -> SizeVerdict | None:
        """Return what was found about `size`, if it was a candidate."""
        return next((each for each in self.sizes if each.size == size), None)


def certify(scores: Mapping[Size, Floats], *, seed: int, metric: Metric = ACCURACY) -> Certificate:
    """Return the certificate for `scores`: by size, those of m configs x s seeds, shape (m, s); more is better.

    Where there is no worst one they are clipped first, each size for itself (see `hpo.searching.extremes`).

    All sizes have the same m >= 8 configs in the same order; the number of seeds (3 at least) may differ. The largest
    size is the reference.

    The bounds take the seeds of a size to be independent of those of another. For the training images that holds while
    the pool suffices (`hpo.certificate.images`); beyond that, and as far as the sizes' draws of validation images
    overlap, luck that they share counts as agreement, so that tau and its lower bound err upwards. Where the reference
    is all of the pool, sharing is no error: then the question is how a part ranks against the very whole.

    One seed j of the reference at a time is left out. The others choose the better half of the configs (by their mean;
    the half is rounded up), and j, which had no say in that, ranks it: tau_j is Kendall's tau-b between the means of
    the candidate's seeds and the accuracies of seed j, and tau is the mean over j. If the seeds that choose the half
    also ranked it, their luck would stand on both sides; if the candidate chose it, configs that it underrates would
    be out of sight. For the loss one seed i of the candidate is left out as well, so that it does not hang on a single
    tie: the rest of the candidate and the rest of the reference each name their best config, and seed j says what lies
    between the two. Nobody's luck is then counted as accuracy; the price is that the loss may come out below zero.

    The bounds are percentiles (10 % and 90 %) of a bootstrap over configs and, in each size, over seeds (Efron &
    Tibshirani 1993, "An introduction to the bootstrap", chapter 13); copies of a seed are left out together. Raises
    ValueError for fewer configs, seeds or sizes than that takes.
    """
    order = sorted(scores, key=lambda size: size.samples)
    _check(scores, order)
    tables = [clipped(metric, scores[size]) for size in order]
    span = metric.span
    if span is None:
        means = tables[-1].mean(axis=1)
        span = SPREADS * float(means.max() - np.median(means))
    configs, rng = len(tables[-1]), np.random.default_rng(seed)
    rows = rng.integers(0, configs, (DRAWS, configs))
    counts = [rng.multinomial(n, np.full(n, 1 / n), DRAWS) for n in (table.shape[1] for table in tables)]
    verdicts = []
    for size, table, drawn in list(zip(order, tables, counts, strict=True))[:-1]:
        ones = [np.ones((1, each.shape[1]), dtype=np.int64) for each in (table, tables[-1])]
        tau, loss = (float(each[0]) for each in _tau_and_loss(table[None], ones[0], tables[-1][None], ones[1]))
        taus, losses = _tau_and_loss(table[rows], drawn, tables[-1][rows], counts[-1])
        tau_low = min(tau, float(np.nanquantile(taus, 1 - CONFIDENCE)))
        loss_high = max(loss, float(np.nanquantile(losses, CONFIDENCE)))
        verdicts.append(SizeVerdict(size, tau, tau_low, loss, loss_high, size.cost / order[-1].cost, span))
    return Certificate(order[-1], tuple(verdicts), _ceiling(tables[-1]), configs, min(t.shape[1] for t in tables))


def kendall(x: Floats, y: Floats) -> Floats:
    """Return Kendall's tau-b along the last axis of `x` and `y`, both (..., n); 0 where all of one are equal.

    (concordant - discordant) / sqrt(pairs untied in x * pairs untied in y), Kendall 1945, "The treatment of ties in
    ranking problems".
    """
    signs_x, signs_y = (np.sign(each[..., :, None] - each[..., None, :]) for each in (x, y))
    untied = np.sqrt(np.abs(signs_x).sum(axis=(-2, -1)) * np.abs(signs_y).sum(axis=(-2, -1)))
    agreement: Floats = (signs_x * signs_y).sum(axis=(-2, -1)) / np.maximum(untied, 1.0)
    return agreement


def _tau_and_loss(
    candidate: Floats, counts: Counts, reference: Floats, reference_counts: Counts
) -> tuple[Floats, Floats]:
    """Return tau and the loss, both (B,), of B draws of a candidate (B, m, s) and the reference (B, m, r).

    The counts, (B, s) and (B, r), say how often each seed was drawn. Where no seed can be left out both are nan.
    """
    mean = _mean(candidate, counts)
    picks = [(weight, _best(others)) for weight, others in _leaving_one_out(candidate, counts)]
    tau, loss, total = (np.zeros(len(candidate)) for _ in range(3))
    for j, (weight, others) in enumerate(_leaving_one_out(reference, reference_counts)):
        ranks = reference[:, :, j]
        half = np.argsort(-others, axis=1, kind="stable")[:, : (others.shape[1] + 1) // 2]
        tau += weight * kendall(_at(mean, half), _at(ranks, half))
        picked = sum(share * _at(ranks, pick)[:, 0] for share, pick in picks)
        loss += weight * (_at(ranks, _best(others))[:, 0] - picked / np.maximum(sum(share for share, _ in picks), 1))
        total += weight
    alone = (total == 0) | (sum(share for share, _ in picks) == 0)
    total = np.where(alone, np.nan, total)
    return tau / total, loss / total


def _ceiling(reference: Floats) -> float:
    """Return tau between the mean of all seeds but one and that one, over the half that the others choose."""
    taus = []
    for j in range(reference.shape[1]):
        others = np.delete(reference, j, axis=1).mean(axis=1)
        half = np.argsort(-others, kind="stable")[: (len(others) + 1) // 2]
        taus.append(kendall(others[half], reference[half, j]))
    return float(np.mean(taus))


def _leaving_one_out(table: Floats, counts: Counts) -> Iterator[tuple[Floats, Floats]]:
    """Yield for each seed its weight (B,), and the configs' means (B, m) over the others.

    The weight is how often the seed was drawn; 0 where there are no others.
    """
    for j in range(table.shape[2]):
        others = counts.copy()
        others[:, j] = 0
        yield np.where(others.sum(axis=1) > 0, counts[:, j], 0).astype(np.float64), _mean(table, others)


def _mean(table: Floats, counts: Counts) -> Floats:
    mean: Floats = np.einsum("bms,bs->bm", table, counts) / np.maximum(counts.sum(axis=1), 1)[:, None]
    return mean


def _best(means: Floats) -> NDArray[np.int64]:
    best: NDArray[np.int64] = np.argmax(means, axis=1)[:, None]
    return best


def _at(values: Floats, places: NDArray[np.int64]) -> Floats:
    return np.take_along_axis(values, places, axis=1)


def _check(scores: Mapping[Size, Floats], order: list[Size]) -> None:
    if len(order) < 2:
        raise ValueError("a certificate compares at least two sizes")
    shapes = {np.shape(scores[size]) for size in order}
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"every size needs the same configs; found shapes {sorted(shapes)}")
    if min(shape[0] for shape in shapes) < LEAST_CONFIGS or min(shape[1] for shape in shapes) < LEAST_SEEDS:
        raise ValueError(
            f"a certificate needs at least {LEAST_CONFIGS} configs and {LEAST_SEEDS} seeds; found shapes "
            f"{sorted(shapes)}"
        )
