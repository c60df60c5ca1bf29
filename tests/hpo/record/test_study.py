"""The record of a study in the database: made whole, found again, and refused to another definition."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hpo.record.differences import differences
from hpo.record.study import StudyRecord
from hpo.storage import studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from tests.support.builders import definition as small_definition

DATA = {"pool": 100, "chance": 0.1}
SOURCE = {"provenance": "made up", "sha256": "0", "complete": "yes"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'hpo.db'}") as opened:
        yield opened


def rewrite(database: Database, name: str, definition: Mapping[str, Any]) -> None:
    row = StudyRecord(database, name).row
    database.write(lambda connection: studies.change(connection, row, definition=definition))


def test_the_same_definition_on_the_same_data_opens_the_study_again(database: Database) -> None:
    definition = small_definition()
    StudyRecord.create(database, definition, DATA, SOURCE)
    assert StudyRecord.create(database, definition, DATA, SOURCE).definition == definition


def test_a_study_that_two_processes_make_at_the_same_moment_is_one(database_url: str) -> None:
    definition, began = small_definition(), []
    with Database(database_url) as one, Database(database_url, checked=True) as other, ThreadPoolExecutor(1) as pool:

        def meanwhile(connection: object, cursor: object, statement: str, *more: object) -> None:
            if "hpo_studies" in statement and not began:
                began.append(pool.submit(StudyRecord.create, other, definition, DATA, SOURCE))
                wait(began, 1.0)  # it comes to its end, unless it has to wait for us

        sa.event.listen(one.engine, "after_cursor_execute", meanwhile)
        assert StudyRecord.create(one, definition, DATA, SOURCE).id == began[0].result().id


def test_other_data_are_refused(database: Database) -> None:
    StudyRecord.create(database, small_definition(), DATA, SOURCE)
    with pytest.raises(UserError, match="made up -> other"):
        StudyRecord.create(database, small_definition(), DATA, {**SOURCE, "provenance": "other", "sha256": "1"})


def test_a_field_that_is_newer_than_the_study_is_no_change(database: Database) -> None:
    definition = small_definition()
    StudyRecord.create(database, definition, DATA, SOURCE)
    recorded = definition.record()
    del recorded["training"]["momentum"]
    rewrite(database, definition.name, recorded)
    assert StudyRecord.create(database, definition, DATA, SOURCE).definition == definition


def test_another_value_is_refused_by_its_name(database: Database) -> None:
    definition = small_definition()
    StudyRecord.create(database, definition, DATA, SOURCE)
    changed = dataclasses.replace(definition, seed=definition.seed + 1)
    with pytest.raises(UserError, match=rf"seed: {definition.seed} -> {definition.seed + 1}"):
        StudyRecord.create(database, changed, DATA, SOURCE)


def test_an_unknown_study_is_answered_with_those_there_are(database: Database) -> None:
    definition = small_definition()
    StudyRecord.create(database, definition, DATA, SOURCE)
    with pytest.raises(UserError, match=rf"no study named 'nope' .* studies there: {definition.name}"):
        StudyRecord(database, "nope")


def test_differences_name_their_place() -> None:
    old, new = {"a": {"b": [1, 2]}, "c": 1}, {"a": {"b": [1, 3]}, "d": 1}
    assert differences(old, new) == ["a.b.1: 2 -> 3", "c: 1 -> null", "d: null -> 1"]


def test_a_definition_is_parsed_once_however_often_it_is_asked_for(database: Database) -> None:
    record = StudyRecord.create(database, small_definition(), DATA, SOURCE)
    first = record.definition
    record.refresh()
    assert record.definition is first


def test_a_definition_that_was_recorded_anew_is_parsed_anew(database: Database) -> None:
    record = StudyRecord.create(database, small_definition(), DATA, SOURCE)
    before = record.definition
    rewrite(database, record.name, {**before.record(), "title": "another"})
    record.refresh()
    assert (before.title, record.definition.title) == (small_definition().title, "another")
