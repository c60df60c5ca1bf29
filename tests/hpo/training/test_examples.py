"""How examples that are no images are cut for a study, and what is known of it then."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.record.differences import differences
from hpo.searching.metric import ACCURACY, Metric
from hpo.storage.errors import UserError
from hpo.storage.examples import load_examples
from hpo.storage.own_examples import Wanted, locate_examples
from hpo.training.cuts import Cut
from hpo.training.functions.examples import Examples
from hpo.training.images import StudyData
from hpo.training.loading import locate_data
from tests.support.builders import TABLES
from tests.support.tables import houses, write

RMSE = Metric("rmse", "minimize", low=0.0, high=None, is_share=False)


def define(metric: Metric = ACCURACY, **data: Any) -> StudyDefinition:
    """Return a study whose trainer is left out of account."""
    rounds = [{"trials": 2, "samples": 20, "epochs": 1}]
    return dataclasses.replace(read_definition("own", TABLES | {"data": data, "rounds": rounds}), metric=metric)


def cut(definition: StudyDefinition) -> StudyData:
    data = definition.data
    located = locate_examples(Wanted(str(data.dataset), data.target, data.test, data.ignore or ()))
    return StudyData.build(definition, located, load_examples(located))


def table(folder: Path, frame: pd.DataFrame | None = None) -> str:
    return str(write(houses(200) if frame is None else frame, folder / "houses.csv"))


def test_a_table_is_cut_into_a_pool_and_a_holdout_with_nothing_in_common(tmp_path):
    data = cut(define(dataset=table(tmp_path), target="price"))
    assert (len(data.split.pool), len(data.split.holdout)) == (150, 50)
    (x, y), (x_held, y_held) = data.arrays(Cut(20))
    assert (len(x), len(x_held), len(y_held)) == (20, 25, 25)
    frame = houses(200)
    np.testing.assert_array_equal(y, frame.price[x.index])
    assert x.town.tolist() == frame.town[x.index].tolist()
    everything = data.arrays(Cut(None, scorers="holdout"))
    assert sorted([*everything[0][0].index, *everything[1][0].index]) == list(range(200))


def test_classes_keep_their_shares(tmp_path):
    frame = houses(200).assign(rare=["yes"] * 20 + ["no"] * 180)
    data = cut(define(dataset=table(tmp_path, frame), target="rare"))
    for _, y in data.arrays(Cut(100, scorers="holdout")):
        assert np.mean(y) == pytest.approx(0.1, abs=0.02)


def test_copies_stay_on_one_side(tmp_path):
    frame = pd.concat([houses(100), houses(100)[:60]])
    data = cut(define(dataset=table(tmp_path, frame), target="price"))
    (_, y), (_, y_held) = data.arrays(Cut(None, scorers="holdout"))
    assert not set(y) & set(y_held)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [(RMSE, houses(200).price.std(ddof=0)), (Metric("reward", low=None, high=None, is_share=False), None)],
)
def test_what_guessing_scores_goes_into_the_record(tmp_path, metric, expected):
    summary = cut(define(metric, dataset=table(tmp_path), target="price")).summary()
    assert summary["chance"] == (None if expected is None else pytest.approx(expected))
    assert summary["classes"] == 0


def test_without_a_test_table_none_is_opened(tmp_path):
    definition = define(dataset=table(tmp_path), target="price")
    assert not definition.abilities.test
    settled = cut(definition).settled(definition)
    assert settled.data.tested is False
    assert not differences(settled.record(), settled.on_the_data_of(settled).record())


def test_with_a_test_table_it_is(tmp_path):
    test = str(write(houses(30, seed=1), tmp_path / "test.csv"))
    definition = define(dataset=table(tmp_path), target="price", test=test)
    assert definition.abilities.test
    assert cut(definition).settled(definition).data.tested is None


def test_arrays_without_a_test_part_are_found_out_when_they_are_looked_at(tmp_path):
    np.savez(tmp_path / "own.npz", x=np.random.default_rng(0).normal(size=(200, 3)), y=np.arange(200) % 2)
    definition = define(dataset=str(tmp_path / "own.npz"))
    assert not cut(definition).settled(definition).abilities.test


def test_a_resumed_study_with_other_ignored_columns_is_another(tmp_path):
    begun = define(dataset=table(tmp_path), target="price")
    now = define(dataset=table(tmp_path), target="price", ignore=["town"])
    assert differences(begun.record(), now.on_the_data_of(begun).record())


def test_the_record_has_the_fields_of_a_table_only_where_they_are_set(tmp_path):
    plain = define(dataset="mnist").record()["data"]
    assert set(plain) == {"dataset"}
    record = define(dataset=table(tmp_path), target="price", ignore=["town"], task="regression").record()["data"]
    assert record["ignore"] == ["town"]
    assert (record["target"], record["task"]) == ("price", "regression")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"dataset": "houses.csv"}, r"target is missing: houses.csv is a table"),
        ({"dataset": "houses.csv", "target": "price", "ignore": ["price"]}, "ignore names the target 'price'"),
        ({"dataset": "own.npz", "target": "price"}, r"target is for tables"),
        ({"dataset": "houses.csv", "target": "price", "task": "ranking"}, r"task = 'ranking'"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(data, message):
    with pytest.raises(UserError, match=message):
        define(**data)


def test_our_networks_insist_on_images_with_classes(tmp_path):
    definition = define(dataset=table(tmp_path), target="price")
    with pytest.raises(UserError, match=r"is a table, and our networks take images with classes; name another trainer"):
        locate_data(definition, announce=print)
    with pytest.raises(UserError, match="our networks take images with classes"):
        cut(definition).fold(Cut(20))


def test_too_few_rows_are_counted_in_rows(tmp_path):
    with pytest.raises(UserError, match=r"houses.csv has 15 training rows; at least 22 are needed"):
        cut(define(dataset=table(tmp_path, houses(15)), target="price"))


def test_a_function_is_given_the_rows_of_a_table(tmp_path):
    data = cut(define(dataset=table(tmp_path), target="price"))
    examples = Examples(data.part.x, data.part.y, data.split, data.settings)
    x, y = examples.train(Cut(20))
    assert list(x.columns) == ["rooms", "area", "town", "garden", "sold"]
    np.testing.assert_array_equal(y, houses(200).price[x.index])
    assert len(examples.validation(Cut(20))[0]) == 25
