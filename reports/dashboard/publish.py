"""Writing into the database what optuna-dashboard shows of a study: only what differs from what is there.

The dashboard keeps notes, figures and the list of a trial's files in system attributes of the Optuna study, in pieces
that it joins; this writes them as its own functions do (a test holds that), but without loading it, in pieces so long
that a figure is one, written in one go, and not at all where it stands already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from hpo.record.results import StudyResults
from hpo.reports.dashboard.block import merged
from hpo.reports.dashboard.pages import Page, pages, trials_that_keep_a_network
from hpo.reports.dashboard.study_note import final_name
from hpo.storage.database import Database
from hpo.storage.records import trials_with_network
from hpo.storage.studies import FINAL, SEARCH

T = TypeVar("T")

PIECE = 40_000
"""Letters of a piece. Every database that Optuna knows takes as many in an attribute; MySQL not many more."""

LONGEST_NOTE = 1_000_000
"""Letters of a note that is kept current. It has room for what the server takes of a user, and for ours."""


def publish(database: Database, results: StudyResults) -> int:
    """Write the notes, figures and files of a study where they are not there yet; return how many attributes changed.

    Publishing twice leaves the same, and the second time writes nothing.
    """
    storage = database.optuna
    name = results.definition.name
    if not {SEARCH, FINAL} <= results.shown.keys():  # the notes of study and final part name each other
        return 0
    ids = {name: results.shown[SEARCH], final_name(results): results.shown[FINAL]}
    kept = trials_with_network(database.engine, trials_that_keep_a_network(results))
    written = 0
    for page in pages(results, ids, kept):
        study_id = ids[page.study]
        shown = replace(page, trial_notes=_shown(page.trial_notes, results), artifacts=_shown(page.artifacts, results))
        for key, value in changes(storage.get_study_system_attrs(study_id), shown).items():
            storage.set_study_system_attr(study_id, key, value)
            written += 1
    return written


def _shown(by_trial: Mapping[int, T], results: StudyResults) -> dict[int, T]:
    """Return the same by Optuna's number of each trial, without those that it does not show."""
    return {results.shown_trials[key]: value for key, value in by_trial.items() if key in results.shown_trials}


def changes(present: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """Return the system attributes to set, in their order, so that a study which has those `present` shows `page`."""
    wanted = _note(present, "dashboard:", page.note)
    for trial_id, note in page.trial_notes.items():
        wanted |= _note(present, f"dashboard:{trial_id}:", note)
    for figure_id, figure in page.figures.items():
        text = json.dumps(figure, separators=(",", ":"))
        wanted |= _pieces(present, f"dashboard:plot_data:{figure_id}:", text)
    for trial_id, artifacts in page.artifacts.items():
        for artifact in artifacts:
            key = f"dashboard:artifacts:{trial_id}:{artifact.id}"
            if key not in present:  # there, and null: a user took it off the page
                meta = {"artifact_id": artifact.id, "filename": artifact.filename, "mimetype": artifact.mimetype}
                wanted[key] = json.dumps({**meta, "encoding": None})
    return {key: value for key, value in wanted.items() if present.get(key) != value}


def _note(present: Mapping[str, Any], prefix: str, ours: str) -> dict[str, Any]:
    """Return the attributes of a note. Its version comes last: who edits it meanwhile is told that it has changed.

    There are none of a note that is too long, or that some other program wrote in a way of its own: it stays as it is.
    """
    text, version = _joined(present, f"{prefix}note_str:"), present.get(f"{prefix}note_ver", 0)
    if text is None or not isinstance(version, int):
        return {}
    new = merged(text, ours)
    if new == text:
        return {}
    return {**_pieces(present, f"{prefix}note_str:", new), f"{prefix}note_ver": version + 1}


def _joined(present: Mapping[str, Any], prefix: str) -> str | None:
    """Return the note whose pieces begin with `prefix`; None if it is longer than LONGEST_NOTE, or is no text."""
    count = sum(key.startswith(prefix) for key in present)
    pieces = [piece for i in range(count) if isinstance(piece := present.get(f"{prefix}{i}"), str)]
    return "".join(pieces) if len(pieces) == count and sum(map(len, pieces)) <= LONGEST_NOTE else None


def _pieces(present: Mapping[str, Any], prefix: str, text: str) -> dict[str, str]:
    """Return `text` in pieces, and nothing in the place of pieces that are left from a longer one."""
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    left = sum(key.startswith(prefix) for key in present)
    return {f"{prefix}{i}": pieces[i] if i < len(pieces) else "" for i in range(max(len(pieces), left))}
