"""`python -m hpo.report`: from the database alone, and one clear message where that is not possible."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from hpo import report, serve
from hpo.record.open_study import open_study
from hpo.record.study import StudyRecord, parts_shown
from hpo.storage import studies as stored
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.schema import SCHEMA_VERSION, schema_version
from hpo.studies import __main__ as studies
from tests.support.databases import SMALL, coordinator, mortal, run_to_the_end, train
from tests.support.databases import open_study as open_small

KOREAN = "숫자_탐색"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a finished study, and one that was not begun."""
    path = tmp_path_factory.mktemp("report") / "hpo.db"
    with open_small(path) as opened:
        run_to_the_end(opened)
    return path


def run(*arguments: str) -> int:
    return report.main([*arguments, "--format", "csv"])


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    return said


def test_the_only_study_need_not_be_named_and_the_database_is_left_as_it_is(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = database.read_bytes()
    assert run("--storage", f"sqlite:///{database}") == 0
    assert "files in out/small: trials.csv" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "out" / "small" / "trials.csv")) == 14
    assert database.read_bytes() == before


def test_an_unknown_study_is_answered_with_those_there_are(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "--storage", f"sqlite:///{database}", "--study", "gone", "--out", str(tmp_path))
    assert "no study named 'gone'" in said
    assert "studies there: small" in said


def test_with_several_studies_one_must_be_named_and_all_may_be(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.db"
    shutil.copy(database, path)
    with Database(f"sqlite:///{path}") as opened:
        copy_study(opened, "small", KOREAN)
    said = refused(capsys, "--storage", f"sqlite:///{path}")
    assert f"which study? Name one with --study; studies there: small, {KOREAN}" in said
    out = tmp_path / "결과"
    assert run("--storage", f"sqlite:///{path}", "--study", "small", "--study", KOREAN, "--out", str(out)) == 0
    assert list(pd.read_csv(out / "studies.csv")["study"]) == ["small", KOREAN]


def copy_study(database: Database, name: str, copy: str) -> None:
    """Let the record of `name`, without its trials, be that of `copy`, too."""

    def write(connection: sa.Connection) -> None:
        row = stored.named(connection, name)
        assert row is not None
        stored.create(
            connection,
            copy,
            definition=json.loads(row.definition),
            record=json.loads(row.record),
            parts=parts_shown(copy, json.loads(row.definition), json.loads(row.record)),
        )
        made = stored.named(connection, copy)
        assert made is not None
        stored.change(connection, made, state=row.state)

    database.write(write)


def test_a_study_without_a_trial_is_reported_as_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_small(tmp_path / "hpo.db").close()
    assert run("--storage", f"sqlite:///{tmp_path / 'hpo.db'}", "--out", str(tmp_path / "out")) == 0
    assert "small is not finished: no round is open yet" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "out" / "trials.csv")) == 0


def test_a_search_is_reported_while_it_runs_or_after_it_was_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_small(tmp_path / "hpo.db") as opened:
        leader, worker = coordinator(opened), mortal()
        for _ in range(2):  # to the first rung, and on to the second
            leader.step()
            train(opened, worker)
        assert run("--storage", f"sqlite:///{tmp_path / 'hpo.db'}", "--out", str(tmp_path / "out")) == 0
    assert "small is not finished: round 1 of 2 is open" in capsys.readouterr().out
    trials = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert len(trials) == 8
    assert set(trials["trained"]) == {25, 50}
    assert trials["validation_accuracy"].notna().all()


def test_a_database_without_a_study_or_without_our_tables_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Database(f"sqlite:///{tmp_path / 'empty.db'}").close()
    assert "holds no study yet; start one" in refused(capsys, "--storage", f"sqlite:///{tmp_path / 'empty.db'}")
    assert "there is no database" in refused(capsys, "--storage", f"sqlite:///{tmp_path / 'gone.db'}")


def test_a_database_of_a_newer_version_is_told(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{shutil.copy(database, tmp_path / 'newer.db')}"
    with Database(url) as opened, opened.engine.begin() as connection:
        connection.execute(sa.update(schema_version).values(version=SCHEMA_VERSION + 1))
    assert "update hpo-service" in refused(capsys, "--storage", url)
    for main in (serve.main, studies.main):
        assert main(["--storage", url]) == 2
        assert "update hpo-service" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["a file in its place", "a full disk"])
def test_a_folder_that_cannot_be_written_is_told(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    out = tmp_path / "out"
    if way == "a file in its place":
        out.write_text("I am a file")
    else:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
    said = refused(capsys, "--storage", f"sqlite:///{database}", "--out", str(out))
    assert ("name another folder" if way == "a file in its place" else "make room") in said


def test_a_study_is_read_from_any_database(database_url: str) -> None:
    with Database(database_url) as opened:
        source = {"provenance": "made up", "sha256": "0", "complete": "yes"}
        StudyRecord.create(opened, SMALL, {"pool": 1000, "chance": 0.1}, source)
    found = open_study(storage=database_url)
    assert (found.definition, found.state, found.trials) == (SMALL, "running", [])


def test_a_notebook_opens_a_study_in_a_line(database: Path) -> None:
    found = open_study("small", f"sqlite:///{database}")
    assert found.state == "done"
    assert len(found.trials) == 14
    assert found.good
    with pytest.raises(UserError, match="studies there: small"):
        open_study("t", f"sqlite:///{database}")
