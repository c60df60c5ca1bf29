"""Which databases hold studies: SQLite, and PostgreSQL.

Optuna alone knows more. Ours need more of one: MySQL cuts a trained network to 64 kB, and keeps the times of leases to
two minutes only, so that running trials look abandoned. What is no SQL database (Redis, a journal file) has no tables.
"""

from __future__ import annotations

from hpo.storage.errors import UserError

SUPPORTED = ("sqlite", "postgresql")
EXAMPLES = "sqlite:///hpo.db, or postgresql+psycopg://user:password@host/name"


def require_supported(backend: str, shown: str) -> None:
    """Raise UserError unless `backend`, as SQLAlchemy calls it, can hold studies; `shown` is the URL without password.

    `mysql+pymysql://` and `mysql://` are the same backend, and `mariadb` another name of it.
    """
    if backend not in SUPPORTED:
        raise UserError(
            f"--storage {shown!r}: studies are kept in SQLite or PostgreSQL, and {backend} is neither; take a URL like "
            f"{EXAMPLES}"
        )
