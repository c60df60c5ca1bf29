"""Fused 3x3 convolutions: equal to the layers that they stand for, whatever the shapes, and Winograd's identity."""

import tracemalloc
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np
import pytest

from hpo.models import Array
from hpo.models.arrays import Shape
from hpo.models.fast import tiling
from hpo.models.fast.tiling import SMALL_PRODUCT, Tiling, pieces
from hpo.models.fast.winograd_matrices import A_T, B_T, G, Transforms
from hpo.models.fast.winograd_stack import ConvBlock, WinogradStack
from hpo.models.layers import Conv2d, Layer, MaxPool2d, ReLU


class Block(NamedTuple):
    """A block of the table below."""

    filters: int
    padding: int
    pool: bool = False
    bias: bool = True


DEEP = (Block(16, 1), Block(16, 1, pool=True), Block(32, 1), Block(32, 2, pool=True))
ROWS = [
    pytest.param([Block(8, 1)], (8, 4, 4), id="one-tile"),
    pytest.param([Block(5, 0)], (8, 3, 3), id="one-pixel"),
    pytest.param([Block(3, 1)], (9, 5, 7), id="odd"),
    pytest.param([Block(4, 0), Block(9, 0)], (8, 11, 6), id="no-padding"),
    pytest.param([Block(6, 3), Block(8, 2)], (8, 4, 7), id="wide-padding"),
    pytest.param([Block(4, 1, pool=True)], (8, 6, 10), id="pooled-partial-tiles"),
    pytest.param([Block(8, 1, pool=True), Block(7, 1)], (1, 12, 4), id="gray-pooled"),
    pytest.param([Block(8, 0), Block(5, 1)], (1, 7, 9), id="gray-odd"),
    pytest.param([Block(9, 2), Block(4, 0, pool=True)], (3, 8, 6), id="colours"),
    pytest.param([Block(8, 1, bias=False), Block(8, 1, bias=False)], (3, 6, 5), id="without-bias"),
    pytest.param([Block(8, 1), Block(2, 1), Block(8, 1, bias=False)], (8, 6, 6), id="few-channels-within"),
    pytest.param(DEEP, (1, 20, 12), id="deep"),
]
every_stack = pytest.mark.parametrize(("blocks", "shape"), ROWS)


def built(blocks: Sequence[Block], shape: Shape, dtype: type = np.float64) -> list[ConvBlock]:
    """Return blocks with random parameters, and gradients not filled yet."""
    rng = np.random.default_rng(1)
    channels, made = shape[0], []
    for block in blocks:
        conv = Conv2d(channels, block.filters, 3, padding=block.padding, bias=block.bias)
        params = {p.name: rng.standard_normal(p.shape).astype(dtype) for p in conv.parameters}
        params["weight"] /= dtype(np.sqrt(9 * channels))
        conv.attach(params, {name: np.full_like(array, np.nan) for name, array in params.items()})
        made.append(ConvBlock(conv, block.pool))
        channels = block.filters
    return made


def layers_of(blocks: Sequence[ConvBlock]) -> list[Layer]:
    return [layer for b in blocks for layer in (b.conv, *([MaxPool2d(2, 2)] if b.pool else []), ReLU())]


class Pass(NamedTuple):
    """What came out of one forward and backward."""

    out: Array
    grad_in: Array
    grads: list[Array]


def gradients(blocks: Sequence[ConvBlock]) -> list[Array]:
    return [grad for block in blocks for grad in block.conv.grads.values()]


def collected(blocks: Sequence[ConvBlock]) -> list[Array]:
    """Return copies of the gradients, and make the layers forget them."""
    copies = [grad.copy() for grad in gradients(blocks)]
    for grad in gradients(blocks):
        grad.fill(np.nan)
    return copies


def by_layers(blocks: Sequence[ConvBlock], x: Array, weigh: Array) -> Pass:
    out, layers = x, layers_of(blocks)
    for layer in layers:
        out = layer.forward(out, train=True)
    grad = weigh
    for layer in reversed(layers):
        grad = layer.backward(grad)
    return Pass(out, grad, collected(blocks))


def by_stack(stack: WinogradStack, blocks: Sequence[ConvBlock], x: Array, weigh: Array) -> Pass:
    out = stack.forward(x, train=True).copy()
    grad = stack.backward(weigh).copy()
    return Pass(out, grad, collected(blocks))


def assert_equal(one: Pass, other: Pass, tolerance: float) -> None:
    """Compare against the largest number of each array: single ones may be sums that cancel."""
    pairs = {"output": (one.out, other.out), "input gradient": (one.grad_in, other.grad_in)}
    pairs |= {f"gradient {i}": pair for i, pair in enumerate(zip(one.grads, other.grads, strict=True))}
    for name, (actual, expected) in pairs.items():
        assert actual.shape == expected.shape, name
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.abs(expected).max(), err_msg=name)


def example(blocks: Sequence[ConvBlock], shape: Shape, batch: int, seed: int = 0) -> tuple[Array, Array]:
    """Return random inputs and a random gradient at the outputs."""
    rng = np.random.default_rng(seed)
    out_shape = shape
    for layer in layers_of(blocks):
        out_shape = layer.output_shape(out_shape)
    return rng.standard_normal((batch, *shape)), rng.standard_normal((batch, *out_shape))


@every_stack
@pytest.mark.parametrize("batches", [(1,), (5, 3, 5, 7, 2, 5)], ids=["one-image", "batches-in-turn"])
def test_a_stack_computes_what_its_layers_do(blocks, shape, batches):
    made = built(blocks, shape)
    assert WinogradStack.fits(made, shape)
    stack = WinogradStack(made, shape, np.float64)
    for step, batch in enumerate(batches):
        x, weigh = example(made, shape, batch, seed=step)
        assert_equal(by_stack(stack, made, x, weigh), by_layers(made, x, weigh), 1e-9)


@every_stack
@pytest.mark.parametrize(("product", "cache"), [(1, 1), (20_000, 30_000)], ids=["tiny", "small"])
def test_a_stack_computes_the_same_in_groups_and_pieces_of_any_size(blocks, shape, product, cache, monkeypatch):
    made = built(blocks, shape)
    x, weigh = example(made, shape, 3)
    monkeypatch.setattr(tiling, "SMALL_PRODUCT", product)
    monkeypatch.setattr(tiling, "CACHE_BYTES", cache)
    stack = WinogradStack(made, shape, np.float64)
    assert_equal(by_stack(stack, made, x, weigh), by_layers(made, x, weigh), 1e-9)


def decides_clearly(blocks: Sequence[ConvBlock], x: Array) -> bool:
    """Whether rounding in float32 changes no maximum of a pool and no ReLU: there, gradients jump."""
    for layer in layers_of(blocks):
        if isinstance(layer, MaxPool2d):
            count, filters, height, width = x.shape
            windows = x.reshape(count, filters, height // 2, 2, width // 2, 2).swapaxes(3, 4).reshape(-1, 4)
            second, first = np.sort(windows, axis=1)[:, 2:].T
            margin = (first - second).min()
        else:
            margin = np.abs(x).min() if isinstance(layer, ReLU) else np.inf
        if margin < 1e-5:
            return False
        x = layer.forward(x, train=False)
    return True


@every_stack
def test_a_stack_in_float32_is_as_exact_as_float32_allows(blocks, shape):
    exact, single = built(blocks, shape), built(blocks, shape, np.float32)
    x, weigh = next(e for e in (example(exact, shape, 1, seed) for seed in range(9)) if decides_clearly(exact, e[0]))
    got = by_stack(WinogradStack(single, shape, np.float32), single, x.astype(np.float32), weigh.astype(np.float32))
    assert all(array.dtype == np.float32 for array in (got.out, got.grad_in, *got.grads))
    assert_equal(got, by_layers(exact, x, weigh), 1e-5)


@every_stack
def test_prediction_equals_training_forward(blocks, shape):
    made = built(blocks, shape)
    stack = WinogradStack(made, shape, np.float64)
    x, _ = example(made, shape, 3)
    trained = stack.forward(x, train=True).copy()
    np.testing.assert_array_equal(stack.forward(x, train=False), trained)


@every_stack
def test_backward_parameters_fills_the_same_gradients_as_backward(blocks, shape):
    made = built(blocks, shape)
    stack = WinogradStack(made, shape, np.float64)
    x, weigh = example(made, shape, 3)
    filled = by_stack(stack, made, x, weigh).grads
    stack.forward(x, train=True)
    stack.backward_parameters(weigh)
    for grad, expected in zip(gradients(made), filled, strict=True):
        np.testing.assert_array_equal(grad, expected)


@every_stack
def test_release_changes_no_numbers(blocks, shape):
    made = built(blocks, shape)
    stack = WinogradStack(made, shape, np.float64)
    x, weigh = example(made, shape, 3)
    before = by_stack(stack, made, x, weigh)
    stack.forward(x, train=True)
    stack.release()
    with pytest.raises(RuntimeError, match="needs a forward"):
        stack.backward(weigh)
    assert_equal(by_stack(stack, made, x, weigh), before, 0)


def test_after_the_first_step_of_a_batch_size_none_makes_arrays_of_its_size():
    shape = (1, 20, 12)
    made = built(DEEP, shape, np.float32)
    stack = WinogradStack(made, shape, np.float32)
    steps = [[array.astype(np.float32) for array in example(made, shape, batch)] for batch in (60, 80)]

    def step(x: Array, weigh: Array) -> None:
        stack.forward(x, train=True)
        stack.backward_parameters(weigh)
        stack.forward(x, train=False)

    for x, weigh in steps:
        step(x, weigh)
    tracemalloc.start()
    try:
        for x, weigh in steps:
            step(x, weigh)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    smallest = 60 * 6 * 10 * 16 * 4  # bytes of the second block's outputs
    assert peak < smallest


def test_a_stack_reads_inputs_and_gradients_in_any_order_of_memory_and_leaves_them_alone():
    made, shape = built(DEEP, (1, 20, 12)), (1, 20, 12)
    stack = WinogradStack(made, shape, np.float64)
    x, weigh = example(made, shape, 3)
    expected = by_stack(stack, made, x, weigh)
    turned_x, turned_weigh = (np.asfortranarray(array) for array in (x, weigh))
    for array in (turned_x, turned_weigh, *(p for block in made for p in block.conv.params.values())):
        array.flags.writeable = False
    assert_equal(by_stack(stack, made, turned_x, turned_weigh), expected, 0)


def few_values(shape: Shape) -> Array:
    return np.random.default_rng(2).integers(0, 2, shape).astype(float)


@pytest.mark.parametrize(
    ("make", "share_of_zero_filters"),
    [(np.ones, 0), (np.zeros, 0), (few_values, 0.5), (few_values, 1)],
    ids=["constant", "blank", "few-values", "no-weights"],
)
@pytest.mark.parametrize("channels", [1, 8])
def test_of_equal_maxima_the_first_gets_the_gradient(make, share_of_zero_filters, channels):
    shape = (channels, 8, 12)
    made = built([Block(8, 1, pool=True), Block(8, 1, pool=True)], shape)
    rng = np.random.default_rng(3)
    for block in made:
        # Numbers that neither way rounds, so that ties are ties in both: integers, and in each filter one tap only that
        # is a multiple of 24 along both axes, the denominator of G.
        weight = block.conv.params["weight"]
        weight.fill(0)
        taps = weight.reshape(*weight.shape[:2], 9)
        values = (
            24**2
            * rng.integers(-1, 3, (*weight.shape[:2], 1))
            * (rng.random((*weight.shape[:2], 1)) >= share_of_zero_filters)
        )
        np.put_along_axis(taps, rng.integers(0, 9, (*weight.shape[:2], 1)), values, axis=2)
        block.conv.params["bias"][...] = rng.integers(0, 3, weight.shape[0])
    stack = WinogradStack(made, shape, np.float64)
    x = make((4, *shape))
    _, weigh = example(made, shape, 4)
    assert_equal(by_stack(stack, made, x, weigh), by_layers(made, x, weigh), 1e-9)


def test_the_relu_passes_no_gradient_at_zero():
    made, shape = built([Block(8, 1)], (8, 4, 4)), (8, 4, 4)
    for array in made[0].conv.params.values():
        array.fill(0)
    stack = WinogradStack(made, shape, np.float64)
    stack.forward(np.ones((2, *shape)), train=True)
    stack.backward_parameters(np.ones((2, 8, 4, 4)))
    np.testing.assert_array_equal(made[0].conv.grads["bias"], 0)


def test_each_backward_needs_a_training_forward_of_its_own():
    made, shape = built([Block(8, 1)], (8, 4, 4)), (8, 4, 4)
    stack = WinogradStack(made, shape, np.float64)
    x, weigh = example(made, shape, 2)
    for backward in (stack.backward, stack.backward_parameters):
        with pytest.raises(RuntimeError, match="needs a forward"):
            backward(weigh)
        stack.forward(x, train=True)
        backward(weigh)
        with pytest.raises(RuntimeError, match="needs a forward"):
            backward(weigh)
        stack.forward(x, train=True)
        stack.forward(x, train=False)  # overwrites what backward would need
        with pytest.raises(RuntimeError, match="needs a forward"):
            backward(weigh)


@pytest.mark.parametrize(
    ("blocks", "shape", "why"),
    [
        ([ConvBlock(Conv2d(8, 8, 5), pool=False)], (8, 9, 9), "another kernel"),
        ([ConvBlock(Conv2d(8, 8, 3, stride=2), pool=False)], (8, 9, 9), "a stride"),
        ([ConvBlock(Conv2d(8, 8, 3), pool=True)], (8, 9, 10), "a row that the pool leaves out"),
        ([ConvBlock(Conv2d(8, 8, 3), pool=True)], (8, 10, 9), "a column that the pool leaves out"),
        ([ConvBlock(Conv2d(1, 16, 3), pool=False)], (1, 8, 8), "few channels only"),
        ([ConvBlock(Conv2d(8, 8, 3), pool=True), ConvBlock(Conv2d(8, 8, 3), pool=True)], (8, 12, 12), "odd in the end"),
    ],
)
def test_a_stack_refuses_what_it_cannot_do_or_gains_nothing_by(blocks, shape, why):
    assert not WinogradStack.fits(blocks, shape), why


@pytest.mark.parametrize("seed", range(5))
def test_winograds_identity_in_one_dimension(seed):
    rng = np.random.default_rng(seed)
    taps, inputs = rng.standard_normal(3), rng.standard_normal(6)
    np.testing.assert_allclose(A_T @ ((G @ taps) * (B_T @ inputs)), np.correlate(inputs, taps, "valid"), rtol=1e-12)


def test_the_gradient_of_four_inputs_sums_what_two_tiles_say_about_them():
    matrices = Transforms.of(np.float64)
    before, here = np.random.default_rng(4).standard_normal((2, 6))
    inputs = np.zeros(10)  # tiles overlap by two inputs
    inputs[:6] += B_T.T @ before
    inputs[4:] += B_T.T @ here
    np.testing.assert_allclose(matrices.inputs_back @ np.concatenate([before, here]), inputs[4:8], rtol=1e-12)
    np.testing.assert_allclose(matrices.inputs_back_swapped @ np.concatenate([here, before]), inputs[4:8], rtol=1e-12)
    np.testing.assert_allclose(matrices.inputs_back_end @ here, inputs[8:], rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 16, 64, 512])
@pytest.mark.parametrize("batch", [1, 37, 100, 1000])
def test_groups_cover_every_tile_once_in_products_of_a_bearable_size(batch, channels):
    sizes = Tiling(batch, channels, filters=64, height=50, width=41, padding=1, itemsize=4)
    covered = [tile for start, stop in sizes.groups for tile in range(start, stop)]
    assert covered == list(range(sizes.tiles))
    assert sizes.group == 1 or sizes.group * batch * channels * 64 <= SMALL_PRODUCT


@pytest.mark.parametrize("columns", [1, 7, 10, 30])
def test_pieces_hold_all_columns_without_a_copy(columns):
    rows = np.arange(6.0 * columns * 100 * 16).reshape(6, columns, 100, 16)
    cut = pieces(rows)
    assert np.shares_memory(cut, rows)
    np.testing.assert_array_equal(np.concatenate(list(cut), axis=1), rows.reshape(6, -1))
    assert all(36 * prod(piece.shape[1:]) <= SMALL_PRODUCT for piece in cut)
