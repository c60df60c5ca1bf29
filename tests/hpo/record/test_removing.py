"""A study deleted or renamed with all that belongs to it, by the command that people type."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa

from hpo.engine.lead import Lead
from hpo.record.certificate import CertificateRecord
from hpo.record.names import study_names
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.storage import schema
from hpo.storage.artifacts import DatabaseArtifacts
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.optuna_studies import METADATA
from hpo.storage.records import load_test_evaluations, record_test_evaluation, save_network_bytes
from hpo.studies.__main__ import main
from tests.support.databases import CHANCE, POOL, SMALL, coordinator, mortal, open_finished, queue_of

DATA = {"pool": POOL, "holdout": POOL, "classes": 10, "chance": CHANCE}
SOURCE = {"provenance": "made up", "place": "memory", "paths": "", "sha256": "0", "complete": "yes"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a database with a finished study, its certificate, a network, a file and an opening of the test set."""
    opened = open_finished(tmp_path / "hpo.db")
    run = load_results(opened, SMALL.name).runs[0]

    def leave(connection: sa.Connection) -> None:
        save_network_bytes(connection, run.id, b"a network")
        record_test_evaluation(connection, study=SMALL.name, trial_id=run.id, purpose="full run", dataset="made up")

    opened.write(leave)
    CertificateRecord.open(opened, SMALL, [], DATA, SOURCE)
    note = tmp_path / "note.txt"
    note.write_text("a file")
    optuna.artifacts.upload_artifact(
        artifact_store=DatabaseArtifacts(opened.engine),
        file_path=str(note),
        study_or_trial=optuna.load_study(study_name=SMALL.name, storage=opened.url),
    )
    return opened


def rows(database: Database) -> dict[str, int]:
    tables = [*METADATA.sorted_tables, *schema.metadata.sorted_tables]
    with database.engine.connect() as connection:
        counted = {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in tables}
    return {name: count for name, count in counted.items() if count}


def run(database: Database, *arguments: str, code: int = 0) -> None:
    assert main([*arguments, "--storage", database.url]) == code


def test_a_study_is_deleted_with_all_that_belongs_to_it(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    run(database, "--delete", SMALL.name, "--yes")
    assert set(rows(database)) <= {"hpo_schema_version", "alembic_version", "version_info", "hpo_test_evaluations"}
    assert load_test_evaluations(database.engine, SMALL.name) == []
    assert len(load_test_evaluations(database.engine, f"{SMALL.name} (deleted)")) == 1
    assert "deleted 'small' with its certificate: " in capsys.readouterr().out


def test_other_studies_stay_as_they_are(database: Database) -> None:
    StudyRecord.create(database, dataclasses.replace(SMALL, name="other"), DATA, SOURCE)
    before = rows(database)
    StudyRecord.create(database, dataclasses.replace(SMALL, name="third"), DATA, SOURCE)
    run(database, "--delete", "third", "--yes")
    assert rows(database) == before
    assert load_results(database, SMALL.name).good


def test_a_study_is_renamed_with_its_parts_and_goes_on_under_its_new_name(database: Database) -> None:
    before = load_results(database, SMALL.name)
    run(database, "--rename", SMALL.name, "kept")
    assert study_names(database) == ["kept"]
    assert database.study_names() == ["kept", "kept-certificate", "kept-final"]
    after = load_results(database, "kept")
    assert (after.state, after.good, len(after.ledger)) == ("done", before.good, 1)
    assert StudyRecord.create(database, dataclasses.replace(SMALL, name="kept"), DATA, SOURCE).state == "done"
    assert CertificateRecord(database, "kept").certified == "kept"
    fresh = StudyRecord.create(database, SMALL, DATA, SOURCE)
    assert fresh.state == "running"
    assert {"small", "small-final"} < set(database.study_names())


@pytest.mark.parametrize("change", [["--delete", SMALL.name, "--yes"], ["--rename", SMALL.name, "other"]])
@pytest.mark.parametrize("who", ["leader", "worker", "leader of the certificate"])
def test_a_study_that_runs_is_left_alone(
    database: Database, capsys: pytest.CaptureFixture[str], change: list[str], who: str
) -> None:
    if who == "worker":
        StudyRecord.create(database, SMALL, DATA, SOURCE, more_rounds=1)
        leader = coordinator(database)
        leader.step()
        leader.release()
        assert queue_of(database, Holder()).claim() is not None
    else:
        record = StudyRecord(database, SMALL.name) if who == "leader" else CertificateRecord(database, SMALL.name)
        assert Lead(database, record, Holder()).take()
    before = rows(database)
    run(database, *change, code=2)
    assert "'small' is running" in capsys.readouterr().err
    assert rows(database) == before


@pytest.mark.parametrize("change", [["--delete", SMALL.name, "--yes"], ["--rename", SMALL.name, "other"]])
def test_a_study_whose_leader_died_can_be_changed(database: Database, change: list[str]) -> None:
    assert Lead(database, StudyRecord(database, SMALL.name), mortal()).take()
    run(database, *change)
    assert SMALL.name not in study_names(database)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--delete", "nope", "--yes"], "no study named 'nope' in the database; studies there: small"),
        (
            ["--delete", "small-final", "--yes"],
            "'small-final' is the final part of 'small', and no study of its own",
        ),
        (["--delete", "small-certificate", "--yes"], "'small-certificate' is the certificate of 'small'"),
        (["--delete", "theirs", "--yes"], "was not made by hpo run"),
        (["--rename", "small", "theirs"], "the name 'theirs' is taken"),
        (["--rename", "small", "a/b"], "that is a path"),
        (["--delete", "small"], "add --yes"),
    ],
)
def test_what_cannot_be_changed_is_said(
    database: Database,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    optuna.create_study(study_name="theirs", storage=database.url)
    before = rows(database)
    run(database, *arguments, code=2)
    assert says in capsys.readouterr().err
    assert rows(database) == before


@pytest.mark.parametrize(("answer", "there"), [("y", False), ("n", True), ("", True)])
def test_whoever_deletes_is_asked_first(
    database: Database, monkeypatch: pytest.MonkeyPatch, answer: str, there: bool
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    run(database, "--delete", SMALL.name)
    assert (SMALL.name in study_names(database)) is there


def test_a_certificate_whose_study_is_gone_can_be_deleted(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path / 'hpo.db'}") as database:
        CertificateRecord.open(database, SMALL, [], DATA, SOURCE)
        run(database, "--delete", f"{SMALL.name}-certificate", "--yes")
        assert set(rows(database)) <= {"hpo_schema_version", "alembic_version", "version_info"}
