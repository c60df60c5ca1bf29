"""What the studies of a database found, for the start page and for the panels of the dashboard, kept for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from hpo.record.results import StudyResults, load_results
from hpo.storage import optuna_studies, studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError

FRESH = {"running": 10.0, "done": 300.0}
"""Seconds for which a finding is told again without a look at the database, by the state of its study."""

UNREADABLE = "can't be read"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one study found: its title, its state, what to conclude, and how much each hyperparameter matters."""

    title: str
    state: str
    conclusion: str
    importances: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """Share and kind of distribution of each hyperparameter, the largest share first; empty where nobody knows."""


class Findings:
    """The findings of the studies of one database. They are read one at a time, for that takes a core."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock, self._lock = database, clock, threading.Lock()
        self._kept: dict[str, tuple[float, Finding]] = {}

    def __call__(self, study: str) -> Finding:
        """Return what `study` found; of one that can't be read, why."""
        with self._lock:
            kept = self._kept.get(study)
            if kept is None or kept[0] < self._clock():
                finding = _read(self._database, study)
                kept = self._kept[study] = (self._clock() + FRESH.get(finding.state, FRESH["running"]), finding)
            return kept[1]

    def name_of(self, study_id: int) -> str | None:
        """Return the name of the study whose search Optuna's study with that number shows; else its own, if any."""

        def look(connection: sa.Connection) -> str | None:
            row = studies.shown_by(connection, study_id)
            if row is not None and row.search_id == study_id:
                return row.name
            return optuna_studies.names(connection).get(study_id)

        return self._database.read(look)


def finding_of(results: StudyResults) -> Finding:
    """Return what a study found: the sentence is the one that its report begins with."""
    from hpo.reports.facts.importance import importances  # noqa: PLC0415 - it loads Optuna's visualizations
    from hpo.reports.words.comparison import comparison_verdict  # noqa: PLC0415
    from hpo.reports.words.verdict import conclusion  # noqa: PLC0415

    definition = results.definition
    conclude = conclusion if definition.comparison is None else comparison_verdict
    found = importances(results)
    kinds = definition.space.distributions()
    shares = (
        {} if found is None else {name: (share, type(kinds[name]).__name__) for name, share in found.shares.items()}
    )
    return Finding(definition.title, results.state, conclude(results), shares)


def _read(database: Database, study: str) -> Finding:
    try:
        return finding_of(load_results(database, study))
    except UserError as error:
        return Finding(study, UNREADABLE, str(error))
    except Exception as error:  # whatever is wrong with one study, the others are shown
        return Finding(study, UNREADABLE, f"Its record in the database is not that of a study: {type(error).__name__}.")
