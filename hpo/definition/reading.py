"""Reading a study's definition from the tables of its file, checked as a whole before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from hpo import models
from hpo.definition.constraints import read_constraints
from hpo.definition.effort import check_effort
from hpo.definition.metrics import read_metric
from hpo.definition.possible import check_possible
from hpo.definition.settings import (
    ComparisonSettings,
    DataSettings,
    FinalSettings,
    RoundSettings,
    SearchSettings,
    check_field,
)
from hpo.definition.spaces import REQUIRE, read_space
from hpo.definition.study import COMPARISON_DATA, COMPARISON_SEARCH, StudyDefinition
from hpo.definition.tables import check_keys, read_table, read_value
from hpo.definition.trainers.base import TrainerSettings
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.definition.trainers.kinds import read_trainer
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.models.bounds import Rule, Text, Whole, declared, shown
from hpo.searching.metric import ACCURACY, Direction, Metric
from hpo.searching.proposing import CMAES, GRID
from hpo.searching.space import Numeric, SearchSpace
from hpo.storage.errors import UserError

TABLES = (
    "title",
    "seed",
    "data",
    "model",
    "training",
    "trainer",
    "metric",
    "space",
    "search",
    "constraints",
    "rounds",
    "final",
    "comparison",
)


TITLE = Text(300)


SEED = Whole(0, 2**53 - 1)


"""The largest number that JSON readers everywhere hold exactly."""


MOST_ROUNDS = 100


V = TypeVar("V")


def read_definition(name: str, tables: Mapping[str, Any]) -> StudyDefinition:
    """Return the definition that `tables` (a parsed study file) declares.

    Raises UserError naming the first mistake.
    """
    _check_tables(tables)
    if "rounds" in tables and "comparison" in tables:
        raise UserError(
            "both [[rounds]] and [comparison] are there; a study searches in rounds or compares a grid: remove one"
        )
    compares = "comparison" in tables
    if compares and "trainer" in tables:
        raise UserError("[comparison] draws learning curves of the networks that come along; give [[rounds]] to search")
    trainer = read_trainer(tables)
    ours = isinstance(trainer, NetworkTrainer)
    for key in (*(("data",) if ours else ()), *(() if compares else ("space", "rounds"))):
        if key not in tables:
            hint = "; or give [comparison], to compare the configs of a grid" if key == "rounds" else ""
            raise UserError(f"the table {'[[rounds]]' if key == 'rounds' else f'[{key}]'} is missing{hint}")
    definition = StudyDefinition(
        name=name,
        title=_checked("title", read_value(str, tables.get("title", name), "title"), TITLE),
        seed=_checked("seed", read_value(int, tables.get("seed", 0), "seed"), SEED),
        trainer=trainer,
        metric=_read_metric(tables, trainer),
        space=read_space(tables.get("space", {}), may_be_empty=compares),
        **(_read_comparison(tables) if compares else _read_search(tables, ours=ours)),
    )
    _check_amounts(definition.search, definition.metric)
    constraints = read_constraints(tables.get("constraints", ()), definition.metric, definition.search.max_gap)
    if constraints:
        definition = dataclasses.replace(definition, constraints=constraints)
    if definition.search.sampler == GRID:
        _check_grid(definition)
    check_possible(definition.space, grid=definition.search.sampler == GRID)
    check_effort(definition)
    definition.trainer.check_space(definition.space)
    if definition.search.sampler == CMAES:
        _check_ranges(definition.space)
    return definition


def _check_tables(tables: Mapping[str, Any]) -> None:
    """Raise UserError for a table that no study has; a field of one, given alone, is named with its table."""
    for key in tables:
        if key not in TABLES and (homes := [f"{table}.{key}" for table, fields in _homes() if key in fields]):
            raise UserError(f"{key}: unknown key; did you mean {' or '.join(homes)}?")
    check_keys(tables, TABLES, "")


def _homes() -> Iterator[tuple[str, Collection[str]]]:
    """Yield the tables of a study file, each with the names of its fields."""
    yield "model", {name for kind in models.NETWORKS.values() for name in declared(kind.description)} | {"network"}
    yield "training", declared(models.TrainingSettings)
    yield "data", declared(DataSettings)
    yield "space", (REQUIRE,)
    yield "search", declared(SearchSettings)
    yield "rounds.0", declared(RoundSettings)
    yield "final", declared(FinalSettings)
    yield "comparison", declared(ComparisonSettings)


def _checked(name: str, value: V, rule: Rule) -> V:
    try:
        check_field(name, value, rule)
    except ValueError as error:
        raise UserError(str(error)) from error
    return value


def _check_amounts(search: SearchSettings, metric: Metric) -> None:
    """Raise UserError where a difference of two shares is none that there can be."""
    if not metric.is_share:
        return
    if search.max_gap is not None and search.max_gap > 1:
        raise UserError(
            f"search: max_gap = {search.max_gap}; it is a difference of two accuracies, such as 0.1, and must lie in "
            "0 .. 1"
        )
    if search.min_gain >= 1:
        raise UserError(
            f"search: min_gain = {search.min_gain}; it is a share of accuracy, such as 0.002, and must lie in 0 .. 1 "
            "(0: all rounds are opened)"
        )


def _read_metric(tables: Mapping[str, Any], trainer: TrainerSettings) -> Metric:
    direction: Direction | None = "maximize" if isinstance(trainer, EstimatorTrainer) else None
    metric = read_metric(tables["metric"], direction=direction) if "metric" in tables else ACCURACY
    if isinstance(trainer, NetworkTrainer) and metric != ACCURACY:
        raise UserError(f"metric: our networks are scored by their accuracy, not by {metric.name}; remove [metric]")
    return metric


def _read_search(tables: Mapping[str, Any], *, ours: bool) -> dict[str, Any]:
    """Return the fields of a definition that only a search has, or that are read otherwise for a comparison.

    Whoever trains something else than `ours` need not say samples and epochs, which may mean nothing there.
    """
    rounds = tables["rounds"]
    if not isinstance(rounds, list) or not rounds:
        raise UserError("rounds: at least one [[rounds]] table with trials, samples and epochs is needed")
    if len(rounds) > MOST_ROUNDS:
        raise UserError(f"rounds: there are {len(rounds):,}, and a study has at most {MOST_ROUNDS}; remove some")
    sizes = {} if ours else {"samples": 0, "epochs": 1}
    rounds = [{**sizes, **each} if isinstance(each, Mapping) else each for each in rounds]
    read = tuple(read_table(RoundSettings, each, f"rounds.{i}") for i, each in enumerate(rounds))
    final = tables.get("final", {})
    if not ours and isinstance(final, Mapping):
        final = {"epochs": read[-1].epochs, **final}
    data = read_table(DataSettings, tables.get("data", {}), "data")
    if ours and data.dataset is None:
        raise UserError("data: dataset is missing")
    return {
        "data": data,
        "search": read_table(SearchSettings, tables.get("search", {}), "search"),
        "rounds": read,
        "final": read_table(FinalSettings, final, "final"),
    }


def _read_comparison(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same fields for a comparison: all of the holdout scores, the sampler is the grid, nothing stops."""
    if "constraints" in tables:
        raise UserError("[[constraints]] does not go with [comparison]: a comparison picks no config; remove it")
    if "final" in tables:
        raise UserError(
            "[final] does not go with [comparison]: a comparison picks no config, so none is to confirm; remove it"
        )
    data = _only(tables["data"], DataSettings, COMPARISON_DATA, "data")
    search = _only(tables.get("search", {}), SearchSettings, COMPARISON_SEARCH, "search")
    if search.get("sampler", GRID) != GRID:
        raise UserError(
            f"search.sampler = {search['sampler']!r}: a [comparison] trains every config of its grid; "
            f'write sampler = "{GRID}", or leave it out'
        )
    everything = {"validation": data["holdout"]} if "holdout" in data else {}
    return {
        "data": read_table(DataSettings, {**data, **everything, "confirmation": 0}, "data"),
        "search": SearchSettings(sampler=GRID, rungs=()),
        "rounds": (),
        "comparison": read_table(ComparisonSettings, tables["comparison"], "comparison"),
    }


def _only(table: object, cls: type, fields: Sequence[str], where: str) -> Mapping[str, Any]:
    """Return `table` if it has no other than `fields`, of all that `cls` has for a search."""
    if not isinstance(table, Mapping):
        raise UserError(f"{where}: expected a table, found {shown(table)}")
    check_keys(table, [each.name for each in dataclasses.fields(cls)], where)
    for key in table:
        if key not in fields:
            raise UserError(f"{where}.{key} does not go with [comparison]: it is for searches; remove it")
    return table


def _check_grid(definition: StudyDefinition) -> None:
    """Raise UserError unless the grid is finite, and every round has a trial for each of its configs."""
    for name, hyperparameter in definition.space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric):
            raise UserError(
                f"space.{name}: a grid has no ranges; write choices = [...] with the values to try, in place of "
                "start and limits, or take another sampler"
            )
    size = definition.space.grid_size()
    for i, each in enumerate(definition.rounds):
        if each.trials != size:
            raise UserError(
                f"rounds.{i}.trials = {each.trials}, but the grid of [space] has {size} configs, and a round tries "
                f"each once; set trials = {size}"
            )


def _check_ranges(space: SearchSpace) -> None:
    """Raise UserError unless every hyperparameter is a range, which is all that a normal distribution can learn."""
    for name, hyperparameter in space.hyperparameters.items():
        if not isinstance(hyperparameter, Numeric):
            raise UserError(
                f"space.{name} is a choice, which {CMAES} would draw at random however well the others score; give it "
                "as a range with start and limits, fix it in [model] or [training], or take another sampler (tpe)"
            )
