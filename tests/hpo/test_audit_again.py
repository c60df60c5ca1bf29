"""`python -m hpo.audit --trainer`: the configs that are to be run again are, and it is said which to use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from tests.conftest import ROOT

FUNCTIONS = """
import os, time
import numpy as np

def truth(lr):
    return 0.9 - 0.05 * (np.log10(lr) + 3) ** 2

def train(config, run):
    assert config["layers"] == 3 and config["act"] in ("relu", None), "as they were in the search"
    noise = np.random.default_rng(run.seed).standard_normal()
    return truth(config["lr"]) - 0.02 * (config["act"] is None) + 0.02 * noise

def momentum(config, run):
    return config["momentum"]

def dies(config, run):
    os._exit(9)

def slow(config, run):
    open("began", "w").close()
    time.sleep(60)

def of_csv(config, run):
    return truth(config["lr"]) + 0.001 * (run.seed % 7)
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database, a CSV file of the same trials, and functions that train."""
    folder = tmp_path_factory.mktemp("again")
    (folder / "train.py").write_text(FUNCTIONS, encoding="utf-8")
    rng = np.random.default_rng(0)

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        none = trial.suggest_categorical("act", ["relu", None]) is None
        trial.suggest_int("layers", 3, 3)
        return float(0.9 - 0.05 * (np.log10(rate) + 3) ** 2 - 0.02 * none + 0.02 * rng.standard_normal())

    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'theirs.db'}", direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
    )
    study.optimize(objective, n_trials=40)
    study.trials_dataframe().to_csv(folder / "trials.csv", index=False)
    return folder


def command(*arguments: object) -> list[str]:
    storage = [] if "--csv" in arguments else ["--storage", "sqlite:///theirs.db", "--metric", "accuracy"]
    return [sys.executable, "-m", "hpo.audit", *storage, "--workers", "2", *(str(each) for each in arguments)]


def audited(theirs: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(*arguments), cwd=theirs, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_they_are_run_again_and_the_best_is_told(theirs: Path, tmp_path: Path) -> None:
    done = audited(theirs, "--trainer", "train.py:train", "--out", tmp_path, "--format", "csv,html")
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "Use the config of trial " in told
    assert "The best score of" in told
    assert "with 90 % probability" in told
    runs = pd.read_csv(tmp_path / "runs.csv")
    again = pd.read_csv(tmp_path / "run_again.csv")
    assert len(runs) == again["runs"].sum()
    assert set(runs["number"]) == set(again["number"])
    assert runs["value"].notna().all()
    shared = runs.merge(again, on="number")
    luck = shared["value"] - 0.9 + 0.05 * (np.log10(shared["lr"]) + 3) ** 2 + 0.02 * (shared["act"] != "relu")
    assert luck.groupby(shared["run"]).std().max() < 1e-9, "all configs of a run have the same seed"
    assert luck.round(9).nunique() == again["runs"].iloc[0], "each run has another one"
    assert "What the fresh runs say" in (tmp_path / "audit.html").read_text(encoding="utf-8")


def test_trials_of_a_csv_file_are_run_again_under_the_names_they_had(theirs: Path, tmp_path: Path) -> None:
    csv = ["--csv", "trials.csv", "--score", "value", "--direction", "maximize"]
    done = audited(theirs, *csv, "--trainer", "train.py:of_csv", "--out", tmp_path, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "Use the config of trial " in done.stdout
    assert pd.read_csv(tmp_path / "runs.csv")["value"].notna().all()


@pytest.mark.parametrize(
    ("trainer", "says"),
    [
        ("nope.py:train", "there is no file"),
        ("train.py:nope", "train.py has no function nope"),
        ("train", "write the file and the function in it"),
        ("none.toml", "no study file 'none.toml'"),
        ("train.py:momentum", "every run failed, the first one with: KeyError: 'momentum'"),
        ("train.py:dies", "every run failed, the first one with: "),
    ],
)
def test_a_wrong_trainer_is_one_sentence_and_exit_code_2(theirs: Path, tmp_path: Path, trainer: str, says: str) -> None:
    done = audited(theirs, "--trainer", trainer, "--out", tmp_path, "--format", "csv")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_ctrl_c_ends_the_runs_and_the_audit_stays(theirs: Path, tmp_path: Path) -> None:
    arguments = ["--trainer", "train.py:slow", "--out", tmp_path, "--format", "csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        command(*arguments), cwd=theirs, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 90
    while not (theirs / "began").exists() and time.monotonic() < end:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    said, complaints = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "stopping; nothing is kept of these runs" in said
    assert not complaints
    assert (tmp_path / "trials.csv").exists()
