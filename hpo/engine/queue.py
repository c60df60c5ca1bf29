"""A worker's side of the queue: it claims what is ready, trains it to a rung, and reports, fails or gives it back.

A claim is a lease with a number. Everything that is written names the number, in the same transaction: whoever was
taken for dead meanwhile writes nothing, and learns it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from hpo.record.attribute_names import to_database
from hpo.record.trials import view
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.notices import Notices, listening
from hpo.storage.queue import claims, deaths, leads, rows
from hpo.storage.queue.claims import Report
from hpo.storage.queue.rows import TrialRow
from hpo.storage.records import Curve


class TrialQueue:
    """The queue of one study, as one worker sees it."""

    def __init__(self, database: Database, study_id: int, holder: Holder | None = None) -> None:
        self._database, self._study_id = database, study_id
        self.holder = holder or Holder()
        self._claimed: dict[int, TrialRow] = {}
        self._lock = threading.Lock()  # the heart reads what is claimed
        self._certain = True

    def claim(self, paused_here: Sequence[int] = ()) -> QueuedTrial | None:
        """Take a trial that is ready, one of those that were `paused_here` first; None if there is none."""

        def take(connection: sa.Connection) -> TrialRow | None:
            if not self._certain:  # the answer to an earlier claim was lost: what it took is free again
                claims.let_go(connection, self._study_id, self.holder.text)
            self._certain = False
            return claims.claim(connection, self._study_id, self.holder.text, paused_here)

        row = self._database.write(take, durable=False)
        self._certain = True
        if row is None:
            return None
        with self._lock:
            self._claimed[row.id] = row
        return view(row)

    def report(
        self,
        trial: QueuedTrial,
        rung: int,
        score: float,
        curve: Curve,
        attributes: Mapping[str, Any],
        *,
        network: bytes | None = None,
        constraint: float | None = None,
    ) -> bool:
        """Write down what is known of a claimed trial at `rung` and end the claim; the last rung completes the trial.

        Returns False, and writes nothing, if another worker has the trial by now. See storage.queue.claims.Report.
        """
        row = self._claimed[trial.id]
        what = Report(rung, score, curve, dict(attributes), to_database(attributes), network, constraint)
        return self._over(trial, self._database.write(lambda c: claims.report(c, self._study_id, row, what)))

    def fail(self, trial: QueuedTrial, reason: str, details: str = "") -> bool:
        """End a claimed trial as failed, for `reason`, and say whether the claim was still ours."""
        row = self._claimed[trial.id]
        return self._over(trial, self._database.write(lambda c: claims.fail(c, self._study_id, row, reason, details)))

    def give_back(self, trial: QueuedTrial) -> bool:
        """Return a claimed trial to the queue untouched, and say whether the claim was still ours."""
        row = self._claimed[trial.id]
        return self._over(trial, self._database.write(lambda c: claims.give_back(c, self._study_id, row)))

    def note(self, trial: QueuedTrial, percent: int, score: float | None = None) -> bool:
        """Write down how a claimed trial stands on the way, for those who watch; say whether it is still ours.

        Nothing is decided by it. Where rungs decide no score is said, as it would be taken for one of theirs.
        """
        row = self._claimed[trial.id]
        return self._database.write(lambda c: claims.note(c, self._study_id, row, percent, score), durable=False)

    def renew(self) -> None:
        """Say that the worker of what is claimed is alive."""
        with self._lock:
            held = {row.id: row.lease for row in self._claimed.values()}
        if held:
            self._database.write(lambda connection: claims.renew(connection, held), durable=False)

    def look(self) -> tuple[str | None, bool]:
        """Return the state of the study, None where it is gone, and whether anything is ready."""
        return self._database.read(lambda connection: rows.look(connection, self._study_id))

    def listening(self) -> AbstractContextManager[Notices]:
        """Return what the leader tells from now on, where the database passes it on."""
        return listening(self._database.engine, self._study_id)

    def unfinished(self, ids: Sequence[int]) -> set[int]:
        """Return those of the trials `ids` that have not ended."""
        return self._database.read(lambda connection: rows.unfinished(connection, ids))

    def reap(self) -> list[int]:
        """Return the trials of dead workers to the queue, and give their numbers."""
        if not self._database.read(lambda connection: deaths.anyone_dead(connection, self._study_id)):
            return []
        return self._database.write(lambda connection: deaths.reap(connection, self._study_id))

    def is_led(self) -> bool:
        """Say whether somebody leads the study."""
        return self._database.read(lambda connection: leads.is_led(connection, self._study_id))

    def _over(self, trial: QueuedTrial, was_ours: bool) -> bool:
        with self._lock:
            self._claimed.pop(trial.id, None)
        return was_ours
