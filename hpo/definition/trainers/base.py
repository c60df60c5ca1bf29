"""What a study's definition knows of its trainer, whatever kind it is; how it trains is said in hpo.training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hpo.definition.abilities import Abilities
from hpo.searching.space import Config, SearchSpace, unpacked


class TrainerSettings(Protocol):
    """The declared settings of a trainer: a frozen value that can be compared."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    def tables(self) -> dict[str, Any]:
        """Return the tables of a study file that declare it."""

    def check(self, config: Config) -> None:
        """Raise UserError where the values of `config`, some of a space's, cannot be trained with."""

    def check_space(self, space: SearchSpace) -> None:
        """Raise UserError where a hyperparameter of `space` is none that it has, or has values that do not fit."""

    def plain(self, config: Config) -> Mapping[str, Any]:
        """Return what is known of a training by name: the trainer's own settings with the values of `config` in them.

        `learning_rate`, `weight_decay`, `batch_size`, `momentum` and `optimizer` mean what they mean everywhere, and
        are missing where nobody says them.
        """

    def updates(self, config: Config, samples: int, epochs: int) -> int | None:
        """Return how many updates a training on so many samples makes; None where that is not known."""


class OwnMeaning:
    """What settings have in common of trainers whose hyperparameters mean what somebody else says."""

    def check(self, config: Config) -> None:
        """Take any values."""

    def check_space(self, space: SearchSpace) -> None:
        """Take any hyperparameters."""

    def plain(self, config: Config) -> Mapping[str, Any]:
        """Return the config."""
        return {name: unpacked(value) for name, value in config.items()}

    def updates(self, config: Config, samples: int, epochs: int) -> int | None:
        """Return None: how it counts is its own."""
        del config, samples, epochs
        return None
