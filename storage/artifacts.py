"""The files that the dashboard offers for download, served out of the database itself.

A learning curve and a trained network have their place in our tables already; their artifact ids name that place, so
nothing is copied, and any machine that reaches the database serves them. What a user uploads is kept beside them.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from typing import BinaryIO

import sqlalchemy as sa
from optuna.artifacts.exceptions import ArtifactNotFound

from hpo.storage.records import Curve, CurvePoint, load_curves, load_network_bytes
from hpo.storage.schema import uploads

# An id is hexadecimal digits and dashes, as the dashboard wants it; uploads have a uuid, of another form.
_CURVE, _NETWORK = "c", "e"
_OURS = re.compile(rf"({_CURVE}|{_NETWORK})-([0-9]+)")


def curve_id(trial_id: int) -> str:
    """Return the artifact id of the learning curve of a trial."""
    return f"{_CURVE}-{trial_id}"


def network_id(trial_id: int) -> str:
    """Return the artifact id of the trained network that was kept of a trial."""
    return f"{_NETWORK}-{trial_id}"


class Artifact(io.BytesIO):
    """The content of an artifact. The class tells a server that it is a file of somebody's, and no page of its own."""


class DatabaseArtifacts:
    """The artifacts of one database: what Optuna and its dashboard call an artifact store."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def open_reader(self, artifact_id: str) -> Artifact:
        """Return the content of an artifact; raise ArtifactNotFound if there is none."""
        ours = _OURS.fullmatch(artifact_id)
        content = self._uploaded(artifact_id) if ours is None else self._recorded(ours[1], int(ours[2]))
        if content is None:
            raise ArtifactNotFound(f"no artifact {artifact_id} in the database")
        return Artifact(content)

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep an uploaded file."""
        with self._engine.begin() as connection:
            connection.execute(uploads.delete().where(uploads.c.artifact_id == artifact_id))
            connection.execute(uploads.insert().values(artifact_id=artifact_id, content=content_body.read()))

    def remove(self, artifact_id: str) -> None:
        """Forget an uploaded file; a curve or a network is the study's and stays in the database."""
        if _OURS.fullmatch(artifact_id):
            return
        with self._engine.begin() as connection:
            if not connection.execute(uploads.delete().where(uploads.c.artifact_id == artifact_id)).rowcount:
                raise ArtifactNotFound(f"no artifact {artifact_id} in the database")

    def _uploaded(self, artifact_id: str) -> bytes | None:
        with self._engine.begin() as connection:
            found = connection.execute(
                sa.select(uploads.c.content).where(uploads.c.artifact_id == artifact_id)
            ).scalar()
        return None if found is None else bytes(found)

    def _recorded(self, kind: str, trial_id: int) -> bytes | None:
        if kind == _NETWORK:
            return load_network_bytes(self._engine, trial_id)
        curve = load_curves(self._engine, [trial_id]).get(trial_id)
        return None if curve is None else curve_csv(curve)


def curve_csv(curve: Curve) -> bytes:
    """Return a learning curve as CSV: a row for each point, a column for each field of CurvePoint; unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(CurvePoint)])
    writer.writerows(dataclasses.astuple(point) for point in curve.points)
    return text.getvalue().encode()
