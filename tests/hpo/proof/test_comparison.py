"""What is read off the trials of a comparison: its configs, their means, and differences that are paired."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState

from hpo.definition.study import StudyDefinition
from hpo.proof.comparison import ComparedConfig, ComparedRun, compared, difference, wanted_trials
from hpo.proof.estimates import estimate, estimate_difference
from hpo.searching.queued import QueuedTrial
from tests.support.builders import queued
from tests.support.comparisons import CONFIGS, GRID, comparison_on


@pytest.fixture(scope="module")
def study(blobs: Path) -> StudyDefinition:
    return comparison_on(blobs)


def trial_of(place: int, run: int, score: float, state: TrialState = TrialState.COMPLETE, **more: Any) -> QueuedTrial:
    attributes: Mapping[str, Any] = {
        "round": 1,
        "index": run * CONFIGS + place,
        "run": run,
        "seed": 100 + run,
        "train_accuracy": score + 0.2,
        "test_accuracy": score - 0.1,
        **more,
    }
    return queued(place + 100 * run, attributes, rungs={100: score}, state=state, config=GRID[place])


def test_configs_come_in_the_order_of_the_grid_with_the_means_of_their_runs(study: StudyDefinition) -> None:
    trials = [trial_of(2, 1, 0.6), trial_of(0, 0, 0.3), trial_of(2, 0, 0.5, n_train=100, epochs=20, seconds=1.5)]
    first, third = compared(study, trials)
    assert (first.config, third.config) == (GRID[0], GRID[2])
    assert [(run.run, run.score) for run in third.runs] == [(0, 0.5), (1, 0.6)]
    assert (third.runs[0].n_train, third.runs[0].epochs, third.runs[0].seconds) == (100, 20, 1.5)
    assert third.validation == estimate([0.5, 0.6])
    assert third.train == estimate([run.train_accuracy for run in third.runs])
    assert third.test == estimate([run.test_accuracy for run in third.runs])
    assert third.gap.mean == pytest.approx(0.3)


def test_a_run_that_is_under_way_does_not_count_yet(study: StudyDefinition) -> None:
    waiting = [trial_of(0, 0, 0.5, TrialState.WAITING), trial_of(1, 0, 0.5, TrialState.RUNNING)]
    assert compared(study, waiting) == []


def test_a_failed_run_has_accuracies_of_nothing_and_its_reason(study: StudyDefinition) -> None:
    (found,) = compared(study, [trial_of(0, 0, 0.5, TrialState.FAIL, reason="MemoryError")])
    (failed,) = found.runs
    assert (failed.score, failed.train_accuracy, failed.test_accuracy) == (0, 0, 0)
    assert failed.reason == "MemoryError"


def test_of_a_run_that_ended_twice_the_first_counts(study: StudyDefinition) -> None:
    (found,) = compared(study, [trial_of(0, 0, 0.5), trial_of(0, 0, 0.9)])
    assert [run.score for run in found.runs] == [0.5]


def test_a_trial_is_wanted_for_every_run_of_every_config() -> None:
    wanted = wanted_trials([{"x": 1}, {"x": 2}], runs=2, seed=7)
    assert [config["x"] for config, _ in wanted] == [1, 2, 1, 2]
    assert [attributes["index"] for _, attributes in wanted] == [0, 1, 2, 3]
    assert {attributes["allowed"] for _, attributes in wanted} == {100}


def config_of(*scores: float) -> ComparedConfig:
    runs = tuple(
        ComparedRun(i, i, i, i, score, score, score, n_train=1, epochs=1, seconds=0.0, reason=None)
        for i, score in enumerate(scores)
    )
    return ComparedConfig({}, runs, *[estimate(scores)] * 4)


def test_a_difference_is_paired_so_what_a_run_does_to_both_cancels() -> None:
    luck = np.array([0.0, 0.3, -0.2, 0.1])
    ours, other = config_of(*(0.5 + luck)), config_of(*(0.6 + luck))
    paired = difference(ours, other, lambda run: run.score)
    assert (paired.mean, paired.low, paired.high) == pytest.approx((-0.1, -0.1, -0.1))
    assert paired.runs == 4
    assert ours.validation.high > other.validation.low  # unpaired, nothing could be told


def test_the_interval_of_a_difference_is_students_and_may_lie_below_zero() -> None:
    found = difference(config_of(0.1, 0.2, 0.3), config_of(0.3, 0.5, 0.7), lambda run: run.test_accuracy)
    half = 2.91998558 * 0.1 / math.sqrt(3)  # t(.95, 2 degrees of freedom), standard deviation of -.2, -.3, -.4
    assert (found.mean, found.low, found.high) == pytest.approx((-0.3, -0.3 - half, -0.3 + half))


def test_only_runs_that_both_have_are_paired() -> None:
    assert difference(config_of(0.4, 0.6), config_of(0.1), lambda run: run.score).runs == 1
    nothing = difference(config_of(), config_of(0.1), lambda run: run.score)
    assert nothing.runs == 0
    assert math.isnan(nothing.mean)


def test_one_difference_has_no_interval() -> None:
    alone = estimate_difference([0.25])
    assert alone.mean == 0.25
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)
