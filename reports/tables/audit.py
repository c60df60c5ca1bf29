"""The tables of an audit: every trial with what it would score without luck, and the configs to run again."""

from __future__ import annotations

import pandas as pd

from hpo.auditing.audit import Audit
from hpo.auditing.search import AuditedSearch
from hpo.proof.rerun import Rerun


def audited_trials_table(audit: Audit) -> pd.DataFrame:
    """Return a row for each trial: its values, and what its config would score on average with a 90 % interval.

    `tied`: whether it can't be told apart from the best. All scores are values of the metric.
    """
    metric = audit.search.metric
    expected = {each.number: each for each in audit.expectations}
    tied = audit.tied_numbers
    rows = []
    for trial in audit.search.trials:
        found = expected.get(trial.number)
        ends = [] if found is None else sorted((metric.value(found.low), metric.value(found.high)))
        rows.append(
            {
                "number": trial.number,
                "state": trial.state,
                **{name: trial.config.get(name) for name in audit.search.space.hyperparameters},
                metric.name if metric.name not in audit.search.space.hyperparameters else f"score_{metric.name}": (
                    None if trial.score is None else metric.value(trial.score)
                ),
                "expected": None if found is None else metric.value(found.expected),
                "expected_low": ends[0] if ends else None,
                "expected_high": ends[1] if ends else None,
                "tied": trial.number in tied if audit.ties else None,
            }
        )
    return pd.DataFrame(rows)


def again_table(audit: Audit) -> pd.DataFrame:
    """Return a row for each config to run again: its values, how often, and how probably it is the best of all."""
    metric = audit.search.metric
    found = audit.again
    return pd.DataFrame(
        [
            {
                "number": each.number,
                **{name: each.config.get(name) for name in audit.search.space.hyperparameters},
                "runs": found.runs,
                "expected": metric.value(each.expected),
                "chance": each.chance,
            }
            for each in (found.configs if found else ())
            if found is not None
        ],
        columns=["number", *audit.search.space.hyperparameters, "runs", "expected", "chance"],
    )


def effects_table(audit: Audit) -> pd.DataFrame:
    """Return a row for each hyperparameter: whether scores depend on it, and which ends of its range are too near."""
    return pd.DataFrame(
        [
            {
                "hyperparameter": each.name,
                "trials": each.trials,
                "p": each.p,
                "effect": each.verdict,
                "too_narrow": ", ".join(edge.side for edge in audit.edges if edge.name == each.name),
            }
            for each in audit.effects
        ],
        columns=["hyperparameter", "trials", "p", "effect", "too_narrow"],
    )


def rerun_table(rerun: Rerun, search: AuditedSearch) -> pd.DataFrame:
    """Return a row for each fresh run: whose config it trained, its value, or why it failed."""
    return pd.DataFrame(
        [
            {
                "number": each.number,
                "run": run + 1,
                "value": None if isinstance(outcome, str) else search.metric.value(outcome),
                "reason": outcome if isinstance(outcome, str) else None,
                "tied": each.number in rerun.tied,
            }
            for each in rerun.racers
            for run, outcome in enumerate(each.outcomes)
        ],
        columns=["number", "run", "value", "reason", "tied"],
    )
