"""Softmax and cross-entropy: values by hand, the gradient, and logits beyond exp's range."""

import numpy as np
import pytest

from hpo.models.layers import cross_entropy, softmax_cross_entropy
from tests.support.images import numerical_gradient


def test_equal_logits_cost_the_logarithm_of_the_classes():
    np.testing.assert_allclose(cross_entropy(np.zeros((3, 10), np.float32), np.array([0, 4, 9])), np.log(10))


def test_the_loss_is_the_mean_of_the_examples_losses():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((7, 4)), rng.integers(0, 4, 7)
    by_hand = -np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[np.arange(7), labels]
    np.testing.assert_allclose(cross_entropy(logits, labels), by_hand)
    assert softmax_cross_entropy(logits, labels)[0] == pytest.approx(by_hand.mean())


def test_the_gradient_agrees_with_finite_differences():
    rng = np.random.default_rng(1)
    logits, labels = rng.standard_normal((5, 4)), rng.integers(0, 4, 5)
    numeric = numerical_gradient(lambda: softmax_cross_entropy(logits, labels)[0], logits)
    np.testing.assert_allclose(softmax_cross_entropy(logits, labels)[1], numeric, rtol=1e-6, atol=1e-9)


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, 0, -1e4], [-1e4, 1e4, 0]], np.float32)
    np.testing.assert_allclose(cross_entropy(logits, np.array([0, 2])), [0, 1e4])
    loss, grad = softmax_cross_entropy(logits, np.array([0, 2]))
    assert loss == pytest.approx(5e3)
    np.testing.assert_allclose(grad, [[0, 0, 0], [0, 0.5, -0.5]])


def test_neither_form_writes_into_the_logits():
    logits, labels = np.random.default_rng(2).standard_normal((5, 4)), np.zeros(5, int)
    logits.flags.writeable = False
    kept = logits.copy()
    cross_entropy(logits, labels)
    softmax_cross_entropy(logits, labels)
    np.testing.assert_array_equal(logits, kept)
