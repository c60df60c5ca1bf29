"""A leader's side of the queue: it has the lead of a study, under a lease with a number, and writes only with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from optuna.distributions import BaseDistribution, distribution_to_json

from hpo.record.attribute_names import IN_WORDS
from hpo.record.study import StudyRecord
from hpo.record.trials import piece
from hpo.searching.queued import DONE
from hpo.searching.space import Box, Config, SearchSpace
from hpo.storage import repair
from hpo.storage.database import Database
from hpo.storage.holders import LEASE_SECONDS, RENEW_SECONDS, Holder
from hpo.storage.notices import tell
from hpo.storage.queue import deaths, leads, plans
from hpo.storage.queue.leads import LostLeadError
from hpo.storage.queue.plans import Piece

T = TypeVar("T")

CHUNK = 500
"""So many trials are put into the queue in one transaction, so that nobody else waits for long."""

LOOK_AT_WHAT_IS_SHOWN = 5.0
"""Seconds between two looks at whether Optuna's studies are still there."""


class Lead:
    """The lead of one study, as long as nobody else has it. Raises LostLeadError where somebody else has it by now."""

    def __init__(self, database: Database, record: StudyRecord, holder: Holder | None = None) -> None:
        self._database, self._record = database, record
        self.holder = holder or Holder()
        self._lease: int | None = None
        self._looked_last, self._slept_before, self._reaps_from = time.time(), False, 0.0
        self._shown_at = 0.0

    def take(self) -> bool:
        """Take the lead if nobody alive has it, and say whether it is ours."""
        self._lease = self._database.write(
            lambda connection: leads.take_lead(connection, self._record.id, self.holder.text)
        )
        return self._lease is not None

    def has(self) -> bool:
        """Say whether it was ours when somebody last wrote with it."""
        return self._lease is not None

    def lost(self) -> None:
        """Take note that somebody else has it."""
        self._lease = None

    def write(self, work: Callable[[sa.Connection], T], *, durable: bool = True) -> T:
        """Return what `work` returns, in a transaction in which nobody can take the lead over."""

        def leading(connection: sa.Connection) -> T:
            if self._lease is None:
                raise LostLeadError
            leads.lead(connection, self._record.id, self._lease)
            return work(connection)

        return self._database.write(leading, durable=durable)

    def renew(self) -> None:
        """Say that the leader is alive."""
        if self._lease is not None:
            try:
                self.write(lambda _: None, durable=False)
            except LostLeadError:
                return  # whoever writes next learns it

    def release(self) -> None:
        """Give the lead back, so that another one need not wait for it to expire."""
        lease, self._lease = self._lease, None
        if lease is not None:
            self._database.write(lambda connection: leads.leave_lead(connection, self._record.id, lease))

    def enqueue(self, connection: sa.Connection, most: int = CHUNK) -> int:
        """Put the next planned trials into the queue, and return how many."""
        tell(connection, self._record.id)
        return plans.enqueue(connection, self._record.id, self._record.shown, IN_WORDS, most)

    def plan(self, connection: sa.Connection, pieces: Iterable[Piece]) -> None:
        """Write down trials that are to come."""
        plans.plan(connection, self._record.id, list(pieces))

    def verdict(self, connection: sa.Connection, go_on: Sequence[int], percent: int, stopped: Sequence[int]) -> None:
        """Let the paused trials `go_on` to `percent`, and stop the others for good."""
        plans.allow(connection, self._record.id, go_on, percent)
        plans.stop(connection, self._record.id, stopped)
        tell(connection, self._record.id)

    def again(self, connection: sa.Connection, failed: Sequence[int]) -> None:
        """Put failed trials into the queue again."""
        plans.again(connection, self._record.id, failed)
        tell(connection, self._record.id)

    def end(self, connection: sa.Connection) -> None:
        """Say that nothing is left to do."""
        self._record.write_done(connection)
        tell(connection, self._record.id)

    def reap(self) -> list[int]:
        """Return the trials of dead workers to the queue, and give their numbers.

        A machine that was suspended finds all leases expired when it wakes up. Its workers wake up, too, and say so
        within moments: for that long nobody is taken for dead.
        """
        moment = time.time()
        slept = moment - self._looked_last > LEASE_SECONDS / 2
        if slept and not self._slept_before:  # who always looks so seldom does not sleep
            self._reaps_from = moment + 2 * RENEW_SECONDS
        self._looked_last, self._slept_before = moment, slept
        if moment < self._reaps_from:
            return []
        found = self._database.read(lambda connection: deaths.anyone_dead(connection, self._record.id))
        return self.write(lambda connection: deaths.reap(connection, self._record.id)) if found else []

    def show(self) -> None:
        """Let Optuna's tables show what is true, where somebody changed or deleted something there."""
        new, row = self._record.parts_shown(), self._record.row
        self._shown_at = time.monotonic()
        self.write(lambda connection: repair.repair(connection, row, new, IN_WORDS))
        self._record.refresh()

    def keep_shown(self) -> None:
        """Do so now and then where Optuna's studies are gone."""
        if time.monotonic() - self._shown_at < LOOK_AT_WHAT_IS_SHOWN:
            return
        self._shown_at = time.monotonic()
        if not self.is_shown():
            self.show()

    def is_shown(self) -> bool:
        """Say whether Optuna's studies that show this one are there."""
        row, parts = self._record.row, self._record.parts_shown().keys()
        return self._database.read(lambda connection: repair.is_shown(connection, row, parts))


def pieces(
    part: str, space: SearchSpace, trials: Iterable[tuple[Config, Mapping[str, Any]]], box: Box | None = None
) -> list[Piece]:
    """Return trials to be, given as config and attributes; `allowed` among these is how far they may be trained."""
    made = []
    texts = _distributions(space.distributions() if box is None else space.distributions(box))
    for config, attributes in trials:
        kept = {name: value for name, value in attributes.items() if name != "allowed"}
        made.append(Piece(piece(kept), part, config, kept, texts, int(attributes.get("allowed", DONE))))
    return made


def _distributions(distributions: Mapping[str, BaseDistribution]) -> dict[str, str]:
    return {name: distribution_to_json(each) for name, each in distributions.items()}
