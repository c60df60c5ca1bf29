"""Copies of one picture: found by a hash of their pixels, and kept on one side of a split.

Pictures that were copied or saved twice would else be trained on and validate, and the score would be that of a memory.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError
from hpo.storage.splits import PARTITION, Indices, Partition, frozen, partition, stratified_order

_MOST_OF_THE_HOLDOUT = 10  # one in so many of its images may show the same picture


def fingerprints(images: npt.NDArray[np.generic]) -> npt.NDArray[np.bytes_]:
    """Return a hash (N,) of each of `images` (N, ...): equal pictures have the same."""
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    # Longer than a zero byte at its end, which NumPy would cut off.
    return np.array([hashlib.blake2b(row.data, digest_size=16).digest() + b"." for row in rows])


def pictures(images: npt.NDArray[np.generic]) -> Indices | None:
    """Return which picture (N,) each of `images` shows, numbered from 0; None where no two are equal."""
    found, which = np.unique(fingerprints(images), return_inverse=True)
    return None if len(found) == len(images) else which.astype(np.int64)


def partition_with_copies(
    labels: npt.NDArray[np.integer], copies: Indices | None, *, holdout: int, seed: int
) -> Partition:
    """Return what `partition` does, with all copies of a picture in the pool or all in the holdout.

    `copies` (N,) says which picture each image shows; None, that no two are equal. Where the last picture of the
    holdout has more copies than there is room for, those left over are on neither side. A picture that would be a large
    part of the holdout is trained on, if there are others. Raises UserError unless the holdout fits beside a picture of
    each class to train on.
    """
    if copies is None:
        return partition(labels, holdout=holdout, seed=seed)
    rng = np.random.default_rng((seed, PARTITION))
    shuffled = rng.permutation(len(labels))
    _, first, which, counts = np.unique(copies[shuffled], return_index=True, return_inverse=True, return_counts=True)
    order = stratified_order(labels[shuffled[first]], rng)  # of the pictures, each by the label of one of its copies
    order = order[~_kept_to_train(labels[shuffled[first]][order])]
    rare = order[counts[order] <= max(1, holdout // _MOST_OF_THE_HOLDOUT)]
    if counts[rare].sum() >= holdout:
        order = rare
    room = int(counts[order].sum())
    if not 1 <= holdout <= room:
        raise UserError(
            f"a holdout of {holdout:,} was asked for; the {len(labels):,} images show {len(first):,} different "
            f"pictures, whose copies stay together, so it must be from 1 to {room:,}, that every class keeps one to "
            "train on"
        )
    ends = np.cumsum(counts[order])
    taken = order[: int(np.searchsorted(ends, holdout)) + 1]
    place = np.full(len(first), -1)
    place[taken] = np.arange(len(taken))
    held = np.flatnonzero(place[which] >= 0)
    held = held[np.argsort(place[which[held]], kind="stable")][:holdout]  # copies one after the other
    pool = np.flatnonzero(place[which] < 0)
    pool = pool[stratified_order(labels[shuffled[pool]], rng)]
    return Partition(labels, frozen(shuffled[pool]), frozen(shuffled[held]), seed)


def _kept_to_train(labels: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Return which of `labels` are the last of their class."""
    kept = np.zeros(len(labels), dtype=bool)
    kept[len(labels) - 1 - np.unique(labels[::-1], return_index=True)[1]] = True
    return kept
