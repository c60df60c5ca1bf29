"""The studies in the dashboard, as its server answers for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hpo import models
from hpo.reports.dashboard.pages import COMPARISON_FIGURES, FIGURES
from tests.support.clients import Client
from tests.support.comparisons import CONFIGS, METHODS

Get = Callable[[str], Any]


@pytest.fixture(scope="module")
def get(dashboard: Client) -> Get:
    """Return a function that asks the dashboard's API."""

    def ask(path: str) -> Any:
        status, _, body = dashboard.ask("GET", path)
        assert status == 200
        return json.loads(body)

    return ask


def _study(get: Get, name: str) -> int:
    return next(each["study_id"] for each in get("/api/studies")["study_summaries"] if each["study_name"] == name)


def _final_part(get: Get, name: str) -> int:
    """Return the number of a final part: the notes of its study's trials lead there."""
    return int(re.search(r"/dashboard/studies/(\d+)/trials", _good_note(get, name))[1])


def _good_note(get: Get, name: str) -> str:
    trials = get(f"/api/studies/{_study(get, name)}?after=0")["trials"]
    return next(trial["note"]["body"] for trial in trials if "first run" in trial["note"]["body"])


def test_searches_and_comparisons_are_listed_without_their_parts(get: Get) -> None:
    names = {each["study_name"] for each in get("/api/studies")["study_summaries"]}
    assert names == {"blob", "versus"}


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
    study = get(f"/api/studies/{_final_part(get, 'blob')}?after=0")
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


def test_notes_and_figures_are_filled_in(get: Get) -> None:
    search, comparison = (get(f"/api/studies/{_study(get, name)}?after=0") for name in ("blob", "versus"))
    assert "Use learning\\_rate" in search["note"]["body"]
    assert {each["id"] for each in search["plotly_graph_objects"]} == set(FIGURES)
    assert {each["id"] for each in comparison["plotly_graph_objects"]} == set(COMPARISON_FIGURES)
    final = get(f"/api/studies/{_final_part(get, 'blob')}?after=0")
    assert "/dashboard/studies/" in final["note"]["body"]


def test_a_good_value_offers_its_curves_and_a_network_that_loads(get: Get, dashboard: Client) -> None:
    number = _study(get, "blob")
    study = get(f"/api/studies/{number}?after=0")
    good = [trial for trial in study["trials"] if trial["note"]["body"]]
    assert len(good) >= 1
    for trial in good:
        assert "Good value" in trial["note"]["body"]
        files = {each["filename"]: each["artifact_id"] for each in trial["artifacts"]}
        path = f"/artifacts/{number}/{trial['trial_id']}"
        curve = next(files[name] for name in files if name.endswith("search-curve.csv"))
        assert dashboard.ask("GET", f"{path}/{curve}")[2].startswith("group,step,epoch,train_loss")
        network = next(files[name] for name in files if name.endswith("network.npz"))
        content = dashboard.load(f"{path}/{network}")
        assert models.network_from_bytes(content).logits(np.zeros((2, 8, 8), np.float32)).shape == (2, 5)
