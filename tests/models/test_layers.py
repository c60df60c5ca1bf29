"""What holds for every layer: one table, and every rule against every row."""

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest

from hpo.models import Array, layers
from hpo.models.layers import (
    Affine,
    AveragePool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    MaxPool2d,
    ReLU,
    Sigmoid,
)
from tests.support.images import numerical_gradient

ROWS = [
    pytest.param(lambda: Affine(6, 4), (3, 6), id="affine"),
    pytest.param(lambda: Affine(1, 1), (1, 1), id="affine-of-one"),
    pytest.param(lambda: Affine(6, 4, bias=False), (3, 6), id="affine-without-bias"),
    pytest.param(lambda: BatchNorm(5), (4, 5), id="batch-norm"),
    pytest.param(lambda: BatchNorm(5), (1, 5), id="batch-norm-of-one-vector"),
    pytest.param(lambda: BatchNorm(3), (2, 3, 4, 3), id="batch-norm-maps"),
    pytest.param(lambda: BatchNorm(3), (1, 3, 4, 3), id="batch-norm-maps-of-one-image"),
    pytest.param(ReLU, (3, 5), id="relu"),
    pytest.param(ReLU, (2, 3, 4, 5), id="relu-maps"),
    pytest.param(Sigmoid, (3, 5), id="sigmoid"),
    pytest.param(lambda: Dropout(0.4), (6, 5), id="dropout"),
    pytest.param(Flatten, (2, 3, 4, 2), id="flatten"),
    pytest.param(lambda: Conv2d(1, 2, 3), (2, 1, 5, 5), id="conv"),
    pytest.param(lambda: Conv2d(3, 2, 1), (2, 3, 2, 3), id="conv-1x1"),
    pytest.param(lambda: Conv2d(2, 3, 3, padding=1), (2, 2, 5, 4), id="conv-padded"),
    pytest.param(lambda: Conv2d(2, 3, 3, bias=False), (2, 2, 5, 4), id="conv-without-bias"),
    pytest.param(lambda: Conv2d(2, 2, 2, stride=2), (2, 2, 5, 6), id="conv-strided"),
    pytest.param(lambda: Conv2d(2, 2, 5, stride=3, padding=2), (1, 2, 7, 10), id="conv-padded-strided-odd"),
    pytest.param(lambda: Conv2d(1, 2, 2, stride=3), (2, 1, 7, 6), id="conv-gaps"),
    pytest.param(lambda: MaxPool2d(2, 2), (2, 3, 4, 6), id="max-pool"),
    pytest.param(lambda: MaxPool2d(2, 2), (2, 2, 5, 7), id="max-pool-odd"),
    pytest.param(lambda: MaxPool2d(3, 2), (2, 2, 7, 6), id="max-pool-overlapping"),
    pytest.param(lambda: MaxPool2d(3, 1), (1, 2, 5, 5), id="max-pool-heavily-overlapping"),
    pytest.param(lambda: MaxPool2d(2, 3), (1, 2, 8, 7), id="max-pool-gaps"),
    pytest.param(lambda: AveragePool2d(2, 2), (2, 2, 5, 4), id="average-pool-odd"),
    pytest.param(lambda: AveragePool2d(3, 2), (2, 2, 7, 5), id="average-pool-overlapping"),
]


def layers_there_are() -> set[type[Layer]]:
    """Return every layer that a file of models/layers defines, whether or not the package names it."""
    files = [import_module(f"{layers.__name__}.{each.name}") for each in pkgutil.iter_modules(layers.__path__)]
    found = {value for file in files for value in vars(file).values() if isinstance(value, type)}
    return {each for each in found if issubclass(each, Layer) and not inspect.isabstract(each)}


def test_every_layer_is_in_the_table_so_that_no_gradient_goes_unchecked():
    in_the_table = {type(row.values[0]()) for row in ROWS}
    assert layers_there_are() - in_the_table == set()


every_layer = pytest.mark.parametrize(("make", "shape"), ROWS)


def ready(layer: Layer, dtype: type = np.float64) -> Layer:
    """Attach random parameters and statistics (positive: one may be a variance), and gradients not filled yet."""
    rng = np.random.default_rng(7)
    params = {p.name: rng.standard_normal(p.shape).astype(dtype) for p in layer.parameters}
    running = {s.name: rng.uniform(0.5, 2, s.shape).astype(dtype) for s in layer.statistics}
    layer.attach(params, {p.name: np.full(p.shape, np.nan, dtype) for p in layer.parameters}, running)
    return layer


def inputs(shape: tuple[int, ...], dtype: type = np.float64) -> Array:
    return np.random.default_rng(8).standard_normal(shape).astype(dtype)


def forward(layer: Layer, x: Array, *, train: bool = True) -> Array:
    return layer.forward(x, train=train, rng=np.random.default_rng(9))


def weigh(out: Array) -> Array:
    """Fixed weights for the outputs: their weighted sum is the loss of the checks below."""
    return np.random.default_rng(10).standard_normal(out.shape)


@every_layer
def test_the_input_gradient_agrees_with_finite_differences(make, shape):
    layer, x = ready(make()), inputs(shape)
    weights = weigh(forward(layer, x))
    forward(layer, x)
    analytic = layer.backward(weights)
    numeric = numerical_gradient(lambda: float((forward(layer, x) * weights).sum()), x)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-8)


@every_layer
def test_the_parameter_gradients_agree_with_finite_differences(make, shape):
    layer, x = ready(make()), inputs(shape)
    weights = weigh(forward(layer, x))
    layer.backward_parameters(weights)
    for name, params in layer.params.items():
        numeric = numerical_gradient(lambda: float((forward(layer, x) * weights).sum()), params)
        np.testing.assert_allclose(layer.grads[name], numeric, rtol=1e-6, atol=1e-8, err_msg=name)


@every_layer
def test_backward_fills_the_same_parameter_gradients_as_backward_parameters(make, shape):
    layer, x = ready(make()), inputs(shape)
    weights = weigh(forward(layer, x))
    layer.backward(weights)
    filled = {name: grad.copy() for name, grad in layer.grads.items()}
    forward(layer, x)
    layer.backward_parameters(weights)
    for name, grad in layer.grads.items():
        np.testing.assert_array_equal(grad, filled[name])


@every_layer
def test_no_layer_writes_into_what_it_was_lent(make, shape):
    layer, x = ready(make()), inputs(shape)
    weights = weigh(forward(layer, x))
    lent = {**layer.params, "input": x, "grad_out": weights}
    before = {name: array.copy() for name, array in lent.items()}
    for array in lent.values():
        array.flags.writeable = False
    out = forward(layer, x)
    kept = out.copy()
    layer.backward(weights)
    for name, array in lent.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    np.testing.assert_array_equal(out, kept)


@every_layer
def test_the_output_has_the_announced_shape(make, shape):
    layer = ready(make())
    assert forward(layer, inputs(shape)).shape == (shape[0], *layer.output_shape(shape[1:]))


@every_layer
def test_float32_stays_float32_in_both_directions(make, shape):
    layer = ready(make(), np.float32)
    out = forward(layer, inputs(shape, np.float32))
    assert out.dtype == np.float32
    assert layer.backward(weigh(out).astype(np.float32)).dtype == np.float32
    assert all(statistic.dtype == np.float32 for statistic in layer.running.values())


@every_layer
def test_every_image_is_handled_on_its_own(make, shape):
    layer, x = ready(make()), inputs(shape)
    together = forward(layer, x, train=False)
    alone = np.concatenate([forward(layer, x[i : i + 1], train=False) for i in range(len(x))])
    np.testing.assert_allclose(together, alone, rtol=1e-12)


@every_layer
def test_backward_needs_a_forward_of_its_own(make, shape):
    layer, x = ready(make()), inputs(shape)
    out = forward(layer, x, train=False)
    with pytest.raises(RuntimeError, match="needs a forward"):
        layer.backward(out)
    forward(layer, x)
    layer.backward(out)
    with pytest.raises(RuntimeError, match="needs a forward"):
        layer.backward(out)


def test_sigmoid_saturates_without_overflow():
    out = ready(Sigmoid()).forward(np.array([[-1e4, 0, 1e4]], np.float32), train=False)
    np.testing.assert_array_equal(out, [[0, 0.5, 1]])


def test_sigmoid_is_the_logistic_function():
    x = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(ready(Sigmoid()).forward(x, train=False), 1 / (1 + np.exp(-x)), rtol=1e-12)


def test_relu_passes_no_gradient_at_zero():
    layer = ReLU()
    layer.forward(np.array([[-1.0, 0.0, 2.0]]), train=True)
    np.testing.assert_array_equal(layer.backward(np.ones((1, 3))), [[0, 0, 1]])


def test_an_affine_layer_refuses_inputs_of_another_width():
    with pytest.raises(ValueError, match=r"takes shape \(6,\), got \(5,\)"):
        Affine(6, 4).output_shape((5,))
