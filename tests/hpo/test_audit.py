"""`python -m hpo.audit`: one screen and one page on a search that somebody else ran, or one clear message."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from hpo import audit


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a TPE search whose best learning rate lies beyond its range."""
    path = tmp_path_factory.mktemp("audit") / "theirs.db"
    rng = np.random.default_rng(0)

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("lr", 1e-5, 1e-3, log=True)
        kind = trial.suggest_categorical("opt", ["adam", "sgd"])
        momentum = trial.suggest_float("momentum", 0, 0.9) if kind == "sgd" else 0.9
        trial.suggest_float("nothing", 0, 1)
        return float(0.9 - 0.05 * (np.log10(rate) + 2) ** 2 - 0.05 * (0.9 - momentum) + 0.01 * rng.standard_normal())

    sampler = optuna.samplers.TPESampler(seed=0)
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="x[bold]y", direction="maximize", sampler=sampler
    )
    study.optimize(objective, n_trials=50)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert audit.main([str(each) for each in arguments]) == 0
    return capsys.readouterr().out


def test_a_screen_and_a_page_answer_every_question_and_nothing_is_written_to_the_database(
    theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = theirs.read_bytes()
    said = run(capsys, "--storage", f"sqlite:///{theirs}", "--out", tmp_path)
    assert theirs.read_bytes() == before
    screen = said.partition("files in")[0]
    assert max(map(len, screen.splitlines())) <= 80
    assert len(screen.splitlines()) <= 50
    assert screen.isascii()
    assert "Audit of x[bold]y" in screen
    for label in ("luck ", "ties ", "ranges ", "effects ", "duplicates ", "more trials ", "to know "):
        assert re.search(f"^{label}", screen, re.MULTILINE), label
    assert "lr was searched up to 0.001" in screen
    assert " %" not in screen.partition("luck ")[0].replace("90 % interval", ""), "nobody said that it is a share"
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", page), "it asks nobody for anything"
    assert page.count("<svg") == 2
    trials = pd.read_csv(tmp_path / "trials.csv")
    assert len(trials) == 50
    assert trials["tied"].any()
    assert (tmp_path / "figures" / "expected.png").stat().st_size > 10_000
    again = pd.read_csv(tmp_path / "run_again.csv")
    assert 1 <= len(again) <= 5
    assert again["runs"].min() >= 2


def test_of_a_declared_share_luck_is_told_in_points(
    theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(
        capsys, "--storage", f"sqlite:///{theirs}", "--metric", "accuracy", "--out", tmp_path, "--format", "json"
    )
    assert re.search(r"points? too good|can't be pinned down", " ".join(said.split()))
    assert " %" in said
    fields = json.loads((tmp_path / "trials.json").read_text())["schema"]["fields"]
    assert "accuracy" in [field["name"] for field in fields]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hyperparameters.json", "run_again.json", "trials.json"]


def test_a_csv_tells_what_was_taken_for_granted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    rates = 10 ** rng.uniform(-4, -1, 30)
    table = pd.DataFrame({"lr": rates, "seed": 0, "rmse": 2 + (np.log10(rates) + 2) ** 2 + rng.normal(0, 0.1, 30)})
    table.to_csv(tmp_path / "trials.csv", index=False)
    said = run(
        capsys,
        "--csv",
        tmp_path / "trials.csv",
        "--score",
        "rmse",
        "--direction",
        "minimize",
        "--out",
        tmp_path / "o",
        "--format",
        "csv",
    )
    told = " ".join(said.split())
    assert "rmse, lower is better" in told
    assert "Taken for log axes: lr" in told
    assert "Left out as no hyperparameters: seed" in told


def test_too_few_trials_are_told_what_can_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "few.csv").write_text("lr,auc\n.1,.7\n.2,.8\n.2,.8\n")
    said = run(
        capsys, "--csv", tmp_path / "few.csv", "--score", "auc", "--direction", "maximize", "--out", tmp_path / "o"
    )
    assert "3 finished trials are too few" in said
    assert "1 of 3 trials tried a config that had been tried before" in " ".join(said.split())
    assert "to know" not in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--csv", "few.csv", "--score", "auc"], "--csv needs --direction"),
        (["--csv", "few.csv", "--direction", "maximize"], "--csv needs --score"),
        (["--csv", "none.csv", "--score", "auc", "--direction", "maximize"], "can't be read"),
        (["--csv", "few.csv", "--score", "auc", "--direction", "maximize", "--study", "x"], "leave one of them out"),
        (["--storage", "sqlite:///none.db", "--study", "x"], "there is no database none.db"),
        (["--log", "lr"], "--log is for a CSV file"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("few.csv").write_text("lr,auc\n.1,.7\n.2,.8\n")
    assert audit.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert says in said
