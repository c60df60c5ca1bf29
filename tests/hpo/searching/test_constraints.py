"""Bounds on what a trial costs beside its score, as a study file declares them and as decisions see them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.definition.template import study_text
from hpo.definition.text import parsed
from hpo.proof.final_runs import excess_of, full_results
from hpo.proof.preference import Contender, preferred
from hpo.searching.candidates import candidates
from hpo.searching.constraints import Constraint, worst_excess
from hpo.searching.metric import KNOWN, Metric
from hpo.searching.queued import search_results
from hpo.storage.errors import UserError
from tests.support.builders import comparison_tables, definition, final_run, linear, queued, result, space, tables

LINE = space(x=linear((0.0, 1.0)))
FAST = Constraint("latency_ms", at_most=5.0)


def test_the_excess_is_by_how_much_the_worst_bound_is_broken() -> None:
    between = Constraint("size", at_most=10.0, at_least=2.0)
    assert [between.excess({"size": size}) for size in (1.0, 2.0, 6.0, 12.0)] == [1.0, 0.0, -4.0, 2.0]
    assert worst_excess([FAST, between], {"size": 1.0, "latency_ms": 5.5}) == 1.0
    assert worst_excess([FAST, between], {"size": 1.0}) is None
    assert worst_excess([], {"size": 1.0}) is None


def test_a_trial_has_the_excess_of_what_its_trainer_reports_and_none_if_it_failed() -> None:
    loss = Metric("rmse", **KNOWN["rmse"])
    attributes = {"round": 1, "index": 0, "train_accuracy": 2.0, "metrics": {"latency_ms": 7.0}}
    trial = queued(0, attributes, rungs={100: 3.0}, state=TrialState.COMPLETE)
    (found,) = search_results([trial], loss, [FAST, Constraint("gap", at_most=0.25)])
    assert (found.score, found.gap, found.excess) == (-3.0, 1.0, 2.0)
    (failed,) = search_results([replace(trial, state=TrialState.FAIL, score=None)], loss, [FAST])
    assert failed.excess is None


def test_only_configs_that_keep_to_every_constraint_race() -> None:
    trials = [result({"x": i / 10}, 0.9 - i / 10, i, excess=excess) for i, excess in enumerate([0.1, None, -1.0, 0.0])]
    assert [t.index for t in candidates(LINE, LINE.limits(), trials, 4, constrained=True)] == [2, 3]
    assert len(candidates(LINE, LINE.limits(), trials, 4)) == 4


def test_who_breaks_a_constraint_comes_after_all_that_keep_to_it_however_good() -> None:
    best = Contender((1, 0), {0: 0.9, 1: 0.91}, excess=0.5)
    good = Contender((1, 1), {0: 0.8, 1: 0.81}, excess=0.0)
    fair = Contender((1, 2), {0: 0.7, 1: 0.71}, excess=-1.0)
    assert preferred([best, good, fair]) == [(1, 1), (1, 2), (1, 0)]
    runs = [
        final_run("full", (1, i), run, score, test_accuracy=score, others={"latency_ms": latency})
        for i, (score, latency) in enumerate([(0.9, 6.0), (0.8, 4.0)])
        for run in (0, 1)
    ]
    assert [each.source for each in full_results(runs, constraints=[FAST])] == [(1, 1), (1, 0)]
    assert [each.source for each in full_results(runs)] == [(1, 0), (1, 1)]


def test_what_nobody_reported_keeps_to_no_bound() -> None:
    assert excess_of([final_run("race", (1, 0), 0, 0.9)], [FAST]) == math.inf
    assert excess_of([final_run("race", (1, 0), 0, 0.9)], [Constraint("gap", at_most=0.1)]) == 0.0


def declared(*given: dict[str, Any], **more: Any) -> StudyDefinition:
    return definition(constraints=list(given), **more)


def test_a_study_file_declares_constraints_and_its_record_has_them() -> None:
    study = declared({"metric": "latency_ms", "at_most": 5}, {"metric": "gap", "at_most": 0.1})
    assert study.constraints == (FAST, Constraint("gap", at_most=0.1))
    assert study.bounds == study.constraints
    assert study.max_gap == 0.1
    assert read_definition("small", study.record()) == study
    assert "constraints" not in definition().record()
    text = study_text(study.record(), "small")
    again = read_definition("small", parsed(text, Path("small.toml")))
    assert again.constraints == study.constraints


def test_the_short_way_to_bound_the_gap_is_one_of_them() -> None:
    short = definition(search={"max_gap": 0.1})
    assert short.constraints == ()
    assert short.bounds == declared({"metric": "gap", "at_most": 0.1}).bounds
    assert short.max_gap == 0.1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"metric": "latency_ms"}, "has no bound; write at_most"),
        ({"at_most": 5}, "metric is missing"),
        ({"metric": "accuracy", "at_least": 0.5}, "is what the study searches for"),
        ({"metric": "size", "at_most": 1, "at_least": 2}, "which nothing keeps to"),
        ({"metric": "size", "at_most": "5"}, "expected a number"),
        ({"metric": "size", "atmost": 5}, "did you mean at_most"),
        ("gap", "expected a table"),
        ({"metric": "size", "at_most": math.inf}, "must be a finite number"),
    ],
)
def test_each_mistake_is_named_with_its_place(given: Any, says: str) -> None:
    with pytest.raises(UserError, match=r"constraints\.0") as error:
        read_definition("small", tables(constraints=[given]))
    assert says in str(error.value)


def test_a_bound_is_written_once_and_a_comparison_has_none() -> None:
    twice = [{"metric": "size", "at_most": 5}, {"metric": "size", "at_least": 1}]
    with pytest.raises(UserError, match="bounded twice"):
        read_definition("small", tables(constraints=twice))
    with pytest.raises(UserError, match=r"search\.max_gap = 0\.1 bounds it already"):
        declared({"metric": "gap", "at_most": 0.1}, search={"max_gap": 0.1})
    with pytest.raises(UserError, match="does not go with"):
        read_definition("small", comparison_tables(constraints=[{"metric": "size", "at_most": 5}]))
