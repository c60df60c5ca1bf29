"""scikit-learn's MLP on the trial of the book's search."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from hpo.models import Array, IntArray


def run_trial(
    train: tuple[Array, IntArray],
    validation: tuple[Array, IntArray],
    *,
    hidden: tuple[int, ...],
    learning_rate: float,
    weight_decay: float,
    batch_size: int,
    epochs: int,
) -> float:
    """Train for all of `epochs` and return the validation accuracy; images are float32, (N, 784), in 0..1."""
    classifier = MLPClassifier(
        hidden,
        solver="sgd",
        momentum=0,
        learning_rate_init=learning_rate,
        alpha=weight_decay,
        batch_size=batch_size,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs + 1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it was told when to end
        classifier.fit(*train)
    return classifier.score(*validation)
