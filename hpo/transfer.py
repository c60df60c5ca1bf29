"""Carrying a value from the subset to all of the data: what depends on the number of updates is rescaled."""

from __future__ import annotations


def transferred_weight_decay(weight_decay: float, updates_subset: int, updates_full: int) -> float:
    """Return the weight decay that shrinks the weights as much over a full run as `weight_decay` did over a short one.

    Over S updates of SGD with learning rate lr, decay alone shrinks a weight by exp(-lr * wd * S). Holding wd * S (the
    time constant in runs, Wang & Aitchison 2024, arXiv:2405.13698) gives wd_full = wd_sub * S_sub / S_full. The
    learning rate is carried over as it is: its best value is set by the curvature, not by the number of images.
    """
    return weight_decay * updates_subset / updates_full
