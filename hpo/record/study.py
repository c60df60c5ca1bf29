"""What the database knows of a study beside its trials: its definition, its data, its rounds and its state.

All of it lies in user attributes of the Optuna study, so that it moves with the study and the dashboard shows it.
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
from optuna.study import StudyDirection

from hpo.definition.naming import check_study_name
from hpo.definition.parts import CERTIFICATE_SUFFIX, FINAL_SUFFIX, PARTS
from hpo.definition.printable import on_one_line
from hpo.definition.rounds import RoundRecord, UnopenedRound
from hpo.definition.study import StudyDefinition, read_definition
from hpo.record.untrusted import reading, table
from hpo.searching.space import Box, Value
from hpo.storage.database import Database
from hpo.storage.datasets import Located
from hpo.storage.errors import UserError

WARM_START = "warm start"
METRIC = "validation accuracy"
CHOSEN = "samples chosen"
UNOPENED = "round not opened"


class NotOurStudyError(UserError):
    """The study was made by some other program."""


class StudyRecord:
    """The record of one study in one database."""

    def __init__(self, database: Database, name: str) -> None:
        self._storage = database.optuna
        self.name = name
        try:
            self._id = self._storage.get_study_id_from_name(name)
        except KeyError:
            raise UserError(f"no study named {name!r} in the database; {_known(database)}") from None
        self.refresh()
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
    ) -> StudyRecord:
        """Create the study and its final part, or open them if they exist.

        `data` are the numbers of its data, `source` says where they came from, `chosen` how many images its "auto"
        rounds were given (`choice_record`), `warm_start` the good values of another study that it
        begins at, kept here so that resuming does not depend on that study. Raises UserError if the study exists with
        another definition or other data, showing what differs and the ways out.
        """
        final_part = {"final part of": check_study_name(definition.name)}
        record = {
            "data": dict(data),
            "source": dict(source),
            "versions": versions(),
            "state": "running",
            **({WARM_START: [dict(config) for config in warm_start]} if warm_start else {}),
            **({CHOSEN: dict(chosen)} if chosen is not None else {}),
            "definition": definition.record(),  # the last to be written: a study that has it is whole
        }
        create_or_complete(database, definition.name + FINAL_SUFFIX, final_part)
        create_or_complete(database, definition.name, record)
        opened = cls(database, definition.name)
        opened.refuse_changes(definition, source)
        return opened

    def refresh(self) -> None:
        """Read the record anew: rounds are opened, and the study is done, by whoever coordinates it."""
        with reading(self.name):
            self._attributes: dict[str, Any] = self._storage.get_study_user_attrs(self._id)

    @property
    def definition(self) -> StudyDefinition:
        """The definition that the study was started with."""
        with reading(self.name):
            try:
                return read_definition(self.name, table(self._attributes["definition"], "its definition"))
            except UserError as error:
                raise UserError(f"its definition: {error} (did a newer version of this program write it?)") from error

    @property
    def data(self) -> dict[str, Any]:
        """The numbers of the study's data: pool, holdout, classes, chance."""
        return table(self._attributes.get("data"), "what is known of its data")

    @property
    def source(self) -> dict[str, str]:
        """Where the data came from, with their SHA-256."""
        return table(self._attributes.get("source"), "where its data came from")

    @property
    def versions(self) -> dict[str, str]:
        """The versions of Python and the libraries that started the study."""
        return table(self._attributes.get("versions"), "what it was run with")

    @property
    def chosen(self) -> dict[str, Any] | None:
        """How many images the rounds were given that left it to a certificate; None where no round did."""
        return self._attributes.get(CHOSEN)

    @property
    def warm_start(self) -> list[dict[str, Value]]:
        """The good values of another study that this one begins at."""
        return list(self._attributes.get(WARM_START, ()))

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
        return None if found is None else UnopenedRound(**found)

    def rounds_to_open(self, definition: StudyDefinition) -> int:
        """Return how many rounds there are in all: fewer than declared where the search ended before."""
        return definition.rounds_to_open if self.unopened is None else self.unopened.number - 1

    def rounds(self, definition: StudyDefinition) -> list[RoundRecord]:
        """Return the rounds opened so far."""
        found = []
        for number in range(1, self.rounds_to_open(definition) + 1):
            record = self._attributes.get(f"round {number}")
            if record is None:
                break
            box = definition.space.box(record["box"])
            found.append(RoundRecord(number, box, tuple(record["why"]), tuple(record["configs"])))
        return found

    def refuse_changes(self, definition: StudyDefinition, source: Mapping[str, str]) -> None:
        """Raise UserError if the study was started with another definition than `definition`, or on other data."""
        # Read and written again, so that a field which is newer than the study has its default and is no change.
        begun = self.definition
        changes = differences(begun.record(), definition.on_the_data_of(begun).record())
        changes += other_images(self.source, source)
        if changes:
            listed = "".join(f"\n  {change}" for change in changes)
            raise UserError(
                f"the study {self.name!r} is already in the database with another definition:{listed}\n"
                "Ways out: undo the change and run again to resume it; or copy the study file to a new name to start a "
                "new study; or start afresh in another database, --storage sqlite:///another.db"
            )


def create_or_complete(database: Database, name: str, attributes: Mapping[str, Any]) -> None:
    """Create the study `name` with its attributes; complete one whose creation was cut short; leave a whole one."""
    storage = database.optuna
    with contextlib.suppress(optuna.exceptions.DuplicatedStudyError):
        if name not in study_names(database):
            storage.create_new_study([StudyDirection.MAXIMIZE], name)
    study_id = storage.get_study_id_from_name(name)
    present = storage.get_study_user_attrs(study_id)
    if attributes.keys() <= present.keys() or storage.get_n_trials(study_id):
        return
    storage.set_study_system_attr(study_id, "study:metric_names", [METRIC])
    for key, value in attributes.items():
        storage.set_study_user_attr(study_id, key, value)


def chosen_samples(database: Database, study: str) -> dict[str, Any] | None:
    """Return what `StudyRecord.chosen` says of `study`; None, too, where there is no such study yet, or half of one."""
    with contextlib.suppress(UserError):
        return StudyRecord(database, study).chosen
    return None


def study_names(database: Database) -> list[str]:
    """Return the names of all studies in the database."""
    return database.study_names()


def other_images(recorded: Mapping[str, str], source: Mapping[str, str]) -> list[str]:
    """Return the line that says so where `source` has other images than those `recorded`, or nothing."""
    if recorded["sha256"] == source["sha256"]:
        return []
    return [f"data: {recorded['provenance']} -> {source['provenance']} (other images)"]


def differences(old: object, new: object, where: str = "") -> list[str]:
    """Return a line for each value that differs between two definitions' records."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{where}.{key}".strip("."))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [line for i in range(len(old)) for line in differences(old[i], new[i], f"{where}.{i}")]
    return [] if old == new else [f"{where}: {json.dumps(old)} -> {json.dumps(new)}"]


def versions() -> dict[str, str]:
    """Return what a study's record keeps of the software that runs it."""
    return {"python": platform.python_version(), "numpy": np.__version__, "optuna": optuna.__version__}


def _known(database: Database) -> str:
    names = [name for name in study_names(database) if not name.endswith(PARTS)]
    return f"studies there: {', '.join(map(on_one_line, names))}" if names else "it holds no study yet"


def check_same_data(record: StudyRecord, located: Located) -> None:
    """Raise UserError unless this machine's dataset is, byte for byte, the one that the study was started on."""
    recorded = record.source
    if recorded["sha256"] != located.sha256:
        raise UserError(
            f"the study {record.name!r} was started on {recorded['provenance']}, but this machine has "
            f"{located.provenance} with other bytes; put the same files here, or name their folder with --data-dir"
        )
