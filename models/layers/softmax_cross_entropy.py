"""Softmax and cross-entropy in one step, from logits to the loss and its gradient (the book, section 5.6.3)."""

import numpy as np

from models.arrays import Array, IntArray


def cross_entropy(logits: Array, labels: IntArray) -> Array:
    """Return each example's -log softmax(logits)[label] in nats, (N,), in float64.

    logits: (N, classes); labels: (N,), in 0..classes-1.
    """
    shifted, exponentials = _shifted(logits)
    picked = shifted[np.arange(len(labels)), labels].astype(np.float64)
    losses: Array = np.log(exponentials.sum(axis=1, dtype=np.float64)) - picked
    return losses


def softmax_cross_entropy(logits: Array, labels: IntArray) -> tuple[float, Array]:
    """Return the batch's mean cross-entropy and its gradient at the logits, (N, classes): (softmax - one-hot) / N."""
    shifted, grad = _shifted(logits)
    rows = np.arange(len(labels))
    totals = grad.sum(axis=1, keepdims=True)
    loss = float(np.mean(np.log(totals[:, 0]) - shifted[rows, labels], dtype=np.float64))
    grad /= totals
    grad[rows, labels] -= 1
    grad /= len(labels)
    return loss, grad


def _shifted(logits: Array) -> tuple[Array, Array]:
    """Return logits minus their row's maximum, and the exponentials of that: at most 1, so nothing overflows."""
    shifted: Array = logits - logits.max(axis=1, keepdims=True)
    return shifted, np.exp(shifted)
