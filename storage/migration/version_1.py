"""What databases of version 1 say, in which Optuna's tables were the truth: our studies there, and their trials.

A migration repeats the names and the rules of its time, so that today's may change: nothing of record/ is used here.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import TrialState

OPTUNA: sa.MetaData = models.BaseModel.metadata
STUDIES, TRIALS = OPTUNA.tables["studies"], OPTUNA.tables["trials"]
STUDY_ATTRIBUTES, TRIAL_ATTRIBUTES = OPTUNA.tables["study_user_attributes"], OPTUNA.tables["trial_user_attributes"]
TRIAL_SYSTEM_ATTRIBUTES = OPTUNA.tables["trial_system_attributes"]
PARAMS, VALUES = OPTUNA.tables["trial_params"], OPTUNA.tables["trial_values"]
INTERMEDIATE = OPTUNA.tables["trial_intermediate_values"]

metadata = sa.MetaData()
schema_version = sa.Table("hpo_schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))
leases = sa.Table(
    "hpo_leases",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("holder", sa.String(255), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("renewed_at", sa.Float, nullable=False),
)
test_openings = sa.Table(
    "hpo_test_openings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study", sa.String(512), nullable=False),
    sa.Column("trial_id", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String(255), nullable=False),
    sa.Column("dataset", sa.String(255), nullable=False),
    sa.Column("opened_at", sa.DateTime, nullable=False, server_default=sa.func.current_timestamp()),
)
"""Those of its tables that are no more, or were others."""

LEASE_SECONDS = 30
DEFINITION, STATE, KEY, KEY_OF_THE_STUDY = "definition", "state", "key", "key of the study"
FINAL_PART_OF, CERTIFICATE_OF = "final part of", "certificate of"
ENQUEUED = "fixed_params"
"""A system attribute of what somebody enqueued with Optuna's own `enqueue_trial`."""

ON_THE_WAY = "trained to %, about"
"""A system attribute: how far the worker of a trial is between two rungs."""

IN_CODE = {
    "place": "index",
    "training images": "n_train",
    "from the pool's images": "images",
    "trains to %": "allowed",
    "train accuracy": "train_accuracy",
    "trial of the search": "source_trial",
    "dead workers": "worker_deaths",
}
"""What attributes are called in the code, by what they were called in the database; some had the code's names there."""

DONE = 100


@dataclass(frozen=True, slots=True)
class OldStudy:
    """An Optuna study, anybody's. `texts` are its attributes, as JSON if they are ours."""

    id: int
    name: str
    texts: Mapping[str, str]

    def get(self, key: str) -> Any:
        """Return an attribute, None where it is not there, or no JSON."""
        try:
            return json.loads(self.texts[key]) if key in self.texts else None
        except (ValueError, RecursionError):
            return None

    @property
    def is_ours(self) -> bool:
        """Whether it is a study, or a certificate, of this program, and no final part."""
        return DEFINITION in self.texts and FINAL_PART_OF not in self.texts


@dataclass(frozen=True, slots=True)
class OldTrial:
    """A trial of this program. Times are seconds since 1970, `distributions` Optuna's JSON."""

    id: int
    number: int
    state: TrialState
    started: float | None
    ended: float | None
    config: Mapping[str, Any]
    distributions: Mapping[str, str]
    attributes: Mapping[str, Any]
    scores: Mapping[int, float]
    value: float | None
    on_the_way: int

    @property
    def allowed(self) -> int:
        """How far it may be trained, in percent."""
        allowed = self.attributes.get("allowed", DONE)
        return allowed if isinstance(allowed, int) else DONE


def read_studies(connection: sa.Connection) -> list[OldStudy]:
    """Return all Optuna studies, the oldest first."""
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(sa.select(STUDY_ATTRIBUTES)):
        texts[row.study_id][row.key] = str(row.value_json)
    rows = connection.execute(sa.select(STUDIES.c.study_id, STUDIES.c.study_name).order_by(STUDIES.c.study_id))
    return [OldStudy(row.study_id, row.study_name, texts[row.study_id]) for row in rows]


def final_part(everything: Sequence[OldStudy], study: OldStudy) -> OldStudy | None:
    """Return the final part of `study`; None if somebody deleted it.

    A final part names the key of its study. The oldest studies have no key: theirs is the one without that names the
    study. Copies of a study have its key, too, and no final part unless one names them.
    """
    parts = [each for each in everything if FINAL_PART_OF in each.texts]
    key = study.get(KEY)
    if key is None:
        unkeyed = (each for each in parts if KEY_OF_THE_STUDY not in each.texts)
        return next((each for each in unkeyed if each.get(FINAL_PART_OF) == study.name), None)
    ours = [each for each in parts if each.get(KEY_OF_THE_STUDY) == key]
    by_name = [each for each in ours if each.get(FINAL_PART_OF) == study.name]
    has_twin = any(each.get(KEY) == key for each in everything if each.id != study.id)
    return next(iter(by_name if has_twin else [*by_name, *ours]), None)


def read_trials(connection: sa.Connection, study_id: int, place: Sequence[str]) -> list[OldTrial]:
    """Return the trials of an Optuna study that this program put into its queue: with a seed and a `place`.

    They come in the order in which they were put there. Anybody may have added others.
    """
    theirs = sa.select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id)
    attributes, system = (_texts(connection, table, theirs) for table in (TRIAL_ATTRIBUTES, TRIAL_SYSTEM_ATTRIBUTES))
    config, distributions = _params(connection, theirs)
    scores, values = _scores(connection, theirs), _values(connection, theirs)
    found = []
    query = sa.select(TRIALS).where(TRIALS.c.study_id == study_id).order_by(TRIALS.c.trial_id)
    for row in connection.execute(query):
        texts = attributes[row.trial_id]
        code = {IN_CODE.get(name, name): json.loads(text) for name, text in texts.items()}
        if ENQUEUED in system[row.trial_id] or not all(name in code for name in ("seed", *place)):
            continue
        found.append(
            OldTrial(
                row.trial_id,
                row.number,
                row.state,
                _seconds(row.datetime_start),
                _seconds(row.datetime_complete),
                config[row.trial_id],
                distributions[row.trial_id],
                code,
                scores[row.trial_id],
                values.get(row.trial_id),
                _percent(system[row.trial_id].get(ON_THE_WAY, "0")),
            )
        )
    return found


def _percent(text: str) -> int:
    told = json.loads(text)
    return told if isinstance(told, int) and 0 <= told <= DONE else 0


def _texts(connection: sa.Connection, table: sa.Table, ids: sa.Select[Any]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(sa.select(table).where(table.c.trial_id.in_(ids))):
        found[row.trial_id][row.key] = row.value_json
    return found


def _params(
    connection: sa.Connection, ids: sa.Select[Any]
) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, str]]]:
    config: dict[int, dict[str, Any]] = defaultdict(dict)
    distributions: dict[int, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(sa.select(PARAMS).where(PARAMS.c.trial_id.in_(ids)).order_by(PARAMS.c.param_id)):
        value = _distribution(row.distribution_json).to_external_repr(row.param_value)
        config[row.trial_id][row.param_name] = value
        distributions[row.trial_id][row.param_name] = row.distribution_json
    return config, distributions


@cache
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _scores(connection: sa.Connection, ids: sa.Select[Any]) -> dict[int, dict[int, float]]:
    found: dict[int, dict[int, float]] = defaultdict(dict)
    read = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    for row in connection.execute(sa.select(INTERMEDIATE).where(INTERMEDIATE.c.trial_id.in_(ids))):
        found[row.trial_id][row.step] = read(row.intermediate_value, row.intermediate_value_type)
    return found


def _values(connection: sa.Connection, ids: sa.Select[Any]) -> dict[int, float]:
    read = models.TrialValueModel.stored_repr_to_value
    rows = connection.execute(sa.select(VALUES).where(VALUES.c.trial_id.in_(ids), VALUES.c.objective == 0))
    return {row.trial_id: read(row.value, row.value_type) for row in rows}


def _seconds(moment: datetime.datetime | None) -> float | None:
    """Return a time of Optuna's tables, UTC without a zone, in seconds since 1970."""
    return None if moment is None else moment.replace(tzinfo=datetime.UTC).timestamp()
