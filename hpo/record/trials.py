"""Reading the trials of a study: no lease is needed to look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from optuna.trial import TrialState

from hpo.record.study import StudyRecord
from hpo.record.untrusted import check_trials, reading
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.mirror import STATES
from hpo.storage.queue import rows
from hpo.storage.queue.rows import TrialRow
from hpo.storage.studies import FINAL, SEARCH


def piece(attributes: Mapping[str, Any]) -> str:
    """Return which piece of its study's work a trial with these attributes is; it is there once."""
    stage = attributes.get("stage")
    if stage is None:
        return f"round {attributes['round']} place {attributes['index']}"
    source = attributes["source"] if "source" in attributes else f"{attributes['size']}.{attributes['index']}"
    return f"{stage} {source} run {attributes['run']}"


class Trials:
    """The trials of a study as they were when they were read last. Only what has changed since is read again."""

    def __init__(self, database: Database, record: StudyRecord) -> None:
        self._database, self._record = database, record
        self._since = 0
        self._parts: dict[str, dict[int, QueuedTrial]] = {SEARCH: {}, FINAL: {}}
        self._ordered: dict[str, list[QueuedTrial]] = {}

    def refresh(self) -> bool:
        """Read what has changed, and say whether anything has. Raises UserError where it makes no sense."""
        with reading(self._record.name):
            following, found = self._database.read(
                lambda connection: rows.changed_since(connection, self._record.id, self._since)
            )
            changed = {part: [view(row) for row in found if row.part == part] for part in self._parts}
            for trials in changed.values():
                check_trials(trials, self._record.definition.space)
        self._since = following
        news = False
        for part, trials in changed.items():
            known = self._parts[part]
            for trial in trials:
                news |= known.get(trial.number) != trial
                known[trial.number] = trial
        self._ordered = {}
        return news

    @property
    def search(self) -> list[QueuedTrial]:
        """Those of the search, a comparison or a certificate, in the order in which they were put into the queue."""
        return self._in_order(SEARCH)

    @property
    def final(self) -> list[QueuedTrial]:
        """Those of the final part."""
        return self._in_order(FINAL)

    def _in_order(self, part: str) -> list[QueuedTrial]:
        if part not in self._ordered:
            self._ordered[part] = [trial for _, trial in sorted(self._parts[part].items())]
        return self._ordered[part]


def trials_of(database: Database, record: StudyRecord) -> Trials:
    """Return the trials of a study as they are now."""
    trials = Trials(database, record)
    trials.refresh()
    return trials


def view(row: TrialRow) -> QueuedTrial:
    """Return a row of the queue as the search knows it."""
    return QueuedTrial(
        id=row.id,
        number=row.number,
        state=STATES[row.state],
        config=dict(row.config),
        attributes={**row.attributes, **row.outcome, "allowed": row.allowed},
        rungs=row.rungs,
        score=row.score if STATES[row.state] == TrialState.COMPLETE else None,
        claimed_at=_local(row.claimed_at),
        ended_at=_local(row.ended_at),
        on_the_way=row.on_the_way,
        optuna_id=row.optuna_id,
    )


def _local(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
