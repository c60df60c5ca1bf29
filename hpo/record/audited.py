"""Searches of other programs as an audit takes them: the trials of an Optuna study, and the ranges they came from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo.auditing.search import AuditedSearch, AuditedTrial, State
from hpo.definition.printable import on_one_line
from hpo.searching.metric import KNOWN, Direction, Metric
from hpo.searching.space import Categorical, Hyperparameter, Interval, Numeric, SearchSpace
from hpo.storage.errors import UserError
from hpo.storage.foreign import ForeignStudy, read_study

STATES: Mapping[TrialState, State] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "running",
}


def open_audited(storage: str, study: str | None = None, metric: str | None = None) -> AuditedSearch:
    """Return the Optuna study `study` in the database at `storage`; nothing is written there.

    `metric` names what its values are, where that is known. Raises UserError where there is no such study, where it has
    several objectives, or where its values are none of that metric.
    """
    found = read_study(storage, study)
    if len(found.directions) != 1:
        raise UserError(
            f"study {found.name!r} has {len(found.directions)} objectives, and an audit is of one: name a study with "
            "a single best trial"
        )
    direction: Direction = "minimize" if found.directions[0] == StudyDirection.MINIMIZE else "maximize"
    return checked(_search(found, metric_of(metric, direction, "value")), metric)


def metric_of(name: str | None, direction: Direction, otherwise: str) -> Metric:
    """Return the metric called `name`, with what is known of it; one that nothing is known of is called `otherwise`.

    Raises UserError where the search improved it in the wrong direction.
    """
    if name is None:
        return Metric(otherwise, direction, low=None, high=None, is_share=False)
    if name not in KNOWN:
        return Metric(name, direction, low=None, high=None, is_share=False)
    known = Metric(**{"name": name, **KNOWN[name]})
    if known.direction != direction:
        raise UserError(
            f"--metric {name}: {name} is {known.direction}d, and this search {direction}d its score; leave out --metric"
        )
    return known


def checked(search: AuditedSearch, metric: str | None) -> AuditedSearch:
    """Return `search`. Raises UserError where there is nothing to audit, or values are none of its metric."""
    if not search.trials:
        raise UserError(f"{search.name} has no trials yet, so there is nothing to audit")
    if not search.scored:
        raise UserError(f"{search.name} has no finished trial with a score, so there is nothing to audit")
    if not search.space.hyperparameters:
        raise UserError(f"{search.name} has no hyperparameter that varies, so there is nothing to audit")
    for trial in search.scored:
        fault = search.metric.fault(search.metric.value(trial.score or 0.0))
        if fault is not None:
            raise UserError(f"--metric {metric}: in trial {trial.number} {fault}; leave --metric out")
    return search


def _search(study: ForeignStudy, metric: Metric) -> AuditedSearch:
    declared: dict[str, list[BaseDistribution]] = {}
    for trial in study.trials:
        for name, distribution in trial.distributions.items():
            declared.setdefault(name, []).append(distribution)
    values = {name: [each.params[name] for each in study.trials if name in each.params] for name in declared}
    space = {
        name: found for name, each in declared.items() if (found := hyperparameter_of(each, values[name])) is not None
    }
    trials = [_trial(trial, space, metric) for trial in study.trials]
    infinite = sum(trial.state == TrialState.COMPLETE and not _is_finite(trial.value) for trial in study.trials)
    notes = [f"{infinite} trials scored infinity or NaN, and count as failed."] if infinite else []
    fixed = [on_one_line(name) for name in declared if name not in space]
    if fixed:
        notes.append(f"Left out because it never varied: {', '.join(fixed)}.")
    return AuditedSearch(study.name, metric, SearchSpace(space), trials, notes=tuple(notes))


def hyperparameter_of(declared: Sequence[BaseDistribution], values: Sequence[Any]) -> Hyperparameter | None:
    """Return the hyperparameter that `declared` and the tried `values` are of; None where it never varied.

    Where a study changed its ranges they are taken together. What was a number here and a choice there is a choice.
    """
    numbers = [each for each in declared if isinstance(each, FloatDistribution | IntDistribution)]
    if len(numbers) < len(declared):
        choices = [each.choices for each in declared if isinstance(each, CategoricalDistribution)]
        known = {repr(plain(value)): plain(value) for value in [*(c for each in choices for c in each), *values]}
        return Categorical(tuple(known.values())) if len(known) > 1 else None
    low, high = min(each.low for each in numbers), max(each.high for each in numbers)
    if low == high:
        return None
    log = all(each.log for each in numbers) and all(value > 0 for value in (*values, low))
    whole = all(isinstance(each, IntDistribution) for each in numbers)
    interval = Interval(low, high)
    return Numeric(interval, interval, log=log, integer=whole)


def plain(value: Any) -> Any:
    """Return a choice as a config holds it: a list, a table or nothing as its JSON text."""
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)


def _trial(trial: FrozenTrial, space: Mapping[str, Hyperparameter], metric: Metric) -> AuditedTrial:
    config = {
        name: plain(value) if isinstance(space[name], Categorical) else value
        for name, value in trial.params.items()
        if name in space
    }
    state, value = STATES[trial.state], trial.value
    rungs = {step: metric.score(each) for step, each in trial.intermediate_values.items() if _is_finite(each)}
    if state == "finished" and not _is_finite(value):
        return AuditedTrial(trial.number, config, None, "failed", params=trial.params)
    if state == "stopped":
        last = rungs[max(rungs)] if rungs else None
        return AuditedTrial(trial.number, config, last, "stopped", rungs, trial.params)
    score = metric.score(value) if state == "finished" and value is not None else None
    return AuditedTrial(trial.number, config, score, state, rungs, trial.params)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
