"""Divide the training images into a pool to train on and a holdout to validate on, and both into stratified subsets.

The first rows of a dataset are a biased sample, so subsets are drawn at random, with each class's share kept. Groups of
one size are slices of one order, so for as long as the pool lasts the images that a search trains on and those of its
race, which takes later groups, have none in common. Everything is decided by the labels and a seed.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError

Indices = npt.NDArray[np.int64]

PARTITION, _GROUP, _FRESH, _WITHIN = range(4)  # one stream of random numbers for each use of the seed


def stratified_order(labels: npt.NDArray[np.integer], rng: np.random.Generator) -> Indices:
    """Return a random permutation (N,) of 0..N-1 whose every prefix has each class's share, within less than one image.

    `labels` (N,) are integers of K classes. Among the first m entries, a class with n_c of the N images has m * n_c/N,
    give or take less than one. Images of one class are in random order.

    This is R. Tijdeman, "The chairman assignment problem" (Discrete Mathematics 32, 1980): image j = 0, 1, ... of
    class c may be entry m from m * n_c/N >= j + 1/(2K-2) on, until m * n_c/N <= j + 1 - 1/(2K-2); of those that may
    come, the most urgent does.
    """
    total = len(labels)
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(total)
    if len(counts) < 2:
        return shuffled
    images = shuffled[np.argsort(inverse[shuffled], kind="stable")]  # class after class, each in random order
    n_c = np.repeat(counts, counts)
    j = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    fine = 2 * len(counts) - 2
    earliest = -((-(j * fine + 1) * total) // (n_c * fine))  # in whole numbers: rounded up
    latest = (j * fine + fine - 1) * total // (n_c * fine)
    ties = rng.permutation(total)  # so that equally urgent classes don't always come in the same order
    arrival = np.argsort(earliest, kind="stable")
    # The most urgent first, by `latest` and then by `ties`: as one whole number each, which a heap compares fastest.
    urgency = (latest * total + ties)[arrival].tolist()
    arriving = np.searchsorted(earliest[arrival], np.arange(1, total + 1), side="right").tolist()

    waiting: list[int] = []
    order: list[int] = []
    arrived = 0
    for until in arriving:
        for urgent in urgency[arrived:until]:
            heapq.heappush(waiting, urgent)
        arrived = until
        order.append(heapq.heappop(waiting))
    image_of = np.empty(total, dtype=np.int64)
    image_of[ties] = images
    return image_of[np.array(order, dtype=np.int64) % total]


@dataclass(frozen=True, eq=False)
class Partition:
    """Training images divided into `pool` (to train on) and `holdout` (to validate on).

    Both are indices in stratified order, disjoint, together all of `labels` (N,). Built by `partition`.
    """

    labels: npt.NDArray[np.integer]
    pool: Indices
    holdout: Indices
    seed: int

    def group(self, n: int, k: int) -> Indices:
        """Return the k-th (from 0) group of n training images: disjoint groups for as long as the pool lasts.

        Group 0 of a larger n contains group 0 of a smaller one. Where the pool is used up, group k is a stratified draw
        of n from all of it, by the seed and k. Raises UserError unless 1 <= n <= the size of the pool.
        """
        if not 1 <= n <= len(self.pool):
            raise UserError(
                f"{n:,} training images were asked for, but {len(self.pool):,} are left outside the holdout; "
                "take at least one and at most these, or hold out fewer"
            )
        if (k + 1) * n <= len(self.pool):
            return self.pool[k * n : (k + 1) * n]
        return self._draw(self.pool, n, (_GROUP, k))

    def within(self, n: int, k: int, start: int, stop: int) -> Indices:
        """Return n training images for run k from the pool's start-th to the one before its stop-th.

        All of that range where it has n, else a stratified draw by the seed, n and k. Raises ValueError where it has
        fewer.
        """
        source = self.pool[start:stop]
        if not 1 <= n <= len(source):
            raise ValueError(f"{n:,} images cannot be taken from {len(source):,}, the pool's {start:,} to {stop:,}")
        return source if len(source) == n else self._draw(source, n, (_WITHIN, n, k))

    def validation(self, n: int) -> Indices:
        """Return the first n of the holdout; a larger n contains a smaller one.

        Raises UserError unless 1 <= n <= the size of the holdout.
        """
        if not 1 <= n <= len(self.holdout):
            raise UserError(
                f"{n:,} validation images were asked for, but {len(self.holdout):,} are held out; "
                "take at least one and at most these, or hold out more"
            )
        return self.holdout[:n]

    def fresh_validation(self, n: int, k: int, after: int) -> Indices:
        """Return n images for run k from the holdout behind its first `after`, which decisions have already seen.

        A stratified draw by the seed and k; all that there are, where that is fewer than n. Raises UserError if n < 1
        or nothing is left.
        """
        unseen = self.holdout[after:]
        if n < 1 or not len(unseen):
            raise UserError(
                f"{n:,} fresh validation images were asked for, and {len(unseen):,} of the {len(self.holdout):,} held "
                f"out come after the first {after:,}; take at least one, and hold out more than the search uses"
            )
        return self._draw(unseen, n, (_FRESH, k))

    def _draw(self, source: Indices, n: int, stream: tuple[int, ...]) -> Indices:
        rng = np.random.default_rng((self.seed, *stream))
        return source[stratified_order(self.labels[source], rng)[:n]]


def partition(labels: npt.NDArray[np.integer], *, holdout: int, seed: int) -> Partition:
    """Return how the images with `labels` (N,) divide into a stratified holdout and the pool; `seed` is not negative.

    Every class keeps at least one image in the pool, as a network can't learn what it never sees; so a class with a
    single image is only trained on. Raises UserError unless 1 <= holdout <= N minus the number of classes.
    """
    rng = np.random.default_rng((seed, PARTITION))
    total = len(labels)
    shuffled = rng.permutation(total)
    mixed = labels[shuffled]
    _, first, counts = np.unique(mixed, return_index=True, return_counts=True)
    most = total - len(counts)
    if not 1 <= holdout <= most:
        raise UserError(
            f"a holdout of {holdout:,} was asked for; with {total:,} images in {len(counts)} classes it must be from 1 "
            f"to {most:,}, so that every class keeps an image to train on"
        )
    # A class that would leave less than one image to the pool, even if all classes reserved one, reserves one.
    scarce = counts * (most - holdout) < most
    free = np.setdiff1d(np.arange(total), first[scarce])
    held = free[stratified_order(mixed[free], rng)[:holdout]]
    pool = np.setdiff1d(np.arange(total), held)
    pool = pool[stratified_order(mixed[pool], rng)]
    return Partition(labels, frozen(shuffled[pool]), frozen(shuffled[held]), seed)


def frozen(indices: Indices) -> Indices:
    """Return `indices`, which nobody can write into any more."""
    indices.flags.writeable = False
    return indices
