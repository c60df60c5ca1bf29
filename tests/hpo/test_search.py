"""hpo.search: a function of a script or a notebook, searched, proved and reported."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hpo
from hpo.storage import digits
from hpo.storage.errors import UserError
from hpo.storage.idx import parse_idx, unpack
from hpo.training.functions.handed import handed
from tests.conftest import ROOT
from tests.support.searches import DEADLINE

RATE = {"log": True, "start": [1e-3, 1e-1], "limits": [1e-5, 1.0]}
SMALL = {"good_values": 2, "race_runs": 2, "confirmation_runs": 2, "seeds": 2, "probe": False}
X, Y = (np.random.default_rng(0).normal(size=(600, 4)), np.random.default_rng(1).integers(0, 3, 600))
STEPS = 10
CENTRES = np.eye(3, 4) * 2


def said(_: str) -> None:
    pass


def train(config: dict[str, Any], run: Any) -> Any:
    """Learn the classes' centres step by step, with a rate that may be too large."""
    x, y = run.train
    centres = np.random.default_rng(run.seed).normal(size=(3, 4))
    for _ in run.rungs:
        for _ in range(STEPS):
            for c in range(3):
                centres[c] += 10 * config["rate"] * (x[y == c].mean(axis=0) - centres[c])
        yield hpo.Score(_share(centres, *run.validation), train=_share(centres, x, y))
    if run.test_allowed:
        yield hpo.Test(_share(centres, *run.test))


def _share(centres: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    return float((((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1) == y).mean())


def searched(storage: str, **more: Any) -> hpo.Study:
    x = X + CENTRES[Y]
    data, test = (x[:450], Y[:450]), (x[450:], Y[450:])
    usual = {"data": data, "test": test, "rounds": 2, "trials": 6, "samples": 60, "final": SMALL, "announce": said}
    return hpo.search(train, {"rate": RATE}, storage=storage, **{**usual, **more})


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('search') / 'hpo.db'}"


@pytest.fixture(scope="module")
def study(url: str) -> hpo.Study:
    return searched(url, workers=2)


def test_it_returns_what_to_use_and_how_sure_that_is(study: hpo.Study) -> None:
    assert study.done
    assert study.name == "train"
    assert study.use is not None
    assert 1e-5 <= study.use["rate"] <= 1
    low, high = study.interval
    assert 0.5 < low <= high <= 1
    assert study.recommended.where == "test"


def test_one_worker_finds_the_same(study: hpo.Study, tmp_path: Path) -> None:
    alone = searched(f"sqlite:///{tmp_path / 'hpo.db'}", workers=1)
    assert (alone.use, alone.interval) == (study.use, study.interval)


def test_the_same_call_again_returns_what_is_there(study: hpo.Study, url: str) -> None:
    again = searched(url)
    assert (again.use, again.interval) == (study.use, study.interval)


def test_how_to_go_on_with_it_is_a_call(study: hpo.Study) -> None:
    assert study.results.command == "call hpo.search(..., name='train') again"


def test_nothing_pickled_is_in_the_database(study: hpo.Study, url: str) -> None:
    pickled = handed(train).pickled
    assert pickled is not None
    kept = Path(url.removeprefix("sqlite:///")).read_bytes()
    assert pickled not in kept
    assert base64.b64encode(pickled) not in kept


SCRIPT = """
import hpo
FACTOR = 2
def helper(x):
    return (x - 0.3) ** 2 * FACTOR
def train(config):
    return helper(config["x"])
study = hpo.search(train, {{"x": {{"start": [0.0, 1.0], "limits": [-2.0, 2.0]}}}}, metric="loss", rounds=1, trials=4,
                   final={final}, storage="sqlite:///hpo.db", announce=lambda _: None)
print(study.done, abs(study.use["x"] - 0.3) < 0.5)
"""


def test_functions_of_a_script_run_in_worker_processes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.format(final=SMALL))
    assert python(tmp_path, "script.py").splitlines()[-1] == "True True"


def test_functions_of_a_notebook_whose_cells_are_no_files_run_too(tmp_path: Path) -> None:
    assert python(tmp_path, "-c", SCRIPT.format(final=SMALL)).splitlines()[-1] == "True True"


def python(folder: Path, *arguments: str) -> str:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_scikit_learns_digits_in_fifteen_lines(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from tests.hpo.training.examples import sklearn_mlp as example  # noqa: PLC0415 - it needs scikit-learn

    study = hpo.search(
        example.train,
        {"learning_rate": RATE},
        examples=len(example.X),
        samples=300,
        epochs=8,
        rounds=1,
        trials=4,
        final=SMALL,
        storage=f"sqlite:///{tmp_path / 'hpo.db'}",
        announce=said,
    )
    assert study.done
    assert study.recommended.validation.mean > 0.8


def test_a_convnet_in_pytorch_on_the_5000_digits(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.hpo.training.examples import torch_convnet as example  # noqa: PLC0415 - torch takes seconds to load

    images = parse_idx(unpack(digits.FILE), digits.FILE, "images")
    arrays = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"], arrays[f"y_{part}"] = images[digits.digit_rows(part)], digits.digit_labels(part)
    np.savez(tmp_path / "digits.npz", **arrays)
    told: list[str] = []
    study = hpo.search(
        example.train,
        {"learning_rate": {"log": True, "start": [1e-3, 1e-2], "limits": [1e-5, 1.0]}, "dropout": [0.0, 0.3]},
        data=tmp_path / "digits.npz",
        samples=500,
        epochs=2,
        rounds=1,
        trials=4,
        final={**SMALL, "epochs": 1},
        storage=f"sqlite:///{tmp_path / 'hpo.db'}",
        announce=told.append,
    )
    assert study.done
    assert study.interval[0] > 0.8
    assert not any("not reproducible" in line or "ignores run.seed" in line for line in told), told


def test_a_changed_function_is_refused_and_may_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'hpo.db'}"
    searched(url, rounds=1, trials=4)
    monkeypatch.setitem(globals(), "STEPS", 11)
    with pytest.raises(UserError, match="has changed since it was begun: train has changed"):
        searched(url, rounds=1, trials=4)
    assert searched(url, rounds=1, trials=4, accept_source=True).done


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"data": (X, Y[:-1])}, r"x has the shape \(600, 4\) and y \(599,\)"),
        ({"data": 3}, r"data: expected \(x, y\)"),
        ({"test": X}, r"test: expected \(x, y\)"),
        ({"data": None, "test": (X, Y)}, r"test = \(x, y\) goes with data = \(x, y\)"),
        ({"metric": "acuracy"}, "direction is missing"),
        ({"trials": 0}, "trials = 0"),
        ({"name": "a/b"}, "that is a path"),
        ({"data": None, "test": None}, "nothing says how many examples there are"),
    ],
)
def test_what_is_wrong_in_a_call_is_one_sentence(more: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        searched(f"sqlite:///{tmp_path / 'hpo.db'}", **more)
