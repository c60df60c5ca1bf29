"""What the database knows of a study beside its trials: its definition, its data, its rounds and its state.

All of it is a row of hpo_studies, and one of hpo_rounds for each round. The dashboard shows the same as attributes of
the Optuna studies that show its parts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hpo.definition.continuing import goes_on, with_more_rounds
from hpo.definition.metrics import read_metric
from hpo.definition.naming import check_study_name
from hpo.definition.parts import CERTIFICATE_SUFFIX, FINAL_SUFFIX
from hpo.definition.reading import read_definition
from hpo.definition.rounds import RoundRecord, UnopenedRound
from hpo.definition.study import StudyDefinition
from hpo.record.commands import command_for
from hpo.record.differences import OF_SOURCE, differences, other_images, source_changes
from hpo.record.names import absent, require_free_name, role_of, taken
from hpo.record.untrusted import reading, table, using
from hpo.searching.metric import ACCURACY
from hpo.searching.space import Box, Value
from hpo.storage import studies
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.errors import UserError
from hpo.storage.optuna_studies import NewStudy
from hpo.storage.queue import leads
from hpo.storage.stamps import alone
from hpo.storage.studies import FINAL, SEARCH, RoundRow, StudyRow

WARM_START = "warm start"
CHOSEN = "samples chosen"
UNOPENED = "round not opened"
ADDED, ASKED = "rounds added", "rounds asked for"
CONTINUED = "continued"
STARTED_FROM = "started from"
ACCEPTED = "changes of the source that were accepted"
FINAL_PART_OF, CERTIFICATE_OF = "final part of", "certificate of"
"""By these attributes people see which of Optuna's studies shows a part of another one."""


class StudyRecord:
    """The record of one study in one database."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self.name = name
        self._parsed: tuple[str, StudyDefinition] | None = None
        row = database.read(lambda connection: studies.named(connection, name))
        if row is None:
            raise absent(database, name)
        self._row = row
        self.refresh()
        check_study_name(name.removesuffix(CERTIFICATE_SUFFIX))

    @classmethod
    def create(
        cls,
        database: Database,
        definition: StudyDefinition,
        data: Mapping[str, Any],
        source: Mapping[str, str],
        *,
        chosen: Mapping[str, Any] | None = None,
        warm_start: Sequence[Mapping[str, Value]] = (),
        more_rounds: int = 0,
        started_from: str | None = None,
        accept_source: bool = False,
    ) -> StudyRecord:
        """Create the study, or open it if it exists.

        `data` are the numbers of its data, `source` says where they came from, `chosen` how many images its "auto"
        rounds were given (`choice_record`), `warm_start` the good values of another study that it
        begins at, kept here so that resuming does not depend on that study. A study that is there goes on with the
        rounds that `definition` has more than it, and with `more_rounds` like its last one. `started_from` is the
        preset or the name of the study file, for messages alone. With `accept_source` a study goes on with a trainer
        whose source has changed. Raises UserError if the study exists with another
        definition or other data, showing what differs and the ways out, and where the name is another's.
        """
        check_study_name(definition.name)
        record = {
            "data": dict(data),
            "source": dict(source),
            "versions": versions(),
            **({WARM_START: [dict(config) for config in warm_start]} if warm_start else {}),
            **({CHOSEN: dict(chosen)} if chosen is not None else {}),
            **({STARTED_FROM: started_from} if started_from is not None else {}),
        }

        def create_unless_there(connection: sa.Connection) -> None:
            alone(connection)  # or what shows another process's study of this name would be taken for a stranger
            there = studies.named(connection, definition.name)
            if there is not None and there.certificate_of is not None:
                raise taken(definition.name, role_of(there, there.search_id))
            if there is not None:
                return
            if more_rounds:
                raise UserError(
                    f"--rounds +{more_rounds}: {definition.name!r} is not in the database yet, so there is nothing to "
                    "go on with; run it without --rounds first"
                )
            require_free_name(connection, definition.name)
            parts = parts_shown(definition.name, definition.record(), record)
            studies.create(connection, definition.name, definition=definition.record(), record=record, parts=parts)

        with contextlib.suppress(IntegrityError):  # another process made it at the same moment
            database.write(create_unless_there)
        opened = cls(database, definition.name)
        with using(opened.name):
            if accept_source:
                opened._accept_source(definition)
            opened.refuse_changes(definition, source)
            opened._continue(definition, more_rounds)
        return opened

    def _continue(self, declared: StudyDefinition, more: int) -> None:
        """Let the study go on with the rounds that `declared` has more, and with `more`; take its title over."""
        recorded, added = self.definition, int(self._attributes.get(ADDED, 0))
        if more and added and self.state != "done":
            more = 0  # the same command again: they are being trained
        longer = len(declared.rounds) > len(recorded.rounds)
        new = dataclasses.replace(recorded, title=declared.title, rounds=declared.rounds if longer else recorded.rounds)
        changed: dict[str, Any] = {}
        if longer or more:
            changed = {CONTINUED: True, ASKED: [], UNOPENED: None}
        if more:
            opened = len(new.rounds) if longer else self.rounds_to_open
            further = with_more_rounds(new, opened, more)
            new = further.definition
            changed |= {ADDED: added + further.added, ASKED: list(further.asked)}
        if new == recorded and not changed:
            return

        def go_on(connection: sa.Connection) -> None:
            if changed and leads.is_led(connection, self.id):
                raise UserError(
                    f"{self.name!r} is running; it gets more rounds when it is done, or once it has been stopped "
                    "(Ctrl-C)"
                )
            studies.change(
                connection,
                self._row,
                definition=new.record() if new != recorded else None,
                record={**self._attributes, **changed} if changed else None,
                state=studies.RUNNING if changed else None,
            )

        self._database.write(go_on)
        self.refresh()

    def _accept_source(self, declared: StudyDefinition) -> None:
        """Go on with the trainer as it is `declared`, where only its source differs from the recorded one."""
        recorded = self.definition
        lines = differences(recorded.trainer.tables(), declared.trainer.tables())
        if not lines or not all(line.startswith(OF_SOURCE) for line in lines):
            return
        new = dataclasses.replace(recorded, trainer=declared.trainer)
        accepted = [*self._attributes.get(ACCEPTED, ()), source_changes(lines)]

        def accept(connection: sa.Connection) -> None:
            if leads.is_led(connection, self.id):
                raise UserError(f"{self.name!r} is running; stop it first (Ctrl-C), or its workers mix both sources")
            studies.change(
                connection, self._row, definition=new.record(), record={**self._attributes, ACCEPTED: accepted}
            )

        self._database.write(accept)
        self.refresh()

    def refresh(self) -> None:
        """Read the record anew: rounds are opened, and the study is done, by whoever coordinates it."""
        row, rounds = self._database.read(
            lambda connection: (studies.named(connection, self.name), studies.rounds_of(connection, self.id))
        )
        if row is None:
            raise UserError(f"the study {self.name!r} is no longer in the database; was it deleted or renamed?")
        with reading(self.name):
            self._attributes: dict[str, Any] = table(json.loads(row.record), "its record")
            if row.state not in (studies.RUNNING, studies.DONE):
                raise UserError(f"its state is {row.state!r}")
            for each in rounds:
                table(dataclasses.asdict(each), f"its round {each.number!r}", numbers=("number", "trials"))
        self._row, self._rounds = row, rounds

    @property
    def id(self) -> int:
        """The number of the study in our tables."""
        return self._row.id

    @property
    def row(self) -> StudyRow:
        """The study's row, as it was when it was read last."""
        return self._row

    @property
    def shown(self) -> Mapping[str, int]:
        """Optuna's numbers of the studies that show its parts."""
        return self._row.shown

    def parts_shown(self) -> dict[str, NewStudy]:
        """Return Optuna's studies that are to show its parts, as they would be made."""
        return parts_shown(self.name, json.loads(self._row.definition), self._attributes, self.certified)

    @property
    def definition(self) -> StudyDefinition:
        """The definition that the study was started with; parsed once, as long as the same one is recorded."""
        recorded = self._row.definition
        if self._parsed is None or self._parsed[0] != recorded:
            self._parsed = recorded, self._parse(recorded)
        return self._parsed[1]

    def _parse(self, recorded: str) -> StudyDefinition:
        with reading(self.name):
            try:
                return read_definition(self.name, table(json.loads(recorded), "its definition"))
            except UserError as error:
                raise UserError(f"its definition: {error} (did a newer version of this program write it?)") from error

    @property
    def certified(self) -> str | None:
        """The study that this is the certificate of; None where it is a study itself."""
        return self._row.certificate_of

    @property
    def data(self) -> dict[str, Any]:
        """The numbers of the study's data: pool, holdout, classes, chance (what guessing reaches, if it is known)."""
        with reading(self.name):
            found = table(self._attributes.get("data"), "what is known of its data", numbers=("pool",))
            return table(found, "what is known of its data", values=("chance",))

    @property
    def source(self) -> dict[str, str]:
        """Where the data came from, with their SHA-256."""
        texts = ("sha256", "provenance", "complete")
        with reading(self.name):
            return table(self._attributes.get("source"), "where its data came from", texts=texts)

    @property
    def versions(self) -> dict[str, str]:
        """The versions of Python and the libraries that started the study."""
        with reading(self.name):
            return table(self._attributes.get("versions"), "what it was run with")

    @property
    def chosen(self) -> dict[str, Any] | None:
        """How many images the rounds were given that left it to a certificate; None where no round did."""
        return self._attributes.get(CHOSEN)

    @property
    def started_from(self) -> str | None:
        """The preset, or the name of the study file, that the study was started from, where that is known."""
        found = self._attributes.get(STARTED_FROM)
        return found if isinstance(found, str) and found.isprintable() else None

    @property
    def command(self) -> str:
        """The command that moves the study forward."""
        return command_for(self.name, self.started_from)

    @property
    def warm_start(self) -> list[dict[str, Value]]:
        """The good values of another study that this one begins at."""
        with reading(self.name):
            return [table(config, "a config that it began at") for config in self._attributes.get(WARM_START, ())]

    @property
    def state(self) -> str:
        """Either running or done."""
        return self._row.state

    def write_done(self, connection: sa.Connection) -> None:
        """Say that nothing is left to do."""
        studies.change(connection, self._row, state=studies.DONE)

    def write_round(self, connection: sa.Connection, number: int, box: Box, why: Sequence[str], trials: int) -> None:
        """Write down a round; its trials are planned in the same transaction, so that a takeover has the same ones."""
        opened = RoundRow(number, json.dumps(box.record()), json.dumps(list(why)), trials)
        studies.open_round(connection, self._row, opened)

    def write_unopened(self, connection: sa.Connection, unopened: UnopenedRound) -> None:
        """Write down that this round and all after it are not opened, so that a takeover goes on to the race, too."""
        studies.change(connection, self._row, record={**self._attributes, UNOPENED: dataclasses.asdict(unopened)})

    @property
    def unopened(self) -> UnopenedRound | None:
        """The round that the search ended at, if it ended before the last one."""
        found = self._attributes.get(UNOPENED)
        with reading(self.name):
            return None if found is None else UnopenedRound(**found)

    @property
    def rounds_to_open(self) -> int:
        """How many rounds there are in all: fewer than declared where the search ended before."""
        return self.definition.rounds_to_open if self.unopened is None else self.unopened.number - 1

    @property
    def rounds(self) -> list[RoundRecord]:
        """The rounds opened so far."""
        space = self.definition.space
        with reading(self.name):
            return [
                RoundRecord(each.number, space.box(json.loads(each.box)), tuple(json.loads(each.why)), each.trials)
                for each in self._rounds[: self.rounds_to_open]
            ]

    @property
    def continued(self) -> bool:
        """Whether the study got more rounds later, so that some runs of its final part may count no more."""
        return bool(self._attributes.get(CONTINUED))

    @property
    def asked(self) -> Sequence[int]:
        """The rounds, from 1, that are opened however little they are expected to gain."""
        with reading(self.name):
            return tuple(self._attributes.get(ASKED, ()))

    def refuse_changes(self, definition: StudyDefinition, source: Mapping[str, str]) -> None:
        """Raise UserError if the study was started with another definition than `definition`, or on other data.

        Another title, or more rounds after the ones there are, make no other definition.
        """
        recorded = self.definition
        definition = dataclasses.replace(definition, title=recorded.title)
        if goes_on(recorded.rounds, definition.rounds, int(self._attributes.get(ADDED, 0))):
            definition = dataclasses.replace(definition, rounds=recorded.rounds)
        # Read and written again, so that a field which is newer than the study has its default and is no change.
        begun = self.definition
        changes = differences(begun.record(), definition.on_the_data_of(begun).record())
        changes += other_images(self.source, source)
        if changes and all(line.startswith(OF_SOURCE) for line in changes):
            raise UserError(
                f"what the study {self.name!r} trains with has changed since it was begun: {source_changes(changes)}\n"
                "Ways out: undo the change and run again to resume it; or go on with it as it is now, --accept-source: "
                "finished trials keep the scores that they had; or start a new study beside it, --name another"
            )
        if changes:
            listed = "".join(f"\n  {change}" for change in changes)
            raise UserError(
                f"the study {self.name!r} is already in the database with another definition:{listed}\n"
                "Ways out: undo the change and run again to resume it; or start a new study beside it, --name another; "
                "or start afresh in another database, --storage sqlite:///another.db"
            )


def parts_shown(
    name: str, definition: Mapping[str, Any], record: Mapping[str, Any], certificate_of: str | None = None
) -> dict[str, NewStudy]:
    """Return Optuna's studies that are to show the parts of a study, or of a certificate, with the metric's values."""
    declared = definition.get("metric")
    metric = ACCURACY if declared is None else read_metric(declared)
    system = {"study:metric_names": [f"validation {metric.name}"]}
    attributes = {**record, "state": studies.RUNNING, "definition": definition}
    if certificate_of is not None:
        return {SEARCH: NewStudy(name, {CERTIFICATE_OF: certificate_of, **attributes}, system, metric.direction)}
    return {
        SEARCH: NewStudy(name, attributes, system, metric.direction),
        FINAL: NewStudy(name + FINAL_SUFFIX, {FINAL_PART_OF: name}, system, metric.direction),
    }


def chosen_samples(database: Database, study: str) -> dict[str, Any] | None:
    """Return what `StudyRecord.chosen` says of `study`; None, too, where there is no such study yet, or half of one."""
    with contextlib.suppress(UserError):
        return StudyRecord(database, study).chosen
    return None


def versions() -> dict[str, str]:
    """Return what a study's record keeps of the software that runs it."""
    return {"python": platform.python_version(), "numpy": np.__version__, "optuna": optuna.__version__}


def check_same_data(record: StudyRecord, located: Located) -> None:
    """Raise UserError unless this machine's dataset is, byte for byte, the one that the study was started on."""
    recorded = record.source
    if recorded["sha256"] != located.sha256:
        raise UserError(
            f"the study {record.name!r} was started on {recorded['provenance']}, but this machine has "
            f"{located.provenance} with other bytes; put the same files here, or name their folder with --data-dir"
        )
