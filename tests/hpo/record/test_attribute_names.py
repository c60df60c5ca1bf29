"""Attributes have names that people understand in what Optuna shows, and the code's own in the code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo.record.attribute_names import IN_WORDS
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from hpo.storage.studies import SEARCH
from tests.support.databases import CURVE, coordinator, open_study, queue_of, trials


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_study(tmp_path / "study.db") as opened:
        yield opened


def columns(database: Database, number: int) -> set[str]:
    shown = StudyRecord(database, "small").shown[SEARCH]
    return set(database.optuna.get_all_trials(shown)[number].user_attrs)


def test_what_optuna_shows_is_in_words_and_what_the_queue_has_is_in_code(database):
    coordinator(database).step()
    in_code, in_words = {"round", "index", "seed", "n_train", "epochs"}, {"round", "place", "seed", "training images"}
    assert set(trials(database).search[0].attributes) == in_code | {"allowed"}
    assert columns(database, 0) == in_words | {"epochs"}
    queue = queue_of(database)
    claimed = queue.claim()
    assert claimed is not None
    assert queue.report(claimed, 25, 0.5, CURVE, {"train_accuracy": 0.6})
    trial = trials(database).search[claimed.number]
    assert trial.attributes == {**claimed.attributes, "train_accuracy": 0.6}
    assert columns(database, claimed.number) == in_words | {"epochs", "train accuracy"}


def test_no_two_attributes_are_called_the_same():
    assert len(set(IN_WORDS.values()) - set(IN_WORDS)) == len(IN_WORDS)
