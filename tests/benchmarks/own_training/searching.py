"""One search of a subject with the product's own leader, worker, queue and trainer, in one process; and its truth."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.engine.coordinator import Coordinator
from hpo.engine.interrupts import StopRequest
from hpo.engine.worker import Worker
from hpo.record.results import StudyResults, load_results
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from hpo.training.cuts import Cut
from hpo.training.functions.examples import OwnExamples
from hpo.training.functions.trainer import Functions
from hpo.training.own_data import SOURCE, own_data_summary
from hpo.training.protocol import Assignment
from tests.benchmarks.own_training.subjects import Config, Subject

ROUNDS, TRIALS, RACING, RACE_RUNS, CONFIRMATIONS = 4, 12, 4, 4, 5
FRESH = 1000
"""Where the groups, draws and seeds of runs begin that no study has."""


@dataclass(frozen=True)
class Cost:
    """What a search took, in whole trainings on the subset: until its choice, and with what confirmed it."""

    choosing: float
    all: float


def definition_of(subject: Subject, seed: int) -> StudyDefinition:
    """Return the study of `subject`."""
    examples = len(subject.load()[0])
    size = {"trials": TRIALS, "samples": subject.samples, "epochs": subject.epochs}
    tables = {
        "title": subject.name,
        "seed": seed,
        "trainer": {"call": subject.train.__name__, "rungs": subject.rungs, "source": {}},
        "metric": {"name": subject.metric},
        "data": {"examples": examples},
        "space": dict(subject.space),
        "rounds": [size] * ROUNDS,
        "final": {
            "good_values": RACING,
            "race_runs": RACE_RUNS,
            "confirmation_runs": CONFIRMATIONS,
            "seeds": 3,
            "epochs": subject.epochs,
        },
    }
    return read_definition(f"{subject.name}_{seed}", tables)


def trainer_of(subject: Subject, definition: StudyDefinition) -> Functions:
    """Return what trains it."""
    own = OwnExamples(definition.seed, definition.data.held_out, definition.data.examples)
    return Functions(lambda: subject.train, subject.train.__name__, definition.metric, definition.abilities, None, own)


def searched(subject: Subject, seed: int, folder: Path) -> tuple[StudyResults, Cost]:
    """Return what one search ends with."""
    definition = definition_of(subject, seed)
    with Database(f"sqlite:///{folder / definition.name}.db") as database, StopRequest() as stop:
        summary = own_data_summary(definition)
        StudyRecord.create(database, definition, summary, dict(SOURCE))
        leader = Coordinator(database, definition.name, lambda text: None)
        nudged = threading.Event()

        def lead() -> None:
            while not leader.step() and leader.advanced:
                pass
            nudged.set()

        lead()
        Worker(
            database,
            definition.name,
            trainer_of(subject, definition),
            None,
            None,
            stop=stop,
            announce=lambda text: None,
            on_idle=lead,
            nudged=nudged,
            is_nudged=True,
        ).run()
        leader.release()
        results = load_results(database, definition.name)
    search = sum(trial.reached for trial in results.queued) / 100
    stages = [run.stage for run in results.runs]
    return results, Cost(search + stages.count("race"), search + stages.count("race") + stages.count("confirm"))


def values_of(
    subject: Subject, definition: StudyDefinition, config: Config, runs: int, *, stage: str = "confirm"
) -> list[float]:
    """Return the values of fresh runs of `config`: as confirmations on the subset, or on all of the data, at the test.

    The seeds, groups and draws are those of no study.
    """
    trainer, found = trainer_of(subject, definition), []
    for run in range(FRESH, FRESH + runs):
        cut = Cut(subject.samples, run, scorers="confirmation", draw=run) if stage == "confirm" else Cut(None)
        asked = Assignment(
            stage=stage,
            run=run,
            seed=run,
            samples=subject.samples,
            epochs=subject.epochs,
            cuts=(cut,),
            test="never" if stage == "confirm" else "at the end",
        )
        score = trainer.start(config, asked, lambda: None).advance(100)
        value = score.value if stage == "confirm" else score.test
        assert value is not None
        found.append(value)
    return found


def curve_of(subject: Subject, definition: StudyDefinition, config: Config, run: int) -> Mapping[int, float]:
    """Return the score in percent after 1, 3, 9, ... epochs of one training of the search, and at its end."""
    epochs = [3**power for power in range(10) if 3**power < subject.epochs]
    percents = (*(100 * each // subject.epochs for each in epochs), 100)
    asked = Assignment(
        stage="search",
        run=run,
        seed=run,
        samples=subject.samples,
        epochs=subject.epochs,
        cuts=(Cut(subject.samples, 0),),
        rungs=percents if subject.rungs else (100,),
    )
    training = trainer_of(subject, definition).start(config, asked, lambda: None)
    try:
        return {percent: definition.metric.score(training.advance(percent).value) for percent in asked.rungs}
    finally:
        training.close()


def mean(values: Sequence[float]) -> float:
    """Return their mean."""
    return float(np.mean(values))


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config with Python's own numbers."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in config.items()}
