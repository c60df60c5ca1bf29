import dataclasses
import json

import pytest

from hpo import models
from hpo.definition.files import load_definition, presets
from hpo.definition.reading import read_definition
from hpo.definition.settings import ComparisonSettings
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import networks_of
from hpo.searching.seeds import COMPARE, CONFIRM, FULL, PROPOSAL, RACE, TRIAL, derived_seed
from hpo.storage.errors import UserError
from tests.support.builders import comparison_tables, definition, tables


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
        network, training = networks_of(loaded).settings(config)
        assert isinstance(network, models.NetworkDescription)
        assert isinstance(training, models.TrainingSettings)


METHODS = [
    {"optimizer": "sgd", "learning_rate": 0.01},
    {"optimizer": "momentum", "momentum": 0.5, "learning_rate": 0.1},
    {"batch_norm": True, "hidden": [50]},
]
ALL_KINDS = {
    "learning_rate": {"log": True, "start": [1e-3, 1e-2]},
    "dropout": {"start": [0.0, 0.2], "limits": [0.0, 0.5]},
    "batch_size": {"type": "int", "log": True, "start": [10, 100]},
    "optimizer": {"choices": ["sgd", "adam"]},
    "hidden": {"choices": [[50], [100, 50], 30]},
    "initialization": {"choices": ["he", 0.01]},
}


def test_a_choice_that_is_a_table_sets_its_fields_of_network_and_training_at_once():
    made = definition(space={"method": {"choices": METHODS}, "dropout": {"start": [0.0, 0.5]}})
    sgd, momentum, wide = made.space.limits().choices("method")
    assert networks_of(made).settings({"method": sgd, "dropout": 0.1}) == (
        dataclasses.replace(networks_of(made).network, dropout=0.1),
        dataclasses.replace(networks_of(made).training, optimizer="sgd", learning_rate=0.01),
    )
    assert networks_of(made).settings({"method": momentum})[1] == dataclasses.replace(
        networks_of(made).training, optimizer="momentum", momentum=0.5, learning_rate=0.1
    )
    assert networks_of(made).settings({"method": wide})[0] == dataclasses.replace(
        networks_of(made).network, batch_norm=True, hidden=(50,)
    )
    assert read_definition("small", json.loads(json.dumps(made.record()))) == made
    assert made.record()["space"]["method"]["choices"] == METHODS


def test_fields_that_only_fit_together_are_put_in_together():
    blocks = [{"filters": [4], "padding": [1]}, {"filters": [4, 8], "padding": [1, 0]}]
    model = {"network": "convnet", "kernel": 3}
    made = read_definition("conv", tables(space={"blocks": {"choices": blocks}}) | {"model": model})
    networks = [networks_of(made).settings({"blocks": choice})[0] for choice in made.space.limits().choices("blocks")]
    assert [(each.filters, each.padding) for each in networks] == [((4,), (1,)), ((4, 8), (1, 0))]


@pytest.mark.parametrize("padding", [2, [1, 2]])
def test_a_field_that_is_a_number_or_a_list_comes_back_as_what_it_was(padding):
    model = {"network": "convnet", "filters": [4, 8], "kernel": 3, "padding": padding}
    made = read_definition("conv", tables() | {"model": model})
    assert networks_of(made).network.padding == (padding if isinstance(padding, int) else tuple(padding))
    assert made.record()["model"]["padding"] == padding
    assert read_definition("conv", json.loads(json.dumps(made.record()))) == made


def test_a_comparison_has_no_rounds_and_the_grid_as_its_sampler():
    made = read_definition("versus", comparison_tables())
    assert made.rounds == ()
    assert made.search.sampler == "grid"
    assert made.search.percents == (100,)
    assert made.comparison is not None
    assert (made.comparison.samples, made.comparison.seeds, made.comparison.figure) == (300, 2, "grid")
    assert (made.data.validation, made.data.confirmation) == (1000, 0)


def test_a_comparison_comes_back_from_its_record_which_has_no_tables_of_a_search():
    made = read_definition("versus", comparison_tables(space={"method": {"choices": METHODS}}))
    record = json.loads(json.dumps(made.record()))
    assert read_definition("versus", record) == made
    assert not record.keys() & {"rounds", "final"}
    assert record["data"] == {"dataset": "mnist", "holdout": 1000}
    assert record["search"] == {"sampler": "grid"}
    assert "comparison" not in definition().record()


def test_a_comparison_needs_no_space_and_has_defaults():
    given = comparison_tables()
    del given["space"]
    given["comparison"] = {"samples": 0, "epochs": 1}
    made = read_definition("alone", given)
    assert made.space.grid() == [{}]
    assert networks_of(made).settings({}) == (networks_of(made).network, networks_of(made).training)
    assert made.comparison == ComparisonSettings(samples=0, epochs=1)


def test_a_search_may_try_a_grid_if_its_rounds_have_a_trial_for_each_config():
    rounds = [{"trials": 4, "samples": 100, "epochs": 2}]
    space = {"dropout": {"choices": [0.0, 0.2]}, "batch_norm": {"choices": [True, False]}}
    assert definition(space=space, rounds=rounds, search={"sampler": "grid"}).search.sampler == "grid"


COMPARISON_MISTAKES = {
    "rounds too": ({"rounds": tables()["rounds"]}, ["[[rounds]]", "[comparison]", "remove one"]),
    "final too": ({"final": {"seeds": 3}}, ["[final] does not go with [comparison]", "remove it"]),
    "another sampler": ({"search": {"sampler": "tpe"}}, ["search.sampler = 'tpe'", 'sampler = "grid"']),
    "rungs": ({"search": {"rungs": [0.5]}}, ["search.rungs does not go with [comparison]", "remove it"]),
    "search mistyped": ({"search": {"sampeler": "grid"}}, ["search.sampeler", "did you mean sampler?"]),
    "search no table": ({"search": 3}, ["search: expected a table, found 3"]),
    "validation": ({"data": {"validation": 100}}, ["data.validation does not go with [comparison]", "remove it"]),
    "data mistyped": ({"data": {"holdot": 100}}, ["data.holdot", "did you mean holdout?"]),
    "hardly a holdout": ({"data": {"holdout": 5}}, ["data: holdout = 5", "at least 10"]),
    "a range": ({"space": {"dropout": {"start": [0, 0.5]}}}, ["space.dropout", "a grid has no ranges", "choices = ["]),
    "space no table": ({"space": 3}, ["space: at least one"]),
    "mistyped": ({"comparison": {"sample": 3}}, ["comparison.sample", "did you mean samples?"]),
    "too few samples": ({"comparison": {"samples": -1}}, ["comparison: samples = -1", "0 for all"]),
    "no epoch": ({"comparison": {"epochs": 0}}, ["comparison: epochs = 0", "at least 1"]),
    "no seed": ({"comparison": {"seeds": 0}}, ["comparison: seeds = 0", "at least 1"]),
    "no point": ({"comparison": {"evaluations": 0}}, ["comparison: evaluations = 0", "at least 1"]),
    "no such figure": (
        {"comparison": {"figure": "pie"}},
        ["figure = 'pie'", "known figures: overfitting, training_loss, grid, convnet"],
    ),
    "no such field": (
        {"space": {"method": {"choices": [{"optimizer": "sgd"}, {"optimzer": "adam"}]}}},
        ["space.method.choices.1.optimzer", "did you mean optimizer?"],
    ),
    "a choice out of range": (
        {"space": {"method": {"choices": [{"momentum": 0.5}, {"momentum": 2.0}]}}},
        ["space.method", "momentum", "2.0"],
    ),
    "a field set twice": (
        {"space": {"method": {"choices": [{"dropout": 0.1}, {}]}, "dropout": {"choices": [0.0, 0.2]}}},
        ["space.method and space.dropout both set dropout", "take it out of one"],
    ),
}


@pytest.mark.parametrize(("changes", "words"), COMPARISON_MISTAKES.values(), ids=COMPARISON_MISTAKES)
def test_a_mistake_in_a_comparison_is_named_with_its_place_its_value_and_the_way_out(changes, words):
    with pytest.raises(UserError) as caught:
        read_definition("versus", comparison_tables(**changes))
    for word in words:
        assert word in str(caught.value)


def test_without_rounds_and_comparison_both_are_offered():
    given = tables()
    del given["rounds"]
    with pytest.raises(UserError, match=r"\[\[rounds\]\] is missing; or give \[comparison\]"):
        read_definition("small", given)


def test_a_space_of_every_kind_comes_back_from_its_record():
    made = definition(space=ALL_KINDS)
    assert read_definition("small", json.loads(json.dumps(made.record()))) == made


def test_what_a_file_leaves_out_is_the_default_and_is_written_into_the_record():
    given = tables()
    for key in ("title", "seed", "training", "search", "final"):
        del given[key]
    made = read_definition("small", given)
    assert (made.title, made.seed) == ("small", 0)
    assert networks_of(made).training == models.TrainingSettings()
    assert made.record()["final"]["confirmation_runs"] == made.final.confirmation_runs


def test_a_config_is_put_into_the_network_and_the_training_and_nothing_else_changes():
    made = definition(space=ALL_KINDS)
    network, training = networks_of(made).settings(
        {"learning_rate": 0.005, "dropout": 0.1, "batch_size": 32, "optimizer": "adam", "hidden": "[100, 50]"}
    )
    assert network == dataclasses.replace(networks_of(made).network, hidden=(100, 50), dropout=0.1)
    assert training == dataclasses.replace(
        networks_of(made).training, learning_rate=0.005, batch_size=32, optimizer="adam"
    )


def test_a_whole_number_fills_every_place_of_a_list_of_sizes():
    made = definition(model={"hidden": [20, 10, 5]}, space={"hidden": {"type": "int", "start": [5, 50]}})
    assert networks_of(made).settings({"hidden": 30})[0].hidden == (30, 30, 30)


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
    "seed negative": ({"seed": -1}, ["seed = -1", "at least 0"]),
    "seed a text": ({"seed": "7"}, ["seed = '7'", "whole number"]),
    "title a number": ({"title": 3}, ["title = 3", "a text"]),
    "sampler unknown": (
        {"search": {"sampler": "annealing"}},
        ["sampler = 'annealing'", "known samplers: lattice, tpe"],
    ),
    "a grid over a range": (
        {"search": {"sampler": "grid"}},
        ["space.learning_rate: a grid has no ranges", "choices = [", "another sampler"],
    ),
    "a grid of another size": (
        {"search": {"sampler": "grid"}, "space": {"dropout": {"choices": [0.0, 0.1, 0.2]}}},
        ["rounds.0.trials = 20", "has 3 configs", "set trials = 3"],
    ),
    "a number for a number or a list": (
        {"model": {"network": "mlp", "initialization": [1]}},
        ["model.initialization = [1]", "expected a text or a number"],
    ),
    "confirmation too small": ({"data": {"confirmation": 5}}, ["data: confirmation = 5", "at least 10"]),
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
    "fewer candidates than places": ({"final": {"candidates": 2}}, ["candidates = 2", "good_values = 3", "or 0"]),
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
    "averaging with batch normalisation": (
        {"model": {"batch_norm": True}, "training": {"averaging": 0.2}},
        ["averaging = 0.2 does not go with batch_norm = true", "set averaging = 0 or batch_norm = false"],
    ),
    "averaging with a choice of batch normalisation": (
        {"training": {"averaging": 0.2}, "space": {"batch_norm": {"choices": [False, True]}}},
        ["space.batch_norm: averaging = 0.2 does not go with batch_norm = true"],
    ),
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
    places += [(purpose, run) for purpose in (RACE, CONFIRM, FULL, COMPARE) for run in range(20)]
    seeds = [derived_seed(study, *place) for study in (0, 1, 2**40) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_a_derived_seed_is_the_same_on_every_machine_for_ever():
    # The first 53 of the 64 bits of np.random.SeedSequence([7, 0, 1, i]), whose stream NumPy promises to keep (NEP 19).
    assert [derived_seed(7, TRIAL, 1, i) for i in range(2)] == [4254817078993407, 7230146880403307]


def test_a_range_over_whole_numbers_is_told_its_type():
    said = mistake(space={"batch_size": {"start": [10.5, 100]}})
    assert 'expected a whole number; write type = "int" in [space.batch_size]' in said
