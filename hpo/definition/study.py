"""What a study is: the frozen StudyDefinition, everything that decides its result."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hpo import models
from hpo.definition.settings import (
    ComparisonSettings,
    DataSettings,
    FinalSettings,
    RoundSettings,
    SearchSettings,
)
from hpo.definition.space_record import space_record
from hpo.definition.tables import read_table
from hpo.searching.space import Config, SearchSpace, Value, unpacked
from hpo.storage.errors import UserError

S = TypeVar("S", bound=models.NetworkDescription | models.TrainingSettings)


@dataclass(frozen=True)
class StudyDefinition:
    """Everything that decides a study's result. Two equal definitions on equal data give equal good values.

    A study searches in `rounds` and a final part, or it is a `comparison` and has neither.
    """

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
    comparison: ComparisonSettings | None = None

    @property
    def rounds_to_open(self) -> int:
        """How many rounds there are in all; a comparison opens one, with the whole grid."""
        return len(self.rounds) or 1

    def same_size_from(self, number: int) -> bool:
        """Say whether the rounds from `number` (from 1) on take as many samples and epochs as the one before them."""
        return len({(each.samples, each.epochs) for each in self.rounds[number - 2 :]}) == 1

    def on_the_data_of(self, begun: StudyDefinition) -> StudyDefinition:
        """Return the same as it would have been written when `begun` was: with its path, and its numbers of images.

        Another path to the same images is no change, nor are numbers that are left to be derived: data are known by
        their SHA-256.
        """
        data = dataclasses.replace(self.data.completed(begun.data), dataset=begun.data.dataset)
        return dataclasses.replace(self, data=data)

    def settings(self, config: Config) -> tuple[models.NetworkDescription, models.TrainingSettings]:
        """Return the network and training settings of `config`: the definition's own, with the config's values put in.

        What the space fixes is put in as well.

        A value that is a table sets several fields. Where a field is named twice, the later value holds. Raises
        UserError where a value does not fit its field.
        """
        whole = self.space.whole(config)
        values = {key: value for name, packed in whole.items() for key, value in _set_by(name, packed).items()}
        of_training = {name: value for name, value in values.items() if name in fields_of_settings(self.training)}
        of_network = {name: value for name, value in values.items() if name not in of_training}
        return _with_values(self.network, of_network), _with_values(self.training, of_training)

    def record(self) -> dict[str, Any]:
        """Return the definition as JSON-able tables, in the form of the TOML file."""
        tables: dict[str, Any] = {
            "title": self.title,
            "seed": self.seed,
            "data": {key: value for key, value in dataclasses.asdict(self.data).items() if value is not None},
            "model": {"network": models.name_of(self.network)} | dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "space": space_record(self.space),
            "search": {key: value for key, value in dataclasses.asdict(self.search).items() if value is not None},
        }
        if self.comparison is None:
            tables["rounds"] = [dataclasses.asdict(each) for each in self.rounds]
            tables["final"] = dataclasses.asdict(self.final)
        else:
            tables["data"] = {key: tables["data"][key] for key in COMPARISON_DATA if key in tables["data"]}
            tables["search"] = {key: tables["search"][key] for key in COMPARISON_SEARCH}
            tables["comparison"] = dataclasses.asdict(self.comparison)
        plain: dict[str, Any] = json.loads(json.dumps(tables))
        return plain


COMPARISON_DATA = ("dataset", "holdout")


COMPARISON_SEARCH = ("sampler",)


def _set_by(name: str, value: Value) -> dict[str, Any]:
    """Return the fields that the hyperparameter `name` sets where it is `value`."""
    plain = unpacked(value)
    return plain if isinstance(plain, dict) else {name: plain}


def fields_of_settings(settings: models.NetworkDescription | models.TrainingSettings) -> list[str]:
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
