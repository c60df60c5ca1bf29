"""A look inside a ConvNet: what an entry sees, what each stage makes of an image, and the pictures of both."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo import models
from hpo.reports.look.feature_maps_figure import feature_maps_figure
from hpo.reports.look.files import prediction_text, probabilities, write_look
from hpo.reports.look.filters_figure import filters_figure, first_filters
from hpo.reports.look.receptive_field import ReceptiveField, receptive_field
from hpo.reports.look.stages import stages
from hpo.storage.errors import UserError
from tests.reports.figures.test_comparison_figures import written
from tests.reports.figures.test_figures import assert_apart

DEEP = models.ConvNetDescription(
    filters=(16, 32, 64), convolutions=2, kernel=3, padding=(1, 1, 1, 2, 1, 1), hidden=(50,), dropout=0.5
)
SMALL = models.ConvNetDescription(filters=(3, 4), kernel=3, padding=1, hidden=(5,))
IMAGE = np.random.default_rng(1).integers(0, 256, (28, 28), dtype=np.uint8)


def network(description=SMALL, shape=(28, 28), seed=0):
    return models.build_network(description, shape, 10, np.random.default_rng(seed))


def test_the_receptive_fields_of_the_books_deep_convnet():
    # By hand: a 3x3 convolution adds two jumps, a 2x2 pool one jump, and then the jump doubles.
    expected = [3, 5, 6, 10, 14, 16, 24, 32, 36]
    assert [stage.field.size for stage in stages(network(DEEP), IMAGE)] == expected
    assert [stage.field.jump for stage in stages(network(DEEP), IMAGE)] == [1, 1, 2, 2, 2, 4, 4, 4, 8]
    # The first square starts before the image by what all paddings add up to: 1 + 1, then (1 + 2) 2, then (1 + 1) 4.
    assert stages(network(DEEP), IMAGE)[-1].field.start == -(2 + 6 + 8)


WINDOWS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=4)


@given(WINDOWS, st.integers(0, 3))
def test_a_receptive_field_holds_just_the_pixels_that_an_entry_is_made_of(windows, entry):
    field = ReceptiveField()
    for kernel, stride, padding in windows:
        field = field.through(kernel, stride, padding)
    pixels = {entry}
    for kernel, stride, padding in reversed(windows):
        pixels = {place * stride - padding + offset for place in pixels for offset in range(kernel)}
    first = field.start + entry * field.jump
    assert (min(pixels), max(pixels)) == (first, first + field.size - 1)


def test_a_pixel_outside_the_field_changes_nothing_in_an_entry():
    net = network(models.ConvNetDescription(filters=(2, 2), kernel=3, padding=1, pool="average", hidden=(4,)))
    last = stages(net, IMAGE)[-1]
    first = last.field.start + 3 * last.field.jump
    touched = IMAGE.copy()
    touched[:first] += 50
    touched[first + last.field.size :] += 50
    assert np.array_equal(stages(net, touched)[-1].maps[:, 3], last.maps[:, 3])
    touched[first] += 50
    assert not np.array_equal(stages(net, touched)[-1].maps[:, 3], last.maps[:, 3])


def test_layers_without_a_window_change_nothing():
    assert receptive_field([]) == ReceptiveField(1, 1, 0)
    normalized = network(models.ConvNetDescription(filters=(3,), kernel=3, batch_norm=True))
    assert [stage.name for stage in stages(normalized, IMAGE)] == [
        "convolution 1: 3 x 3, batch norm",
        "max pool 1: 2 x 2, ReLU",
    ]


def test_stages_are_the_maps_on_the_way_to_the_logits():
    net = network()
    found = stages(net, IMAGE)
    assert [stage.name.split(":")[0] for stage in found] == [
        "convolution 1",
        "max pool 1",
        "convolution 2",
        "max pool 2",
    ]
    assert [stage.maps.shape for stage in found] == [(3, 28, 28), (3, 14, 14), (4, 14, 14), (4, 7, 7)]
    x = found[-1].maps[np.newaxis]
    flatten = next(i for i, layer in enumerate(net.layers) if type(layer).__name__ == "Flatten")
    for layer in net.layers[flatten:]:
        x = layer.forward(x, train=False)
    assert x == pytest.approx(net.logits(IMAGE[np.newaxis]), abs=1e-5)
    with pytest.raises(ValueError, match="shape"):
        stages(net, IMAGE[:20])


def test_an_image_with_colours_is_taken_as_it_is():
    net = network(shape=(3, 28, 28))
    image = np.stack([IMAGE] * 3)
    assert stages(net, image)[0].maps.shape == (3, 28, 28)
    assert first_filters(net) == pytest.approx(net.layers[0].params["weight"].mean(axis=1))
    assert feature_maps_figure(net, image).axes
    assert "the mean over its 3 channels" in filters_figure(None, net).texts[1].get_text()


def test_the_filters_are_drawn_before_and_after_on_one_scale():
    before, after = network(seed=0), network(seed=1)
    figure = filters_figure(before, after)
    drawn = list(figure.axes[0].images)
    for image, weights in zip(drawn, [*first_filters(before), *first_filters(after)], strict=True):
        assert np.array_equal(image.get_array(), weights)
    assert len({image.get_clim() for image in drawn}) == 1
    assert [text.get_text() for text in figure.axes[0].texts] == ["before training", "after training"]
    alone = filters_figure(None, after).axes[0]
    assert len(alone.images) == 3
    assert [text.get_text() for text in alone.texts] == ["after training"]


def test_the_maps_are_drawn_in_rows_with_their_sizes_and_what_an_entry_sees():
    net = network(DEEP)
    figure = feature_maps_figure(net, IMAGE, "predicted: 7 (99.8 %)")
    texts = [text.get_text() for text in written(figure)]
    assert "predicted: 7 (99.8 %)" in texts
    assert "16 maps of 28 x 28" in texts
    assert "64 maps of 4 x 4 (16 drawn)" in texts
    assert "receptive field: 36 x 36 pixels" in texts
    pictures = [image.get_array() for image in figure.axes[0].images]
    assert len(pictures) == 1 + 9 * 16
    assert np.array_equal(pictures[0], IMAGE)
    assert np.array_equal(pictures[-1], stages(net, IMAGE)[-1].maps[15])


@pytest.mark.parametrize("description", [SMALL, models.ConvNetDescription()], ids=["4 maps", "30 maps"])
def test_texts_of_the_look_keep_apart(description):
    net = network(description)
    for figure in (filters_figure(net, net), filters_figure(None, net), feature_maps_figure(net, IMAGE, "it says 7")):
        figure.draw_without_rendering()
        texts = written(figure)
        assert_apart(texts)
        pictures = [image.get_window_extent() for image in figure.axes[0].images]
        for one, other in combinations(pictures, 2):
            assert not one.overlaps(other)
        assert not any(text.get_window_extent().overlaps(picture) for text in texts for picture in pictures)
        assert all(figure.bbox.padded(1).contains(*text.get_window_extent().max) for text in texts)


def test_write_look_writes_both_pictures(tmp_path):
    paths = write_look(network(seed=0), network(seed=1), IMAGE, tmp_path / "보기")
    assert sorted(path.name for path in paths) == ["feature_maps.png", "filters.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_an_mlp_has_nothing_to_look_at(tmp_path):
    mlp = network(models.MultiLayerNetDescription())
    with pytest.raises(UserError, match=r"an MLP has no filters.*network = \"convnet\""):
        write_look(None, mlp, IMAGE, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_probabilities_are_the_softmax_of_the_logits():
    net = network()
    shares = probabilities(net, IMAGE)
    logits = net.logits(IMAGE[np.newaxis])[0].astype(np.float64)
    assert shares.sum() == pytest.approx(1)
    assert np.log(shares) - logits == pytest.approx(np.full(10, (np.log(shares) - logits)[0]))
    assert prediction_text(net, IMAGE) == f"predicted: {logits.argmax()} ({100 * shares.max():.1f} %)"
