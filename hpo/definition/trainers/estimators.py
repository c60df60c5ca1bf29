"""A scikit-learn estimator as a trainer: the table [trainer] with an import path, or with the steps of a pipeline.

Nothing is imported to read it: a definition may come out of a database. What the estimator takes is checked by
`hpo.training.estimator_door`, with the study file at hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hpo.definition.abilities import Abilities
from hpo.definition.tables import check_keys, read_value
from hpo.definition.trainers.base import TrainerSettings
from hpo.models.bounds import shown
from hpo.searching.space import Config, SearchSpace, unpacked
from hpo.storage.errors import UserError

ADVANCES = ("partial_fit", "n_estimators", "max_iter", "nothing")
"""How a training goes on from a rung: by more calls of partial_fit, by warm_start with more trees or iterations, or not
at all: then it is trained in one go and has no rungs."""

RESERVED = ("learning_rate", "weight_decay", "batch_size", "momentum", "optimizer")
"""Names that mean something for every trainer, and other things for some estimators: not told to the search."""

IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_STEP = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pipeline: its name, and where its class is imported from, "package.module:Class"."""

    name: str
    estimator: str


@dataclass(frozen=True)
class EstimatorTrainer:
    """What [trainer] says of an estimator.

    `steps`: one without a name where it is a single estimator. `parameters`: those that are fixed, of a pipeline by
    `step__name`. `advance`: see ADVANCES; None is not known yet, and settled when the study begins.
    """

    steps: tuple[Step, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    advance: str | None = None

    @property
    def is_pipeline(self) -> bool:
        """Whether its hyperparameters are called `step__name`."""
        return bool(self.steps[0].name)

    @property
    def name(self) -> str:
        """What it is called in sentences: the class of the last step."""
        return self.steps[-1].estimator.partition(":")[2]

    def of_last(self, name: str) -> str:
        """Return what the parameter `name` of the last step is called."""
        return f"{self.steps[-1].name}__{name}" if self.is_pipeline else name

    def names_a_class(self, name: str) -> bool:
        """Say whether the fixed parameter `name` is another estimator, by its import path."""
        value = self.parameters.get(name)
        return isinstance(value, str) and IMPORT_PATH.fullmatch(value) is not None

    @property
    def abilities(self) -> Abilities:
        """Everything, but rungs only where the estimator can go on from one."""
        return Abilities(rungs=self.advance not in (None, "nothing"))

    def completed(self, other: TrainerSettings) -> EstimatorTrainer:
        """Return the same with how `other` goes on from a rung, if that is the same estimator and it is not said."""
        if self.advance is None and isinstance(other, EstimatorTrainer) and other.steps == self.steps:
            return replace(self, advance=other.advance)
        return self

    def tables(self) -> dict[str, Any]:
        """Return the table [trainer]."""
        table: dict[str, Any] = (
            {"steps": [{"name": each.name, "estimator": each.estimator} for each in self.steps]}
            if self.is_pipeline
            else {"estimator": self.steps[0].estimator}
        )
        if self.parameters:
            table["parameters"] = dict(self.parameters)
        if self.advance is not None:
            table["advance"] = self.advance
        return {"trainer": table}

    def values(self, config: Config) -> dict[str, Any]:
        """Return the parameters of a training: the fixed ones, and those of `config`, of which a table sets several."""
        values = dict(self.parameters)
        for name, packed in config.items():
            plain = unpacked(packed)
            values.update(plain if isinstance(plain, dict) else {name: plain})
        return values

    def check(self, config: Config) -> None:
        """Raise UserError where a hyperparameter names no step of the pipeline."""
        for name in self.values(config):
            self._check_name(name)

    def check_space(self, space: SearchSpace) -> None:
        """Raise UserError where a hyperparameter is fixed, too, or names no step of the pipeline."""
        for name, hyperparameter in [*space.hyperparameters.items(), *space.fixed.items()]:
            choices = [unpacked(each) for each in getattr(hyperparameter, "choices", ())]
            for key in {key: None for each in choices if isinstance(each, dict) for key in each} or {name: None}:
                if key in self.parameters:
                    raise UserError(f"space.{name} and trainer.parameters both set {key}; take it out of one of them")
                self._check_name(key)

    def plain(self, config: Config) -> Mapping[str, Any]:
        """Return the parameters by name, without those whose names mean other things elsewhere."""
        return {name: value for name, value in self.values(config).items() if name not in RESERVED}

    def updates(self, config: Config, samples: int, epochs: int) -> None:  # noqa: ARG002 - estimators don't say
        """Return None: estimators do not say."""
        return

    def _check_name(self, name: str) -> None:
        if not name.isidentifier():
            raise UserError(f"{shown(name)} is no name of a parameter; expected a word, such as max_depth")
        last = name.rpartition("__")[2]
        if last == "random_state":
            raise UserError(f"{name} is set by the seed of each training; remove it")
        if self.is_pipeline and name.partition("__")[0] not in [step.name for step in self.steps]:
            steps = ", ".join(f"{step.name}__..." for step in self.steps)
            raise UserError(f"{name} belongs to no step; the hyperparameters of this pipeline are called {steps}")


def read_estimator(table: Mapping[str, Any]) -> EstimatorTrainer:
    """Return what [trainer] with `estimator` or `steps` declares. Raises UserError for what is wrong in it."""
    check_keys(table, ("estimator", "steps", "parameters", "advance"), "trainer")
    parameters = table.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise UserError(f"trainer.parameters = {shown(parameters)}; expected a table, such as max_iter = 200")
    advance = table.get("advance")
    if advance is not None and advance not in ADVANCES:
        raise UserError(f"trainer.advance = {shown(advance)}; it must be one of {', '.join(ADVANCES)}")
    steps = _read_steps(table["steps"]) if "steps" in table else (Step("", _path(table["estimator"], "estimator")),)
    made = EstimatorTrainer(steps, dict(parameters), advance)
    for name in parameters:
        made._check_name(name)
    return made


def _read_steps(steps: object) -> tuple[Step, ...]:
    if not isinstance(steps, list | tuple) or not steps:
        raise UserError('trainer.steps: expected a list such as [{name = "model", estimator = "package.module:Class"}]')
    made = []
    for i, each in enumerate(steps):
        where = f"trainer.steps.{i}"
        if not isinstance(each, Mapping):
            raise UserError(f"{where} = {shown(each)}; expected a table with name and estimator")
        check_keys(each, ("name", "estimator"), where)
        for key in ("name", "estimator"):
            if key not in each:
                raise UserError(f"{where}.{key} is missing; a step has a name and an estimator")
        name = read_value(str, each["name"], f"{where}.name")
        if not _STEP.fullmatch(name) or "__" in name:
            raise UserError(f"{where}.name = {shown(name)}; expected a word, in which no two underscores meet")
        made.append(Step(name, _path(each["estimator"], f"steps.{i}.estimator")))
    names = [step.name for step in made]
    if len(set(names)) < len(names):
        raise UserError(f"trainer.steps: several steps are called {max(names, key=names.count)!r}; rename them")
    return tuple(made)


def _path(value: object, where: str) -> str:
    if not isinstance(value, str) or not IMPORT_PATH.fullmatch(value):
        raise UserError(
            f'trainer.{where} = {shown(value)}; expected "package.module:Class", such as "sklearn.linear_model:Ridge"'
        )
    return value
