"""What searches share with comparisons: grids, tables as choices, networks that are kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hpo.definition.reading import read_definition
from hpo.record.results import StudyResults, load_results
from hpo.storage.database import Database
from hpo.storage.records import load_network_bytes
from tests.support.comparisons import CONFIGS, GRID, study_text, work_through


@pytest.fixture(scope="module", params=["grid", "tpe"])
def search(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> StudyResults:
    """Return a finished search among methods that are tables and first weights of mixed types."""
    tables = tomllib.loads(study_text(blobs))
    del tables["comparison"]
    tables["data"] |= {"validation": 200, "confirmation": 200}
    tables["search"] = {"sampler": request.param, "rungs": [0.5]}
    tables["rounds"] = [{"trials": CONFIGS, "samples": 100, "epochs": 2}] * 2
    tables["final"] = {"good_values": 2, "race_runs": 2, "confirmation_runs": 2, "seeds": 2, "epochs": 1}
    definition = read_definition("chosen", tables)
    with Database(f"sqlite:///{tmp_path_factory.mktemp('chosen') / 'hpo.db'}") as database:
        work_through(database, definition)
        found = load_results(database, "chosen")
        kept = {run.id: load_network_bytes(database.engine, run.id) for run in found.runs}
        kept |= {trial.id: load_network_bytes(database.engine, trial.id) for trial in found.queued}
    assert {run.id for run in found.runs if kept[run.id]} == {
        r.id for r in found.runs if r.stage in ("full", "adopted") and r.run == 0
    }
    assert not any(kept[trial.id] for trial in found.queued)
    return found


def test_a_search_finds_good_values_among_tables_and_texts(search: StudyResults) -> None:
    assert search.state == "done"
    assert search.good
    assert all(each.config in GRID for each in search.good)
    assert len(search.full) >= len(search.good)
    assert search.compared == ()
    if search.definition.search.sampler == "grid":
        assert [trial.config for trial in search.trials] == GRID * 2


def test_a_probe_never_opens_the_test_set_and_what_is_taken_repeats_it(search: StudyResults) -> None:
    stages = {run.id: run.stage for run in search.runs}
    assert {stages[entry.trial_id] for entry in search.ledger} <= {"full", "plain", "adopted"}
    scores: dict[str, list[float]] = {}
    for run in search.runs:
        scores.setdefault(run.stage, []).append(run.score)
        assert (run.test_accuracy is None) == (run.stage in ("race", "confirm", "probe_lower", "probe_higher"))
    assert scores.get("adopted", scores["probe_lower"]) in (scores["probe_lower"], scores["probe_higher"])


def test_a_search_has_no_test_accuracies_along_its_curves(search: StudyResults) -> None:
    points = [point for curve in search.curves.values() for point in curve.points]
    assert {point.test_accuracy for point in points} == {None}
