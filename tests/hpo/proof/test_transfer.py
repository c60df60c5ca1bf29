import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.models.optimizers import OPTIMIZERS
from hpo.proof.transfer import changes


def plain(learning_rate: float = 0.01, *, weight_decay: float, optimizer: str = "sgd") -> dict[str, object]:
    """Return what a training says of itself by name."""
    return {"learning_rate": learning_rate, "weight_decay": weight_decay, "optimizer": optimizer, "momentum": 0.9}


def rescaled(optimizer: str, subset: int, full: int) -> float:
    """Return the weight decay .001 as `optimizer` takes it from `subset` images to `full`."""
    settings = plain(0.1, weight_decay=0.001, optimizer=optimizer)
    return next(
        (change.new for change in changes(settings, samples_subset=subset, samples_full=full, updates=10**6)), 0.001
    )


@given(st.sampled_from(sorted(OPTIMIZERS)), st.integers(1, 10**6), st.integers(1, 10**6))
def test_weight_decay_times_images_stays_for_every_optimizer(optimizer, subset, full):
    assert rescaled(optimizer, subset, full) * full == pytest.approx(0.001 * subset)


@given(st.sampled_from(sorted(OPTIMIZERS)), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_value_that_goes_there_and_back_is_itself_again(optimizer, one, other):
    there = plain(0.1, weight_decay=rescaled(optimizer, one, other), optimizer=optimizer)
    long = 10**9  # so many updates that even .001 / 10**6 does something, and changes
    back = changes(there, samples_subset=other, samples_full=one, updates=long)
    assert math.isclose(back[0].new if back else there["weight_decay"], 0.001)


def test_a_change_says_what_changed_and_why():
    (change,) = changes(plain(0.1, weight_decay=0.01), samples_subset=400, samples_full=5_000, updates=500)
    assert (change.name, change.old, change.new) == ("weight_decay", 0.01, pytest.approx(0.0008))
    assert change.why == "divided by 12.5 for 12.5 times the images"


@pytest.mark.parametrize(("weight_decay", "full"), [(0.0, 500), (1e-9, 500), (0.01, 40)])
def test_what_does_nothing_or_is_trained_on_as_many_images_does_not_change(weight_decay, full):
    assert changes(plain(weight_decay=weight_decay), samples_subset=40, samples_full=full, updates=10**6) == ()
