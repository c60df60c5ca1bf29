"""Descriptions and settings: good ones are values, bad ones say which field broke which rule."""

import dataclasses

import pytest

from hpo.models import ConvNetDescription, MultiLayerNetDescription, TrainingSettings

BOTH_NETWORKS = [
    ({"hidden": [100]}, r"hidden must be a tuple of sizes such as \(100, 50\), got \[100\]"),
    ({"hidden": (100, 0)}, r"hidden\[1\] must be a whole number of at least 1, got 0"),
    ({"hidden": (2.5,)}, r"hidden\[0\] must be a whole number of at least 1, got 2\.5"),
    ({"activation": "tanh"}, "activation must be one of relu, sigmoid; got 'tanh'"),
    ({"dropout": 1.0}, "dropout must be a finite number of at least 0 and below 1, got 1.0"),
    (
        {"initialization": "orthogonal"},
        r"initialization \(or a positive .*\) must be one of he, xavier; got 'orthogonal'",
    ),
    ({"batch_norm": 1}, "batch_norm must be true or false, got 1"),
    ({"initialization": 0.0}, "initialization, when it is a standard deviation, .* above 0, got 0.0"),
]
CONV_NET = [
    ({"filters": ()}, r"filters must have at least one entry, got \(\)"),
    ({"kernel": 0}, "kernel must be a whole number of at least 1, got 0"),
    ({"stride": 0}, "stride must be a whole number of at least 1, got 0"),
    ({"padding": -1}, "padding must be a whole number of at least 0, got -1"),
    ({"padding": (1, -1), "filters": (3, 4)}, r"padding\[1\] must be a whole number of at least 0, got -1"),
    (
        {"padding": (1, 1), "filters": (3, 4), "convolutions": 2},
        r"padding must be one number, or one for each of the 4 convolutions \(2 blocks of 2\), got 2: \(1, 1\)",
    ),
    ({"convolutions": 0}, "convolutions must be a whole number of at least 1, got 0"),
    ({"output_dropout": 1.0}, "output_dropout must be a finite number of at least 0 and below 1, got 1.0"),
    ({"algorithm": "fft"}, "algorithm must be one of auto, direct; got 'fft'"),
    ({"pool": "median"}, "pool must be one of max, average, none; got 'median'"),
    ({"pool_size": True}, "pool_size must be a whole number of at least 1, got True"),
    ({"pool_stride": 0}, "pool_stride must be a whole number of at least 1, got 0"),
]
SETTINGS = [
    ({"learning_rate": 0}, "learning_rate must be a finite number above 0, got 0"),
    ({"learning_rate": float("inf")}, "learning_rate must be a finite number above 0, got inf"),
    ({"learning_rate": "fast"}, "learning_rate must be a finite number above 0, got 'fast'"),
    ({"weight_decay": -1e-4}, "weight_decay must be a finite number of at least 0, got -0.0001"),
    ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
    (
        {"optimizer": "lion"},
        "optimizer must be one of sgd, momentum, .*; got 'lion'",
    ),
    ({"momentum": 1}, "momentum must be a finite number of at least 0 and below 1, got 1"),
    ({"shift": 0.5}, "shift must be a whole number of at least 0, got 0.5"),
    ({"rotation": 181}, "rotation must be a finite number of at least 0 and of at most 180, got 181"),
    ({"schedule": "linear"}, "schedule must be one of constant, cosine, step; got 'linear'"),
    ({"patience": -1}, "patience must be a whole number of at least 0, got -1"),
    ({"averaging": -0.1}, r"averaging must be a finite number of at least 0 and of at most 1, got -0\.1"),
    ({"averaging": 20}, "averaging must be a finite number of at least 0 and of at most 1, got 20"),
]


@pytest.mark.parametrize(
    ("make", "fields", "message"),
    [(MultiLayerNetDescription, *row) for row in BOTH_NETWORKS]
    + [(ConvNetDescription, *row) for row in BOTH_NETWORKS + CONV_NET]
    + [(TrainingSettings, *row) for row in SETTINGS],
)
def test_a_bad_value_is_refused_with_its_field_its_rule_and_itself(make, fields, message):
    with pytest.raises(ValueError, match=message):
        make(**fields)


@pytest.mark.parametrize("make", [MultiLayerNetDescription, ConvNetDescription, TrainingSettings])
def test_descriptions_and_settings_are_values(make):
    assert make() == make()
    assert hash(make()) == hash(make())
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(make(), dataclasses.fields(make)[0].name, 3)
