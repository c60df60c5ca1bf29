"""Our networks as a trainer: the tables [model] and [training], whose fields are what a space may search."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hpo import models
from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.definition.tables import check_keys, read_table
from hpo.models.bounds import shown
from hpo.searching.space import Config, Hyperparameter, Numeric, SearchSpace, Value, to_try, unpacked
from hpo.storage.errors import UserError

if TYPE_CHECKING:
    from hpo.definition.study import StudyDefinition

S = TypeVar("S", bound=models.NetworkDescription | models.TrainingSettings)


@dataclass(frozen=True)
class NetworkTrainer:
    """A network of hpo.models and how it is trained, where a config says nothing else."""

    network: models.NetworkDescription
    training: models.TrainingSettings

    @property
    def abilities(self) -> Abilities:
        """Everything."""
        return EVERYTHING

    def tables(self) -> dict[str, Any]:
        """Return the tables [model] and [training]."""
        return {
            "model": {"network": models.name_of(self.network)} | dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
        }

    def settings(self, config: Config) -> tuple[models.NetworkDescription, models.TrainingSettings]:
        """Return the network and training settings of `config`: the declared ones, with the config's values put in.

        A value that is a table sets several fields. Where a field is named twice, the later value holds. Raises
        UserError where a value does not fit its field.
        """
        values = {key: value for name, packed in config.items() for key, value in _set_by(name, packed).items()}
        of_training = {name: value for name, value in values.items() if name in _fields_of_settings(self.training)}
        of_network = {name: value for name, value in values.items() if name not in of_training}
        return _with_values(self.network, of_network), _with_values(self.training, of_training)

    def plain(self, config: Config) -> Mapping[str, Any]:
        """Return the fields of network and training by name."""
        network, training = self.settings(config)
        return {name: getattr(each, name) for each in (network, training) for name in _fields_of_settings(each)}

    def check(self, config: Config) -> None:
        """Raise UserError where the values do not fit their fields, or each other."""
        network, training = self.settings(config)
        try:
            models.check_averaging(network, training)
        except ValueError as error:
            raise UserError(str(error)) from error

    def check_space(self, space: SearchSpace) -> None:
        """Try the declared settings, and in them the ends of every hyperparameter's limits, and every choice."""
        self.check({})
        searchable = [*_fields_of_settings(self.training), *_fields_of_settings(self.network)]
        for name, value in space.fixed.items():
            check_keys(dict.fromkeys(_set_by(name, value)), searchable, "space")
            self._check_in_space(space, name, value)
        set_by: dict[str, str] = {}
        for name, hyperparameter in space.hyperparameters.items():
            for field_name, where in _fields_of(name, hyperparameter).items():
                check_keys({field_name: None}, searchable, where)
                if set_by.setdefault(field_name, name) != name:
                    raise UserError(
                        f"space.{set_by[field_name]} and space.{name} both set {field_name}; take it out of one of them"
                    )
            for value in to_try(hyperparameter):
                self._check_in_space(space, name, value)

    def _check_in_space(self, space: SearchSpace, name: str, value: Value) -> None:
        try:
            self.check(space.whole({name: value}))
        except UserError as error:
            whole = isinstance(value, float) and "whole number" in str(error)
            hint = f'; write type = "int" in [space.{name}]' if whole else ""
            raise UserError(f"space.{name}: {error}{hint}") from error

    def updates(self, config: Config, samples: int, epochs: int) -> int:
        """Return the steps of a training."""
        return epochs * models.steps_per_epoch(samples, self.settings(config)[1].batch_size)


def read_networks(tables: Mapping[str, Any]) -> NetworkTrainer:
    """Return what the tables [model] and [training] declare. Raises UserError for what is wrong in them."""
    model = dict(tables["model"]) if isinstance(tables["model"], Mapping) else {}
    kind = model.pop("network", None)
    if not isinstance(kind, str) or kind not in models.NETWORKS:
        raise UserError(f"model.network = {shown(kind)}; known networks: {', '.join(models.NETWORKS)}")
    return NetworkTrainer(
        network=read_table(models.NETWORKS[kind].description, model, "model"),
        training=read_table(models.TrainingSettings, tables.get("training", {}), "training"),
    )


def networks_of(definition: StudyDefinition) -> NetworkTrainer:
    """Return the trainer of a study that trains our networks. Raises UserError for any other study."""
    if not isinstance(definition.trainer, NetworkTrainer):
        raise UserError(
            f"{definition.name} trains none of the networks that come along ([model]), but what you gave it"
        )
    return definition.trainer


def _set_by(name: str, value: Value) -> dict[str, Any]:
    """Return the fields that the hyperparameter `name` sets where it is `value`."""
    plain = unpacked(value)
    return plain if isinstance(plain, dict) else {name: plain}


def _fields_of(name: str, hyperparameter: Hyperparameter) -> dict[str, str]:
    """Return the fields that a hyperparameter sets, each with the place where the study file says so."""
    if isinstance(hyperparameter, Numeric):
        return {name: "space"}
    tables = [unpacked(choice) for choice in hyperparameter.choices]
    if not isinstance(tables[0], dict):
        return {name: "space"}
    return {key: f"space.{name}.choices.{i}" for i, table in reversed([*enumerate(tables)]) for key in table}


def _fields_of_settings(settings: models.NetworkDescription | models.TrainingSettings) -> list[str]:
    """Return the names of the fields of a network's description, or of training settings."""
    return [each.name for each in dataclasses.fields(settings)]


def _with_values(settings: S, values: Mapping[str, Any]) -> S:
    """Return `settings` with `values` in their fields; a whole number fills every place of a list of sizes."""
    filled = {name: _spread(name, getattr(settings, name, None), value) for name, value in values.items()}
    return read_table(type(settings), dataclasses.asdict(settings) | filled, "")


def _spread(name: str, current: object, value: object) -> object:
    if not isinstance(current, tuple) or not isinstance(value, int):
        return value
    if not current:
        raise UserError(
            f"{value!r} sets all entries of model.{name}, but that is an empty list; give it an entry for each layer"
        )
    return [value] * len(current)
