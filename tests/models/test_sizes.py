"""How large a network is: the count agrees with what is built, and what is too large is refused before it is made."""

import time
import tracemalloc

import numpy as np
import pytest

from hpo.models import (
    NETWORKS,
    ConvNetDescription,
    MultiLayerNetDescription,
    build_network,
    name_of,
    network_size,
)
from hpo.models.registry import OLD_NAMES
from hpo.models.sizes import MOST_PARAMETERS, in_gb

BUILT = [
    (MultiLayerNetDescription(hidden=(5, 4)), (6,)),
    (MultiLayerNetDescription(hidden=(), batch_norm=True), (3, 3)),
    (MultiLayerNetDescription(hidden=(7, 3), batch_norm=True, dropout=0.2), (2, 3, 3)),
    (ConvNetDescription(filters=(2, 3), kernel=3, padding=1, batch_norm=True), (12, 12)),
    (ConvNetDescription(filters=(2,), convolutions=2, kernel=3, pool="average", hidden=()), (3, 10, 10)),
]


@pytest.mark.parametrize(("description", "shape"), BUILT)
def test_the_count_is_that_of_the_network_that_is_built(description, shape):
    size = network_size(description, shape, 4)
    network = build_network(description, shape, 4, np.random.default_rng(0))
    assert (size.parameters, size.statistics) == (network.params.size, network.statistics.size)
    outputs, x = 0, np.zeros((1, *network._batch_shape), np.float32)
    for layer in network.layers:
        x = layer.forward(x, train=False)
        outputs += x.size
    assert size.activations == outputs


def test_the_memory_of_training_grows_with_the_batch_and_holds_several_copies_of_the_parameters():
    size = network_size(MultiLayerNetDescription(hidden=(1000,)), (784,), 10)
    assert size.training_bytes(0) == 4 * 6 * (785 * 1000 + 1001 * 10)
    assert size.training_bytes(100) - size.training_bytes(0) == 4 * 3 * 100 * (1000 + 1000 + 10)


TOO_LARGE = [
    (MultiLayerNetDescription(hidden=(1_000_000, 1_000_000)), (784,), r"1,000,785,\d+ parameters|parameters \(4,0"),
    (MultiLayerNetDescription(hidden=(1_000_000,) * 100), (784,), "take fewer or smaller layers"),
    (ConvNetDescription(filters=(100_000, 100_000), kernel=3, pool="none"), (28, 28), "parameters"),
    (ConvNetDescription(kernel=2_001, padding=999, filters=(100,)), (3, 20, 20), "parameters"),
    (
        ConvNetDescription(padding=500, kernel=1, pool="average", hidden=(), filters=(99,), pool_size=1028),
        (28, 28),
        "activations per image",
    ),
]


@pytest.mark.parametrize(("description", "shape", "message"), TOO_LARGE)
def test_a_network_that_is_too_large_is_refused_with_the_numbers_before_it_is_made(description, shape, message):
    started = time.perf_counter()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            build_network(description, shape, 10, np.random.default_rng(0))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5e6
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(("shape", "classes"), [((10**9, 10**9), 10), ((10**5, 10**5), 10), ((28, 28), 10**9)])
def test_images_and_classes_have_bounds_too(shape, classes):
    with pytest.raises(ValueError, match=r"at most|more than"):
        build_network(MultiLayerNetDescription(hidden=()), shape, classes, np.random.default_rng(0))


def test_every_network_has_one_name_that_study_files_and_saved_networks_share():
    assert {name: name_of(kind.description()) for name, kind in NETWORKS.items()} == {name: name for name in NETWORKS}
    assert set(OLD_NAMES.values()) <= set(NETWORKS)
    with pytest.raises(TypeError, match=r"expected a MultiLayerNetDescription or a ConvNetDescription.*, got 3"):
        name_of(3)


def test_bytes_are_said_as_people_say_them():
    assert [in_gb(1_500_000), in_gb(4 * MOST_PARAMETERS), in_gb(4 * 10**12)] == ["1.5 MB", "1.0 GB", "4,000.0 GB"]
