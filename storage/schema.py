"""Our own tables, beside Optuna's in the same database: they say what is true, and Optuna's show it.

A study and its rounds; the queue, one row a trial; learning curves with hits, trained networks, uploaded files, and the
ledger of test-set evaluations.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 2

metadata = sa.MetaData()

_Stamp = sa.BigInteger().with_variant(sa.Integer, "sqlite")

schema_version = sa.Table(
    "hpo_schema_version",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("optuna", sa.String(64)),  # the version of Optuna that last found its own tables in order
)

studies = sa.Table(
    "hpo_studies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(512), nullable=False, unique=True),
    sa.Column("certificate_of", sa.String(512), unique=True),  # the study's name, where this is a certificate
    sa.Column("definition", sa.Text, nullable=False),  # JSON, and so is the record: see hpo.record.study
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),  # by which Optuna's studies are known to be those that show it
    sa.Column("search_id", sa.Integer),  # Optuna's number of the study that shows the search,
    sa.Column("final_id", sa.Integer),  # and the one that shows the final part
    sa.Column("leader", sa.String(512)),  # who leads it, see storage.holders
    sa.Column("leader_lease", sa.Integer, nullable=False, default=0),  # rises with every new leader
    sa.Column("leader_until", sa.Double),  # seconds since 1970 by the database's clock, as all times here
    sqlite_autoincrement=True,
)

rounds = sa.Table(
    "hpo_rounds",
    metadata,
    sa.Column("study_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("box", sa.Text, nullable=False),  # JSON
    sa.Column("why", sa.Text, nullable=False),  # JSON
    sa.Column("trials", sa.Integer, nullable=False),
)

PLANNED, READY, CLAIMED, PAUSED = "planned", "ready", "claimed", "paused"
COMPLETE, STOPPED, FAILED = "complete", "stopped", "failed"
ENDED = (COMPLETE, STOPPED, FAILED)
"""A trial's states: planned (not in the queue yet), ready for a worker, claimed by one, paused at a rung, ended."""

trials = sa.Table(
    "hpo_trials",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.Integer, nullable=False),
    sa.Column("part", sa.String(16), nullable=False),  # search or final: which of Optuna's studies shows it
    sa.Column("piece", sa.String(255), nullable=False),  # which piece of the study's work it is, see record.trials
    sa.Column("number", sa.Integer),  # within its part; None while it is planned
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("config", sa.Text, nullable=False),  # JSON: hyperparameters,
    sa.Column("attributes", sa.Text, nullable=False),  # JSON: what it was put into the queue with,
    sa.Column("distributions", sa.Text, nullable=False),  # JSON: Optuna's form of what each could be drawn from
    sa.Column("allowed", sa.Integer, nullable=False),  # how far it may be trained, and how far it is, in percent
    sa.Column("reached", sa.Integer, nullable=False, default=0),
    sa.Column("on_the_way", sa.Integer, nullable=False, default=0),
    sa.Column("rungs", sa.Text, nullable=False, default="{}"),  # JSON: its score at each rung
    sa.Column("score", sa.Double),
    sa.Column("outcome", sa.Text, nullable=False, default="{}"),  # JSON: what else its training found
    sa.Column("deaths", sa.Integer, nullable=False, default=0),  # workers that died of it, see queue.bury
    sa.Column("lease", sa.Integer, nullable=False, default=0),  # rises with every claim: who has an older one is late
    sa.Column("holder", sa.String(512)),  # who claimed it last, see storage.holders
    sa.Column("dead_holder", sa.String(512)),  # the last one that was found dead, which its parent may blame it for
    sa.Column("lease_until", sa.Double),
    sa.Column("claimed_at", sa.Double),
    sa.Column("ended_at", sa.Double),
    sa.Column("changed", _Stamp, nullable=False),  # see storage.stamps
    sa.Column("optuna_id", sa.Integer),  # Optuna's number of the trial that shows it
    sa.UniqueConstraint("study_id", "piece"),
    sa.UniqueConstraint("study_id", "part", "number"),
    sa.Index("hpo_trials_changed", "study_id", "changed"),
    sqlite_autoincrement=True,
)
_in_state = {state: trials.c.state == sa.literal_column(f"'{state}'") for state in (PLANNED, READY, CLAIMED)}
for _state, _columns in ((PLANNED, ("id",)), (READY, ("reached", "id")), (CLAIMED, ("id",))):
    sa.Index(
        f"hpo_trials_{_state}",
        trials.c.study_id,
        *(trials.c[name] for name in _columns),
        sqlite_where=_in_state[_state],
        postgresql_where=_in_state[_state],
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

test_evaluations = sa.Table(
    "hpo_test_evaluations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study", sa.String(512), nullable=False),
    sa.Column("trial_id", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String(255), nullable=False),
    sa.Column("dataset", sa.String(255), nullable=False),
    sa.Column("evaluated_at", sa.DateTime, nullable=False, server_default=sa.func.current_timestamp()),
    sa.UniqueConstraint("trial_id", "purpose"),
)
