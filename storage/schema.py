"""Our own tables, beside Optuna's in the same database.

Leases, learning curves with hits, trained networks, uploaded files, and the test-set ledger.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 1

metadata = sa.MetaData()

schema_version = sa.Table("hpo_schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

leases = sa.Table(
    "hpo_leases",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("holder", sa.String(255), nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("renewed_at", sa.Float, nullable=False),  # seconds since 1970 by the database's clock
)

curves = sa.Table(
    "hpo_curves",
    metadata,
    sa.Column("trial_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("points", sa.Text, nullable=False),  # JSON, see records.Curve
    sa.Column("hits", sa.LargeBinary, nullable=False),  # packed bits, group after group
    sa.Column("n_validation", sa.Integer, nullable=False),
)

networks = sa.Table(
    "hpo_networks",
    metadata,
    sa.Column("trial_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("npz", sa.LargeBinary, nullable=False),  # as models.network_bytes writes it
)

uploads = sa.Table(
    "hpo_uploads",
    metadata,
    sa.Column("artifact_id", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

test_openings = sa.Table(
    "hpo_test_openings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study", sa.String(512), nullable=False),
    sa.Column("trial_id", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String(255), nullable=False),
    sa.Column("dataset", sa.String(255), nullable=False),
    sa.Column("opened_at", sa.DateTime, nullable=False, server_default=sa.func.current_timestamp()),
)
