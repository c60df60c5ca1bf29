"""The studies in hpo/training/examples/sklearn, as a user runs them."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("sklearn")

from hpo.cli.data import look_at_data
from hpo.definition.files import load_definition, load_tables
from hpo.definition.template import study_text
from hpo.definition.text import read_tables
from hpo.training.cuts import Cut
from hpo.training.estimators import Estimators
from hpo.training.protocol import Assignment

FOLDER = ROOT / "hpo" / "training" / "examples" / "sklearn"
STUDIES = sorted(path.name for path in FOLDER.glob("*.toml"))
MIDDLE = {
    "digits.toml": {"mlp__alpha": 1e-3, "mlp__learning_rate_init": 1e-2, "mlp__hidden_layer_sizes": 32},
    "cancer.toml": {"learning_rate": 0.1, "l2_regularization": 0.1, "max_leaf_nodes": 8},
    "diabetes.toml": {"ridge__alpha": 1.0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sklearn")
    for name in STUDIES:
        shutil.copy(FOLDER / name, made)
    arguments = sys.argv
    sys.argv = ["data.py", str(made)]
    try:
        runpy.run_path(str(FOLDER / "data.py"))
    finally:
        sys.argv = arguments
    return made


def test_there_is_an_example_for_each_kind_of_data_and_target():
    assert STUDIES == ["cancer.toml", "diabetes.toml", "digits.toml"]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_takes_at_most_twenty_lines(name):
    assert len((FOLDER / name).read_text(encoding="utf-8").splitlines()) <= 20


@pytest.mark.parametrize("name", STUDIES)
def test_a_copy_with_comments_is_the_same_study(folder, name, tmp_path):
    tables = load_tables(str(folder / name))
    copy = tmp_path / name
    copy.write_text(study_text(tables, name), encoding="utf-8")
    assert load_definition(str(copy)) == load_definition(str(folder / name))
    assert read_tables(copy)["trainer"] == tables["trainer"]


@pytest.mark.parametrize("name", STUDIES)
def test_a_config_in_the_middle_of_the_space_is_better_than_guessing(folder, name):
    definition = load_definition(str(folder / name))
    looked = look_at_data(definition, None, lambda _: None)
    definition = looked.settled(definition)
    assert looked.data is not None
    assert definition.abilities.test
    assert definition.abilities.rungs == (name != "diabetes.toml")
    rungs = definition.search.percents if definition.abilities.rungs else (100,)
    size = definition.rounds[0]
    assignment = Assignment("search", 0, 1, size.samples, size.epochs, (Cut(size.samples),), rungs)
    training = Estimators(definition.trainer, looked.data).start(MIDDLE[name], assignment, lambda: None)
    value, chance = training.advance(100).value, looked.summary["chance"]
    assert definition.metric.score(value) > definition.metric.score(chance)


def test_a_whole_run_ends_with_a_report(folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    small = [
        "rounds.0.trials=6",
        "final.good_values=2",
        "final.race_runs=2",
        "final.confirmation_runs=2",
        "final.seeds=2",
    ]
    command = [sys.executable, "-m", "hpo.run", "--study", "diabetes.toml", "--workers", "1"]
    command += [each for change in small for each in ("--set", change)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a regression of 'target', from 25 to 346 as numbers" in done.stdout
    assert "nothing stops early, and epochs count nothing" in done.stdout
    report = (folder / "out" / "diabetes" / "report.html").read_text(encoding="utf-8")
    assert "model = Pipeline([" in report
