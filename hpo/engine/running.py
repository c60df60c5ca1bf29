"""A study, or a certificate, run to its end: no command line and no terminal is needed.

with Database("sqlite:///hpo.db") as database:
    run_study(database, DeclaredStudy.load("mnist_wd"), data=data.summary(), source=located.record(), launch=launch)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo.certificate.ranking import Certificate
from hpo.definition.study import StudyDefinition
from hpo.engine.certifier import Certifier
from hpo.engine.coordinator import Coordinator
from hpo.engine.driving import Telling, Watcher, drive
from hpo.engine.launchers.base import LaunchFor
from hpo.record.certificate import CertificateRecord, load_certificate
from hpo.record.declared import DeclaredStudy
from hpo.record.results import warm_start
from hpo.record.study import StudyRecord
from hpo.storage.database import Database, shown


def run_study(
    database: Database,
    study: DeclaredStudy | StudyDefinition,
    *,
    data: Mapping[str, Any],
    source: Mapping[str, str],
    launch: LaunchFor,
    watcher: Watcher | None = None,
    publish: Callable[[str], None] = lambda _: None,
    more_rounds: int = 0,
    accept_source: bool = False,
    lines: Callable[[StudyDefinition], Sequence[str]] = lambda _: (),
) -> bool:
    """Run a search, or a comparison, to its end, or go on with it; False if it was asked to stop before.

    `data` are the numbers of its data (StudyData.summary), `source` says where they came from (Located.record).
    `publish` is called with the study's name now and then. A study that is there gets `more_rounds`, and goes on with a
    trainer whose source has changed if `accept_source`. `lines` of
    the definition that it comes to are said to the watcher before anything is trained. Raises UserError
    where the study is in the database with another definition or other data.
    """
    declared = study if isinstance(study, DeclaredStudy) else DeclaredStudy.of(study)
    watcher = watcher or Telling()
    begin_at = warm_start(database, declared.definition)
    resolved = declared.resolved(
        database,
        lambda definition: _certified(
            database, definition, data=data, source=source, launch=launch, watcher=watcher or Telling()
        ),
    )
    if resolved is None:
        return False
    record = StudyRecord.create(
        database,
        resolved.definition,
        data,
        source,
        chosen=resolved.chosen,
        warm_start=begin_at,
        more_rounds=more_rounds,
        started_from=declared.started_from,
        accept_source=accept_source,
    )
    if record.state == "done":
        return Coordinator(database, record.name, watcher.say).step()
    watcher.say(f"{record.name}: {record.definition.title}")
    watcher.say(f"data: {record.source['provenance']}, database: {shown(database.url)}")
    for line in lines(record.definition):
        watcher.say(line)
    return drive(
        lambda announce: Coordinator(database, record.name, announce),
        launch(record.name),
        watcher=watcher,
        publish=lambda: publish(record.name),
    )


def run_certificate(
    database: Database, record: CertificateRecord, *, launch: LaunchFor, watcher: Watcher | None = None
) -> bool:
    """Run the certificate of this record to its end, or go on with it; False if it was asked to stop before."""
    study = record.certified
    if record.state == "done" or study is None:
        return True
    return drive(
        lambda announce: Certifier(database, study, announce),
        launch(record.name),
        watcher=watcher or Telling(),
    )


def _certified(
    database: Database,
    definition: StudyDefinition,
    *,
    data: Mapping[str, Any],
    source: Mapping[str, str],
    launch: LaunchFor,
    watcher: Watcher,
) -> Certificate | None:
    """Return the certificate that says how many images the "auto" rounds take; None if it was asked to stop before."""
    record = CertificateRecord.open(database, definition, [], data, source)
    if record.state != "done":
        watcher.say(f"{definition.name}: a certificate decides first how many images its rounds train on")
    if not run_certificate(database, record, launch=launch, watcher=watcher):
        return None
    found = load_certificate(database, definition, source)
    if found is None:
        raise RuntimeError(f"the certificate of {definition.name} is done, yet trials are missing")
    return found
