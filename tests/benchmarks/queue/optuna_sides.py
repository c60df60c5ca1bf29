"""Optuna's own ways to share a study: `optimize` on a database, its gRPC proxy, its journal file.

Each worker runs `optimize` for its share of the trials. A trial is the least that Optuna writes: two hyperparameters
that are drawn at random, and a value. Ours writes a score, a learning curve, the validation images that were hit and
four attributes beside.
"""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages.journal import JournalFileBackend

from tests.benchmarks.queue.meters import Meter, family_cpu
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import Job, Team, Work, in_a_process, team
from tests.benchmarks.queue.sides import Offer

STUDY = "bench"
RUNGS = (25, 50, 100)
OPTIMIZE, PROXY, JOURNAL = "optimize", "gRPC proxy", "journal file"


def proxy_is_installed() -> bool:
    """Say whether Optuna's gRPC proxy can run."""
    return all(importlib.util.find_spec(name) is not None for name in ("grpc", "google.protobuf"))


@contextmanager
def optimize(place: Place, name: str, *, rungs: bool = False) -> Iterator[Offer]:
    """Give what makes a job of so many trials and seconds, and what says the server's CPU seconds."""
    url = place.new(name)
    in_a_process(lambda: _create(optuna.storages.RDBStorage(url)))

    def job(trials: int, seconds: float) -> Job:
        return lambda meter: _share(lambda: _watched(url, meter), trials, seconds, rungs=rungs)

    yield job, place.cpu
    place.drop(url)


@contextmanager
def proxy(place: Place, name: str) -> Iterator[Offer]:
    """The same, by way of a gRPC server, which alone talks to the database."""
    url, port = place.new(name), _free_port()
    in_a_process(lambda: _create(optuna.storages.RDBStorage(url)))

    def server(meter: Meter) -> Work:
        del meter
        storage = optuna.storages.get_storage(url)

        def serve() -> dict[str, float]:
            optuna.storages.run_grpc_proxy_server(storage, host="127.0.0.1", port=port)
            return {}

        return serve

    def connected() -> optuna.storages.BaseStorage:
        storage = optuna.storages.GrpcStorageProxy(host="127.0.0.1", port=port)
        storage.wait_server_ready(60)
        return storage

    def job(trials: int, seconds: float) -> Job:
        return lambda meter: _share(connected, trials, seconds)

    with team([server]) as serving:
        serving.start()
        yield job, lambda: place.cpu() + _cpu(serving)
    place.drop(url)


@contextmanager
def journal(place: Place, name: str, folder: Path) -> Iterator[Offer]:
    """The same on Optuna's journal file, which no server writes."""
    del place
    path = folder / f"{name}.log"

    def opened() -> optuna.storages.BaseStorage:
        return optuna.storages.JournalStorage(JournalFileBackend(str(path)))

    in_a_process(lambda: _create(opened()))

    def job(trials: int, seconds: float) -> Job:
        return lambda meter: _share(opened, trials, seconds)

    yield job, lambda: 0.0
    path.unlink()


def _create(storage: optuna.storages.BaseStorage) -> dict[str, float]:
    optuna.create_study(storage=storage, study_name=STUDY)
    return {}


def _watched(url: str, meter: Meter) -> optuna.storages.BaseStorage:
    storage = optuna.storages.RDBStorage(url)
    meter.watch(storage.engine)
    return optuna.storages.get_storage(storage)


def _share(
    connect: Callable[[], optuna.storages.BaseStorage], trials: int, seconds: float, *, rungs: bool = False
) -> Work:
    """Return one worker's share: `trials` calls of its objective, or as many as `seconds` allow.

    Optuna counts nothing down between processes, so each takes its share. A trial that ends in an error of the
    database is counted as one, and the next one is begun.
    """
    study = optuna.load_study(
        study_name=STUDY,
        storage=connect(),
        sampler=optuna.samplers.RandomSampler(),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=RUNGS[0], reduction_factor=2),
    )
    objective = _objective_with_rungs if rungs else _objective
    with suppress(Exception):  # a process's first trial counts nowhere, not even where the database is locked
        study.optimize(objective, n_trials=1)

    def work() -> dict[str, Any]:
        until = time.monotonic() + seconds
        done, errors = 0, list[str]()

        def count(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            nonlocal done
            done += trial.state.is_finished()
            if time.monotonic() >= until:
                study.stop()

        while (left := trials - done - len(errors)) > 0 and time.monotonic() < until:
            try:
                study.optimize(objective, n_trials=left, callbacks=[count])
            except Exception as error:  # the database's, the proxy's or the driver's
                errors.append(f"{type(error).__name__}: {error}")
        return {"done": done, "claims": done, "errors": len(errors), "first_error": errors[:1]}

    return work


def _objective(trial: optuna.Trial) -> float:
    learning_rate = trial.suggest_float("learning_rate", 1e-6, 1e-2, log=True)
    return learning_rate * trial.suggest_float("weight_decay", 1e-8, 1e-4, log=True)


def _objective_with_rungs(trial: optuna.Trial) -> float:
    value = _objective(trial)
    for rung in RUNGS:
        trial.report(value, rung)
        if trial.should_prune():
            raise optuna.TrialPruned
    return value


def _cpu(serving: Team) -> float:
    return sum(family_cpu(pid) for pid in serving.pids)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
