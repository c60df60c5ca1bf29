"""The study in optuna-dashboard, as its own server answers for it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.hpo.comparing import CONFIGS, METHODS, comparison_on, work_through
from tests.hpo.searching import Search

Get = Callable[[str], Any]


@pytest.fixture(scope="module")
def url(undisturbed: Search, blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a database with a finished search and a finished comparison."""
    copy = shutil.copy(undisturbed.url.removeprefix("sqlite:///"), tmp_path_factory.mktemp("dashboard") / "hpo.db")
    with Database(f"sqlite:///{copy}") as database:
        work_through(database, comparison_on(blobs, epochs=2, seeds=1))
    return f"sqlite:///{copy}"


@pytest.fixture(scope="module")
def get(url: str) -> Iterator[Get]:
    """Serve the database, and return a function that asks the server's API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / "optuna-dashboard"
    server = subprocess.Popen(
        [str(program), url, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return json.loads(answer.read())

    try:
        _wait_until_it_answers(ask)
        yield ask
    finally:
        server.kill()
        server.wait()


def _wait_until_it_answers(ask: Get) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            ask("/api/meta")
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _study(get: Get, name: str) -> int:
    return next(each["study_id"] for each in get("/api/studies")["study_summaries"] if each["study_name"] == name)


def test_searches_and_comparisons_are_listed_with_their_final_parts(get: Get) -> None:
    names = {each["study_name"] for each in get("/api/studies")["study_summaries"]}
    assert names == {"blob", "blob-final", "versus", "versus-final"}


def test_history_slice_and_contour_have_every_hyperparameter_in_one_joint_space(get: Get) -> None:
    study = get(f"/api/studies/{_study(get, 'blob')}?after=0")
    joint = {each["name"]: each["distribution"] for each in study["intersection_search_space"]}
    assert set(joint) == {"learning_rate", "weight_decay"}
    assert joint["learning_rate"]["log"]
    assert (joint["learning_rate"]["low"], joint["learning_rate"]["high"]) == (1e-5, 10.0)
    assert study["objective_names"] == ["validation accuracy"]
    complete = [trial for trial in study["trials"] if trial["state"] == "Complete"]
    assert complete
    assert all(len(trial["params"]) == 2 and 0 <= trial["values"][0] <= 1 for trial in complete)


def test_importances_cover_every_hyperparameter(get: Get) -> None:
    (importances,) = get(f"/api/studies/{_study(get, 'blob')}/param_importances")["param_importances"]
    assert {each["name"] for each in importances} == {"learning_rate", "weight_decay"}
    assert sum(each["importance"] for each in importances) == pytest.approx(1)


def test_stopped_trials_show_their_rungs(get: Get) -> None:
    study = get(f"/api/studies/{_study(get, 'blob')}?after=0")
    stopped = [trial for trial in study["trials"] if trial["state"] == "Pruned"]
    assert len(stopped) == 12
    assert {each["step"] for trial in stopped for each in trial["intermediate_values"]} == {25, 50}


def test_the_final_part_shows_its_stages(get: Get) -> None:
    study = get(f"/api/studies/{_study(get, 'blob-final')}?after=0")
    stages = {a["value"] for trial in study["trials"] for a in trial["user_attrs"] if a["key"] == "stage"}
    assert {"race", "confirm", "full"} <= {stage.strip('"') for stage in stages}


def test_a_comparison_shows_choices_of_every_kind_numbers_texts_and_tables(get: Get) -> None:
    study = get(f"/api/studies/{_study(get, 'versus')}?after=0")
    joint = {each["name"]: each["distribution"] for each in study["intersection_search_space"]}
    assert {name: each["type"] for name, each in joint.items()} == dict.fromkeys(
        ("method", "initialization"), "CategoricalDistribution"
    )
    shown = {param["param_external_value"] for trial in study["trials"] for param in trial["params"]}
    assert shown == {"0.05", "he", *METHODS}
    assert len(study["trials"]) == CONFIGS
