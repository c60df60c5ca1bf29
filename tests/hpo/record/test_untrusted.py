"""What a foreign hand wrote into a database: one sentence that names the study, and the others are read as before."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo import report, serve, work
from hpo.engine.coordinator import Coordinator
from hpo.record.study import StudyRecord, parts_shown
from hpo.record.untrusted import UnreadableStudyError, using
from hpo.storage import optuna_studies
from hpo.storage import studies as stored
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.optuna_studies import NewStudy
from hpo.studies import __main__ as studies
from hpo.web.access import Access
from tests.hpo.test_report import copy_study
from tests.support.clients import Client, served
from tests.support.databases import (
    CHANCE,
    POOL,
    SMALL,
    coordinator,
    mortal,
    open_study,
    queue_of,
    run_to_the_end,
    trials,
)

NAME = "bad"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a finished study, small, and one called bad that is to be damaged."""
    path = tmp_path_factory.mktemp("untrusted") / "hpo.db"
    with open_study(path) as opened:
        run_to_the_end(opened)
        copy_study(opened, "small", "good")
    return path


@pytest.fixture
def database(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "hpo.db"))


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, "it damages nothing"
        connection.execute("UPDATE hpo_studies SET name = 'bad' WHERE name = 'small'")


SMALLS = "(SELECT id FROM hpo_studies WHERE name = 'small')"
OF_STUDY = "WHERE name = 'small'"
OF_ROUND = f"WHERE study_id = {SMALLS} AND number = 1"
OF_TRIAL = f"WHERE study_id = {SMALLS} AND part = 'search' AND number = 3"
OF_FINAL = f"WHERE study_id = {SMALLS} AND part = 'final' AND number = 1"
ONE_CURVE = "WHERE trial_id = (SELECT max(trial_id) FROM hpo_curves)"


def of_study(change: str) -> str:
    return f"UPDATE hpo_studies SET {change} {OF_STUDY}"


def of_trial(change: str) -> str:
    return f"UPDATE hpo_trials SET {change} {OF_TRIAL}"


DAMAGES = {
    "a definition of a newer version": (
        of_study("definition = json_set(definition, '$.search.depth', 3)"),
        "search.depth: unknown key",
    ),
    "a definition that is no JSON": (of_study("definition = '{'"), "is none that this program writes"),
    "a definition that is a number": (of_study("definition = '3'"), "its definition is not a table but 3"),
    "a definition that is bytes": (of_study("definition = x'ff'"), "cannot be read"),
    "a definition nested without end": (of_study(f"definition = '{'[' * 100_000}'"), "cannot be read"),
    "a record that is no JSON": (of_study("record = 'x'"), "is none that this program writes"),
    "a record that is a list": (of_study("record = '[]'"), "its record is not a table but []"),
    "a state of the study that there is not": (of_study("state = 'EVIL'"), "its state is 'EVIL'"),
    "a box that is no JSON": (f"UPDATE hpo_rounds SET box = '{{' {OF_ROUND}", "is none that this program writes"),
    "a box of another space": (f"UPDATE hpo_rounds SET box = '{{\"x\": [1, 2]}}' {OF_ROUND}", "cannot be read"),
    "reasons that are a number": (f"UPDATE hpo_rounds SET why = '3' {OF_ROUND}", "is none that this program writes"),
    "a round of so many trials": (f"UPDATE hpo_rounds SET trials = 'many' {OF_ROUND}", "it has trials = 'many'"),
    "a round numbered by a text": (f"UPDATE hpo_rounds SET number = 'first' {OF_ROUND}", "number = 'first'"),
    "a state that there is not": (of_trial("state = 'EVIL'"), "has state = 'EVIL'"),
    "a part that there is not": (of_trial("part = 'EVIL'"), "has part = 'EVIL'"),
    "a number that is a text": (of_trial("number = 'third'"), "has number = 'third'"),
    "a config that is no JSON": (of_trial("config = '{'"), "has config = '{'"),
    "a config that is a list": (of_trial("config = '[1]'"), "has config = '[1]'"),
    "a config of other hyperparameters": (of_trial("config = '{\"x\": 1}'"), "other hyperparameters than the study"),
    "attributes that are no JSON": (of_trial("attributes = ''"), "has attributes = ''"),
    "attributes nested without end": (of_trial(f"attributes = '{'[' * 100_000}'"), "has attributes = '[[["),
    "a place that is a text": (of_trial("attributes = json_set(attributes, '$.index', 'x')"), "has index = 'x'"),
    "a trial without its round": (of_trial("attributes = json_remove(attributes, '$.round')"), "'round' is missing"),
    "a round that there is not": (
        of_trial("attributes = json_set(attributes, '$.round', 1000000000)"),
        "cannot be read",
    ),
    "an outcome that is a text": (of_trial("outcome = '\"x\"'"), "has outcome = '\"x\"'"),
    "an outcome of texts": (of_trial('outcome = \'{"train_accuracy": "good"}\''), "has train_accuracy = 'good'"),
    "rungs that are a list": (of_trial("rungs = '[0.5]'"), "has rungs = '[0.5]'"),
    "rungs of texts": (of_trial('rungs = \'{"25": "good"}\''), "has rungs = "),
    "a rung that is a word": (of_trial("rungs = '{\"first\": 0.5}'"), "has rungs = "),
    "a score that is a text": (of_trial("score = 'good'"), "has score = 'good'"),
    "a negative share": (of_trial("allowed = -25"), "has allowed = -25"),
    "a share that is a text": (of_trial("reached = 'far'"), "has reached = 'far'"),
    "a lease that is a text": (of_trial("lease = 'mine'"), "has lease = 'mine'"),
    "a time that is a text": (of_trial("claimed_at = 'noon'"), "has claimed_at = 'noon'"),
    "a time that is too late": (of_trial("ended_at = 1e300"), "has ended_at = 1e+300"),
    "a stage that is a number": (
        f"UPDATE hpo_trials SET attributes = json_set(attributes, '$.stage', 3) {OF_FINAL}",
        "has stage = 3",
    ),
}
OF_REPORTS = {
    "a config of texts": (of_trial("config = json_set(config, '$.learning_rate', 'fast')"), "cannot be read"),
    "a curve that is no JSON": (f"UPDATE hpo_curves SET points = 'x' {ONE_CURVE}", "is no list of points"),
    "a curve of texts": (
        f"UPDATE hpo_curves SET points = '[[0, 1, \"a\", 1, 1, 1, 1, 1]]' {ONE_CURVE}",
        "is no list of points",
    ),
    "a group of a thousand millions": (
        f"UPDATE hpo_curves SET points = '[[1000000000, 1, 1, 1, 1, 1, 1, 1]]' {ONE_CURVE}",
        "1000000001 groups",
    ),
    "a group of a thousand millions without images": (
        f"UPDATE hpo_curves SET points = '[[1000000000, 1, 1, 1, 1, 1, 1, 1]]', n_validation = 0 {ONE_CURVE}",
        "1000000001 groups",
    ),
    "a million millions of images": (
        f"UPDATE hpo_curves SET n_validation = 1000000000000 {ONE_CURVE}",
        "1000000000000 validation images",
    ),
    "hits that are a text": (f"UPDATE hpo_curves SET hits = 'text' {ONE_CURVE}", "which validation images were hit"),
    "a time that is none": (
        (
            "INSERT INTO hpo_test_evaluations (study, trial_id, purpose, dataset, evaluated_at) "
            "VALUES ('bad', 1, 'p', 'd', 'x')"
        ),
        "has an unreadable time",
    ),
    "data that are a text": (
        of_study("record = json_set(record, '$.data', 'x')"),
        "what is known of its data is not a table",
    ),
    "data without the pool": (
        of_study("record = json_set(record, '$.data', json('{}'))"),
        "'pool' is missing",
    ),
}


def listed(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    assert studies.main(["--storage", f"sqlite:///{path}"]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], path: Path, out: Path) -> str:
    """Return the one line that the report of the damaged study ends with."""
    arguments = ["--study", NAME, "--storage", f"sqlite:///{path}", "--out", str(out), "--format", "csv,html"]
    assert report.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: the study 'bad' cannot be read: ")
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("damage", [*DAMAGES, *OF_REPORTS])
def test_a_report_of_a_damaged_study_says_what_is_wrong_with_it(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    statement, says = (DAMAGES | OF_REPORTS)[damage]
    execute(database, statement)
    assert says in refused(capsys, database, tmp_path / "out")


OF_RUNNING = {
    "a source without keys": (
        of_study("record = json_set(record, '$.source', json('{}'))"),
        "'sha256' is missing",
    ),
    "a source of numbers": (
        of_study("record = json_set(record, '$.source.sha256', 3)"),
        "it has sha256 = 3",
    ),
}


@pytest.mark.parametrize("damage", OF_RUNNING)
def test_a_worker_says_what_is_wrong_with_a_damaged_study(
    database: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    statement, says = OF_RUNNING[damage]
    execute(database, statement)
    assert work.main(["--study", NAME, "--storage", f"sqlite:///{database}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: the study 'bad' cannot be read: ")
    assert says in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        *OF_RUNNING.values(),
        DAMAGES["a definition that is no JSON"],
        DAMAGES["a place that is a text"],
        OF_REPORTS["data that are a text"],
        OF_REPORTS["data without the pool"],
        (of_study("record = json_set(record, '$.\"rounds added\"', 'x')"), "cannot be read"),
    ],
)
def test_a_damaged_study_that_is_to_go_on_says_what_is_wrong_with_it(database: Path, statement: str, says: str) -> None:
    execute(database, statement)
    with Database(f"sqlite:///{database}") as opened:

        def go_on() -> None:
            study = dataclasses.replace(SMALL, name=NAME)
            data = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
            source = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}
            StudyRecord.create(opened, study, data, source)
            with using(NAME):
                Coordinator(opened, NAME, lambda _: None, mortal()).step()

        with pytest.raises(UnreadableStudyError, match="the study 'bad' cannot be read") as raised:
            go_on()
    assert says in str(raised.value)


CLAIMS = "UPDATE hpo_trials SET {} WHERE state = 'claimed'"
NONSENSE = {
    "a lease for ever": CLAIMS.format("lease_until = 'for ever'"),
    "a holder that is bytes": CLAIMS.format("holder = x'ff00', lease_until = 0"),
    "a holder with a number that is none": CLAIMS.format("holder = '? ² ² ²', lease_until = 0"),
    "no holder": CLAIMS.format("holder = NULL, lease_until = ''"),
    "a lead for ever": "UPDATE hpo_studies SET leader = 'somebody', leader_until = 'for ever'",
    "a leader that is bytes": "UPDATE hpo_studies SET leader = x'ff00', leader_until = 0",
    "a lead whose number is none": "UPDATE hpo_studies SET leader = '? ? ?', leader_lease = 'x', leader_until = 0",
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_nonsensical_holder_or_lease_holds_up_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nonsense: str
) -> None:
    with open_study(tmp_path / "hpo.db") as opened:
        coordinator(opened).step()
        assert queue_of(opened, Holder()).claim() is not None
        with opened.engine.begin() as connection:
            assert connection.exec_driver_sql(NONSENSE[nonsense]).rowcount == 1
        leader = coordinator(opened)
        leader.step()
        assert leader.lead.has()
        claimed = [trial for trial in trials(opened).search if trial.running]
        assert len(claimed) == ("lead" in nonsense)
    assert "unreadable" not in listed(capsys, tmp_path / "hpo.db")


def test_a_study_that_cannot_be_read_is_none_to_choose_from(database: Path, tmp_path: Path) -> None:
    arguments = ["--storage", f"sqlite:///{database}", "--format", "csv", "--out", str(tmp_path / "out")]
    assert report.main(arguments) == 2, "there are two"
    execute(database, DAMAGES["a definition of a newer version"][0])
    assert report.main(arguments) == 0
    assert "title = " in (tmp_path / "out" / "study.toml").read_text()


def test_verbose_tells_where_a_study_could_not_be_read(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    execute(database, DAMAGES["a trial without its round"][0])
    assert report.main(["--study", NAME, "--storage", f"sqlite:///{database}", "--verbose"]) == 2
    assert "KeyError: 'round'" in capsys.readouterr().err


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_study_has_its_row_and_the_others_theirs(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    execute(database, DAMAGES[damage][0])
    rows = {line.split()[0]: line for line in listed(capsys, database).splitlines() if line.strip()}
    assert "done" in rows["good"]
    assert "unreadable: " in rows[NAME]


@pytest.mark.parametrize("damage", [*DAMAGES, *OF_REPORTS])
def test_the_dashboard_shows_the_others(database: Path, damage: str) -> None:
    execute(database, (DAMAGES | OF_REPORTS)[damage][0])
    url, said = f"sqlite:///{database}", []
    with Database(url) as writing, Database(url, read_only=True) as reading:
        serve.fill_in(reading, writing, said.append, threading.Event())
        assert [each for each in said if not each.startswith("the study 'bad' cannot be read")] == []
        application = serve.guarded(reading, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            client = Client(port)
            status, _, body = client.ask("GET", "/api/studies")
            assert status == 200
            assert "good" in {each["study_name"] for each in json.loads(body)["study_summaries"]}
            assert client.ask("GET", "/report/good")[0] == 200
            assert client.ask("GET", "/report/bad")[0] == 404


@pytest.mark.parametrize("name", ["[bold red]x[/]", "[/nothing]", "a\x1b[31mb", "a\x9b31mb", "two\nlines", "\u202eabc"])
def test_a_name_is_listed_as_text_and_steers_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with open_study(tmp_path / "hpo.db") as opened:
        opened.write(
            lambda connection: stored.create(
                connection, name, definition={}, record={}, parts=parts_shown(name, {}, {})
            )
        )
        opened.write(lambda connection: optuna_studies.create(connection, NewStudy(f"{name} too", {"x": 1})))
    printed = listed(capsys, tmp_path / "hpo.db")
    assert "interrupted" in printed
    assert "unreadable: " in printed
    assert "not made by hpo run" in printed
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", printed)
    assert re.split("[\n\x1b\x9b\u202e]", name)[0] in printed


def write(path: Path, change: Callable[[Database], None]) -> None:
    with Database(f"sqlite:///{path}") as opened:
        change(opened)


@pytest.mark.parametrize("name", ["/x", "../x", "..", ".", "", "a/b", "a\\b", "C:x", "two\nlines", "a\x1bb", "n" * 201])
def test_a_report_is_written_nowhere_but_in_its_folder(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    write(database, lambda opened: copy_study(opened, "small", name))
    assert report.main(["--study", name, "--storage", f"sqlite:///{database}", "--format", "csv"]) == 2
    said = capsys.readouterr().err
    assert "a study cannot be named" in said
    assert len(said.splitlines()) == 1
    assert not list(work.iterdir())
    assert "good" in listed(capsys, database)


@pytest.mark.parametrize("name", ["숫자 탐색", "v1.2 (second try)", "..a", "~", "x" * 200])
def test_an_ordinary_name_names_its_folder(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(database, lambda opened: copy_study(opened, "small", name))
    assert report.main(["--study", name, "--storage", f"sqlite:///{database}", "--format", "csv"]) == 0
    assert (tmp_path / "out" / name / "trials.csv").is_file()
