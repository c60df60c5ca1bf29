"""The training benchmark compares like with like: all sides compute the same numbers from the same parameters."""

import dataclasses
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from rich.console import Console

from hpo import models
from tests.benchmarks import architectures as a
from tests.benchmarks import interleaving
from tests.benchmarks.bars import ASKED
from tests.benchmarks.deciding import print_table as print_decisions
from tests.benchmarks.plain_layers import Dropout
from tests.benchmarks.plain_networks import SGD, PlainNetwork
from tests.benchmarks.queue.bars import MOST_STATEMENTS, MOST_TRANSACTIONS
from tests.benchmarks.queue.meters import Meter
from tests.benchmarks.queue.tables import print_results as print_queue
from tests.benchmarks.training_table import PEERS, print_results
from tests.benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[1]
DESCRIPTIONS = [
    pytest.param(a.MLP, id="mlp"),
    pytest.param(a.WIDE_MLP, id="wide-mlp"),
    pytest.param(a.SIMPLE_CONVNET, id="simple-convnet"),
    # Each side draws its own dropout: without it they must agree.
    pytest.param(dataclasses.replace(a.DEEP_CONVNET, dropout=0.0, output_dropout=0.0), id="deep-convnet"),
]
every_network = pytest.mark.parametrize("description", DESCRIPTIONS)
torch_only = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="PyTorch is not installed; pip install -e '.[benchmark]' installs it",
)


def our_network(description, dtype) -> models.Network:
    network = models.build_network(description, (28, 28), 10, np.random.default_rng(0), dtype)
    biases = network.params[network.decayed.stop :]
    biases[...] = np.random.default_rng(1).normal(0, 0.1, biases.size)  # zeros would not show where they are left out
    return network


def batch(description) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Return three images, float64, half of their pixels blank; their labels; and an image's shape for the others."""
    rng = np.random.default_rng(2)
    images = rng.random((3, 28, 28)) * (rng.random((3, 28, 28)) < 0.5)
    shape = (1, 28, 28) if isinstance(description, models.ConvNetDescription) else (784,)
    return images, np.array([3, 0, 9]), shape


def parts(description, flat) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Cut a network's flat vector into weights and biases: all weights come first."""
    layers = a.weighted(a.architecture(description))
    shapes = [layer.weight_shape for layer in layers]
    shapes += [(layer.outputs if isinstance(layer, a.Affine) else layer.filters,) for layer in layers]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    assert ends[-1] == len(flat)
    arrays = [piece.reshape(shape) for piece, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)]
    return arrays[: len(layers)], arrays[len(layers) :]


def plain_twin(description, network, weight_decay=0.0) -> PlainNetwork:
    plain = PlainNetwork(a.architecture(description), np.random.default_rng(0), weight_decay)
    for number, (weight, bias) in enumerate(zip(*parts(description, network.params), strict=True), start=1):
        plain.params[f"W{number}"][...] = weight
        plain.params[f"b{number}"][...] = bias
    return plain


@every_network
def test_the_plain_reference_computes_our_loss_and_gradients(description):
    network = our_network(description, np.float64)
    plain = plain_twin(description, network)
    images, labels, shape = batch(description)
    rng = np.random.default_rng(0)
    loss = network.loss_and_gradient(images, labels, rng)
    grads = plain.gradient(images.reshape(3, *shape), labels, rng)
    assert plain.loss(images.reshape(3, *shape), labels, rng) == pytest.approx(loss, rel=1e-10)
    for number, (weight, bias) in enumerate(zip(*parts(description, network.grads), strict=True), start=1):
        np.testing.assert_allclose(grads[f"W{number}"], weight, rtol=1e-8, atol=1e-10, err_msg=f"W{number}")
        np.testing.assert_allclose(grads[f"b{number}"], bias, rtol=1e-8, atol=1e-10, err_msg=f"b{number}")


def test_the_plain_reference_takes_our_step_with_weight_decay():
    network = our_network(a.MLP, np.float64)
    plain = plain_twin(a.MLP, network, weight_decay=0.1)
    images, labels, shape = batch(a.MLP)
    rng = np.random.default_rng(0)
    network.loss_and_gradient(images, labels, rng)
    optimizer = models.make_optimizer("sgd", network.params.size, learning_rate=0.5, dtype=np.float64)
    optimizer.decay_weights(network.params[network.decayed], network.grads[network.decayed], 0.1)
    optimizer.step(network.params, network.grads)
    SGD(0.5).update(plain.params, plain.gradient(images.reshape(3, *shape), labels, rng))
    for number, (weight, bias) in enumerate(zip(*parts(a.MLP, network.params), strict=True), start=1):
        np.testing.assert_allclose(plain.params[f"W{number}"], weight, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(plain.params[f"b{number}"], bias, rtol=1e-10, atol=1e-12)


@torch_only
@pytest.mark.parametrize("best", [False, True], ids=["eager", "best"])
@every_network
def test_the_torch_twins_compute_our_loss_and_gradients(description, best):
    from tests.benchmarks import torch_networks  # noqa: PLC0415 - only where it is installed

    network = our_network(description, np.float32)
    twin = torch_networks.build(a.architecture(description), best=best)
    torch_networks.set_parameters(twin, *parts(description, network.params))
    images, labels, shape = batch(description)
    images = images.astype(np.float32)
    loss = network.loss_and_gradient(images, labels, np.random.default_rng(0))
    twin_loss, twin_grads = torch_networks.loss_and_gradients(twin, images.reshape(3, *shape), labels)
    assert twin_loss == pytest.approx(loss, abs=1e-4)
    ours = [array for pair in zip(*parts(description, network.grads), strict=True) for array in pair]
    for mine, theirs in zip(ours, twin_grads, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-4)


def test_dropout_of_the_plain_reference_keeps_the_mean_and_rests_in_prediction():
    x = np.ones((100, 100))
    layer = Dropout(0.5)
    out = layer.forward(x, np.random.default_rng(0))
    assert set(np.unique(out)) == {0.0, 2.0}
    assert out.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(layer.backward(x), out)
    assert layer.forward(x, None) is x


def test_the_networks_are_the_books():
    layers = a.weighted(a.architecture(a.DEEP_CONVNET))
    biases = sum(layer.outputs if isinstance(layer, a.Affine) else layer.filters for layer in layers)
    assert sum(np.prod(layer.weight_shape) for layer in layers) + biases == 123_552
    assert [type(layer).__name__ for layer in a.architecture(a.DEEP_CONVNET)[-5:]] == [
        "Affine",
        "Relu",
        "Dropout",
        "Affine",
        "Dropout",
    ]


def test_flops_count_three_products_a_layer_and_two_for_the_first():
    layers = (a.Affine(7, 5), a.Relu(), a.Affine(5, 3))
    assert a.forward_flops(layers, images=2) == 2 * 2 * (35 + 15)
    assert a.training_flops(layers, images=2) == 2 * 2 * (2 * 35 + 3 * 15)
    assert a.Convolution(channels=2, filters=3, kernel=5, padding=0, size=4).flops == 2 * 2 * 3 * 25 * 16


class Clock:
    """A clock that only work moves on; it writes down who worked."""

    def __init__(self):
        self.now = 0.0
        self.worked: list[tuple[str, int]] = []

    def side(self, name, seconds):
        def run(units):
            self.now += units * seconds
            self.worked.append((name, units))

        return run

    def __call__(self):
        return self.now


def test_sides_take_turns_in_blocks_of_one_length_and_ratios_say_who_is_faster():
    clock = Clock()
    sides = {"ours": clock.side("ours", 0.01), "slower": clock.side("slower", 0.02)}
    timing = interleaving.interleave(sides, rounds=4, block_seconds=0.2, clock=clock)
    assert clock.worked[-4:] == [("ours", 20), ("slower", 10), ("slower", 10), ("ours", 20)]
    ratio = timing.ratio("slower")
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((2, 2, 2))
    assert ratio.count == 4
    assert timing.unit().median == pytest.approx(0.01)


def test_a_very_slow_side_does_one_unit_in_every_third_round():
    clock = Clock()
    sides = {"ours": clock.side("ours", 0.01), "slow": clock.side("slow", 5.0)}
    timing = interleaving.interleave(sides, rounds=6, block_seconds=0.2, clock=clock)
    assert list(timing.seconds["slow"]) == [0, 3]
    assert [work for work in clock.worked if work[0] == "slow"] == [("slow", 1)] * 3
    assert timing.ratio("slow").median == pytest.approx(500)


def test_every_bar_belongs_to_a_workload():
    assert list(ASKED) == list(WORKLOADS)


@pytest.fixture(scope="module")
def found() -> dict:
    """Return what a short run of the benchmark prints as JSON."""
    command = [sys.executable, "-m", "tests.benchmarks.training", "--only", "mlp_sgd", "--rounds", "1", "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def test_the_json_says_what_was_asked_and_whether_it_was_reached(found):
    assert found["rounds"] == 1
    assert found["threads"] == 1
    plain = found["workloads"]["mlp_sgd"]["peers"]["plain"]
    assert plain["median"] > 0
    assert plain["asked"] == ASKED["mlp_sgd"]["plain"]
    assert plain["reached"] == (plain["median"] >= plain["asked"])


def test_the_table_fits_80_columns(found):
    workload = found["workloads"]["mlp_sgd"]
    wide = workload["peers"]["plain"] | {"low": 10.13, "median": 15.62, "high": 28.47, "asked": 5.55}
    everywhere = {name: workload | {"peers": dict.fromkeys(PEERS, wide)} for name in WORKLOADS}
    text = io.StringIO()
    print_results(found | {"workloads": everywhere}, Console(file=text, width=80))
    rows = [line for line in text.getvalue().splitlines() if "10.13 .. 28.47" in line]
    assert len(rows) == len(WORKLOADS) * len(PEERS)
    assert all(len(line) <= 80 and "5.55" in line for line in rows)


def test_an_unknown_workload_is_refused_with_those_there_are():
    command = [sys.executable, "-m", "tests.benchmarks.training", "--only", "mpl_sgd"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "mlp_sgd" in done.stderr


@pytest.fixture(scope="module")
def drained() -> dict:
    """Return what a short run of the queue's benchmark prints as JSON, of our side alone."""
    arguments = ["--database", "sqlite", "--only", "drains", "--sides", "ours", "--workers", "2", "--trials", "60"]
    command = [sys.executable, "-m", "tests.benchmarks.queue", "--json", "--repetitions", "1", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def test_a_trial_takes_few_transactions_and_statements_from_its_claim_to_its_report(drained):
    ours = drained["databases"]["sqlite"]["drains"]["2"]["ours"]
    assert ours["done"]["median"] == 60  # and one that warmed each worker up
    assert ours["errors"]["high"] == 0
    assert ours["transactions"]["high"] <= MOST_TRANSACTIONS
    assert ours["statements"]["high"] <= MOST_STATEMENTS


def test_a_meter_counts_transactions_and_what_is_asked_in_them_but_not_their_brackets(tmp_path):
    engine, meter = sa.create_engine(f"sqlite:///{tmp_path / 'meter.db'}"), Meter()
    meter.watch(engine)
    meter.start()
    with engine.execution_options(some="thing").begin() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        connection.execute(sa.text("INSERT INTO t VALUES (:x)"), [{"x": 1}, {"x": 2}])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 2
    counted = meter.record()
    engine.dispose()
    assert (counted["transactions"], counted["statements"]) == (2, 3)


def test_the_bars_of_the_queue_say_what_was_reached(drained):
    told = {bar["what"]: bar for bar in drained["databases"]["sqlite"]["bars"]}
    transactions = told["transactions a trial, at most"]
    assert transactions["asked"] == MOST_TRANSACTIONS
    assert transactions["reached"] == (transactions["found"] <= transactions["asked"])


def test_the_tables_of_the_queue_fit_80_columns(drained):
    def of(value: float) -> dict:
        return {"median": value, "low": value, "high": value, "count": 3}

    count, rate, share = of(97.25), of(1589.2), of(0.485)
    side = {"trials_a_second": rate, "times": share, "transactions": count, "statements": of(231.2)}
    side |= {"worker_ms": of(123.4), "server_ms": of(45.6), "claims": count, "errors": of(3)}
    ours = side | {"leader_ms": of(123.4)}
    whole = {"ours": ours, "optimize": side, "times": share}
    size = {"trials_a_second": 1589.2, "worker_ms": 31.25, "server_ms": 2.5, "memory_mb": 1234.5}
    size |= {"leader_memory_mb": 2345.6, "enqueue_seconds": 1234.5, "first_look_seconds": 31.25, "look_seconds": 31.25}
    parts = {
        "what": "a database",
        "drains": {"64": {"ours": ours, "optimize": side, "gRPC proxy": side, "journal file": side}},
        "whole_runs": {"64": whole},
        "sizes": {"100000": size},
        "bars": [{"what": "a worker's memory, 100000 trials to 100", "found": 1.234, "asked": 1.1, "at_least": False}],
    }
    parts["bars"][0]["reached"] = False
    text = io.StringIO()
    print_queue(drained | {"databases": {"sqlite": parts}}, Console(file=text, width=80))
    lines = text.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in text.getvalue()


def test_the_seconds_of_every_decision_are_told_as_json_and_as_a_table():
    command = [sys.executable, "-m", "tests.benchmarks.deciding", "--trials", "100", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    assert told["trials"] == [100]
    assert {"propose, tpe", "a round, tpe", "expected_gain", "progress", "publish"} <= told["seconds"].keys()
    assert all(by_size["100"] >= 0 for by_shape in told["seconds"].values() for by_size in by_shape.values())
    text = io.StringIO()
    print_decisions(told, Console(file=text, width=100))
    assert all(any(name in line for line in text.getvalue().splitlines()) for name in told["seconds"])


def test_too_few_trials_for_five_rounds_are_refused():
    command = [sys.executable, "-m", "tests.benchmarks.deciding", "--trials", "10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "at least 100" in done.stderr
