"""Which trainer a study file declares: our networks, or with [trainer] another kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.definition.reading import read_definition
from hpo.definition.trainers import kinds
from hpo.definition.trainers.networks import NetworkTrainer, networks_of
from hpo.searching.metric import ACCURACY
from hpo.searching.space import Config, SearchSpace
from hpo.storage.errors import UserError
from hpo.training.kinds import trainer_of
from tests.support.builders import comparison_tables, definition, tables


@dataclass(frozen=True)
class Told:
    """A trainer that is told what to do in one word."""

    word: str
    abilities: Abilities = EVERYTHING

    def tables(self) -> dict[str, Any]:
        return {"trainer": {"told": self.word}}

    def check(self, config: Config) -> None: ...

    def check_space(self, space: SearchSpace) -> None: ...

    def plain(self, config: Config) -> Mapping[str, Any]:
        return config

    def updates(self, config: Config, samples: int, epochs: int) -> None: ...


@pytest.fixture
def _two_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("told", "shown"):
        monkeypatch.setitem(kinds.KINDS, key, lambda table: Told(str(next(iter(table.values())))))


def told(**changes: Any) -> dict[str, Any]:
    """Return the tables of a study with a trainer of its own, with as little in them as can be."""
    rounds = [{"trials": 8}]
    return {"trainer": {"told": "go"}, "space": {"speed": {"start": [1.0, 2.0]}}, "rounds": rounds} | changes


def refused(given: Mapping[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        read_definition("small", deepcopy(dict(given)))
    return str(caught.value)


def test_without_a_trainer_a_study_trains_one_of_our_networks() -> None:
    made = definition()
    assert isinstance(made.trainer, NetworkTrainer)
    assert made.abilities == EVERYTHING
    assert made.metric == ACCURACY
    assert made.record().keys() == tables().keys(), "the tables of a study are those that it always had"


def test_what_is_known_of_a_training_by_name_is_what_is_declared_with_the_config_in_it() -> None:
    plain = definition().plain({"learning_rate": 0.5})
    assert (plain["learning_rate"], plain["batch_size"], plain["optimizer"]) == (0.5, 100, "sgd")
    assert plain["hidden"] == (20, 10)


def test_updates_are_the_steps_of_all_epochs() -> None:
    assert definition().updates({}, 450, 3) == 15


def test_with_neither_model_nor_trainer_both_are_offered() -> None:
    given = tables()
    del given["model"]
    said = refused(given)
    assert "the table [model] is missing" in said
    assert "[trainer]" in said


@pytest.mark.usefixtures("_two_kinds")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trainer": 3}, ["trainer = 3", "expected a table with one of", "told"]),
        ({"trainer": {}}, ["[trainer] takes one of", "told", "none of them is there"]),
        ({"trainer": {"sung": "la"}}, ["[trainer] takes one of", "told", "none of them is there"]),
        ({"trainer": {"told": "go", "shown": "so"}}, ["takes one of", "told and shown are there"]),
        ({"model": {"network": "mlp"}}, ["[model] is for the networks that come along", "remove one"]),
        ({"training": {}}, ["[training] is for the networks that come along", "remove one"]),
        ({"rounds": []}, ["at least one [[rounds]] table"]),
        ({"rounds": [{"samples": 3}]}, ["rounds.0", "trials is missing"]),
        ({"metric": {"name": "accuracy", "direction": "sideways"}}, ["metric"]),
    ],
)
def test_a_mistake_about_the_trainer_is_named_with_the_way_out(changes: dict[str, Any], words: list[str]) -> None:
    said = refused(told(**changes))
    for word in words:
        assert word in said


@pytest.mark.usefixtures("_two_kinds")
@pytest.mark.parametrize("key", ["space", "rounds"])
def test_what_every_search_needs_is_asked_for_whoever_trains(key: str) -> None:
    given = told()
    del given[key]
    assert "is missing" in refused(given)


def test_a_comparison_is_of_our_networks() -> None:
    assert "[comparison] draws learning curves of the networks" in refused(comparison_tables() | {"trainer": {}})


def test_our_networks_have_no_other_metric_and_no_data_of_their_own() -> None:
    assert "our networks are scored by their accuracy, not by rmse" in refused(tables() | {"metric": {"name": "rmse"}})
    assert "dataset is missing" in refused(tables() | {"data": {"holdout": 1000}})


@pytest.mark.usefixtures("_two_kinds")
def test_a_trainer_of_your_own_need_say_no_data_no_samples_and_no_epochs() -> None:
    made = read_definition("small", told())
    assert made.trainer == Told("go")
    assert made.data.dataset is None
    assert [(each.trials, each.samples, each.epochs) for each in made.rounds] == [(8, 0, 1)]
    assert made.rounds[0].taken(500) == 500
    longer = read_definition("small", told(rounds=[{"trials": 8, "epochs": 30}]))
    assert longer.final.epochs == 30, "all of the data are trained on for as long as the last round says"


@pytest.mark.usefixtures("_two_kinds")
def test_a_study_with_a_trainer_of_its_own_comes_back_from_its_record() -> None:
    made = read_definition("small", told(metric={"name": "rmse"}))
    record = json.loads(json.dumps(made.record()))
    assert read_definition("small", record) == made
    assert not record.keys() & {"model", "training"}
    assert not made.metric.maximized


@pytest.mark.usefixtures("_two_kinds")
def test_what_is_about_our_networks_alone_says_so_for_another_study() -> None:
    with pytest.raises(UserError, match="small trains none of the networks that come along"):
        networks_of(read_definition("small", told()))


@pytest.mark.usefixtures("_two_kinds")
def test_a_trainer_that_was_not_given_is_refused_and_so_are_our_networks_without_data() -> None:
    with pytest.raises(UserError, match="start it with its study file"):
        trainer_of(read_definition("small", told()), None)
    with pytest.raises(UserError, match=r"no data were found for it; give data\.dataset"):
        trainer_of(definition(), None)
