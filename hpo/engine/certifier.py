"""The one that moves a certificate forward: it enqueues the planned trials, and says when all of them are over."""

from __future__ import annotations

from collections.abc import Callable

from hpo.certificate.plan import certificate, trial_key, wanted_trials
from hpo.certificate.ranking import Certificate
from hpo.engine.progress import Progress
from hpo.engine.queue import TrialQueue, coordinator_lease
from hpo.record.certificate import CertificateRecord
from hpo.searching.queued import DONE
from hpo.storage.database import Database
from hpo.storage.leases import Leases


class Certifier:
    """Moves the certificate of one study forward, for as long as it holds the certificate's lease.

    As with a Coordinator, each step derives from the database what comes next, so that anyone may take over.
    """

    def __init__(self, database: Database, study: str, leases: Leases, announce: Callable[[str], None]) -> None:
        self.record = CertificateRecord(database, study)
        self.plan = self.record.plan
        self.queue = TrialQueue(database, self.record.name, leases)
        self._definition = self.record.definition
        self._wanted = wanted_trials(self.plan, self._definition.seed)
        self._leases = leases
        self._announce = announce
        self.advanced = False
        """Whether the last step moved the certificate forward, so that workers have something to look for."""

    def step(self) -> bool:
        """Do all that can be done now, and say whether the certificate is done; another's is left alone."""
        self.advanced = False
        self.record.refresh()
        self.trials = self.queue.trials()
        if self.record.state == "done":
            return True
        if not self._leases.acquire(coordinator_lease(self.record.name)):
            return False
        for number in self.queue.reap(self.trials):
            self._announce(f"trial {number} lost its worker and is back in the queue")
        present = {trial_key(trial.attributes) for trial in self.trials}
        missing = [(config, attributes) for config, attributes in self._wanted if trial_key(attributes) not in present]
        self.advanced = bool(missing)
        for config, attributes in missing:
            self.queue.add(config, self._definition.space.distributions(), attributes)
        self.trials = self.queue.trials()
        if self.certificate() is None:
            return False
        for twin in self.trials:  # what one enqueued who had slept through a takeover
            if not twin.finished:
                self.queue.stop(twin)
        self.record.set_done()
        return True

    def release(self) -> None:
        """Give the certificate's lease back."""
        self._leases.release(coordinator_lease(self.record.name))

    def certificate(self) -> Certificate | None:
        """Return what was found, or None as long as trials are to come."""
        return certificate(self.plan, self.trials, self._definition.seed)

    def progress(self) -> Progress:
        """Return how far the certificate is."""
        costs = [float(self.plan.sizes[int(t.attributes["size"])].cost) for t in self.trials]
        reached = (cost * t.reached / DONE for cost, t in zip(costs, self.trials, strict=True))
        work = sum(cost if t.finished else done for cost, done, t in zip(costs, reached, self.trials, strict=True))
        done = sum(trial.finished for trial in self.trials)
        training = any(trial.running for trial in self.trials)
        return Progress("certificate", done, len(self.trials), None, work, max(work, sum(costs)), training)
