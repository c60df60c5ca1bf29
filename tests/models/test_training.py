"""Training: what a run learns, when it reports, and that pauses change nothing."""

import math
import warnings

import numpy as np
import pytest

from hpo.models import (
    LOSS_CAP,
    ConvNetDescription,
    Examples,
    MultiLayerNetDescription,
    TrainingSettings,
    build_network,
    fit,
    steps_per_epoch,
)
from hpo.models.trainer import batches
from tests.support.images import patterns

TRAIN, VALIDATION = patterns(95, 1), patterns(40, 2)
MLP = MultiLayerNetDescription(hidden=(20,))


def network(description=MLP, input_shape=(8, 8), seed=0, dtype=np.float32):
    return build_network(description, input_shape, 10, np.random.default_rng(seed), dtype)


def run(net=None, settings=None, *, train=TRAIN, validation=VALIDATION, epochs=3, seed=5, **options):
    net = network() if net is None else net
    settings = TrainingSettings(batch_size=20) if settings is None else settings
    return list(fit(net, train, validation, settings, epochs=epochs, rng=np.random.default_rng(seed), **options))


def key(result):
    """Everything about a result but the time it took."""
    return (
        result.step,
        result.epoch,
        result.train_loss,
        result.train_accuracy,
        result.validation_loss,
        result.validation_accuracy,
        result.validation_hits.tobytes(),
        result.diverged,
        result.stopped_early,
    )


@pytest.mark.parametrize(
    ("description", "settings"),
    [
        (MLP, TrainingSettings(learning_rate=0.1, batch_size=20)),
        (MLP, TrainingSettings(learning_rate=0.05, batch_size=20, optimizer="nesterov")),
        (MultiLayerNetDescription(hidden=(40,), dropout=0.2), TrainingSettings(0.01, batch_size=20, optimizer="adam")),
        (
            MultiLayerNetDescription(hidden=(20,), activation="sigmoid", batch_norm=True),
            TrainingSettings(learning_rate=0.1, batch_size=20),
        ),
        (
            ConvNetDescription(filters=(8,), kernel=3, hidden=(30,)),
            TrainingSettings(0.01, batch_size=20, optimizer="adam"),
        ),
        (
            ConvNetDescription(filters=(8,), kernel=3, hidden=(30,), batch_norm=True),
            TrainingSettings(0.01, batch_size=20, optimizer="adam"),
        ),
    ],
)
def test_a_network_learns_patterns_that_it_has_not_seen(description, settings):
    results = run(network(description), settings, epochs=15)
    assert results[0].train_loss > results[-1].train_loss
    assert results[-1].validation_accuracy > 0.9
    assert results[-1].validation_hits.mean() == results[-1].validation_accuracy


def test_results_come_at_the_end_of_every_epoch_by_default():
    results = run(epochs=3)
    assert [(r.step, r.epoch) for r in results] == [(5, 1.0), (10, 2.0), (15, 3.0)]


def test_results_come_where_they_were_asked_for_and_at_the_end():
    assert [r.step for r in run(evaluate_at=[12, 1, 7, 7])] == [1, 7, 12, 15]
    assert [r.step for r in run(evaluate_at=[])] == [15]
    assert [r.step for r in run(evaluate_at=np.array([15]))] == [15]


@pytest.mark.parametrize(("batch_norm", "schedule"), [(False, "constant"), (True, "constant"), (False, "cosine")])
def test_looking_more_often_changes_nothing_that_is_learnt(batch_norm, schedule):
    description = MultiLayerNetDescription(hidden=(20,), dropout=0.3, batch_norm=batch_norm)
    settings = TrainingSettings(batch_size=20, optimizer="adam", shift=1, rotation=5.0, schedule=schedule)
    seldom, often = network(description), network(description)
    last = run(seldom, settings, evaluate_at=[])[-1]
    assert key(run(often, settings, evaluate_at=range(1, 16))[-1]) == key(last)
    np.testing.assert_array_equal(seldom.params, often.params)
    np.testing.assert_array_equal(seldom.statistics, often.statistics)


@pytest.mark.parametrize(("batch_norm", "schedule"), [(False, "constant"), (True, "cosine"), (False, "step")])
def test_many_paused_runs_give_bit_for_bit_what_each_gives_alone(batch_norm, schedule):
    description = ConvNetDescription(filters=(3,), kernel=3, hidden=(10,), dropout=0.2, batch_norm=batch_norm)
    settings = TrainingSettings(batch_size=20, optimizer="adam", weight_decay=1e-3, shift=1, schedule=schedule)
    alone = [run(network(description, seed=s), settings, seed=s) for s in range(4)]
    paused = [
        fit(network(description, seed=s), TRAIN, VALIDATION, settings, epochs=3, rng=np.random.default_rng(s))
        for s in range(4)
    ]
    together = list(zip(*paused, strict=True))  # takes one result of each in turn
    for s in range(4):
        assert [key(r) for r in alone[s]] == [key(row[s]) for row in together]


def test_the_seed_decides_and_the_global_generator_does_not():
    np.random.seed(0)  # noqa: NPY002 - shows that nothing depends on it
    first = [key(r) for r in run(seed=1)]
    np.random.seed(1)  # noqa: NPY002
    assert [key(r) for r in run(seed=1)] == first
    assert [key(r) for r in run(seed=2)] != first


def test_stopping_to_ask_leaves_the_network_as_it_was_at_the_last_result():
    full, partial = network(), network()
    results = run(full, evaluate_at=[5, 15])
    iterator = fit(
        partial,
        TRAIN,
        VALIDATION,
        TrainingSettings(batch_size=20),
        epochs=3,
        rng=np.random.default_rng(5),
        evaluate_at=[5, 15],
    )
    assert key(next(iterator)) == key(results[0])
    assert partial.evaluate(VALIDATION).loss == results[0].validation_loss


def test_pauses_do_not_count_as_training_time(monkeypatch):
    clock = [0.0]

    def tick() -> float:
        clock[0] += 1
        return clock[0]

    monkeypatch.setattr("hpo.models.training.perf_counter", tick)
    seconds = []
    for result in fit(
        network(), TRAIN, VALIDATION, TrainingSettings(batch_size=20), epochs=3, rng=np.random.default_rng(0)
    ):
        seconds.append(result.seconds)
        clock[0] += 1000
    assert seconds == [1, 2, 3]


def test_an_epoch_takes_every_example_once_the_last_partial_batch_included():
    drawn = batches(95, 20, np.random.default_rng(0))
    first, second = ([next(drawn) for _ in range(5)] for _ in range(2))
    assert [len(batch) for batch in first] == [20, 20, 20, 20, 15]
    assert sorted(np.concatenate(first)) == list(range(95))
    assert sorted(np.concatenate(second)) == list(range(95))
    assert list(np.concatenate(first)) != list(np.concatenate(second))


@pytest.mark.parametrize(
    ("examples", "size", "steps"), [(400, 100, 4), (401, 100, 5), (1, 100, 1), (470, 100, 5), (100, 1, 100)]
)
def test_steps_per_epoch_rounds_up(examples, size, steps):
    assert steps_per_epoch(examples, size) == steps


def test_one_sgd_step_is_the_gradient_plus_weight_decay_on_weights_only():
    settings = TrainingSettings(learning_rate=0.1, weight_decay=0.5, batch_size=95)
    net, reference = network(dtype=np.float64), network(dtype=np.float64)
    for either in (net, reference):
        either.params[either.decayed.stop :] = 0.3  # biases that a decay would show in
    reference.loss_and_gradient(TRAIN.images, TRAIN.labels, np.random.default_rng(0))
    expected = reference.params - 0.1 * reference.grads
    expected[reference.decayed] -= 0.1 * 0.5 * reference.params[reference.decayed]
    run(net, settings, epochs=1)
    np.testing.assert_allclose(net.params, expected, rtol=1e-9, atol=1e-12)


def test_one_step_of_adamw_takes_its_decay_off_the_weights_beside_adams_step():
    plain, decayed = network(dtype=np.float64), network(dtype=np.float64)
    for either in (plain, decayed):
        either.params[either.decayed.stop :] = 0.3
    before = plain.params.copy()
    run(plain, TrainingSettings(0.1, batch_size=95, optimizer="adam"), epochs=1)
    run(decayed, TrainingSettings(0.1, weight_decay=0.5, batch_size=95, optimizer="adamw"), epochs=1)
    expected = plain.params.copy()
    expected[plain.decayed] -= 0.1 * 0.5 * before[plain.decayed]
    np.testing.assert_allclose(decayed.params, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("weight_decay", "same"), [(0.0, True), (0.1, False)])
def test_adamw_is_adam_without_weight_decay_and_only_then(weight_decay, same):
    adam, adamw = network(), network()
    for net, optimizer in ((adam, "adam"), (adamw, "adamw")):
        run(net, TrainingSettings(weight_decay=weight_decay, batch_size=20, optimizer=optimizer))
    assert np.array_equal(adam.params, adamw.params) is same


def test_train_numbers_are_those_of_the_probe():
    probe = TRAIN.take(range(30))
    net = network()
    last = run(net, probe=probe)[-1]
    assert last.train_loss == net.evaluate(probe).loss
    assert last.train_accuracy == net.evaluate(probe).accuracy
    assert run(network())[-1].train_loss == net.evaluate(TRAIN).loss


def test_a_diverged_run_ends_at_once_with_finite_worst_case_numbers_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = run(settings=TrainingSettings(learning_rate=1e30, batch_size=20), evaluate_at=[1, 10])
    last = results[-1]
    assert last.diverged is not None
    assert last.step < 10
    assert last.diverged.endswith(f"at step {last.step}")
    assert last.epoch == last.step / 5
    assert last.validation_accuracy == last.train_accuracy == 0.0
    assert last.train_loss == last.validation_loss == LOSS_CAP
    assert last.validation_hits.shape == (40,)
    assert not last.validation_hits.any()
    assert not last.stopped_early
    assert all(math.isfinite(r.train_loss) and math.isfinite(r.validation_loss) for r in results)


def test_divergence_is_named_by_the_first_loss_that_is_not_finite():
    net = network()
    net.params[0] = np.nan
    (result,) = run(net)
    assert result.diverged == "loss became nan at step 1"


@pytest.mark.parametrize(
    ("scale", "reason"),
    [(1, "parameters became infinite or nan at step 1"), (1 / 255, "loss became nan at step 1")],
)
def test_divergence_after_the_last_batch_is_still_noticed(scale, reason):
    settings = TrainingSettings(learning_rate=3e38, batch_size=95)
    bright = Examples(TRAIN.images.astype(np.float32) * scale, TRAIN.labels)
    (result,) = run(settings=settings, train=bright, epochs=1)
    assert result.diverged == reason


def test_a_loss_that_is_huge_but_finite_is_reported_up_to_the_cap():
    net = network()
    net.params *= 1e6
    result = run(net, TrainingSettings(learning_rate=1e-20, batch_size=95), epochs=1)[0]
    assert result.diverged is None
    assert result.train_loss == result.validation_loss == LOSS_CAP


def test_warnings_stay_switched_on_for_the_caller_between_results():
    runs = fit(network(), TRAIN, VALIDATION, TrainingSettings(batch_size=20), epochs=2, rng=np.random.default_rng(0))
    before = np.geterr()
    next(runs)
    assert np.geterr() == before


def test_labels_are_compared_exactly_with_a_uint8_of_the_files():
    train = Examples(TRAIN.images, TRAIN.labels.astype(np.uint8))
    validation = Examples(VALIDATION.images, VALIDATION.labels.astype(np.uint8))
    assert [key(r) for r in run(train=train, validation=validation)] == [key(r) for r in run()]


FLAT = Examples(TRAIN.images.reshape(95, 64), TRAIN.labels)
NONE = TRAIN.take([])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"evaluate_at": [0, 5]}, "evaluate_at holds step 0, but 3 epochs of 5 steps run from 1 to 15"),
        ({"evaluate_at": [16]}, "evaluate_at holds step 16, but 3 epochs of 5 steps run from 1 to 15"),
        ({"train": NONE}, "fit needs training examples, got none"),
        ({"validation": NONE}, "fit needs validation examples, got none"),
        ({"probe": NONE}, "fit needs probe examples, got none"),
        ({"train": FLAT}, r"training examples: .* images of shape \(8, 8\), got \(64,\)"),
        (
            {"validation": Examples(TRAIN.images, TRAIN.labels + 1)},
            r"validation examples: labels must lie in 0\.\.9 .* got 1\.\.10",
        ),
        (
            {
                "net": network(input_shape=(64,)),
                "train": FLAT,
                "validation": FLAT,
                "settings": TrainingSettings(shift=2),
            },
            r"shift=2 and rotation=0 need images of shape \(H, W\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_training_starts(options, message):
    arguments = {
        "net": network(),
        "train": TRAIN,
        "validation": VALIDATION,
        "settings": TrainingSettings(batch_size=20),
        "epochs": 3,
    }
    arguments.update(options)
    net, train, validation, settings = (arguments.pop(name) for name in ("net", "train", "validation", "settings"))
    with pytest.raises(ValueError, match=message):
        fit(net, train, validation, settings, rng=np.random.default_rng(0), **arguments)
