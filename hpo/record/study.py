"""What the database knows of a study beside its trials: its definition, its data, its rounds and its state.

All of it lies in user attributes of the Optuna study, so that it moves with the study and the dashboard shows it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import platform
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from sqlalchemy.exc import IntegrityError

from hpo.definition.continuing import goes_on, with_more_rounds
from hpo.definition.naming import check_study_name
from hpo.definition.parts import CERTIFICATE_SUFFIX, FINAL_SUFFIX
from hpo.definition.printable import on_one_line
from hpo.definition.reading import read_definition
from hpo.definition.rounds import RoundRecord, UnopenedRound
from hpo.definition.study import StudyDefinition
from hpo.record import parts
from hpo.record.commands import command_for
from hpo.record.differences import differences, other_images
from hpo.record.untrusted import reading, table, using
from hpo.searching.space import Box, Value
from hpo.storage import optuna_studies
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.errors import UserError
from hpo.storage.leases import Leases

WARM_START = "warm start"
METRIC = "validation accuracy"
CHOSEN = "samples chosen"
UNOPENED = "round not opened"
ADDED, ASKED = "rounds added", "rounds asked for"
CONTINUED = "continued"
STARTED_FROM = "started from"


class NotOurStudyError(UserError):
    """The study was made by some other program."""


class StudyRecord:
    """The record of one study in one database."""

    def __init__(self, database: Database, name: str) -> None:
        self._database, self._storage = database, database.optuna
        self.name = name
        self._parsed: tuple[Any, StudyDefinition] | None = None
        try:
            self._id = self._storage.get_study_id_from_name(name)
        except KeyError:
            raise UserError(f"no study named {name!r} in the database; {_known(database)}") from None
        self.refresh()
        if parts.FINAL_PART_OF in self._attributes:
            raise UserError(f"{name!r} is {parts.role(self._attributes)}, and no study of its own; name that study")
        if "definition" not in self._attributes:
            raise NotOurStudyError(
                f"the study {name!r} was not made by hpo run; use another study name or another --storage"
            )
        check_study_name(name.removesuffix(CERTIFICATE_SUFFIX))
        with reading(name):
            self._storage.get_study_directions(self._id)  # they are not used, but must be ones that Optuna knows

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
    ) -> StudyRecord:
        """Create the study and its final part, both or none, or open them if they exist.

        `data` are the numbers of its data, `source` says where they came from, `chosen` how many images its "auto"
        rounds were given (`choice_record`), `warm_start` the good values of another study that it
        begins at, kept here so that resuming does not depend on that study. A study that is there goes on with the
        rounds that `definition` has more than it, and with `more_rounds` like its last one. `started_from` is the
        preset or the name of the study file, for messages alone. Raises UserError if the study exists with another
        definition or other data, showing what differs and the ways out, and where the name is another's.
        """
        check_study_name(definition.name)
        key = uuid.uuid4().hex
        record = {
            "data": dict(data),
            "source": dict(source),
            "versions": versions(),
            "state": "running",
            **({WARM_START: [dict(config) for config in warm_start]} if warm_start else {}),
            **({CHOSEN: dict(chosen)} if chosen is not None else {}),
            **({STARTED_FROM: started_from} if started_from is not None else {}),
            parts.KEY: key,
            "definition": definition.record(),
        }
        new_here = definition.name not in study_names(database)
        if new_here and more_rounds:
            raise UserError(
                f"--rounds +{more_rounds}: {definition.name!r} is not in the database yet, so there is nothing to go "
                "on with; run it without --rounds first"
            )
        if new_here:
            with contextlib.suppress(IntegrityError):  # another process made it at the same moment
                new = [new_study(definition.name, record), _new_final_part(database, definition.name, key)]
                optuna_studies.create(database.engine, new)
        opened = cls._taken_by(database, definition.name)
        with using(opened.name):
            opened.refuse_changes(definition, source)
            opened._continue(definition, more_rounds)
            opened._make_whole()
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
            self._refuse_while_it_runs()
            changed = {"state": "running", CONTINUED: True, ASKED: [], UNOPENED: None}
        if more:
            opened = len(new.rounds) if longer else self.rounds_to_open
            further = with_more_rounds(new, opened, more)
            new = further.definition
            changed |= {ADDED: added + further.added, ASKED: list(further.asked)}
        if new != recorded:
            changed["definition"] = new.record()
        if changed:
            optuna_studies.set_attributes(self._database.engine, self.name, changed)
            self.refresh()

    def _refuse_while_it_runs(self) -> None:
        if Leases(self._database.engine).is_taken(coordinator_lease(self.name)):
            raise UserError(
                f"{self.name!r} is running; it gets more rounds when it is done, or once it has been stopped (Ctrl-C)"
            )

    @classmethod
    def _taken_by(cls, database: Database, name: str) -> StudyRecord:
        """Return the record of the study `name`, which is there. Raises UserError where it is none to go on with."""
        with reading(name):
            attributes = database.optuna.get_study_user_attrs(database.optuna.get_study_id_from_name(name))
        role = parts.role(attributes)
        if role is not None:
            raise UserError(f"the name {name!r} is taken by {role}; give the study another name with --name")
        return cls(database, name)

    def _make_whole(self) -> None:
        """Make a new final part where it was deleted; what it had found is then found again."""
        if self.final_part is not None:
            return
        key = self._attributes.get(parts.KEY)
        if key is None or parts.has_twin(self._database, self.name, key):
            key = uuid.uuid4().hex
            self._storage.set_study_user_attr(self._id, parts.KEY, key)
        self._storage.set_study_user_attr(self._id, "state", "running")
        optuna_studies.create(self._database.engine, [_new_final_part(self._database, self.name, key)])
        self.refresh()

    def refresh(self) -> None:
        """Read the record anew: rounds are opened, and the study is done, by whoever coordinates it."""
        with reading(self.name):
            self._attributes: dict[str, Any] = self._storage.get_study_user_attrs(self._id)

    @property
    def definition(self) -> StudyDefinition:
        """The definition that the study was started with; parsed once, as long as the same one is recorded."""
        recorded = self._attributes["definition"]
        if self._parsed is None or self._parsed[0] != recorded:
            self._parsed = recorded, self._parse(recorded)
        return self._parsed[1]

    def _parse(self, recorded: Any) -> StudyDefinition:
        with reading(self.name):
            try:
                return read_definition(self.name, table(recorded, "its definition"))
            except UserError as error:
                raise UserError(f"its definition: {error} (did a newer version of this program write it?)") from error

    @property
    def certified(self) -> str | None:
        """The study that this is the certificate of; None where it is a study itself."""
        return self._attributes.get(parts.CERTIFICATE_OF)

    @property
    def final_part(self) -> str | None:
        """The Optuna study that is this one's final part; None if somebody deleted it, and for a certificate."""
        if self.certified is not None:
            return None
        return parts.final_part(self._database, self.name, self._attributes.get(parts.KEY))

    def part_to_train(self) -> str:
        """Return the same. Raises UserError if it is gone."""
        found = self.final_part
        if found is None:
            raise UserError(
                f"the final part of {self.name!r} is no longer in the database; {self.command} makes it anew"
            )
        return found

    @property
    def data(self) -> dict[str, Any]:
        """The numbers of the study's data: pool, holdout, classes, chance."""
        with reading(self.name):
            return table(self._attributes.get("data"), "what is known of its data", numbers=("pool", "chance"))

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
        return str(self._attributes.get("state", "running"))

    def set_done(self) -> None:
        """Say that nothing is left to do."""
        self._storage.set_study_user_attr(self._id, "state", "done")
        self.refresh()

    def open_round(self, number: int, box: Box, why: Sequence[str], configs: Sequence[Mapping[str, Value]]) -> None:
        """Write down a round before its first trial is enqueued, so that a takeover enqueues the same ones."""
        record = {"box": box.record(), "why": list(why), "configs": [dict(config) for config in configs]}
        self._storage.set_study_user_attr(self._id, f"round {number}", record)
        self.refresh()

    def leave_unopened(self, unopened: UnopenedRound) -> None:
        """Write down that this round and all after it are not opened, so that a takeover goes on to the race, too."""
        self._storage.set_study_user_attr(self._id, UNOPENED, dataclasses.asdict(unopened))
        self.refresh()

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
        found = []
        space = self.definition.space
        for number in range(1, self.rounds_to_open + 1):
            record = self._attributes.get(f"round {number}")
            if record is None:
                break
            with reading(self.name):
                box, why = space.box(record["box"]), tuple(record["why"])
                configs = tuple(table(config, f"a config of round {number}") for config in record["configs"])
                found.append(RoundRecord(number, box, why, configs))
        return found

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
        if changes:
            listed = "".join(f"\n  {change}" for change in changes)
            raise UserError(
                f"the study {self.name!r} is already in the database with another definition:{listed}\n"
                "Ways out: undo the change and run again to resume it; or start a new study beside it, --name another; "
                "or start afresh in another database, --storage sqlite:///another.db"
            )


def coordinator_lease(study: str) -> str:
    """Return the name of the lease that the coordinator of the Optuna study `study` holds."""
    return f"coordinator/{study}"


def new_study(name: str, attributes: Mapping[str, Any]) -> optuna_studies.NewStudy:
    """Return the Optuna study `name` to be, with its attributes."""
    return optuna_studies.NewStudy(name, attributes, {"study:metric_names": [METRIC]})


def _new_final_part(database: Database, study: str, key: str) -> optuna_studies.NewStudy:
    name = parts.free_name(database, study + FINAL_SUFFIX)
    return new_study(name, {parts.FINAL_PART_OF: study, parts.KEY_OF_THE_STUDY: key})


def chosen_samples(database: Database, study: str) -> dict[str, Any] | None:
    """Return what `StudyRecord.chosen` says of `study`; None, too, where there is no such study yet, or half of one."""
    with contextlib.suppress(UserError):
        return StudyRecord(database, study).chosen
    return None


def study_names(database: Database) -> list[str]:
    """Return the names of all studies in the database."""
    return database.study_names()


def versions() -> dict[str, str]:
    """Return what a study's record keeps of the software that runs it."""
    return {"python": platform.python_version(), "numpy": np.__version__, "optuna": optuna.__version__}


def _known(database: Database) -> str:
    names = parts.whole_studies(database)
    return f"studies there: {', '.join(map(on_one_line, names))}" if names else "it holds no study yet"


def check_same_data(record: StudyRecord, located: Located) -> None:
    """Raise UserError unless this machine's dataset is, byte for byte, the one that the study was started on."""
    recorded = record.source
    if recorded["sha256"] != located.sha256:
        raise UserError(
            f"the study {record.name!r} was started on {recorded['provenance']}, but this machine has "
            f"{located.provenance} with other bytes; put the same files here, or name their folder with --data-dir"
        )
