"""Learning-rate schedules: their values, and that a training follows them from its first step to its last."""

import math

import numpy as np
import pytest

from hpo.models import SCHEDULES, MultiLayerNetDescription, TrainingSettings, build_network, fit
from tests.support.images import patterns

TRAIN, VALIDATION = patterns(40, 1), patterns(20, 2)
every_name = pytest.mark.parametrize("name", list(SCHEDULES))


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("constant", [1, 1, 1, 1, 1, 1, 1, 1, 1]),
        (
            "cosine",
            [1, 0.961939766, 0.853553391, 0.691341716, 0.5, 0.308658284, 0.146446609, 0.038060234, 0],
        ),
        ("step", [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01]),
    ],
)
def test_the_factors_over_eight_steps(name, factors):
    np.testing.assert_allclose([SCHEDULES[name](step, 8) for step in range(9)], factors, rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize(
    ("total", "first_tenth", "first_hundredth"), [(1, 1, 1), (5, 3, 4), (7, 4, 6), (1000, 500, 750)]
)
def test_steps_down_wait_until_their_share_of_the_steps_is_done(total, first_tenth, first_hundredth):
    factors = [SCHEDULES["step"](step, total) for step in range(total + 1)]
    assert next(step for step, factor in enumerate(factors) if factor < 1) == first_tenth
    assert next(step for step, factor in enumerate(factors) if factor < 0.1) == first_hundredth


@every_name
@pytest.mark.parametrize("total", [1, 2, 37])
def test_a_run_starts_at_its_learning_rate_and_none_of_its_steps_is_larger_or_idle(name, total):
    factors = [SCHEDULES[name](step, total) for step in range(total)]
    assert factors[0] == 1
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] > 0


def followed(schedule, *, epochs=3, **changes):
    """Return a network's parameters after `fit`, and after the same steps of plain SGD taken one by one."""
    settings = TrainingSettings(learning_rate=0.1, batch_size=10, schedule=schedule, **changes)
    fitted, reference = (
        build_network(MultiLayerNetDescription(hidden=(6,)), (8, 8), 10, np.random.default_rng(0), np.float64)
        for _ in range(2)
    )
    list(fit(fitted, TRAIN, VALIDATION, settings, epochs=epochs, rng=np.random.default_rng(1)))
    rng = np.random.default_rng(1)
    step, total = 0, 4 * epochs
    for _ in range(epochs):
        order = rng.permutation(40)
        for start in range(0, 40, 10):
            batch = TRAIN.take(order[start : start + 10])
            reference.loss_and_gradient(batch.images, batch.labels, rng)
            if schedule == "cosine":
                factor = (1 + math.cos(math.pi * step / total)) / 2
            else:
                factor = {"constant": (1, 1, 1), "step": (1, 0.1, 0.01)}[schedule][
                    (step >= total / 2) + (step >= 3 * total / 4)
                ]
            reference.params -= 0.1 * factor * reference.grads
            step += 1
    return fitted.params, reference.params


@every_name
def test_fit_takes_the_steps_of_the_schedule(name):
    fitted, reference = followed(name)
    np.testing.assert_allclose(fitted, reference, rtol=1e-10, atol=1e-14)


def test_schedules_differ_and_constant_is_the_default():
    ends = {name: followed(name)[0].tobytes() for name in SCHEDULES}
    assert len(set(ends.values())) == 3
    assert TrainingSettings().schedule == "constant"


@every_name
def test_a_run_that_is_paused_half_way_goes_on_with_the_schedule_of_the_whole(name):
    settings = TrainingSettings(learning_rate=0.05, batch_size=10, optimizer="adamw", weight_decay=0.1, schedule=name)

    def start():
        network = build_network(MultiLayerNetDescription(hidden=(6,)), (8, 8), 10, np.random.default_rng(0))
        return network, fit(network, TRAIN, VALIDATION, settings, epochs=4, rng=np.random.default_rng(1))

    (unpaused, results), (paused, first_half), (_, other) = start(), start(), start()
    list(results)
    next(first_half)
    next(first_half)
    list(other)  # another training, from start to end, in the pause
    list(first_half)
    np.testing.assert_array_equal(paused.params, unpaused.params)


def test_decoupled_decay_follows_the_schedule_too():
    """With gradients of 0 nothing moves the weights but their decay (algorithm 2 of AdamW's paper, line 12)."""
    settings = TrainingSettings(0.1, weight_decay=0.5, batch_size=40, optimizer="adamw", schedule="step")
    network = build_network(MultiLayerNetDescription(hidden=()), (8, 8), 10, np.random.default_rng(0), np.float64)
    network.loss_and_gradient = lambda images, labels, rng: 0.0
    before = network.params[network.decayed].copy()
    list(fit(network, TRAIN, VALIDATION, settings, epochs=4, rng=np.random.default_rng(1)))
    shrunk = (1 - 0.1 * 0.5) ** 2 * (1 - 0.01 * 0.5) * (1 - 0.001 * 0.5)
    np.testing.assert_allclose(network.params[network.decayed], before * shrunk, rtol=1e-12)
