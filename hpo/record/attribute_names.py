"""What a trial's attributes are called in the dashboard, where people read them as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IN_WORDS = {
    "index": "place",
    "n_train": "training images",
    "images": "from the pool's images",
    "train_accuracy": "train accuracy",
    "source_trial": "trial of the search",
}
"""By the code's name; what is not here is called the same."""


def database_name(name: str) -> str:
    """Return what the attribute `name` is called in the database."""
    return IN_WORDS.get(name, name)


def to_database(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `attributes` as the database has them."""
    return {database_name(name): value for name, value in attributes.items()}
