"""What a study is: the frozen StudyDefinition that a TOML file says, checked as a whole before anything runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import models
from hpo.proposing import SAMPLERS
from hpo.reading import check_keys, read_table, read_value
from hpo.space import Config, Numeric, SearchSpace, Value, read_hyperparameter
from storage.errors import UserError

NETWORKS: dict[str, type[models.NetworkDescription]] = {
    "mlp": models.MultiLayerNetDescription,
    "convnet": models.ConvNetDescription,
}

S = TypeVar("S", bound=models.MultiLayerNetDescription | models.ConvNetDescription | models.TrainingSettings)


def _require(rule: bool, text: str) -> None:
    if not rule:
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Which images, and how many are set aside: `holdout` of the train file are never trained on.

    A trial of the search is scored on the first `validation` of the holdout, a confirmation run on `confirmation`
    others, a run on all of the data on the whole holdout.
    """

    dataset: str
    holdout: int = 10_000
    validation: int = 500
    confirmation: int = 2_000

    def __post_init__(self) -> None:
        _require(self.validation >= 10, f"validation = {self.validation}; at least 10 images must score a trial")
        _require(self.confirmation >= 10, f"confirmation = {self.confirmation}; at least 10 images must score a run")
        _require(
            self.validation + self.confirmation <= self.holdout,
            f"validation + confirmation = {self.validation + self.confirmation} images, but only holdout = "
            f"{self.holdout} are set aside; raise holdout",
        )


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How rounds are run: the sampler, how many groups of images train each config, and the rungs of early stopping.

    `rungs` are shares of the training; at each the best `keep` share of the round's trials goes on.
    """

    sampler: str = "lattice"
    groups: int = 1
    rungs: tuple[float, ...] = (0.25, 0.5)
    keep: float = 0.5

    def __post_init__(self) -> None:
        _require(self.sampler in SAMPLERS, f"sampler = {self.sampler!r}; known samplers: {', '.join(SAMPLERS)}")
        _require(self.groups >= 1, f"groups = {self.groups}; it must be at least 1")
        _require(
            list(self.rungs) == sorted(set(self.rungs)) and all(0 < rung < 1 for rung in self.rungs),
            f"rungs = {list(self.rungs)}; they must be rising shares of the training between 0 and 1",
        )
        _require(len(set(self.percents)) == len(self.percents), "rungs must differ by at least 1 % of the training")
        _require(0 < self.keep <= 1, f"keep = {self.keep}; it must lie in 0 .. 1 (1 stops nothing)")

    @property
    def percents(self) -> tuple[int, ...]:
        """The rungs in percent of the training, its end included."""
        return (*(max(1, round(100 * share)) for share in self.rungs), 100)


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """One round: how many trials, on how many training images a group, for how many epochs."""

    trials: int
    samples: int
    epochs: int

    def __post_init__(self) -> None:
        for name in ("trials", "samples", "epochs"):
            _require(getattr(self, name) >= 1, f"{name} = {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class FinalSettings:
    """After the last round: `good_values` configs race over `race_runs` fresh runs each.

    Those that cannot be told from the best get `confirmation_runs` more, and are trained on all of the data for
    `epochs` epochs with `seeds` seeds.
    """

    good_values: int = 5
    race_runs: int = 3
    confirmation_runs: int = 5
    seeds: int = 3
    epochs: int = 10

    def __post_init__(self) -> None:
        for name in ("good_values", "seeds", "epochs"):
            _require(getattr(self, name) >= 1, f"{name} = {getattr(self, name)}; it must be at least 1")
        for name in ("race_runs", "confirmation_runs"):
            _require(getattr(self, name) >= 2, f"{name} = {getattr(self, name)}; an interval needs at least 2 runs")


@dataclass(frozen=True)
class StudyDefinition:
    """Everything that decides a study's result. Two equal definitions on equal data give equal good values."""

    name: str
    title: str
    data: DataSettings
    network: models.NetworkDescription
    training: models.TrainingSettings
    space: SearchSpace
    rounds: tuple[RoundSettings, ...]
    search: SearchSettings = field(default_factory=SearchSettings)
    final: FinalSettings = field(default_factory=FinalSettings)
    seed: int = 0

    def settings(self, config: Config) -> tuple[models.NetworkDescription, models.TrainingSettings]:
        """Return the network and training settings of `config`: the definition's own, with the config's values put in.

        Raises UserError where a value does not fit its field.
        """
        network, training = self.network, self.training
        for name, value in config.items():
            if name in _fields(training):
                training = _put(training, name, value)
            else:
                network = _put(network, name, value)
        return network, training

    def record(self) -> dict[str, Any]:
        """Return the definition as JSON-able tables, in the form of the TOML file."""
        kind = next(kind for kind, cls in NETWORKS.items() if isinstance(self.network, cls))
        space = {name: _hyperparameter_record(h) for name, h in self.space.hyperparameters.items()}
        tables = {
            "title": self.title,
            "seed": self.seed,
            "data": dataclasses.asdict(self.data),
            "model": {"network": kind} | dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "space": space,
            "search": dataclasses.asdict(self.search),
            "rounds": [dataclasses.asdict(each) for each in self.rounds],
            "final": dataclasses.asdict(self.final),
        }
        plain: dict[str, Any] = json.loads(json.dumps(tables))
        return plain


def read_definition(name: str, tables: Mapping[str, Any]) -> StudyDefinition:
    """Return the definition that `tables` (a parsed study file) declares.

    Raises UserError naming the first mistake.
    """
    known = ("title", "seed", "data", "model", "training", "space", "search", "rounds", "final")
    check_keys(tables, known, "")
    for key in ("data", "model", "space", "rounds"):
        if key not in tables:
            raise UserError(f"the table {'[[rounds]]' if key == 'rounds' else f'[{key}]'} is missing")
    model = dict(tables["model"]) if isinstance(tables["model"], Mapping) else {}
    kind = model.pop("network", None)
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise UserError(f"model.network = {kind!r}; known networks: {', '.join(NETWORKS)}")
    rounds = tables["rounds"]
    if not isinstance(rounds, list) or not rounds:
        raise UserError("rounds: at least one [[rounds]] table with trials, samples and epochs is needed")
    space = tables["space"]
    if not isinstance(space, Mapping) or not space:
        raise UserError("space: at least one [space.NAME] table is needed, or there is nothing to search")
    definition = StudyDefinition(
        name=name,
        title=read_value(str, tables.get("title", name), "title"),
        seed=read_value(int, tables.get("seed", 0), "seed"),
        data=read_table(DataSettings, tables["data"], "data"),
        network=read_table(NETWORKS[kind], model, "model"),
        training=read_table(models.TrainingSettings, tables.get("training", {}), "training"),
        space=SearchSpace({str(key): read_hyperparameter(str(key), table) for key, table in space.items()}),
        search=read_table(SearchSettings, tables.get("search", {}), "search"),
        rounds=tuple(read_table(RoundSettings, each, f"rounds.{i}") for i, each in enumerate(rounds)),
        final=read_table(FinalSettings, tables.get("final", {}), "final"),
    )
    if definition.seed < 0:
        raise UserError(f"seed = {definition.seed}; it must be 0 or more")
    _check_space(definition)
    return definition


def _check_space(definition: StudyDefinition) -> None:
    """Try the ends of every hyperparameter's limits, and every choice, in the settings they are for."""
    for name, hyperparameter in definition.space.hyperparameters.items():
        searchable = [*_fields(definition.training), *_fields(definition.network)]
        check_keys({name: None}, searchable, "space")
        if isinstance(hyperparameter, Numeric):
            low, high = hyperparameter.limits.low, hyperparameter.limits.high
            values: tuple[Value, ...] = (hyperparameter.from_axis(hyperparameter.to_axis(low)), high)
        else:
            values = hyperparameter.choices
        for value in values:
            try:
                definition.settings({name: value})
            except UserError as error:
                raise UserError(f"space.{name}: {error}") from error


def _fields(settings: models.NetworkDescription | models.TrainingSettings) -> list[str]:
    return [each.name for each in dataclasses.fields(settings)]


def _put(settings: S, name: str, value: Value) -> S:
    """Return `settings` with `value` in the field `name`; a whole number fills every place of a list of sizes."""
    current = getattr(settings, name, None)
    plain: Any = json.loads(value) if isinstance(value, str) and value.startswith("[") else value
    if isinstance(current, tuple) and isinstance(plain, int):
        if not current:
            raise UserError(f"{value!r} is the size of every place of model.{name}, which has none; give it places")
        plain = [plain] * len(current)
    return read_table(type(settings), dataclasses.asdict(settings) | {name: plain}, "")


def _hyperparameter_record(hyperparameter: object) -> dict[str, Any]:
    if isinstance(hyperparameter, Numeric):
        return {
            "type": "int" if hyperparameter.integer else "float",
            "log": hyperparameter.log,
            "start": [hyperparameter.start.low, hyperparameter.start.high],
            "limits": [hyperparameter.limits.low, hyperparameter.limits.high],
        }
    choices = [json.loads(c) if isinstance(c, str) and c.startswith("[") else c for c in hyperparameter.choices]  # type: ignore[attr-defined]
    return {"type": "categorical", "choices": choices}
