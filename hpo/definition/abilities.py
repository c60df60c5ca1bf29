"""What a trainer can do; each thing that it cannot costs a study the claims that rest on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a trainer takes into account, and hence what a study may claim.

    seed: the same seed gives the same scores. Without, there are no paired runs and no promise of the same bits.
    samples: it trains on as many examples as it is told, and on those that it is told. Without, there is no subset,
    nothing is carried over to all of the data, and seeds alone confirm.
    rungs: it stops on the way and can be judged there. Without, every trial is trained to its end.
    test: there is a test set that it can be scored on. Without, none is opened.
    """

    seed: bool = True
    samples: bool = True
    rungs: bool = True
    test: bool = True


EVERYTHING = Abilities()

_WITHOUT: Mapping[str, str] = {
    "seed": "takes no seed: no paired runs, and no promise of the same numbers",
    "samples": "is not told which examples train: no subset, and nothing is carried over to all of the data",
    "rungs": "is not scored on the way: every trial is trained to its end",
    "test": "has no test set: none is evaluated",
}


def cost(name: str, abilities: Abilities) -> str | None:
    """Return one line that says what the trainer called `name` cannot do, and what that costs; None for nothing."""
    lacking = [text for ability, text in _WITHOUT.items() if not getattr(abilities, ability)]
    return f"{name} {'; it '.join(lacking)}" if lacking else None
