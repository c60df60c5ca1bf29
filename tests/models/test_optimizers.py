"""The optimizers: each against its recurrence written plainly, on the book's valley, and over a long run."""

import math

import numpy as np
import pytest

from hpo.models import OPTIMIZERS, make_optimizer
from hpo.models.optimizers import CHUNK, FLUSH_EVERY

LR, MOMENTUM, DECAY = 0.05, 0.8, 0.3


def sgd(p, g, memory, t):
    return p - LR * g


def momentum(p, g, memory, t):
    memory["v"] = MOMENTUM * memory.get("v", 0) - LR * g
    return p + memory["v"]


def nesterov(p, g, memory, t):
    old = memory.get("v", 0)
    memory["v"] = MOMENTUM * old - LR * g
    return p + MOMENTUM**2 * old - (1 + MOMENTUM) * LR * g  # as the book's code has it


def adagrad(p, g, memory, t):
    memory["h"] = memory.get("h", 0) + g**2
    return p - LR * g / (np.sqrt(memory["h"]) + 1e-7)


def rmsprop(p, g, memory, t):
    memory["h"] = 0.99 * memory.get("h", 0) + 0.01 * g**2
    return p - LR * g / (np.sqrt(memory["h"]) + 1e-7)


def adam(p, g, memory, t):
    memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = memory["m"] / (1 - 0.9**t), memory["v"] / (1 - 0.999**t)
    return p - LR * m_hat / (np.sqrt(v_hat) + 1e-8)


def adamw(p, g, memory, t):
    return adam(p, g, memory, t)


RECURRENCES = [sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw]
every_name = pytest.mark.parametrize("name", list(OPTIMIZERS))


def test_every_optimizer_has_its_recurrence_below():
    assert {recurrence.__name__ for recurrence in RECURRENCES} == set(OPTIMIZERS)


@pytest.mark.parametrize("recurrence", RECURRENCES)
def test_an_optimizer_follows_its_recurrence(recurrence):
    rng = np.random.default_rng(0)
    params = rng.standard_normal(50)
    expected, memory = params.copy(), {}
    optimizer = make_optimizer(recurrence.__name__, 50, learning_rate=LR, momentum=MOMENTUM, dtype=np.float64)
    for t in range(1, 21):
        grads = rng.standard_normal(50)
        optimizer.step(params, grads)
        expected = recurrence(expected, grads, memory, t)
        np.testing.assert_allclose(params, expected, rtol=1e-10, atol=1e-12, err_msg=f"step {t}")


@pytest.mark.parametrize("recurrence", [each for each in RECURRENCES if each is not adamw])
def test_weight_decay_is_a_part_of_the_gradient(recurrence):
    rng = np.random.default_rng(0)
    params = rng.standard_normal(50)
    expected, memory = params.copy(), {}
    optimizer = make_optimizer(recurrence.__name__, 50, learning_rate=LR, momentum=MOMENTUM, dtype=np.float64)
    for t in range(1, 21):
        grads = rng.standard_normal(50)
        expected = recurrence(expected, grads + DECAY * expected, memory, t)
        optimizer.decay_weights(params, grads, DECAY)
        optimizer.step(params, grads)
        np.testing.assert_allclose(params, expected, rtol=1e-10, atol=1e-12, err_msg=f"step {t}")


def test_adamw_follows_algorithm_2_of_its_paper():
    rng = np.random.default_rng(0)
    params = rng.standard_normal(50)
    theta, m, v = params.copy(), np.zeros(50), np.zeros(50)
    alpha, beta1, beta2, epsilon = LR, 0.9, 0.999, 1e-8
    decay = LR * DECAY  # the paper's lambda
    optimizer = make_optimizer("adamw", 50, learning_rate=LR, dtype=np.float64)
    for t in range(1, 21):
        g = rng.standard_normal(50)
        optimizer.decay_weights(params, g, DECAY)
        optimizer.step(params, g)
        m = beta1 * m + (1 - beta1) * g  # line 7
        v = beta2 * v + (1 - beta2) * g**2  # line 8
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)  # lines 9 and 10
        theta = theta - (alpha * m_hat / (np.sqrt(v_hat) + epsilon) + decay * theta)  # line 12
        np.testing.assert_allclose(params, theta, rtol=1e-10, atol=1e-12, err_msg=f"step {t}")


@every_name
def test_a_long_vector_is_treated_like_its_entries(name):
    size = 2 * CHUNK + 3
    rng = np.random.default_rng(1)
    whole = rng.standard_normal(size)
    places = [0, CHUNK - 1, CHUNK, 2 * CHUNK, size - 1]
    few = whole[places]
    on_whole = make_optimizer(name, size, learning_rate=LR, dtype=np.float64)
    on_few = make_optimizer(name, len(places), learning_rate=LR, dtype=np.float64)
    for _ in range(3):
        grads = rng.standard_normal(size)
        on_whole.step(whole, grads)
        on_few.step(few, grads[places])
    np.testing.assert_allclose(whole[places], few, rtol=1e-14)


@every_name
def test_a_factor_is_one_of_the_learning_rate_for_one_step(name):
    rng = np.random.default_rng(6)
    params = rng.standard_normal(10)
    expected = params.copy()
    scheduled = make_optimizer(name, 10, learning_rate=LR, dtype=np.float64)
    by_hand = make_optimizer(name, 10, learning_rate=LR, dtype=np.float64)
    for factor in (1.0, 0.3, 0.01, 0.5):
        grads = rng.standard_normal(10)
        lent = grads.copy()
        scheduled.decay_weights(params, lent, DECAY, factor=factor)
        scheduled.step(params, lent, factor=factor)
        by_hand.learning_rate = LR * factor
        by_hand.decay_weights(expected, grads, DECAY)
        by_hand.step(expected, grads)
        np.testing.assert_array_equal(params, expected)


@every_name
def test_gradients_stay_as_they_are(name):
    grads = np.random.default_rng(2).standard_normal(10)
    kept = grads.copy()
    grads.flags.writeable = False
    optimizer = make_optimizer(name, 10, learning_rate=LR, dtype=np.float64)
    optimizer.step(np.zeros(10), grads)
    np.testing.assert_array_equal(grads, kept)


def valley(name, learning_rate, steps=30):
    """Walk down the book's valley f = x^2/20 + y^2 from (-7, 2) with the book's settings; return the path."""
    place = np.array([-7.0, 2.0])
    optimizer = make_optimizer(name, 2, learning_rate=learning_rate, momentum=0.9, dtype=np.float64)
    path = [place.copy()]
    for _ in range(steps):
        optimizer.step(place, np.array([place[0] / 10, 2 * place[1]]))
        path.append(place.copy())
    return np.array(path)


def height(place):
    return place[0] ** 2 / 20 + place[1] ** 2


BOOKS_RATES = [("sgd", 0.95), ("momentum", 0.1), ("adagrad", 1.5), ("adam", 0.3)]


@pytest.mark.parametrize(("name", "learning_rate"), [*BOOKS_RATES, ("nesterov", 0.1), ("rmsprop", 0.3)])
def test_the_books_valley_is_descended(name, learning_rate):
    path = valley(name, learning_rate)
    assert height(path[0]) == pytest.approx(6.45)
    assert height(path[-1]) < 0.4


def test_sgd_zigzags_across_the_valley_and_adagrad_does_not():
    def turns(name, learning_rate):
        return int((np.diff(np.sign(valley(name, learning_rate)[:, 1])) != 0).sum())

    assert turns("sgd", 0.95) == 30
    assert turns("adagrad", 1.5) <= 2


@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "adam"])
def test_faded_moments_are_flushed_before_they_become_denormal(name):
    optimizer = make_optimizer(name, 1000, learning_rate=1e-3)
    params, rng = np.ones(1000, np.float32), np.random.default_rng(3)
    dead = slice(0, 500)
    for step in range(1536):
        grads = rng.standard_normal(1000).astype(np.float32)
        if step >= 5:
            grads[dead] = 0  # units that died
        optimizer.step(params, grads)
    smallest = np.finfo(np.float32).tiny
    assert 1536 % FLUSH_EVERY == 0
    for vector in optimizer.state:
        assert not ((np.abs(vector) < smallest) & (vector != 0)).any()
        assert (vector[500:] != 0).all()


def test_without_flushing_the_moments_would_be_denormal(monkeypatch):
    monkeypatch.setattr(OPTIMIZERS["adam"], "flushed_below", (0.0, 0.0))
    optimizer = make_optimizer("adam", 10, learning_rate=1e-3)
    params = np.ones(10, np.float32)
    optimizer.step(params, np.ones(10, np.float32))
    for _ in range(880):
        optimizer.step(params, np.zeros(10, np.float32))
    assert ((np.abs(optimizer.state[0]) < np.finfo(np.float32).tiny) & (optimizer.state[0] != 0)).any()


def test_flushing_does_not_change_what_adam_learns():
    params, rng = np.ones(4), np.random.default_rng(4)
    expected, memory = params.copy(), {}
    optimizer = make_optimizer("adam", 4, learning_rate=LR, dtype=np.float64)
    for t in range(1, 2 * FLUSH_EVERY + 2):
        grads = rng.standard_normal(4) * np.array([1, 1e-3, 1e-6, 0])
        optimizer.step(params, grads)
        expected = adam(expected, grads, memory, t)
    np.testing.assert_allclose(params, expected, rtol=1e-9)


def test_coupled_weight_decay_adds_its_gradient():
    params, grads = np.arange(2.0 * CHUNK + 5), np.ones(2 * CHUNK + 5)
    optimizer = make_optimizer("momentum", len(params), learning_rate=LR, dtype=np.float64)
    optimizer.decay_weights(params, grads, 0.5)
    np.testing.assert_array_equal(grads, 1 + 0.5 * params)
    np.testing.assert_array_equal(params, np.arange(2.0 * CHUNK + 5))


@every_name
def test_float32_stays_float32(name):
    optimizer = make_optimizer(name, 3, learning_rate=0.1)
    params = np.ones(3, np.float32)
    optimizer.step(params, np.ones(3, np.float32))
    assert all(vector.dtype == np.float32 for vector in optimizer.state)
    assert math.isfinite(params.sum())
    assert (params < 1).all()


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("lion", {"learning_rate": 0.1}, "optimizer must be one of sgd, momentum.*; got 'lion'"),
        ("sgd", {"learning_rate": -1}, "learning_rate must be a finite number above 0, got -1"),
        ("momentum", {"learning_rate": 0.1, "momentum": 1.0}, "momentum must be .* below 1, got 1.0"),
    ],
)
def test_unknown_names_and_values_out_of_range_are_refused(name, settings, message):
    with pytest.raises(ValueError, match=message):
        make_optimizer(name, 3, **settings)
