"""Reading what a database says of a study: anybody may have written there, or a newer version of this program.

What can be wrong with a single value is checked here; whatever else comes of it is turned into one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from hpo.definition.printable import on_one_line
from hpo.searching.metric import LARGEST
from hpo.storage.errors import UserError

if TYPE_CHECKING:  # every front door knows the errors of this file, and few need a search space
    from hpo.searching.space import SearchSpace, Value

MOST = 2**63
WHOLE = ("round", "index", "run", "source_trial", "seed", "n_train", "epochs", "allowed", "size", "worker_deaths")
NUMBERS = ("seconds",)
VALUES = ("train_accuracy", "test_accuracy")
REPORTED = "metrics"
TEXTS = ("stage", "source", "reason")
"""What a trial's attributes must be, where they are there, by the code's own names."""

_LONGEST = 200

_DAMAGE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, AssertionError, MemoryError)
"""What comes of a value of the wrong kind or size; a database that is gone raises something else."""


class UnreadableStudyError(UserError):
    """What is stored of a study does not make sense; the text names the study and says why."""

    def __init__(self, study: str, why: str) -> None:
        super().__init__(f"the study '{on_one_line(study)}' cannot be read: {why}")
        self.why = why


class Trial(Protocol):
    """What is looked at of a trial."""

    @property
    def number(self) -> int:
        """Its number in its Optuna study."""

    @property
    def config(self) -> Mapping[str, Value]:
        """Its hyperparameters."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """By the code's own names."""


@contextmanager
def reading(study: str) -> Iterator[None]:
    """Turn whatever goes wrong while what is stored of `study` is used into an UnreadableStudyError."""
    try:
        with using(study):
            yield
    except UnreadableStudyError:
        raise
    except UserError as error:
        raise UnreadableStudyError(study, str(error)) from error


@contextmanager
def using(study: str) -> Iterator[None]:
    """Do the same where a UserError may be about something else than what is stored, and stays what it is."""
    try:
        yield
    except (*_DAMAGE, RecursionError) as error:
        raise UnreadableStudyError(study, _what(error)) from error


def table(
    value: object,
    what: str,
    *,
    texts: Iterable[str] = (),
    numbers: Iterable[str] = (),
    values: Iterable[str] = (),
) -> dict[str, Any]:
    """Return `value` if it is a table with those texts, and those numbers, in it, and these `values` of a metric.

    The last may be missing, None, or below zero.

    Raises UserError, which calls it `what`.
    """
    if not isinstance(value, dict):
        raise UserError(f"{what} is not a table but {_short(value)}")
    for name in (*texts, *numbers):
        found = value.get(name)
        if name not in value:
            raise UserError(f"{what} is damaged: {name!r} is missing or unknown")
        if not (isinstance(found, str) if name in texts else _is_number(found)):
            raise UserError(f"{what} is damaged: it has {name} = {_short(found)}")
    for name in values:
        found = value.get(name)
        if found is not None and not _is_a_value(found):
            raise UserError(f"{what} is damaged: it has {name} = {_short(found)}")
    return value


def _is_a_value(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST


def check_trials(trials: Iterable[Trial], space: SearchSpace) -> None:
    """Raise UserError for the first trial with an attribute of the wrong kind, or not with what is active in `space`.

    What a trial lacks is found where it is needed.
    """
    for trial in trials:
        for name, value in trial.attributes.items():
            if not _fits(name, value):
                raise UserError(f"trial {trial.number} has {name} = {_short(value)}")
        if set(trial.config) != set(space.active(trial.config)):
            raise UserError(
                f"trial {trial.number} has other hyperparameters than the study: {_short(dict(trial.config))}"
            )


def _fits(name: str, value: object) -> bool:
    if name in WHOLE:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
    if name in VALUES:
        return _is_a_value(value) or value is None or (isinstance(value, float) and math.isnan(value))
    if name in NUMBERS:
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and (abs(value) < MOST or math.isnan(value))
        )
    if name == REPORTED:
        return isinstance(value, dict) and all(map(_is_a_value, value.values()))
    if name == "overrides":
        return isinstance(value, dict)
    return name not in TEXTS or isinstance(value, str) or value is None


def _what(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"{_short(error.args[0] if error.args else '')} is missing or unknown"
    if isinstance(error, RecursionError):
        return "a value of it is nested too deeply"
    if isinstance(error, MemoryError):
        return "a number in it is so large that the memory does not suffice"
    text = on_one_line(" ".join(str(error).split()))
    return f"a value of it is none that this program writes ({text[:_LONGEST] or type(error).__name__})"


def _short(value: object) -> str:
    text = on_one_line(repr(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
