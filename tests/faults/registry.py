"""The faults there are, by name: each is a function that runs one small search and disturbs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.scene import Scene

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)


class WrongError(Exception):
    """What the search did was wrong; the text says what, in a sentence."""


class SkippedError(Exception):
    """The fault can't be caused on this machine; the text says why."""


class StoppedError(Exception):
    """Somebody asked the campaign to stop."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault. `cause` starts a search in its scene, disturbs it, and runs it to its end."""

    name: str
    databases: tuple[str, ...]
    cause: Callable[[Scene], None]

    @property
    def sentence(self) -> str:
        """The first line of what it says of itself."""
        return (self.cause.__doc__ or "").strip().splitlines()[0]


FAULTS: dict[str, Fault] = {}


def fault(*databases: str) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Put the function below into the registry, by its name; without `databases` it is for all of them."""

    def put(cause: Callable[[Scene], None]) -> Callable[[Scene], None]:
        FAULTS[cause.__name__] = Fault(cause.__name__, databases or BOTH, cause)
        return cause

    return put
