"""The artifact store: what the database holds of a trial anyway, and what users upload."""

from __future__ import annotations

import csv
import io
import uuid

import numpy as np
import pytest
from optuna.artifacts.exceptions import ArtifactNotFound

from hpo.storage.artifacts import DatabaseArtifacts, curve_id, network_id
from hpo.storage.database import Database
from hpo.storage.records import Curve, CurvePoint, save_curve, save_network_bytes, trials_with_network

POINTS = (
    CurvePoint(0, 10, 1.0, 0.5, 0.8, 0.6, 0.7, 0.125),
    CurvePoint(1, 20, 2.0, 0.4, 0.9, 0.5, 0.75, 0.25, test_accuracy=0.7),
)


@pytest.fixture
def database(database_url: str) -> Database:
    with Database(database_url) as database:
        yield database


def test_a_curve_is_served_as_csv_with_a_row_for_each_point_and_nothing_where_nothing_is_known(database):
    database.write(lambda connection: save_curve(connection, 7, Curve(POINTS, np.ones((2, 3), bool))))
    content = DatabaseArtifacts(database.engine).open_reader(curve_id(7)).read().decode()
    first, second = csv.DictReader(io.StringIO(content))
    assert first["validation_accuracy"] == "0.7"
    assert (first["step"], first["test_accuracy"]) == ("10", "")
    assert (second["group"], second["test_accuracy"]) == ("1", "0.7")


def test_a_network_is_served_byte_for_byte(database):
    database.write(lambda connection: save_network_bytes(connection, 8, b"\x00npz\xff"))
    assert DatabaseArtifacts(database.engine).open_reader(network_id(8)).read() == b"\x00npz\xff"
    assert trials_with_network(database.engine, [7, 8, 9]) == {8}


def test_an_upload_comes_back_until_it_is_removed(database):
    store, name = DatabaseArtifacts(database.engine), str(uuid.uuid4())
    store.write(name, io.BytesIO(b"first"))
    store.write(name, io.BytesIO(b"second"))
    assert store.open_reader(name).read() == b"second"
    store.remove(name)
    with pytest.raises(ArtifactNotFound):
        store.open_reader(name)
    with pytest.raises(ArtifactNotFound):
        store.remove(name)


def test_what_a_study_holds_cannot_be_removed_as_an_artifact(database):
    database.write(lambda connection: save_network_bytes(connection, 9, b"kept"))
    store = DatabaseArtifacts(database.engine)
    store.remove(network_id(9))
    assert store.open_reader(network_id(9)).read() == b"kept"


@pytest.mark.parametrize("name", [curve_id(4711), network_id(4711), str(uuid.UUID(int=1))])
def test_what_is_not_there_is_not_found(database, name):
    with pytest.raises(ArtifactNotFound, match=name):
        DatabaseArtifacts(database.engine).open_reader(name)
