import dataclasses
import json

import pytest

import models
from hpo.definition import StudyDefinition, read_definition
from hpo.seeds import CONFIRM, FULL, PROPOSAL, RACE, TRIAL, derived_seed
from hpo.studies import load_definition, presets
from storage.errors import UserError
from tests.hpo.builders import definition, tables


def mistake(**changes: object) -> str:
    """Return what is said of a small study with `changes`."""
    with pytest.raises(UserError) as caught:
        definition(**changes)
    return str(caught.value)


@pytest.mark.parametrize("name", presets())
def test_every_preset_loads_and_comes_back_from_its_record(name):
    loaded = load_definition(name)
    recorded = json.loads(json.dumps(loaded.record()))
    again = read_definition(name, recorded)
    assert again == loaded
    assert list(again.space.hyperparameters) == list(loaded.space.hyperparameters)


@pytest.mark.parametrize("name", presets())
def test_every_config_at_the_ends_of_a_presets_limits_makes_a_network(name):
    loaded = load_definition(name)
    for share in (0.0, 1.0):
        limits = loaded.space.limits()
        config = {
            key: each.at(limits[key], share)  # type: ignore[arg-type]
            for key, each in loaded.space.hyperparameters.items()
        }
        network, training = loaded.settings(config)
        assert isinstance(network, models.NetworkDescription)
        assert isinstance(training, models.TrainingSettings)


ALL_KINDS = {
    "learning_rate": {"log": True, "start": [1e-3, 1e-2]},
    "dropout": {"start": [0.0, 0.2], "limits": [0.0, 0.5]},
    "batch_size": {"type": "int", "log": True, "start": [10, 100]},
    "optimizer": {"choices": ["sgd", "adam"]},
    "hidden": {"choices": [[50], [100, 50], 30]},
    "initialization": {"choices": ["he", 0.01]},
}


def test_a_space_of_every_kind_comes_back_from_its_record():
    made = definition(space=ALL_KINDS)
    assert read_definition("small", json.loads(json.dumps(made.record()))) == made


def test_what_a_file_leaves_out_is_the_default_and_is_written_into_the_record():
    given = tables()
    for key in ("title", "seed", "training", "search", "final"):
        del given[key]
    made = read_definition("small", given)
    assert (made.title, made.seed) == ("small", 0)
    assert made.training == models.TrainingSettings()
    assert made.record()["final"]["confirmation_runs"] == made.final.confirmation_runs


def test_a_config_is_put_into_the_network_and_the_training_and_nothing_else_changes():
    made = definition(space=ALL_KINDS)
    network, training = made.settings(
        {"learning_rate": 0.005, "dropout": 0.1, "batch_size": 32, "optimizer": "adam", "hidden": "[100, 50]"}
    )
    assert network == dataclasses.replace(made.network, hidden=(100, 50), dropout=0.1)
    assert training == dataclasses.replace(made.training, learning_rate=0.005, batch_size=32, optimizer="adam")


def test_a_whole_number_fills_every_place_of_a_list_of_sizes():
    made = definition(model={"hidden": [20, 10, 5]}, space={"hidden": {"type": "int", "start": [5, 50]}})
    assert made.settings({"hidden": 30})[0].hidden == (30, 30, 30)


def test_rungs_are_counted_in_percent_and_end_with_the_whole_training():
    assert definition(search={"rungs": [0.125, 0.25, 0.5]}).search.percents == (12, 25, 50, 100)
    assert definition(search={"rungs": []}).search.percents == (100,)


TYPOS = {
    "roundz": ("rounds", {"roundz": []}),
    "data.datasett": ("dataset", {"data": {"datasett": "mnist"}}),
    "model.activaton": ("activation", {"model": {"activaton": "relu"}}),
    "training.learning_rte": ("learning_rate", {"training": {"learning_rte": 0.1}}),
    "search.sampeler": ("sampler", {"search": {"sampeler": "tpe"}}),
    "rounds.1.sample": (
        "samples",
        {"rounds": [{"trials": 1, "samples": 1, "epochs": 1}, {"trials": 1, "sample": 1, "epochs": 1}]},
    ),
    "final.good_value": ("good_values", {"final": {"good_value": 3}}),
    "space.learning_rat": ("learning_rate", {"space": {"learning_rat": {"start": [1, 2]}}}),
    "space.dropout.limit": ("limits", {"space": {"dropout": {"start": [0, 0.5], "limit": [0, 0.5]}}}),
    "space.optimizer.choises": (
        "choices",
        {"space": {"optimizer": {"type": "categorical", "choises": ["sgd", "adam"]}}},
    ),
}


@pytest.mark.parametrize("place", TYPOS)
def test_a_mistyped_key_is_named_with_its_place_and_the_right_one(place):
    right, changes = TYPOS[place]
    said = mistake(**changes)
    assert place in said
    assert f"did you mean {right}?" in said


def test_a_key_like_no_other_gets_the_known_ones():
    assert "known keys: sampler, groups, rungs, keep" in mistake(search={"zzz": 1})


MISTAKES = {
    "network unknown": ({"model": {"network": "transformer"}}, ["model.network = 'transformer'", "mlp, convnet"]),
    "network a list": ({"model": {"network": ["mlp"]}}, ["model.network = ['mlp']", "mlp, convnet"]),
    "model no table": ({"model": 3}, ["model", "mlp, convnet"]),
    "a text for a number": ({"training": {"learning_rate": "fast"}}, ["training.learning_rate = 'fast'", "a number"]),
    "a number out of range": ({"training": {"learning_rate": -1.0}}, ["training: learning_rate", "above 0", "-1"]),
    "larger than any float": ({"training": {"learning_rate": 10**400}}, ["training.learning_rate", "a number"]),
    "a bool for a number": ({"rounds": [{"trials": True, "samples": 9, "epochs": 9}]}, ["rounds.0.trials = True"]),
    "half a trial": ({"rounds": [{"trials": 1.5, "samples": 9, "epochs": 9}]}, ["rounds.0.trials = 1.5", "whole"]),
    "no trial": ({"rounds": [{"trials": 0, "samples": 9, "epochs": 9}]}, ["rounds.0: trials = 0", "at least 1"]),
    "round incomplete": ({"rounds": [{"trials": 5, "epochs": 9}]}, ["rounds.0", "samples is missing"]),
    "no round": ({"rounds": []}, ["at least one [[rounds]] table"]),
    "rounds a table": ({"rounds": {"trials": 5}}, ["at least one [[rounds]] table"]),
    "space empty": ({"space": {}}, ["at least one [space.NAME] table"]),
    "seed negative": ({"seed": -1}, ["seed = -1", "0 or more"]),
    "seed a text": ({"seed": "7"}, ["seed = '7'", "whole number"]),
    "title a number": ({"title": 3}, ["title = 3", "a text"]),
    "sampler unknown": (
        {"search": {"sampler": "annealing"}},
        ["sampler = 'annealing'", "lattice, tpe, random, qmc, grid"],
    ),
    "groups": ({"search": {"groups": 0}}, ["search: groups = 0", "at least 1"]),
    "rungs falling": ({"search": {"rungs": [0.5, 0.25]}}, ["rungs = [0.5, 0.25]", "rising"]),
    "rungs twice": ({"search": {"rungs": [0.5, 0.5]}}, ["rungs = [0.5, 0.5]", "rising"]),
    "rungs at the end": ({"search": {"rungs": [0.5, 1.0]}}, ["rungs = [0.5, 1.0]", "between 0 and 1"]),
    "rungs too near": ({"search": {"rungs": [0.501, 0.502]}}, ["rungs must differ by at least 1 %"]),
    "a rung at the end, rounded": ({"search": {"rungs": [0.999]}}, ["rungs must differ by at least 1 %"]),
    "rungs a number": ({"search": {"rungs": 0.5}}, ["search.rungs = 0.5", "a list"]),
    "keep nothing": ({"search": {"keep": 0.0}}, ["keep = 0.0", "0 .. 1"]),
    "keep more than all": ({"search": {"keep": 1.5}}, ["keep = 1.5", "0 .. 1"]),
    "one race run": ({"final": {"race_runs": 1}}, ["race_runs = 1", "at least 2"]),
    "no good value": ({"final": {"good_values": 0}}, ["good_values = 0", "at least 1"]),
    "holdout too small": (
        {"data": {"holdout": 500, "validation": 200, "confirmation": 400}},
        ["validation + confirmation = 600", "holdout = 500", "raise holdout"],
    ),
    "validation too small": ({"data": {"validation": 5}}, ["validation = 5", "at least 10"]),
    "limits outside what training takes": (
        {"space": {"learning_rate": {"start": [0, 1]}}},
        ["space.learning_rate", "above 0"],
    ),
    "a choice that is none": ({"space": {"optimizer": {"choices": ["sgd", "lion"]}}}, ["space.optimizer", "lion"]),
    "a float for a whole number": ({"space": {"batch_size": {"start": [10, 100]}}}, ["space.batch_size", "whole"]),
    "sizes of a list wrong": ({"space": {"hidden": {"choices": [[10], [0]]}}}, ["space.hidden", "at least 1", "0"]),
    "sizes for no layer": (
        {"model": {"hidden": []}, "space": {"hidden": {"type": "int", "start": [5, 50]}}},
        ["space.hidden", "model.hidden"],
    ),
}


@pytest.mark.parametrize(("changes", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place_its_value_and_the_way_out(changes, words):
    said = mistake(**changes)
    for word in words:
        assert word in said


@pytest.mark.parametrize("key", ["data", "model", "space", "rounds"])
def test_a_table_that_must_be_there_is_asked_for_as_it_is_written(key):
    given = tables()
    del given[key]
    with pytest.raises(UserError, match=rf"\[{key}\]+ is missing"):
        read_definition("small", given)


def test_two_equal_definitions_are_equal_and_another_seed_is_another_definition():
    assert definition() == definition()
    assert definition(seed=8) != definition()
    assert isinstance(definition(), StudyDefinition)


def test_derived_seeds_differ_for_every_purpose_and_place_and_fit_into_json():
    places = [(purpose, number, index) for purpose in (TRIAL,) for number in range(1, 9) for index in range(100)]
    places += [(PROPOSAL, number) for number in range(1, 9)]
    places += [(purpose, run) for purpose in (RACE, CONFIRM, FULL) for run in range(20)]
    seeds = [derived_seed(study, *place) for study in (0, 1, 2**40) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_a_derived_seed_is_the_same_on_every_machine_for_ever():
    # The first 53 of the 64 bits of np.random.SeedSequence([7, 0, 1, i]), whose stream NumPy promises to keep (NEP 19).
    assert [derived_seed(7, TRIAL, 1, i) for i in range(2)] == [4254817078993407, 7230146880403307]
