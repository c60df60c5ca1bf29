"""What the dashboard is given of a study, read as the dashboard itself reads it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import optuna
import plotly.graph_objects as go
import pytest
from optuna.study import StudyDirection
from optuna_dashboard import get_note, save_note
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects
from optuna_dashboard._note import get_note_from_system_attrs
from optuna_dashboard.artifact._backend import list_trial_artifacts

from hpo.reports.dashboard.pages import COMPARISON_FIGURES, FIGURES, pages
from hpo.reports.dashboard.publish import LONGEST_NOTE, publish
from hpo.storage.database import Database
from hpo.storage.records import save_network_bytes
from hpo.web.notes import LONGEST_NOTE as LONGEST_REQUEST
from tests.support import comparison_results as comparisons
from tests.support.results import MIXED, NO_NUMBER, ONE, STAND_IN, definition, just_begun, study

NAME, FINAL = "mnist_wd", "mnist_wd-final"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database in which the study has begun: to be copied, as making its tables takes longer than a test."""
    path = tmp_path_factory.mktemp("dashboard") / "hpo.db"
    with Database(f"sqlite:///{path}") as database:
        for name in (FINAL, NAME):
            database.optuna.create_new_study([StudyDirection.MAXIMIZE], name)
    return path


@pytest.fixture
def database(empty: Path, tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{shutil.copy(empty, tmp_path)}") as database:
        yield database


def attributes(database: Database, name: str = NAME) -> dict[str, object]:
    return database.optuna.get_study_system_attrs(database.optuna.get_study_id_from_name(name))


def note(database: Database, name: str = NAME, trial_id: int | None = None) -> str:
    return get_note_from_system_attrs(attributes(database, name), trial_id)["body"]


def loaded(database: Database) -> optuna.Study:
    return optuna.load_study(study_name=NAME, storage=database.optuna)


def files(database: Database, name: str, trial_id: int) -> set[str]:
    trial = optuna.trial.create_trial(value=0.0)
    trial._trial_id = trial_id
    return {each["filename"] for each in list_trial_artifacts(attributes(database, name), {}, trial)}


IDS = {NAME: 2, FINAL: 1, "versus": 2, "versus-final": 1}
SPACES = {"two": None, "one": ONE, "none": NO_NUMBER, "mixed": MIXED}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("state", ["begun", "searching", "done"])
def test_every_figure_of_every_kind_of_search_is_one_that_plotly_takes(space, state):
    of = definition(SPACES[space]) if SPACES[space] else definition()
    results = just_begun(of) if state == "begun" else study(of, finish=state == "done", unfinished=3)
    found = {}
    for page in pages(results, IDS, ()):
        for name, figure in page.figures.items():
            found[name] = go.Figure(figure)  # raises at any property that plotly does not know
            assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    assert set(found) <= set(FIGURES)
    assert ("where-the-search-looked" in found) == (state != "begun" and space != "none")
    assert ("every-hyperparameter" in found) == (state != "begun")
    assert ("good-values" in found) == ("subset-and-all-data" in found) == (state == "done")


def test_the_boxes_show_every_trial_each_rounds_box_and_the_good_values():
    results = study(definition(rounds=(20, 20)))
    figure = pages(results, IDS, ())[0].figures["where-the-search-looked"]
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert {"round 1", "round 2", "good values"} <= set(traces)
    assert sum(len(traces[name]["x"]) for name in ("complete", "stopped early", "failed")) == 40
    box = results.rounds[1].box
    low, high = box.interval("learning_rate").low, box.interval("learning_rate").high
    assert (min(traces["round 2"]["x"]), max(traces["round 2"]["x"])) == pytest.approx((low, high), rel=1e-3)
    assert len(traces["good values"]["x"]) == len(results.good)


def test_of_very_many_trials_the_best_are_drawn(monkeypatch):
    monkeypatch.setattr("hpo.reports.dashboard.boxes.MOST_TRIALS", 15)
    results = study(definition(rounds=(20,)), finish=False)
    figure = pages(results, IDS, ())[0].figures["where-the-search-looked"]
    drawn = [score for trace in figure["data"] if trace["mode"] == "markers" for score in trace["text"]]
    assert len(drawn) == 15
    assert "the best 15 of 20 trials" in figure["layout"]["title"]["text"]


def test_the_good_values_have_the_intervals_of_their_fresh_runs():
    results = study()
    confirmed, tested = pages(results, IDS, ())[0].figures["good-values"]["data"]
    first = results.good[0].confirmed
    assert confirmed["x"][0] == pytest.approx(100 * first.mean, abs=0.01)
    assert confirmed["error_x"]["array"][0] == pytest.approx(100 * (first.high - first.mean), abs=0.01)
    full = next(each for each in results.full if each.stage == "full" and each.source == results.good[0].key)
    assert tested["x"][0] == pytest.approx(100 * full.test.mean, abs=0.01)


def test_the_note_says_what_to_use_where_it_looked_and_where_there_is_more(database):
    publish(database, study())
    text = note(database)
    assert "Use learning\\_rate = " in text
    assert all(
        heading in text for heading in ("### Good values", "### On all of the data", "### Where the search looked")
    )
    assert text.count("\n| ") >= 3 * 3
    assert "(/dashboard/studies/2/trials?numbers=" in text
    assert "(/report/mnist_wd)" in text
    assert "stage" in note(database, FINAL)


def test_the_note_of_a_stand_in_says_so(database):
    publish(database, study(source=STAND_IN))
    assert "not full MNIST" in note(database)


def test_a_good_value_has_a_note_its_curves_and_the_network_that_was_kept(database):
    results = study()
    good = results.good[0]
    trial_id = next(trial.id for trial in results.queued if trial.number == good.trial)
    run = next(full for full in results.full if full.stage == "full" and full.source == good.key).runs[0]
    publish(database, results)
    assert f"Good value 1 of {len(results.good)}" in note(database, NAME, trial_id)
    name = f"mnist_wd-trial{good.trial}"
    curves = {f"{name}-search-curve.csv", f"{name}-all-data-curve.csv"}
    before = files(database, NAME, trial_id)
    assert before >= curves
    assert not any(each.endswith(".npz") for each in before)
    database.write(lambda connection: save_network_bytes(connection, run.id, b"npz"))
    publish(database, results)
    assert files(database, NAME, trial_id) == before | {f"{name}-all-data-network.npz"}
    assert f"{name}-all-data-network.npz" in files(database, FINAL, run.id)


def test_publishing_twice_writes_nothing_the_second_time(database):
    assert publish(database, study()) > 0
    before = attributes(database), attributes(database, FINAL)
    assert publish(database, study()) == 0
    assert (attributes(database), attributes(database, FINAL)) == before


def test_it_is_the_same_on_every_database(database_url):
    results = study()
    with Database(database_url) as database:
        for name in (FINAL, NAME):
            database.optuna.create_new_study([StudyDirection.MAXIMIZE], name)
        publish(database, results)
        assert publish(database, results) == 0
        assert "Use learning" in note(database)
        assert set(get_plotly_graph_objects(attributes(database))) == set(FIGURES)


def test_a_new_figure_replaces_the_one_before_under_the_same_id(database):
    publish(database, study(finish=False))
    first = get_plotly_graph_objects(attributes(database))
    publish(database, study())
    second = get_plotly_graph_objects(attributes(database))
    assert set(first) == {"where-the-search-looked", "every-hyperparameter"}
    assert set(second) == set(FIGURES)
    assert all(json.loads(each)["data"] for each in second.values())
    assert first["where-the-search-looked"] != second["where-the-search-looked"]


def test_a_note_that_somebody_wrote_stays_when_ours_changes(database):
    publish(database, study(finish=False))
    mine = get_note(loaded(database)) + "\n\nmy own " + "long " * 1000 + "words"  # in many of the dashboard's pieces
    save_note(loaded(database), mine)
    publish(database, study())
    text = get_note(loaded(database))
    assert text.endswith("long words")
    assert "Not finished" not in text
    assert publish(database, study()) == 0


@pytest.mark.parametrize("half", ["above \ud83d", "use \udc00"])
def test_half_a_letter_in_a_note_does_not_end_its_keeping(database, half):
    publish(database, study(finish=False))
    save_note(loaded(database), note(database).replace("## ", f"{half}\n\n## ", 1))
    publish(database, study())
    assert half in note(database)
    assert "Not finished" not in note(database).split(half)[0]
    assert publish(database, study()) == 0


@pytest.mark.parametrize(
    "foreign", [{"note_str:0": "x" * (LONGEST_NOTE + 1)}, {"note_str:0": ["a"]}, {"note_str:a": "b"}]
)
def test_a_note_that_is_too_long_or_no_text_stays_as_it_is_and_the_rest_is_kept_current(database, foreign):
    wrong = {f"dashboard:{key}": value for key, value in foreign.items()}
    for key, value in wrong.items():
        database.optuna.set_study_system_attr(database.optuna.get_study_id_from_name(NAME), key, value)
    assert publish(database, study()) > 0
    now = attributes(database)
    assert {key: now[key] for key in now if key.startswith("dashboard:note_")} == wrong
    assert set(get_plotly_graph_objects(now)) == set(FIGURES)
    assert publish(database, study()) == 0


def test_a_note_that_the_server_takes_is_kept_current(database):
    save_note(loaded(database), "x" * LONGEST_REQUEST)
    publish(database, study())
    assert "Use learning" in note(database)
    assert len(note(database)) + LONGEST_REQUEST / 2 < LONGEST_NOTE


def test_the_notes_version_grows_so_that_who_edits_the_old_one_is_told(database):
    publish(database, study(finish=False))
    before = attributes(database)["dashboard:note_ver"]
    publish(database, study())
    assert attributes(database)["dashboard:note_ver"] == before + 1


def test_a_file_that_a_user_took_off_the_page_does_not_come_back(database):
    results = study()
    publish(database, results)
    key = next(key for key in attributes(database) if key.startswith("dashboard:artifacts:"))
    database.optuna.set_study_system_attr(database.optuna.get_study_id_from_name(NAME), key, "null")
    assert publish(database, results) == 0


def test_text_of_any_script_and_signs_of_markdown_are_shown_as_they_are(database):
    results = study(definition(title="학습률 | *wd* <b>"))
    publish(database, results)
    assert "## 학습률 \\| \\*wd\\* \\<b\\>" in note(database)


def test_a_comparison_has_its_configs_as_a_table_a_figure_and_files():
    results = comparisons.comparison()
    (page,) = pages(results, {results.definition.name: 2}, [run.id for each in results.compared for run in each.runs])
    assert set(page.figures) == set(COMPARISON_FIGURES)
    go.Figure(page.figures["configs"])
    assert "### The configs" in page.note
    firsts = {run.id for each in results.compared for run in each.runs if run.run == 0}
    assert set(page.artifacts) == firsts
    assert all(any(file.filename.endswith(".npz") for file in files) for files in page.artifacts.values())
