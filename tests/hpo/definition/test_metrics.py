"""The table [metric] of a study file: what usual names say, what others must say, and what makes no sense."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hpo.definition.metrics import metric_record, read_metric
from hpo.searching.metric import KNOWN
from hpo.storage.errors import UserError


@pytest.mark.parametrize("name", KNOWN)
def test_what_a_usual_name_says_need_not_be_repeated(name: str) -> None:
    found = read_metric(name)
    assert found == read_metric({"name": name})
    assert metric_record(found) == {"name": name}
    assert found.name == name


@pytest.mark.parametrize(
    "table",
    [
        {"name": "tours", "direction": "minimize", "low": 0.0},
        {"name": "auc", "guess": 0.4},
        {"name": "kept", "direction": "maximize", "low": 0.0, "high": 1.0, "share": True},
        {"name": "rmse", "guess": 77.0},
    ],
)
def test_a_declared_metric_is_recorded_such_that_reading_gives_it_again(table: dict[str, Any]) -> None:
    found = read_metric(table)
    assert read_metric(metric_record(found)) == found


def test_scores_of_usual_names_rise_where_values_get_better() -> None:
    for name, better, worse in (("rmse", 1.0, 2.0), ("auc", 0.9, 0.6), ("error_rate", 0.1, 0.2), ("r2", 0.5, -3.0)):
        metric = read_metric(name)
        assert metric.score(better) > metric.score(worse), name
        assert metric.value(metric.score(better)) == better


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"name": "tours"}, 'write direction = "maximize" or "minimize"'),
        ({"name": "accuracy", "direction": "minimize"}, "of accuracy more is better"),
        ({"name": "rmse", "direction": "maximize"}, "of rmse less is better"),
        ({"name": "rmse", "direction": "down"}, "must be one of maximize, minimize"),
        ({"name": "rmse", "low": 2.0, "high": 1.0}, "must be below high"),
        ({"name": "auc", "guess": 1.5}, "outside its bounds"),
        ({"name": "rmse", "high": math.inf}, "must be a finite number"),
        ({"name": "rmse", "share": True}, "a share lies in 0 .. 1"),
        ({"name": " "}, "metric.name is missing"),
        ({"direction": "minimize"}, "metric.name is missing"),
        ({"name": "rmse", "bound": 3}, "unknown key"),
        (5, "expected a name"),
    ],
)
def test_each_mistake_is_named_with_a_way_out(table: Any, says: str) -> None:
    with pytest.raises(UserError) as error:
        read_metric(table)
    assert says in str(error.value)
