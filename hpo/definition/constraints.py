"""The tables [[constraints]] of a study file: what a config may cost beside its score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo.definition.tables import check_keys, read_value
from hpo.models.bounds import Number, Rule, Text, shown
from hpo.searching.constraints import GAP, Constraint
from hpo.searching.metric import LARGEST, Metric
from hpo.storage.errors import UserError

MOST = 20
FIELDS: Mapping[str, tuple[Any, Rule, str]] = {
    "metric": (str, Text(60), f"{GAP}, seconds, or any metric that the trainer reports, such as latency_ms"),
    "at_most": (float, Number(-LARGEST, at_most=LARGEST), "no value above it is wanted"),
    "at_least": (float, Number(-LARGEST, at_most=LARGEST), "no value below it is wanted"),
}


def read_constraints(tables: object, metric: Metric, max_gap: float | None) -> tuple[Constraint, ...]:
    """Return the constraints that `tables` declare, of a study with this `metric` and `search.max_gap`.

    Raises UserError for what is wrong in them.
    """
    if not isinstance(tables, list | tuple):
        raise UserError(
            f"constraints = {shown(tables)}; expected tables [[constraints]], each with a metric and a bound"
        )
    if len(tables) > MOST:
        raise UserError(f"constraints: there are {len(tables):,}, and a study has at most {MOST}; remove some")
    found = tuple(_read(table, f"constraints.{i}") for i, table in enumerate(tables))
    names = [each.metric for each in found]
    for i, name in enumerate(names):
        where = f"constraints.{i}.metric = {shown(name)}"
        if name in names[:i]:
            raise UserError(f"{where}: it is bounded twice; write at_most and at_least in one table")
        if name == metric.name:
            raise UserError(f"{where} is what the study searches for; bound something else, or take it out")
        if name == GAP and max_gap is not None:
            raise UserError(f"{where}: search.max_gap = {max_gap:g} bounds it already; take one of them out")
    return found


def constraint_record(constraint: Constraint) -> dict[str, Any]:
    """Return the table that declares `constraint`."""
    bounds = {"at_most": constraint.at_most, "at_least": constraint.at_least}
    return {"metric": constraint.metric, **{key: value for key, value in bounds.items() if value is not None}}


def _read(table: object, where: str) -> Constraint:
    if not isinstance(table, Mapping):
        raise UserError(f"{where} = {shown(table)}; expected a table with metric and at_most, or at_least")
    check_keys(table, FIELDS, where)
    given: dict[str, Any] = {}
    for key, value in table.items():
        hint, rule, _ = FIELDS[key]
        given[key] = read_value(hint, value, f"{where}.{key}")
        if (wanted := rule.broken(given[key])) is not None:
            raise UserError(f"{where}.{key} = {shown(value)}; it must be {wanted}")
    name = given.get("metric", "")
    if not name.strip() or not name.isprintable():
        raise UserError(f"{where}.metric is missing: what is bounded? {GAP}, seconds, latency_ms, ...")
    low, high = given.get("at_least"), given.get("at_most")
    if low is None and high is None:
        raise UserError(f"{where}: {name} has no bound; write at_most = ..., or at_least = ...")
    if low is not None and high is not None and low > high:
        raise UserError(f"{where}: at_least = {low:g} is above at_most = {high:g}, which nothing keeps to")
    return Constraint(**given)
