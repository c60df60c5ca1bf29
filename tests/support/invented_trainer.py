"""A kind of trainer that trains nothing, for studies of any metric whose scores a test invents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo.definition.abilities import EVERYTHING, Abilities
from hpo.searching.space import Config, SearchSpace

KIND = "invented"


@dataclass(frozen=True)
class Invented:
    """Its settings: none."""

    abilities: Abilities = EVERYTHING

    def tables(self) -> dict[str, Any]:
        return {"trainer": {KIND: True}}

    def check(self, config: Config) -> None: ...

    def check_space(self, space: SearchSpace) -> None: ...

    def plain(self, config: Config) -> Mapping[str, Any]:
        return config

    def updates(self, config: Config, samples: int, epochs: int) -> int | None:
        return None
