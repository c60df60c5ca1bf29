"""What a trial's attributes are called in the database, where people read them as columns of the dashboard.

The code's own names are read as well: databases of older checkouts have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IN_WORDS = {
    "index": "place",
    "n_train": "training images",
    "images": "from the pool's images",
    "allowed": "trains to %",
    "train_accuracy": "train accuracy",
    "source_trial": "trial of the search",
    "worker_deaths": "dead workers",
}
"""By the code's name; what is not here is called the same."""

_IN_CODE = {words: name for name, words in IN_WORDS.items()}


def database_name(name: str) -> str:
    """Return what the attribute `name` is called in the database."""
    return IN_WORDS.get(name, name)


def to_database(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `attributes` as the database has them."""
    return {database_name(name): value for name, value in attributes.items()}


def from_database(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the database has as the code knows it."""
    return {_IN_CODE.get(name, name): value for name, value in attributes.items()}
