"""Whether a trainer takes its seed into account: the first trial of a study, trained again with it and with another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hpo.searching.queued import QueuedTrial
from hpo.searching.seeds import REPRODUCE, derived_seed

REPRODUCED = "trained again"
"""The attribute of the trial that says what came out."""


def is_first(attributes: Mapping[str, Any]) -> bool:
    """Say whether these are the attributes of a study's first trial, which is the one that is trained again."""
    return attributes.get("stage") is None and (attributes.get("round"), attributes.get("index")) == (1, 0)


OTHERS = 3
"""Where other seeds give the same score, so many are tried before that is said."""


def other_seeds(seed: int) -> list[int]:
    """Return the other seeds that it is trained with."""
    return [derived_seed(seed, REPRODUCE, i) for i in range(OTHERS)]


def outcome(
    value: float, again: tuple[float, float | None] | None, same: bool, *, tried: int, differs: bool
) -> dict[str, Any]:
    """Return what is kept: the trial's value at its first rung, and that of the same training done `again`.

    `again` is None where that failed; `same` says whether it was the same. `tried` are the other seeds, the last of
    which gave something else where it `differs`.
    """
    return {
        "value": value,
        "again": None if again is None else again[0],
        "same": same,
        "seeds": tried,
        "differs": differs,
    }


def remark(name: str, trials: Iterable[QueuedTrial], *, own_code: bool = True) -> str | None:
    """Return what there is to say about the trainer called `name`; None where all is well, or not known yet.

    `own_code`: whether the user wrote it, who can then change what it does with its seed.
    """
    found = next((trial.attributes.get(REPRODUCED) for trial in trials if is_first(trial.attributes)), None)
    if not isinstance(found, Mapping):
        return None
    value, again = found.get("value"), found.get("again")
    if again is None:
        return f"{name} failed when the first config was trained a second time with the same seed."
    if not found.get("same"):
        return (
            f"{name} is not reproducible: the first config trained twice with the same seed scored {value:.6g} and "
            f"{again:.6g}. Paired runs say less, and the same study run again may find other values."
            + " Take every random number from run.seed."
            * own_code
        )
    if not found.get("differs") and not own_code:
        return (
            f"{name} scored {value:.6g} with {found.get('seeds')} other seeds, too: nothing in it is random, so runs "
            "on the same examples repeat each other, and an interval over them has no width."
        )
    if not found.get("differs"):
        return (
            f"{name} scored {value:.6g} with {found.get('seeds')} other seeds, too: it ignores run.seed, or nothing in "
            "it is random. If something should be, take it from run.seed: else repeated runs on the same examples "
            "repeat each other."
        )
    return None
