"""How much of the best score is luck: the best of many is chosen for its luck with the validation images, too.

As bootstrap bias-corrected cross-validation does (BBC-CV; Tsamardinos, Greasidou & Borboudakis 2018, "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation", algorithm 2): choose on some of the images, look
at the chosen one on the others, many times. It needs no training, only which images each trial got right. The images
are drawn without replacement here: a bootstrap chooses under twice the noise of the real choice, and finds too little.
With 500 images its mean error is -.5 to -.7 points in simulated searches, against -.2 to -.3 so (300 seeds each); the
best score as it is errs by +1.1 to +1.4.

Without hits there is no correction: of a metric that is no share of examples, or a trainer that does not say which
examples it got right, nobody knows how much of the best score is luck before fresh runs tell.

It corrects the score of the *trained network* that was chosen. What its config reaches with another seed or other
training images, only fresh runs can say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 400
MOST = 1000
"""Of more trials so many are candidates for the best so far of a draw: those that come nearest to the best before them,
or beat it. Who is further below than the thousandth is hardly ever the best of a draw, so little changes but the time.
"""

LEFT_OUT = 0.3
"""The share of the images that a draw leaves out. With less, the error is nearer to zero and its spread larger."""


def corrected_bests(hits: NDArray[np.bool_] | Floats, *, seed: int, draws: int = DRAWS) -> Floats:
    """Return for each trial the corrected score (0..1) of the best of all trials up to it, shape (n,).

    `hits[i, v]`, shape (n, V), is whether trial i got validation image v right, or in which share of its groups; a
    failed trial got none. Each draw leaves out 30 % of the images; the best so far on the rest (the earlier one among
    equals) is scored on those left out. The result is the mean over `draws`, which depend on `seed` alone: a trial more
    changes nothing of what was said before. Raises ValueError for fewer than two images.
    """
    table = np.asarray(hits, dtype=np.float64)
    trials, images = table.shape
    if images < 2:
        raise ValueError(f"{images} validation images cannot be divided; the correction needs at least 2")
    if not trials:
        return np.zeros(0)
    if trials > MOST:
        near = _nearest_to_the_best(table)
        place = np.searchsorted(near, np.arange(trials), side="right") - 1  # the last of them up to each trial
        return corrected_bests(table[near], seed=seed, draws=draws)[place]
    rng = np.random.default_rng(seed)
    out = rng.random((draws, images)).argsort(axis=1) < max(1, round(LEFT_OUT * images))
    # Whole numbers, up to the share of groups: rounded, so that a tie is one whatever the order of summation.
    inside = np.round(~out @ table.T, 6)  # (draws, n)
    outside = (out @ table.T) / out.sum(axis=1, keepdims=True)
    best = np.maximum.accumulate(inside, axis=1)
    is_new = np.column_stack([np.ones(len(best), dtype=np.bool_), inside[:, 1:] > best[:, :-1]])
    chosen = np.maximum.accumulate(np.where(is_new, np.arange(trials), 0), axis=1)
    corrected: Floats = np.take_along_axis(outside, chosen, axis=1).mean(axis=0)
    return corrected


def _nearest_to_the_best(table: Floats) -> NDArray[np.int64]:
    """Return the places, in order, of the MOST rows whose means come nearest to the best mean before them."""
    means = table.mean(axis=1)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(means)[:-1]])
    return np.sort(np.argsort(before - means, kind="stable")[:MOST])
