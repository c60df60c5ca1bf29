"""A CSV of trials: which columns are hyperparameters, on which axes they lie, and what is wrong with it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hpo.auditing.search import AuditedSearch
from hpo.record.trial_csv import Columns, read_csv
from hpo.searching.space import Categorical, Numeric
from hpo.storage.errors import UserError

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "trial": range(40),
        "lr": 10 ** RNG.uniform(-5, -1, 40),
        "batch": RNG.choice([16, 32, 64, 128], 40),
        "dropout": RNG.uniform(0, 0.5, 40),
        "width": RNG.uniform(100, 900, 40),
        "act": RNG.choice(["relu", "tanh"], 40),
        "bias": RNG.choice([True, False], 40),
        "device": "cpu",
        "seed": range(100, 140),
        "note": [f"run-{i}" for i in range(40)],
        "loss": RNG.uniform(1, 2, 40),
    }
)


def read(
    tmp_path: Path, table: pd.DataFrame | str, score: str = "loss", direction="minimize", **columns
) -> AuditedSearch:
    path = tmp_path / "trials.csv"
    path.write_text(table if isinstance(table, str) else table.to_csv(index=False), encoding="utf-8")
    return read_csv(path, Columns(score, **columns), direction)


def test_all_other_columns_are_hyperparameters_but_those_that_number_name_or_fix_the_trials(tmp_path: Path) -> None:
    found = read(tmp_path, TABLE)
    assert list(found.space.hyperparameters) == ["lr", "batch", "dropout", "width", "act", "bias"]
    said = " ".join(found.notes)
    assert "Left out as no hyperparameters: trial, seed, note" in said
    assert "never varied: device" in said
    assert not found.ranges_are_known
    assert found.trials[0].score == -TABLE["loss"][0]


def test_axes_are_recognised_or_declared(tmp_path: Path) -> None:
    space = read(tmp_path, TABLE).space.hyperparameters
    assert {name for name, each in space.items() if isinstance(each, Numeric) and each.log} == {"lr", "batch"}
    assert space["batch"].integer
    assert isinstance(space["act"], Categorical)
    assert space["bias"].choices in ((True, False), (False, True))
    space = read(tmp_path, TABLE, log=["width"], linear=["lr"]).space.hyperparameters
    assert space["width"].log
    assert not space["lr"].log


def test_a_search_that_learns_is_known_by_its_first_draws(tmp_path: Path) -> None:
    learning = TABLE.assign(lr=[*TABLE["lr"][:10], *RNG.uniform(0.02, 0.09, 30)])
    crowded = TABLE.assign(dropout=[*TABLE["dropout"][:10], *(0.5 * RNG.uniform(0, 0.2, 30) ** 2)])
    assert read(tmp_path, learning).space.hyperparameters["lr"].log
    assert not read(tmp_path, crowded).space.hyperparameters["dropout"].log


def test_columns_may_be_named_or_ignored(tmp_path: Path) -> None:
    assert list(read(tmp_path, TABLE, hyperparameters=["lr", "seed"]).space.hyperparameters) == ["lr", "seed"]
    assert "act" not in read(tmp_path, TABLE, ignored=["act"]).space.hyperparameters


def test_what_optuna_exports_is_known_by_its_names(tmp_path: Path) -> None:
    theirs = TABLE.rename(columns={"lr": "params_lr", "act": "params_act", "trial": "number", "loss": "value"})
    theirs["state"] = ["COMPLETE"] * 37 + ["PRUNED", "FAIL", "RUNNING"]
    theirs.loc[38:, "value"] = None
    theirs.loc[3, "params_lr"] = None
    found = read(tmp_path, theirs, "value")
    assert list(found.space.hyperparameters) == ["params_lr", "params_act"]
    assert [trial.state for trial in found.trials[36:]] == ["finished", "stopped", "failed", "running"]
    assert found.conditional == ["params_lr"]


def test_trials_keep_their_numbers_or_are_numbered_by_their_lines(tmp_path: Path) -> None:
    assert read(tmp_path, TABLE.assign(trial=TABLE["trial"] + 7)).trials[0].number == 7
    assert read(tmp_path, TABLE.drop(columns="trial")).trials[0].number == 1


def test_semicolons_marks_and_line_ends_of_spreadsheets_are_read(tmp_path: Path) -> None:
    buffer = io.StringIO()
    TABLE.to_csv(buffer, index=False, sep=";", lineterminator="\r\n")
    assert read(tmp_path, "\ufeff" + buffer.getvalue()).space == read(tmp_path, TABLE).space


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no trials"),
        ("lr,loss\n", "has no trials"),
        ("lr,loss\n.1,high\n", "line 2: the score is 'high', which is no number"),
        ("lr,loss\n.1,1\n.2\n", "line 3: 1 cells under 2 column names"),
        ("lr,lr,loss\n.1,.1,1\n", "two columns called 'lr'"),
        ("lr,los\n.1,1\n", "has no column 'loss' for --score"),
        ("lr,loss\n.1,1\n.1,2\n", "no hyperparameter that varies"),
        ("lr,loss\n.1,\n.2,nan\n", "no finished trial"),
        ('lr,loss\n".1,1\n', "no CSV file"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"log": ["lrr"]}, "no column 'lrr' for --log"),
        ({"log": ["act"]}, "holds texts"),
        ({"log": ["zero"]}, "only what is above 0"),
        ({"ignored": ["foo"]}, "no column 'foo' for --ignore"),
    ],
)
def test_columns_that_can_not_be_what_they_are_said_to_be_are_refused(tmp_path: Path, columns: dict, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(tmp_path, TABLE.assign(zero=range(40)), **columns)
