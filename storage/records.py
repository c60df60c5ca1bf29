"""What Optuna does not store: curves and hits of trials, kept networks, the ledger of evaluations on the test set."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.types import NULLTYPE

from hpo.storage.errors import UserError
from hpo.storage.schema import curves, networks, test_evaluations
from hpo.storage.upserts import insert_new, upsert

LARGEST = 2**63
"""What a whole number here is less than."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One evaluation while training: `validation_accuracy` and its like are values of the study's metric.

    Losses are those that are trained with: of our networks mean cross-entropies. `seconds` is training time. What a
    trainer does not say is None. `test_accuracy` is there only where the test set was open while training.
    """

    group: int
    step: int
    epoch: float
    train_loss: float | None
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float
    seconds: float
    test_accuracy: float | None = None


_OF_A_POINT = tuple(CurvePoint.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Curve:
    """A trial's learning curve, and its hits: which validation examples each group's model got right, (G, V).

    V is 0 where nobody knows the hits.
    """

    points: tuple[CurvePoint, ...]
    hits: Bools


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One evaluation on the test set."""

    study: str
    trial_id: int
    purpose: str
    dataset: str
    evaluated_at: datetime.datetime


def save_curve(connection: sa.Connection, trial_id: int, curve: Curve) -> None:
    """Write the curve of `trial_id` in place of the one it had: the last one written stays, longer or shorter."""
    row = {
        "trial_id": trial_id,
        "points": json.dumps(
            [[getattr(point, name) for name in _OF_A_POINT] for point in curve.points], separators=(",", ":")
        ),
        "hits": np.packbits(curve.hits.reshape(-1)).tobytes(),
        "n_validation": curve.hits.shape[1],
    }
    upsert(connection, curves, [row], ["trial_id"])


def load_curves(engine: sa.Engine, trial_ids: Sequence[int]) -> dict[int, Curve]:
    """Return the curves of those of `trial_ids` that have one."""
    found: dict[int, Curve] = {}
    for batch in _batches(trial_ids):
        columns = [sa.type_coerce(column, NULLTYPE).label(column.name) for column in curves.columns]
        with engine.begin() as connection:
            rows = connection.execute(sa.select(*columns).where(curves.c.trial_id.in_(batch))).all()
        for row in rows:
            found[row.trial_id] = _curve(row.trial_id, row.points, row.hits, row.n_validation)
    return found


def _curve(trial_id: int, points: object, hits: object, n_validation: object) -> Curve:
    """Return the curve that a row holds. Raises UserError where it is none: SQLite takes anything from anybody."""
    what = f"the learning curve of its trial with the database's id {trial_id}"
    try:
        read = tuple(_point(values) for values in json.loads(str(points)))  # older rows end at `seconds`
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{what} is no list of points") from error
    groups = 1 + max((point.group for point in read), default=0)
    if not isinstance(hits, bytes) or not isinstance(n_validation, int):
        raise UserError(f"{what} does not say which validation images were hit")
    if (
        n_validation < 0
        or (n_validation and groups > max(1, 8 * len(hits)))
        or -(-groups * n_validation // 8) != len(hits)
    ):
        raise UserError(
            f"{what} is of {groups} groups and {n_validation} validation images, for which it holds {len(hits)} bytes"
        )
    bits = np.unpackbits(np.frombuffer(hits, dtype=np.uint8), count=groups * n_validation)
    return Curve(read, bits.astype(np.bool_).reshape(groups, n_validation))


def _point(values: object) -> CurvePoint:
    if not isinstance(values, list) or any(isinstance(each, bool) for each in values):
        raise TypeError
    whole, known, rest = values[:2], [*values[2:3], *values[6:8]], [*values[3:6], *values[8:]]
    if not all(isinstance(each, int) and 0 <= each < LARGEST for each in whole):
        raise TypeError
    if not all(isinstance(each, float | int) for each in (*known, *(each for each in rest if each is not None))):
        raise TypeError
    return CurvePoint(*values)


def save_network_bytes(connection: sa.Connection, trial_id: int, npz: bytes) -> None:
    """Keep the trained network of `trial_id`, an .npz file as bytes, in place of one that was kept before."""
    upsert(connection, networks, [{"trial_id": trial_id, "npz": npz}], ["trial_id"])


def load_network_bytes(engine: sa.Engine, trial_id: int) -> bytes | None:
    """Return the network that was kept for `trial_id`, or None."""
    with engine.begin() as connection:
        found = connection.execute(sa.select(networks.c.npz).where(networks.c.trial_id == trial_id)).scalar()
    return None if found is None else bytes(found)


def trials_with_network(engine: sa.Engine, trial_ids: Sequence[int]) -> set[int]:
    """Return those of `trial_ids` whose trained network was kept."""
    found: set[int] = set()
    for batch in _batches(trial_ids):
        with engine.begin() as connection:
            found.update(
                connection.execute(sa.select(networks.c.trial_id).where(networks.c.trial_id.in_(batch))).scalars()
            )
    return found


def record_test_evaluation(connection: sa.Connection, *, study: str, trial_id: int, purpose: str, dataset: str) -> None:
    """Write into the ledger that the test set is being opened, before it is; the same look is there once."""
    row = {"study": study, "trial_id": trial_id, "purpose": purpose, "dataset": dataset}
    insert_new(connection, test_evaluations, row)


def load_test_evaluations(engine: sa.Engine, study: str) -> list[LedgerEntry]:
    """Return the ledger of `study`, oldest first; times are UTC."""
    query = sa.select(test_evaluations).where(test_evaluations.c.study == study).order_by(test_evaluations.c.id)
    try:
        with engine.begin() as connection:
            rows = connection.execute(query).all()
    except (ValueError, TypeError) as error:
        raise UserError(f"the ledger of its test-set evaluations has an unreadable time ({error})") from error
    return [LedgerEntry(r.study, r.trial_id, r.purpose, r.dataset, r.evaluated_at) for r in rows]


def _batches(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    """Yield slices of `ids` that stay under every database's limit of bound variables."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
