"""The table [metric] of a study file: which metric scores a trial, in which direction, within which bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from hpo.definition.tables import check_keys, read_value
from hpo.models.bounds import Number, OneOf, Rule, Text, shown
from hpo.searching.metric import DIRECTIONS, KNOWN, LARGEST, Direction, Metric
from hpo.storage.errors import UserError

ANY = Number(-LARGEST, at_most=LARGEST)
FIELDS: Mapping[str, tuple[Any, Rule, str]] = {
    "name": (str, Text(60), "what scores a trial, such as accuracy, auc, log_loss, rmse, r2, reward"),
    "direction": (str, OneOf(DIRECTIONS), "which values are better; known for usual names"),
    "low": (float, ANY, "no value is below it"),
    "high": (float, ANY, "no value is above it"),
    "guess": (float, ANY, "what guessing reaches"),
    "share": (bool, OneOf(()), "its values are shares from 0 to 1, shown in percent"),
}


def read_metric(table: object, where: str = "metric", direction: Direction | None = None) -> Metric:
    """Return the metric that `table` declares. Raises UserError for what is wrong in it.

    `direction` is that of names which are not known here: scorers of scikit-learn are all to be maximized. What a usual
    name says (`hpo.searching.metric.KNOWN`) need not be repeated; any other name needs its direction.
    """
    if isinstance(table, str):
        table = {"name": table}
    if not isinstance(table, Mapping):
        raise UserError(f"{where} = {shown(table)}; expected a name, or a table with name and direction")
    check_keys(table, FIELDS, where)
    given: dict[str, Any] = {}
    for key, value in table.items():
        hint, rule, _ = FIELDS[key]
        given[key] = read_value(hint, value, f"{where}.{key}")
        if hint is not bool and (wanted := rule.broken(given[key])) is not None:
            raise UserError(f"{where}.{key} = {shown(value)}; it must be {wanted}")
    name = given.pop("name", None)
    if not name or not name.strip() or not name.isprintable():
        raise UserError(f"{where}.name is missing: what is it that scores a trial? accuracy, rmse, reward, ...")
    if "share" in given:
        given["is_share"] = given.pop("share")
    if name not in KNOWN and direction is not None:
        given.setdefault("direction", direction)
    if name not in KNOWN and "direction" not in given:
        raise UserError(
            f'{where}.direction is missing: for {name!r} write direction = "maximize" or "minimize"; it is known for '
            f"{', '.join(KNOWN)}"
        )
    known = KNOWN.get(name, {}).get("direction", "maximize")
    if name in KNOWN and given.get("direction", known) != known:
        better = "more" if known == "maximize" else "less"
        raise UserError(
            f"{where}.direction = {shown(given['direction'])}: of {name} {better} is better; leave direction out, or "
            "give your own metric another name"
        )
    unknown = {"low": None, "high": None, "is_share": False}
    metric = Metric(name, **{**KNOWN.get(name, unknown), **given})
    _check(metric, where)
    return metric


def metric_record(metric: Metric) -> dict[str, Any]:
    """Return the table that declares `metric`, such that reading it gives the same again."""
    base = Metric(metric.name, **KNOWN.get(metric.name, {"low": None, "high": None, "is_share": False}))
    known = metric.name in KNOWN
    names = {field.name: "share" if field.name == "is_share" else field.name for field in dataclasses.fields(Metric)}
    table = {"name": metric.name} if known else {"name": metric.name, "direction": metric.direction}
    for field, key in names.items():
        value = getattr(metric, field)
        if value is not None and value != getattr(base, field):
            table[key] = value
    return table


def _check(metric: Metric, where: str) -> None:
    if metric.low is not None and metric.high is not None and not metric.low < metric.high:
        raise UserError(f"{where}: low = {metric.low:g} must be below high = {metric.high:g}")
    if metric.guess is not None and (fault := metric.fault(metric.guess)) is not None:
        raise UserError(f"{where}.guess: {fault}")
    if metric.is_share and (metric.low, metric.high) != (0.0, 1.0):
        raise UserError(f"{where}: a share lies in 0 .. 1; write share = false, or leave low and high out")
