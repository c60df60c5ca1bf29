"""The one that moves a certificate forward: it enqueues the planned trials, and says when all of them are over."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hpo.certificate.plan import certificate, wanted_trials
from hpo.certificate.ranking import Certificate
from hpo.engine.lead import Lead, pieces
from hpo.engine.progress import Progress, epochs
from hpo.record.certificate import CertificateRecord
from hpo.record.trials import Trials
from hpo.searching.queued import DONE, QueuedTrial
from hpo.storage.database import Database
from hpo.storage.holders import Holder
from hpo.storage.queue import LostLeadError
from hpo.storage.studies import SEARCH


class Certifier:
    """Moves the certificate of one study forward, for as long as it has the lead.

    As with a Coordinator, each step derives from the database what comes next, so that anyone may take over.
    """

    def __init__(
        self, database: Database, study: str, announce: Callable[[str], None], holder: Holder | None = None
    ) -> None:
        self.record = CertificateRecord(database, study)
        self.plan = self.record.plan
        self.lead = Lead(database, self.record, holder)
        self._known = Trials(database, self.record)
        self._definition = self.record.definition
        self._wanted = wanted_trials(self.plan, self._definition.seed)
        self._announce = announce
        self.advanced = False
        """Whether the last step moved the certificate forward, so that workers have something to look for."""

    @property
    def trials(self) -> list[QueuedTrial]:
        """The trials, as they were at the last look."""
        return self._known.search

    def step(self) -> bool:
        """Do what can be done in one go, and say whether the certificate is done; another's is left alone."""
        self.advanced = False
        self._look()
        if self.record.state == "done":
            return True
        try:
            if not self._leads():
                return False
            for number in self.lead.reap():
                self._announce(f"trial {number} lost its worker and is back in the queue")
            self.advanced = self._advance()
        except LostLeadError:
            self.lead.lost()
        except IntegrityError:  # see Coordinator.step
            self.advanced = True
        if self.advanced:
            self._look()
        return self.record.state == "done"

    def _leads(self) -> bool:
        if self.lead.has():
            self.lead.keep_shown()
            return True
        if not self.lead.take():
            return False
        self.lead.show()
        self._look()
        return True

    def _look(self) -> None:
        self.record.refresh()
        self._known.refresh()

    def _advance(self) -> bool:
        if len(self.trials) < len(self._wanted):
            self.lead.write(self._enqueue)
            return True
        if self.certificate() is None:
            return False
        self.lead.write(self.record.write_done)
        return True

    def _enqueue(self, connection: sa.Connection) -> None:
        """Plan all trials where none is, and put the next ones into the queue."""
        if not self.trials and not self.lead.enqueue(connection):
            self.lead.plan(connection, pieces(SEARCH, self._definition.space, self._wanted))
        self.lead.enqueue(connection)

    def release(self) -> None:
        """Give the lead back."""
        self.lead.release()

    def renew(self) -> None:
        """Say that this certifier is alive."""
        self.lead.renew()

    def certificate(self) -> Certificate | None:
        """Return what was found, or None as long as trials are to come."""
        return certificate(self.plan, self.trials, self._definition.seed)

    def progress(self) -> Progress:
        """Return how far the certificate is."""
        costs = [float(self.plan.sizes[int(t.attributes["size"])].cost) for t in self.trials]
        reached = (cost * t.trained / DONE for cost, t in zip(costs, self.trials, strict=True))
        work = sum(cost if t.finished else done for cost, done, t in zip(costs, reached, self.trials, strict=True))
        done = sum(trial.finished for trial in self.trials)
        training = any(trial.running for trial in self.trials)
        return Progress(
            "certificate",
            done,
            len(self.trials),
            None,
            work,
            max(work, sum(costs)),
            training,
            epochs(self.trials),
            epochs(self.trials, whole=True),
        )
