"""A study in Python: run it, or read from its database what it found, for scripts and notebooks.

>>> from hpo import open_study, run_study
>>> run_study("mnist_wd", "sqlite:///hpo.db")
<Study mnist_wd: done>
>>> study = open_study("mnist_wd", "sqlite:///hpo.db")
>>> study.use
{'learning_rate': 0.103, 'weight_decay': 0.000118}
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from hpo.proof.recommended import Recommended
from hpo.record.open_study import open_study as _open_results
from hpo.record.results import StudyResults
from hpo.record.where import default_storage
from hpo.reports.facts.facts import facts_of
from hpo.storage.database import Database, database_errors
from hpo.storage.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from hpo.record.declared import DeclaredStudy
    from hpo.training.given import Given

__all__ = ["Recommended", "Study", "open_study", "run_study"]


class Study:
    """What a study had found when it was opened; open it again to see what came since."""

    def __init__(self, results: StudyResults) -> None:
        self.results = results
        """Everything that is known of it: definition, trials, runs, curves."""

    @property
    def name(self) -> str:
        """The name of the study."""
        return self.results.definition.name

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.results.state == "done"

    @property
    def recommended(self) -> Recommended:
        """The recommended config with its score, its origin and what was changed; or the reason why there is none.

        Its scores are values of the study's metric, in its own units and direction.

        Raises UserError for a comparison, which recommends nothing.
        """
        found, metric = facts_of(self._search()).recommended, self.results.definition.metric
        if metric.maximized:
            return found
        return replace(found, score=found.score.in_units(metric), validation=found.validation.in_units(metric))

    @property
    def use(self) -> dict[str, Any] | None:
        """The values to use, by the names of the settings, as far as the study is; None where there are none.

        Raises UserError for a comparison, which recommends nothing.
        """
        values: Mapping[str, Any] | None = facts_of(self._search()).use
        return None if values is None else dict(values)

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval of what the recommended config reaches; nan where it is not known yet.

        It is of values of the study's metric: an accuracy from 0 to 1, a loss in its own units.
        """
        score = self.recommended.score
        return score.low, score.high

    @cached_property
    def verdict(self) -> str:
        """What to conclude from the study, in sentences."""
        from hpo.reports.words.verdict import verdict  # noqa: PLC0415 - slow to load, and not needed for the values

        return verdict(self.results)

    @cached_property
    def good_values(self) -> pd.DataFrame:
        """The good values, the recommended one first: the columns of good_values.csv."""
        from hpo.reports.tables.search import good_values_table  # noqa: PLC0415 - pandas takes a second to load

        return good_values_table(self._search())

    def report(self, path: str | Path) -> Path:
        """Write the report, one HTML page that needs nothing else, to `path`, and return it.

        Raises UserError where it cannot be written.
        """
        from hpo.reports.page.page import report_html  # noqa: PLC0415 - as does matplotlib
        from hpo.reports.writing.atomic import make_folder, write_atomically  # noqa: PLC0415

        written = Path(path)
        make_folder(written.parent)
        write_atomically(written, report_html([self.results]).encode())
        return written

    def __repr__(self) -> str:
        return f"<Study {self.name}: {'done' if self.done else 'not finished'}>"

    def _search(self) -> StudyResults:
        if self.results.definition.comparison is not None:
            raise UserError(
                f"{self.name} is a comparison, which recommends no values; see its verdict, or Study.results.compared"
            )
        return self.results


def open_study(name: str | None = None, storage: str | None = None) -> Study:
    """Return the study `name` in the database `storage`, a URL; nothing is written there.

    `name` may be left out where there is only one. Raises UserError where there is no such study, or no such database.
    """
    return Study(_open_results(name, storage))


def run_study(
    study: str,
    storage: str | None = None,
    *,
    name: str | None = None,
    changes: Sequence[str] = (),
    seed: int | None = None,
    workers: int | None = None,
    data_dir: str | Path | None = None,
    more_rounds: int = 0,
    accept_source: bool = False,
    announce: Callable[[str], None] = print,
) -> Study:
    """Run a study to its end in worker processes of this machine, or go on with it, and return it.

    `study` is one that comes along, or the path of a study file; `storage` the URL of the database (default:
    sqlite:///hpo.db here), `changes` KEY=VALUE texts as after --set, `workers` how many processes (default: one per
    core), `announce` is told what happens. A database that is gone is waited for, for ten minutes.

    No file is written: see `Study.report`. Ctrl-C stops it, and the same call goes on; `Study.done` tells which.
    Raises UserError for a user's mistake, as the command would tell it.
    """
    from hpo.cli.given import given_by  # noqa: PLC0415 - who only reads needs none of these
    from hpo.record.declared import DeclaredStudy  # noqa: PLC0415

    declared = DeclaredStudy.load(study, changes, seed, name=name)
    return run_declared(
        declared,
        given_by(declared),
        storage,
        workers=workers,
        data_dir=data_dir,
        more_rounds=more_rounds,
        accept_source=accept_source,
        announce=announce,
    )


def run_declared(
    declared: DeclaredStudy,
    given: Given | None,
    storage: str | None,
    *,
    workers: int | None = None,
    data_dir: str | Path | None = None,
    more_rounds: int = 0,
    accept_source: bool = False,
    announce: Callable[[str], None] = print,
) -> Study:
    """Run a study that is declared, with the trainer that is `given` to its workers; see `run_study`."""
    from hpo.cli.data import data_dir_of_workers, look_at_data  # noqa: PLC0415 - as above
    from hpo.cli.waiting import patience  # noqa: PLC0415
    from hpo.engine.driving import Telling  # noqa: PLC0415
    from hpo.engine.launchers.processes import on_this_machine  # noqa: PLC0415
    from hpo.engine.running import run_study as run  # noqa: PLC0415

    where = storage or default_storage()
    folder = None if data_dir is None else Path(data_dir)
    # One BLAS thread, as the commands have: another number of threads gives other last bits.
    waiting = patience(None, announce)
    with threadpool_limits(1), database_errors(where), Database(where, patience=waiting) as database:
        looked = look_at_data(declared.definition, folder, announce)
        declared = declared.settled(looked.settled)
        launch = on_this_machine(
            where,
            workers or os.cpu_count() or 1,
            data_dir_of_workers(declared.definition, folder),
            given=given,
        )
        run(
            database,
            declared,
            data=looked.summary,
            source=looked.source,
            launch=launch,
            watcher=Telling(announce),
            more_rounds=more_rounds,
            accept_source=accept_source,
        )
    return open_study(declared.name, where)
