"""Class labels and numbers to predict, told apart where the values leave no doubt."""

import numpy as np
import pytest

from hpo.storage.errors import UserError
from hpo.storage.targets import listed_rows, task_of

MANY = np.repeat(np.arange(50), 20)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.array(["a", "b"] * 10), "classification"),
        (np.array([True, False] * 10), "classification"),
        (np.arange(100) % 10, "classification"),
        (np.arange(100)[:, None] % 10, "classification"),
        ((np.arange(100) % 10).astype(float), "classification"),
        (np.eye(3)[np.arange(30) % 3], "classification"),
        (np.linspace(0, 1, 30), "regression"),
        (np.linspace(0, 1, 30, dtype=np.float32), "regression"),
        (np.arange(100), "regression"),
        (np.repeat(np.arange(25.0, 90.0), 7), "regression"),
    ],
)
def test_the_task_follows_from_the_values(values, task):
    assert task_of(values, "y", given=None) == task


def test_whole_numbers_that_may_be_either_are_asked_for():
    with pytest.raises(UserError, match=r"50 different whole numbers.*write task = "):
        task_of(MANY, "y", given=None)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_metric_or_the_study_decides_then(task):
    assert task_of(MANY, "y", given=None, likely=task) == task
    assert task_of(MANY, "y", given=task) == task


def test_the_metric_does_not_overrule_the_values():
    assert task_of(np.linspace(0, 1, 30), "y", given=None, likely="classification") == "regression"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("task", ["regression", "classification", None])
def test_a_target_without_a_value_is_refused_with_its_row(bad, task):
    values = np.linspace(0, 1, 30)
    values[[3, 7]] = bad
    with pytest.raises(UserError, match=r"rows 4 and 8 of 30"):
        task_of(values, "y", given=task)


def test_text_is_no_number_to_predict():
    with pytest.raises(UserError, match="which no regression predicts"):
        task_of(np.array(["a", "b"]), "y", given="regression")


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([2], "row 3"),
        ([2, 4], "rows 3 and 5"),
        ([0, 1, 2], "rows 1, 2 and 3"),
        (range(7), "rows 1, 2, 3, 4, 5 and 2 more"),
    ],
)
def test_rows_are_listed_from_1_on(rows, text):
    assert listed_rows(np.array(rows)) == text
