"""Attributes have names that people understand in the database, and the code's own in the code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo.engine.queue import TrialQueue
from hpo.record.attribute_names import IN_WORDS, from_database, to_database
from hpo.storage.database import Database
from hpo.storage.leases import Leases
from tests.support.databases import CURVE, SMALL, open_study

CONFIG = {"learning_rate": 0.01, "weight_decay": 1e-5}
ATTRIBUTES = {"round": 1, "index": 0, "seed": 42, "allowed": 25, "n_train": 400}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_study(tmp_path / "study.db")
    yield opened
    opened.close()


def columns(database: Database) -> set[str]:
    (trial,) = database.optuna.get_all_trials(database.optuna.get_study_id_from_name(SMALL.name))
    return set(trial.user_attrs)


def test_what_the_queue_writes_is_in_words_and_what_it_reads_is_in_code(database):
    queue = TrialQueue(database, SMALL.name, Leases(database.engine))
    queue.add(CONFIG, SMALL.space.distributions(), ATTRIBUTES)
    (trial,) = queue.trials()
    assert trial.attributes == ATTRIBUTES
    assert columns(database) == {"round", "place", "seed", "trains to %", "training images"}
    claimed = queue.claim(trial)
    assert claimed is not None
    assert queue.report(claimed, 25, 0.5, CURVE, {"train_accuracy": 0.6})
    queue.allow(claimed, 50)
    (trial,) = queue.trials()
    assert trial.attributes == ATTRIBUTES | {"train_accuracy": 0.6, "allowed": 50}
    assert columns(database) == {"round", "place", "seed", "trains to %", "training images", "train accuracy"}


def test_a_database_of_an_older_checkout_is_read_as_it_is():
    assert from_database(ATTRIBUTES) == ATTRIBUTES
    assert from_database(to_database(ATTRIBUTES)) == ATTRIBUTES


def test_no_two_attributes_are_called_the_same():
    assert len(set(IN_WORDS.values()) - set(IN_WORDS)) == len(IN_WORDS)
