"""The one that moves a certificate forward: it enqueues the planned trials, and says when all of them are over."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from hpo.certificate.plan import certificate, wanted_trials
from hpo.certificate.ranking import Certificate
from hpo.engine.lead import pieces
from hpo.engine.leader import StudyLeader
from hpo.engine.progress import Progress, epochs
from hpo.record.certificate import CertificateRecord
from hpo.searching.queued import DONE
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.studies import SEARCH


class Certifier(StudyLeader):
    """Moves the certificate of one study forward, for as long as it has the lead.

    As with a Coordinator, each step derives from the database what comes next, so that anyone may take over.
    """

    def __init__(
        self, database: Database, study: str, announce: Callable[[str], None], holder: Holder | None = None
    ) -> None:
        self.record = CertificateRecord(database, study)
        super().__init__(database, self.record, announce, holder)
        self.plan = self.record.plan
        self._definition = self.record.definition
        self._wanted = wanted_trials(self.plan, self._definition.seed)

    def _advance(self) -> bool:
        if len(self.trials.search) < len(self._wanted):
            self.lead.write(self._enqueue)
            return True
        if self.certificate() is None:
            return False
        self.lead.write(self.lead.end)
        return True

    def _enqueue(self, connection: sa.Connection) -> None:
        """Plan all trials where none is, and put the next ones into the queue."""
        if not self.trials.search and not self.lead.enqueue(connection):
            self.lead.plan(connection, pieces(SEARCH, self._definition.space, self._wanted))
        self.lead.enqueue(connection)

    def certificate(self) -> Certificate | None:
        """Return what was found, or None as long as trials are to come."""
        return certificate(self.plan, self.trials.search, self._definition.seed)

    def progress(self) -> Progress:
        """Return how far the certificate is."""
        costs = [float(self.plan.sizes[int(t.attributes["size"])].cost) for t in self.trials.search]
        reached = (cost * t.trained / DONE for cost, t in zip(costs, self.trials.search, strict=True))
        work = sum(
            cost if t.finished else done for cost, done, t in zip(costs, reached, self.trials.search, strict=True)
        )
        done = sum(trial.finished for trial in self.trials.search)
        training = any(trial.running for trial in self.trials.search)
        return Progress(
            "certificate",
            done,
            len(self.trials.search),
            None,
            work,
            max(work, sum(costs)),
            training,
            epochs(self.trials.search),
            epochs(self.trials.search, whole=True),
        )
