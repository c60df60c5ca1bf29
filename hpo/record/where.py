"""Where the database of searches is, unless it is named."""

from __future__ import annotations

import os

DEFAULT_STORAGE = "sqlite:///hpo.db"


def default_storage() -> str:
    """Return the database that is meant where none is named: $HPO_STORAGE, $OPTUNA_STORAGE, or sqlite:///hpo.db."""
    return os.environ.get("HPO_STORAGE") or os.environ.get("OPTUNA_STORAGE") or DEFAULT_STORAGE
