import datetime
import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpo.storage.database import Database
from hpo.storage.records import (
    Curve,
    CurvePoint,
    load_curves,
    load_network_bytes,
    load_test_evaluations,
    record_test_evaluation,
    save_curve,
    save_network_bytes,
)
from hpo.storage.schema import curves as curves_table


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path_factory.mktemp('records') / 'hpo.db'}") as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(database: Database) -> sa.Engine:
    return database.engine


@pytest.fixture(scope="module")
def write(database: Database) -> Callable[..., None]:
    """Return a function that writes one record in a transaction of its own."""
    return lambda save, *what, **named: database.write(lambda connection: save(connection, *what, **named))


@pytest.fixture(scope="module")
def new_id() -> Iterator[int]:
    return itertools.count(1000)


NUMBERS = st.floats(0, 1e6)
SHARES = st.floats(0, 1)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """A curve of up to three groups of a few points each, and hits on any number of images."""
    groups = draw(st.integers(1, 3))
    points = []
    for group in range(groups):
        for step in range(draw(st.integers(1, 3))):
            losses, shares = draw(st.tuples(NUMBERS, NUMBERS)), draw(st.tuples(SHARES, SHARES))
            test = draw(st.none() | SHARES)
            points.append(
                CurvePoint(group, step, draw(NUMBERS), losses[0], shares[0], losses[1], shares[1], 0.25, test)
            )
    hits = draw(arrays(np.bool_, (groups, draw(st.integers(1, 20)))))
    return Curve(tuple(points), hits)


def same(one: Curve, other: Curve) -> bool:
    return one.points == other.points and one.hits.shape == other.hits.shape and bool((one.hits == other.hits).all())


@settings(deadline=None, max_examples=50)
@given(curve=curves())
def test_a_curve_and_its_hits_come_back_as_they_were(engine, write, new_id, curve):
    trial = next(new_id)
    write(save_curve, trial, curve)
    found = load_curves(engine, [trial])[trial]
    assert same(found, curve)
    assert found.hits.dtype == np.bool_


def curve(points: int, hits: int = 3) -> Curve:
    return Curve(tuple(CurvePoint(0, i, 1.0, 0.5, 0.8, 0.6, 0.7, 0.1) for i in range(points)), np.ones((1, hits), bool))


def test_a_longer_curve_of_the_same_trial_replaces_a_shorter_one(engine, write):
    write(save_curve, 1, curve(2))
    write(save_curve, 1, curve(5))
    assert same(load_curves(engine, [1])[1], curve(5))


def test_a_curve_from_before_test_accuracies_has_none(engine):
    with engine.begin() as connection:
        row = {"points": "[[0,1,1.0,0.5,0.8,0.6,0.7,0.1]]", "hits": b"\x80", "n_validation": 1}
        connection.execute(curves_table.insert().values(trial_id=900, **row))
    (point,) = load_curves(engine, [900])[900].points
    assert point == CurvePoint(0, 1, 1.0, 0.5, 0.8, 0.6, 0.7, 0.1, test_accuracy=None)


def test_a_network_is_kept_for_its_trial_and_a_newer_one_replaces_it(engine, write):
    write(save_network_bytes, 1, b"\x00first")
    write(save_network_bytes, 2, b"other")
    write(save_network_bytes, 1, b"\xffsecond")
    assert (load_network_bytes(engine, 1), load_network_bytes(engine, 2)) == (b"\xffsecond", b"other")
    assert load_network_bytes(engine, 3) is None


def test_trials_without_a_curve_are_left_out_and_others_are_not_touched(engine, write):
    write(save_curve, 2, curve(2))
    write(save_curve, 3, curve(3))
    assert set(load_curves(engine, [2, 4])) == {2}
    assert load_curves(engine, []) == {}


def test_more_curves_than_a_database_binds_variables_are_all_found(engine, write):
    write(save_curve, 5, curve(1))
    write(save_curve, 39_999, curve(1))
    assert {5, 39_999} <= set(load_curves(engine, range(40_000)))


def test_the_ledger_keeps_every_look_once_in_its_order_for_each_study(engine, write):
    for trial in (7, 5, 6, 5):
        write(record_test_evaluation, study="one", trial_id=trial, purpose=f"full run of {trial}", dataset="mnist")
        write(record_test_evaluation, study="two", trial_id=99, purpose="other", dataset="mnist")
    write(record_test_evaluation, study="one", trial_id=5, purpose="another look", dataset="mnist")
    ledger = load_test_evaluations(engine, "one")
    assert [entry.trial_id for entry in ledger] == [7, 5, 6, 5]
    assert [entry.purpose for entry in ledger] == ["full run of 7", "full run of 5", "full run of 6", "another look"]
    assert len(load_test_evaluations(engine, "two")) == 1
    assert {(entry.study, entry.dataset) for entry in ledger} == {("one", "mnist")}
    assert load_test_evaluations(engine, "three") == []


def test_the_ledger_says_when_in_utc(engine, write):
    write(record_test_evaluation, study="when", trial_id=1, purpose="p", dataset="d")
    (entry,) = load_test_evaluations(engine, "when")
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert abs(now - entry.evaluated_at) < datetime.timedelta(minutes=1)
