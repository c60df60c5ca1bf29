import tomllib
from copy import deepcopy

import pytest

from hpo.definition.overrides import set_field
from hpo.definition.reading import read_definition
from hpo.definition.spaces import read_space
from hpo.searching.space import Categorical, Interval, Numeric
from hpo.storage.errors import UserError
from tests.support.builders import definition, tables

LEARNING_RATE = {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]}
OPTIMIZER = {"choices": ["sgd", "momentum", "adam"]}
MOMENTUM = {"start": [0.5, 0.9], "limits": [0.0, 0.9], "step": 0.1, "when": {"optimizer": ["momentum"]}}


def a_space(**hyperparameters):
    return read_space(hyperparameters, may_be_empty=False)


def test_a_study_file_says_what_hangs_on_what_steps_null_relations_fixed_values_and_beliefs():
    text = """
    [space]
    require = ["momentum <= 0.8", "depth != none or momentum > 0.1"]
    [space.optimizer]
    choices = ["sgd", "momentum"]
    prior = "momentum"
    [space.momentum]
    start = [0.5, 0.9]
    step = 0.1
    when = {optimizer = "momentum"}
    [space.depth]
    choices = [4, 8]
    or_none = true
    [space.prune]
    choices = [true, false]
    when = {depth = ["none", 8]}
    [space.batch_size]
    value = 64
    [space.seed]
    none = true
    """
    space = read_space(tomllib.loads(text)["space"], may_be_empty=False)
    assert space.hyperparameters["momentum"] == Numeric(Interval(0.5, 0.9), Interval(0.5, 0.9), every=0.1)
    assert space.hyperparameters["depth"] == Categorical((4, 8, None))
    assert space.conditions == {"momentum": {"optimizer": ("momentum",)}, "prune": {"depth": (None, 8)}}
    assert [each.text for each in space.relations] == ["momentum <= 0.8", "depth != none or momentum > 0.1"]
    assert space.fixed == {"batch_size": 64, "seed": None}
    assert space.beliefs == {"optimizer": "momentum"}


def test_a_plain_space_has_nothing_of_it_in_its_record():
    record = definition().record()["space"]
    assert record["learning_rate"] == {"type": "float", "log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]}
    assert list(record) == ["learning_rate", "weight_decay"]


def test_what_is_fixed_is_in_every_training_and_in_no_config():
    of = definition(space={"learning_rate": LEARNING_RATE, "batch_size": {"value": 17}})
    assert of.plain({"learning_rate": 0.01})["batch_size"] == 17
    assert list(of.space.hyperparameters) == ["learning_rate"]


def test_a_definition_is_read_back_from_its_record():
    of = definition(
        space={
            "require": ["weight_decay <= learning_rate"],
            "learning_rate": LEARNING_RATE | {"prior": 0.003},
            "weight_decay": {"log": True, "start": [1e-6, 1e-3], "when": {"optimizer": ["sgd", "momentum"]}},
            "optimizer": OPTIMIZER,
            "momentum": MOMENTUM,
            "batch_size": {"value": 64},
        }
    )
    assert read_definition("small", of.record()) == of


def test_single_fields_are_set_from_the_command_line():
    made = deepcopy(tables(space={"learning_rate": LEARNING_RATE, "optimizer": OPTIMIZER, "momentum": MOMENTUM}))
    for change in (
        "space.learning_rate.prior=0.001",
        'space.momentum.when.optimizer=["sgd"]',
        "space.momentum.step=0.05",
        'space.require="momentum <= learning_rate + 0.5"',
        "space.batch_size.value=32",
    ):
        set_field(made, change)
    space = read_definition("small", made).space
    assert (space.beliefs, space.fixed) == ({"learning_rate": 0.001}, {"batch_size": 32})
    assert space.conditions == {"momentum": {"optimizer": ("sgd",)}}
    assert space.relations[0].text == "momentum <= learning_rate + 0.5"


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"a": MOMENTUM}, ["space.a.when.optimizer", "unknown"]),
        ({"optimizer": OPTIMIZER, "a": MOMENTUM | {"when": {"optimiser": ["sgd"]}}}, ["did you mean optimizer"]),
        ({"optimizer": OPTIMIZER, "a": MOMENTUM | {"when": {"optimizer": ["adm"]}}}, ["no choice 'adm'", "adam"]),
        ({"optimizer": OPTIMIZER, "a": MOMENTUM | {"when": ["sgd"]}}, ["space.a.when", "must name another"]),
        ({"optimizer": OPTIMIZER, "a": MOMENTUM | {"when": {}}}, ["space.a.when", "must name another"]),
        ({"r": LEARNING_RATE, "a": MOMENTUM | {"when": {"r": [0.1]}}}, ["r is a range", "choices", '"int"']),
        ({"n": {"type": "int", "start": [1, 3]}, "a": MOMENTUM | {"when": {"n": [4]}}}, ["never 4", "1 .. 3"]),
        ({"o": {"value": "sgd"}, "a": MOMENTUM | {"when": {"o": ["adam"]}}}, ["fixed", "never be active", "remove"]),
        (
            {"a": {"choices": [1, 2], "when": {"b": [1]}}, "b": {"choices": [1, 2], "when": {"a": [1]}}},
            ["a needs b needs a", "take one `when` out"],
        ),
        ({"a": {"start": [0.0, 1.0], "step": 0.3}}, ["space.a", "between two steps", "0.9", "1.2"]),
        ({"a": {"start": [0.0, 1.0], "step": 0}}, ["space.a.step = 0", "above 0"]),
        ({"a": {"start": [0.0, 1.0], "step": 2.0}}, ["space.a.step", "wide"]),
        ({"a": {"type": "int", "start": [0, 8], "step": 1.5}}, ["space.a.step", "whole"]),
        ({"a": {"start": [0.1, 1.0], "step": 0.1, "log": True}}, ["step and log", "choices"]),
        ({"a": {"start": [0.2, 0.5], "limits": [0.0, 1.0], "step": 0.25}}, ["0.2 of start", "write 0 or 0.25"]),
        ({"a": {"choices": [True, 1]}}, ["twice", "equal"]),
        ({"a": {"choices": ["x"], "or_none": "yes"}}, ["space.a.or_none", "true or false"]),
        ({"a": {"value": 3, "start": [1, 4]}}, ["space.a has a value", "start", "remove"]),
        ({"a": {"choices": ["none", None]}}, ['"none"', "call the text otherwise"]),
        ({"a": {"none": False}}, ["none = true"]),
        ({"a": {"value": 3}}, ["all of it is fixed", "nothing to search"]),
        ({"a": LEARNING_RATE | {"prior": 100}}, ["space.a.prior = 100", "outside the limits"]),
        ({"a": LEARNING_RATE | {"prior": "small"}}, ["space.a.prior", "the number"]),
        ({"a": OPTIMIZER | {"prior": "adamw"}}, ["space.a.prior", "none of its choices"]),
        ({"require": "b < 1", "a": LEARNING_RATE}, ["no hyperparameter b", "a"]),
        ({"require": {"start": [0, 1]}, "a": LEARNING_RATE}, ["space.require is the list"]),
        ({"require": 3, "a": LEARNING_RATE}, ["space.require = 3", "a list"]),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place_and_the_way_out(space, words):
    with pytest.raises(UserError) as caught:
        a_space(**space)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("require", "words"),
    [
        (["learning_rate > 20"], ["of no config in the limits", "loosen"]),
        (["learning_rate > 1"], ["of no config in the start"]),
        (["learning_rate == weight_decay"], ["of no config", "for an equation"]),
        (["weight_decay < learning_rate", "weight_decay > learning_rate"], ['"weight_decay < learning_rate", "weight']),
        (["optimizer > 1"], ["only numbers can be ordered", "optimizer"]),
    ],
)
def test_a_space_of_which_nearly_no_config_may_be_is_refused_at_the_door(require, words):
    space = tables()["space"] | {"optimizer": OPTIMIZER, "require": require}
    with pytest.raises(UserError) as caught:
        read_definition("small", tables(space=space))
    for word in words:
        assert word in str(caught.value)


def test_a_relation_that_stands_beside_the_tables_is_told_where_it_belongs():
    with pytest.raises(UserError, match=r"did you mean space\.require"):
        read_definition("small", tables() | {"require": ["a < b"]})


def test_a_grid_has_as_many_trials_as_configs_that_may_be():
    batch_size = {"choices": [50, 100], "when": {"optimizer": ["sgd"]}}
    made = tables(space={"optimizer": OPTIMIZER, "batch_size": batch_size})
    made["search"]["sampler"] = "grid"
    made["rounds"] = [{"trials": 4, "samples": 400, "epochs": 10}]
    assert read_definition("small", made).space.grid_size() == 4
    made["rounds"][0]["trials"] = 6
    with pytest.raises(UserError, match="has 4 configs"):
        read_definition("small", made)


def test_a_fixed_value_that_does_not_fit_the_network_is_named():
    with pytest.raises(UserError, match=r"space\.batch_size"):
        definition(space={"learning_rate": LEARNING_RATE, "batch_size": {"value": "many"}})
    with pytest.raises(UserError, match=r"space\.batchsize.*did you mean batch_size"):
        definition(space={"learning_rate": LEARNING_RATE, "batchsize": {"value": 64}})
