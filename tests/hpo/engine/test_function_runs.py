"""Searches that train a user's Python function, as users run them: real processes, killed, joined and refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.functions import written
from tests.support.searches import DEADLINE, Search, run, started, wait_for

TRAIN = """
import random
import time

import numpy as np

import hpo
from features import means


def train(config, run):
    x, y = run.train
    at, labels = run.validation
    centres = means(x, y)
    for percent in run.rungs:
        for _ in range(8):  # careless: it draws from the global random numbers, too
            time.sleep(0.002)
            noise = np.random.normal(size=centres.shape) * random.random() * np.random.default_rng(run.seed).random()
            centres = centres + config["learning_rate"] * 100 * noise
        yield hpo.Score(share(centres, at, labels), train=share(centres, x, y), drawn=random.random())
    if run.test_allowed:
        yield hpo.Test(share(centres, *run.test))


def share(centres, x, y):
    flat = x.reshape(len(x), 1, -1) / 255.0
    return (((flat - centres) ** 2).sum(axis=2).argmin(axis=1) == y).mean()
"""

FEATURES = """
import numpy as np

def means(x, y):
    flat = x.reshape(len(x), -1) / 255.0
    return np.stack([flat[y == c].mean(axis=0) for c in range(5)])
"""

STUDY = """
title = "a function"
[data]
dataset = {dataset!r}
holdout = 900
validation = 300
confirmation = 400
[trainer]
call = "train.py:train"
[space.learning_rate]
log = true
start = [1e-4, 1e-2]
limits = [1e-5, 10.0]
[search]
groups = 2
[[rounds]]
trials = 8
samples = 200
epochs = 4
[[rounds]]
trials = 8
samples = 200
epochs = 4
[final]
good_values = 2
race_runs = 2
confirmation_runs = 2
seeds = 2
probe = false
"""


def function_search(folder: Path, blobs: Path) -> Search:
    search = Search(folder, blobs)
    written(folder, TRAIN)
    written(folder, FEATURES, "features.py")
    search.study = written(folder, STUDY.format(dataset=str(blobs)), "blob.toml")
    return search


@pytest.fixture
def search(tmp_path: Path, blobs: Path) -> Search:
    return function_search(tmp_path / "search", blobs)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> Search:
    """A search with one worker that nothing happened to."""
    search = function_search(tmp_path_factory.mktemp("alone") / "search", blobs)
    search.printed = run("run", *search.arguments, "--workers", "1")
    return search


def assert_same(ours: Search, theirs: Search) -> None:
    assert ours.good_values() == theirs.good_values()
    for part in ("search", "final"):
        found, expected = ([(t.config, t.rungs, t.state) for t in each.trials(part)] for each in (ours, theirs))
        assert found == expected


def test_it_ends_with_a_recommendation_and_a_test_score(alone: Search) -> None:
    assert "Use learning_rate = " in alone.printed
    assert "on the test set" in alone.printed
    drawn = {trial.attributes["metrics"]["drawn"] for trial in alone.trials()}
    assert len(drawn) == 16, "each training draws its own random numbers"


@pytest.mark.parametrize("workers", ["2", "4"])
def test_more_workers_find_the_same_bits(workers: str, alone: Search, search: Search) -> None:
    run("run", *search.arguments, "--workers", workers)
    assert_same(search, alone)


def test_a_search_whose_processes_are_killed_finds_the_same_bits(alone: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "2") as process:
        search.kill_a_worker()
        search.wait_for_finished(6)
        workers = search.workers()
        os.killpg(process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    run("run", *search.arguments, "--workers", "2")
    assert_same(search, alone)


def test_a_worker_joins_with_the_function_and_no_other(alone: Search, search: Search) -> None:
    with started("run", *search.arguments, "--workers", "1") as process:
        wait_for(search.workers)
        where = ["--storage", search.url]
        refused = run("work", "--study", "blob", *where, code=2)
        assert "it trains with train.py:train, which this worker was not given" in refused
        assert "--trainer train.py:train" in refused
        other = written(search.study.parent / "other", TRAIN.replace("range(8)", "range(9)"))
        written(other.parent, FEATURES, "features.py")
        changed = run("work", "--study", "blob", *where, "--trainer", f"{other}:train", code=2)
        assert "its function is not as it was: train.py has changed" in changed
        joined = run("work", "--study", "blob", *where, "--trainer", f"{search.study.parent / 'train.py'}:train")
        assert "blob is done" in joined
        printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, printed
    assert_same(search, alone)


def test_a_function_that_fails_again_and_again_stops_the_study_and_is_tried_again(
    alone: Search, search: Search
) -> None:
    written(search.study.parent, "def means(x, y):\n    raise KeyError('centre')\n", "features.py")
    printed = run("run", *search.arguments, "--workers", "2", code=2)
    assert "trials failed, each with: KeyError: 'centre' (features.py, line 2 in means)" in " ".join(printed.split())
    assert all("Traceback" in t.attributes["details"] for t in search.trials() if t.attributes.get("reason"))
    written(search.study.parent, FEATURES, "features.py")
    refused = run("run", *search.arguments, "--workers", "2", code=2)
    assert "features.py has changed" in refused
    assert "--accept-source" in refused
    run("run", *search.arguments, "--workers", "2", "--accept-source")
    assert_same(search, alone)


def test_a_mistake_in_the_study_file_is_said_before_anything_runs(search: Search) -> None:
    text = search.study.read_text().replace("train.py:train", "train.py:trian")
    search.study.write_text(text)
    printed = run("run", *search.arguments, code=2)
    assert "trainer.call: train.py has no function trian; did you mean train?" in printed


def test_a_function_that_cannot_be_imported_ends_the_run_with_one_sentence(search: Search) -> None:
    written(search.study.parent, "import no_such_library\n", "features.py")
    printed = run("run", *search.arguments, code=2)
    assert "train.py cannot be imported: ModuleNotFoundError: No module named 'no_such_library'" in printed
    assert "(features.py, line 1)" in printed
