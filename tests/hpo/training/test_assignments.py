"""What the trials of every stage ask of whoever trains: examples, size, the test set, what is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.definition.reading import read_definition
from hpo.definition.settings import HeldOut
from hpo.definition.study import StudyDefinition
from hpo.storage.splits import partition
from hpo.training.assignments import CERTIFICATE_STREAM, STAGES, assignment
from hpo.training.cuts import Cut
from hpo.training.protocol import Assignment
from tests.support.builders import comparison_tables, definition, queued

POOL = 10_000
STUDY = definition(search={"groups": 2}, rounds=[{"trials": 8, "samples": 400, "epochs": 10}])
COMPARISON = read_definition("versus", comparison_tables())
OF_SEARCH = {"round": 1, "index": 3}
OF_CERTIFICATE = {"size": 1, "index": 0, "n_train": 1600, "epochs": 3, "images": [2000, 3600]}

WANTED: dict[str, tuple[StudyDefinition, dict[str, Any], tuple[Cut, ...]]] = {
    "search": (STUDY, OF_SEARCH, (Cut(400, 0), Cut(400, 1))),
    "race": (STUDY, {"run": 1}, (Cut(400, 3, scorers="race", draw=1),)),
    "confirm": (STUDY, {"run": 1}, (Cut(400, 6, scorers="confirmation", draw=4),)),
    "full": (STUDY, {"run": 1}, (Cut(None, scorers="holdout", draw=1),)),
    "adopted": (STUDY, {"run": 1}, (Cut(None, scorers="holdout", draw=1),)),
    "plain": (STUDY, {"run": 1}, (Cut(None, scorers="holdout", draw=1),)),
    "probe_lower": (STUDY, {"run": 1}, (Cut(None, scorers="holdout", draw=1),)),
    "probe_higher": (STUDY, {"run": 1}, (Cut(None, scorers="holdout", draw=1),)),
    "certificate": (
        STUDY,
        OF_CERTIFICATE | {"run": 2},
        (Cut(1600, 2, (2000, 3600), "confirmation", 2 * CERTIFICATE_STREAM + 2),),
    ),
    "comparison": (COMPARISON, {"run": 1, "index": 0}, (Cut(300, 1, scorers="holdout"),)),
}


def asked(study: StudyDefinition, stage: str, pool: int = POOL, **attributes: Any) -> Assignment:
    named = {} if stage in ("search", "comparison") else {"stage": stage}
    return assignment(study, pool, queued(4, {"seed": 9, "source_trial": 5, **named, **attributes}))


def test_every_stage_is_looked_at_here() -> None:
    assert WANTED.keys() == STAGES.keys()


@pytest.mark.parametrize("stage", WANTED)
def test_a_stage_gives_the_cuts_that_are_its_own(stage: str) -> None:
    study, attributes, cuts = WANTED[stage]
    task = asked(study, stage, **attributes)
    assert (task.stage, task.seed, task.cuts) == (stage, 9, cuts)


@pytest.mark.parametrize(
    ("stage", "size"),
    [
        ("search", (400, 10)),
        ("race", (400, 10)),
        ("full", (POOL, 5)),
        ("certificate", (1600, 3)),
        ("comparison", (300, 3)),
    ],
)
def test_a_stage_has_its_size(stage: str, size: tuple[int, int]) -> None:
    study, attributes, _ = WANTED[stage]
    task = asked(study, stage, **attributes)
    assert (task.samples, task.epochs) == size


def test_what_opens_the_test_set_says_in_the_ledger_what_for_and_nothing_else_does() -> None:
    tasks = {stage: asked(study, stage, **attributes) for stage, (study, attributes, _) in WANTED.items()}
    assert {stage: task.purpose for stage, task in tasks.items() if task.test_allowed} == {
        "full": "full run 1 of trial 5",
        "adopted": "adopted run 1 of trial 5",
        "plain": "plain run 1 of trial 5",
        "comparison": "curve of run 1 of trial 4",
    }
    assert {stage for stage, task in tasks.items() if task.test == "along the curve"} == {"comparison"}
    assert not any(task.purpose for task in tasks.values() if not task.test_allowed)


def test_the_model_of_the_first_run_alone_is_kept_where_one_is() -> None:
    def keeps(run: int) -> set[str]:
        return {name for name, (study, more, _) in WANTED.items() if asked(study, name, **more | {"run": run}).keeps}

    assert keeps(0) == {"full", "adopted", "comparison"}
    assert not keeps(1)


def test_rungs_decide_about_trials_of_the_search_alone() -> None:
    assert {name for name, (study, more, _) in WANTED.items() if asked(study, name, **more).judged} == {"search"}


def test_a_round_on_all_of_the_data_takes_the_pool() -> None:
    study = definition(rounds=[{"trials": 8, "samples": 0, "epochs": 10}])
    assert asked(study, "search", **OF_SEARCH).cuts == (Cut(POOL, 0),)
    assert asked(study, "search", **OF_SEARCH).samples == POOL


@given(
    samples=st.integers(1, 40),
    groups=st.integers(1, 3),
    race=st.integers(2, 4),
    confirm=st.integers(2, 4),
    seed=st.integers(0, 9),
)
def test_races_and_confirmations_share_no_example_with_the_search_while_the_pool_lasts(
    samples: int, groups: int, race: int, confirm: int, seed: int
) -> None:
    study = definition(
        search={"groups": groups},
        rounds=[{"trials": 8, "samples": samples, "epochs": 1}],
        final={"race_runs": race, "confirmation_runs": confirm},
    )
    split = partition(np.arange(600) % 3, holdout=100, seed=seed)
    assert (groups + race + confirm) * samples <= len(split.pool) == 500
    numbers = HeldOut(100, 20, 30)
    tasks = [
        asked(study, "search", 500, **OF_SEARCH),
        *(asked(study, "race", 500, run=run) for run in range(race)),
        *(asked(study, "confirm", 500, run=run) for run in range(confirm)),
    ]
    trained = [set(cut.train(split).tolist()) for task in tasks for cut in task.cuts]
    assert len(trained) == groups + race + confirm
    assert len(set().union(*trained)) == samples * len(trained), "no two of them share an example"
    searched = set(tasks[0].cuts[0].validation(split, numbers).tolist())
    assert all(not searched & set(task.cuts[0].validation(split, numbers).tolist()) for task in tasks[1:])


@dataclass(frozen=True)
class Declared:
    """Somebody's trainer, as far as an assignment looks at it."""

    abilities: Abilities


def without(**abilities: bool) -> StudyDefinition:
    return replace(STUDY, trainer=Declared(replace(EVERYTHING, **abilities)))  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", [stage for stage in WANTED if stage not in ("certificate", "comparison")])
def test_a_trainer_that_takes_what_it_has_is_told_no_samples_and_no_groups(stage: str) -> None:
    task = asked(without(samples=False), stage, **WANTED[stage][1])
    assert task.samples == 0
    assert [cut.samples for cut in task.cuts] == [None]
    assert task.cuts[0].scorers == STAGES[stage].scorers


def test_a_trainer_that_cannot_stop_is_asked_for_its_end_alone() -> None:
    assert asked(without(rungs=False), "search", **OF_SEARCH).rungs == (100,)
    assert asked(STUDY, "search", **OF_SEARCH).rungs == (25, 50, 100)


def test_where_there_is_no_test_set_none_is_opened_and_the_ledger_stays_empty() -> None:
    task = asked(without(test=False), "full", run=0)
    assert (task.test, task.purpose, task.keeps) == ("never", "", True)
