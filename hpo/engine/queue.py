"""The queue in the database: trials are enqueued, claimed, trained to a rung, parked, finished or stopped.

A trial's life in Optuna's states: WAITING (queued, or parked at a rung) -> RUNNING (claimed, under a lease) -> WAITING
again at each rung -> COMPLETE, PRUNED (stopped at a rung) or FAIL. A claim is exclusive twice over: by the lease, and
because setting RUNNING answers False to the second claimer. Nobody writes into a trial without its lease.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState, create_trial

from hpo.record.attribute_names import database_name, to_database
from hpo.record.trials import queue_id, view
from hpo.searching.queued import DONE, QueuedTrial
from hpo.searching.space import Config
from hpo.storage.database import Database
from hpo.storage.leases import Leases
from hpo.storage.records import Curve, save_curve, save_network_bytes

MAX_DEATHS = 3
"""After so many dead workers the trial, not the worker, is to blame (it eats the memory, say)."""


class TrialQueue:
    """The trials of one Optuna study, as a queue."""

    def __init__(self, database: Database, study: str, leases: Leases) -> None:
        self._storage = database.optuna
        self._engine = database.engine
        self._leases = leases
        self._study_id = queue_id(database, study)

    def trials(self) -> list[QueuedTrial]:
        """Return every trial, in the order they were enqueued."""
        return [view(trial) for trial in self._storage.get_all_trials(self._study_id, deepcopy=False)]

    def add(self, config: Config, distributions: Mapping[str, BaseDistribution], attributes: Mapping[str, Any]) -> None:
        """Put one more config into the queue."""
        template = create_trial(
            state=TrialState.WAITING,
            params=dict(config),
            distributions=dict(distributions),
            user_attrs=to_database(attributes),
        )
        self._storage.create_new_trial(self._study_id, template)

    def claim(self, trial: QueuedTrial) -> QueuedTrial | None:
        """Return the trial as it stands now if it is ours to train, else None."""
        if not self._leases.acquire(_lease(trial.id)):
            return None
        try:
            if self._storage.set_trial_state_values(trial.id, TrialState.RUNNING):
                fresh = view(self._storage.get_trial(trial.id))
                if fresh.has_work:
                    return fresh
                self._storage.set_trial_state_values(trial.id, TrialState.WAITING)
        except UpdateFinishedTrialError:
            pass
        self._leases.release(_lease(trial.id))
        return None

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

        `network` is the trained network, where it is to be kept; `constraint` a number that must not be above 0, where
        there is one, in the form that Optuna and its dashboard both read.

        Returns False, and writes nothing, if the lease was lost meanwhile: then another worker has the trial.
        """
        try:
            if not self._leases.holds(_lease(trial.id)):
                return False
            save_curve(self._engine, trial.id, curve)
            if network is not None:
                save_network_bytes(self._engine, trial.id, network)
            for name, value in to_database(attributes).items():
                self._storage.set_trial_user_attr(trial.id, name, value)
            if constraint is not None:
                self._storage.set_trial_system_attr(trial.id, "constraints", [constraint])
            self._storage.set_trial_intermediate_value(trial.id, rung, score)
            if rung == DONE:
                self._storage.set_trial_state_values(trial.id, TrialState.COMPLETE, [score])
            else:
                self._storage.set_trial_state_values(trial.id, TrialState.WAITING)
        except UpdateFinishedTrialError:
            return False
        finally:
            self._leases.release(_lease(trial.id))
        return True

    def note(self, trial: QueuedTrial, percent: int, score: float) -> None:
        """Write down how a claimed trial stands on the way, for those who watch; nothing is decided by it."""
        with contextlib.suppress(UpdateFinishedTrialError):
            if self._leases.holds(_lease(trial.id)):
                self._storage.set_trial_intermediate_value(trial.id, percent, score)

    def fail(self, trial: QueuedTrial, reason: str) -> bool:
        """End a claimed trial as failed, for `reason`, and say whether the lease was still ours."""
        try:
            if not self._leases.holds(_lease(trial.id)):
                return False
            self._storage.set_trial_user_attr(trial.id, "reason", reason)
            self._storage.set_trial_state_values(trial.id, TrialState.FAIL)
        except UpdateFinishedTrialError:
            return False
        finally:
            self._leases.release(_lease(trial.id))
        return True

    def give_back(self, trial: QueuedTrial) -> None:
        """Return a claimed trial to the queue untouched."""
        self._requeue(trial.id)
        self._leases.release(_lease(trial.id))

    def allow(self, trial: QueuedTrial, percent: int) -> None:
        """Let a parked trial be trained to `percent`, unless it has ended meanwhile."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(trial.id, database_name("allowed"), percent)

    def stop(self, trial: QueuedTrial) -> None:
        """Stop a parked trial for good, unless it has ended meanwhile; it keeps the scores and the curve it has."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_state_values(trial.id, TrialState.PRUNED)

    def reap(self, trials: Sequence[QueuedTrial]) -> list[int]:
        """Return those of `trials` whose worker is dead to the queue, with their config and seed; give their numbers.

        A dead worker's lease is free, and whoever acquires it may decide: so two reapers never free the same trial.
        """
        freed = []
        for trial in trials:
            if not trial.running or not self._leases.acquire(_lease(trial.id)):
                continue
            fresh = view(self._storage.get_trial(trial.id))
            deaths = int(fresh.attributes.get("worker_deaths", 0)) + 1
            if fresh.state != TrialState.RUNNING:
                self._leases.release(_lease(trial.id))
            elif deaths >= MAX_DEATHS:
                self.fail(fresh, f"its worker died {deaths} times while training it (out of memory?)")
            else:
                self._storage.set_trial_user_attr(trial.id, database_name("worker_deaths"), deaths)
                self._requeue(trial.id)
                self._leases.release(_lease(trial.id))
                freed.append(trial.number)
        return freed

    def _requeue(self, trial_id: int) -> None:
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_state_values(trial_id, TrialState.WAITING)


def coordinator_lease(study: str) -> str:
    """Return the name of the lease that the coordinator of `study` holds."""
    return f"coordinator/{study}"


def _lease(trial_id: int) -> str:
    return f"trial/{trial_id}"
