import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.transfer import changes
from models import TrainingSettings


def rescaled(optimizer: str, subset: int = 200, full: int = 5000) -> float:
    """Return the weight decay .001 as `optimizer` takes it to all of the data."""
    settings = TrainingSettings(0.1, weight_decay=0.001, optimizer=optimizer)
    return next((change.new for change in changes(settings, updates_subset=subset, updates_full=full)), 0.001)


def kept_of_a_weight(optimizer: str, weight_decay: float, updates: int) -> float:
    """Return what decay alone leaves of a weight 1, by the recurrence of the optimizer's paper; lr .1, momentum .9."""
    weight, velocity = 1.0, 0.0
    for _ in range(updates):
        gradient = weight_decay * weight
        if optimizer == "momentum":
            velocity = 0.9 * velocity - 0.1 * gradient
            weight += velocity
        else:  # sgd; the step of adamw beside its moments is the same
            weight -= 0.1 * gradient
    return weight


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_decay_alone_leaves_as_much_of_a_weight_on_all_of_the_data_as_on_the_subset(optimizer):
    short = kept_of_a_weight(optimizer, 0.001, 200)
    assert kept_of_a_weight(optimizer, rescaled(optimizer), 5000) == pytest.approx(short, rel=0.02)
    assert kept_of_a_weight(optimizer, 0.001, 5000) < 0.7 * short, "as it was, it would take far more"


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad"])
def test_a_decay_that_is_normalised_like_the_gradient_of_the_loss_stays(optimizer):
    assert changes(TrainingSettings(weight_decay=0.01, optimizer=optimizer), updates_subset=1, updates_full=9) == ()


@given(st.sampled_from(["sgd", "nesterov", "adamw"]), st.integers(1000, 10**6), st.integers(1000, 10**6))
def test_a_value_that_goes_there_and_back_is_itself_again(optimizer, one, other):
    there = TrainingSettings(0.1, weight_decay=rescaled(optimizer, one, other), optimizer=optimizer)
    back = changes(there, updates_subset=other, updates_full=one)
    assert math.isclose(back[0].new if back else there.weight_decay, 0.001)


def test_a_change_says_what_changed_and_why():
    (change,) = changes(TrainingSettings(weight_decay=0.01), updates_subset=40, updates_full=500)
    assert (change.name, change.old, change.new) == ("weight_decay", 0.01, pytest.approx(0.0008))
    assert change.why == "weight_decay 0.01 -> 0.0008: 12.5 times as many updates"


@pytest.mark.parametrize(("weight_decay", "full"), [(0.0, 500), (0.001, 500), (0.01, 40)])
def test_what_does_nothing_or_is_trained_as_long_does_not_change(weight_decay, full):
    assert changes(TrainingSettings(weight_decay=weight_decay), updates_subset=40, updates_full=full) == ()
