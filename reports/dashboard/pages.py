"""What the dashboard should show of a study, as frozen values: a page for each of its Optuna studies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hpo.proof.final_runs import FullResult
from hpo.record.results import StudyResults
from hpo.reports.dashboard.boxes import boxes
from hpo.reports.dashboard.figures import Figure
from hpo.reports.dashboard.hyperparameters import hyperparameters
from hpo.reports.dashboard.intervals import compared_configs, good_values, subset_and_full
from hpo.reports.dashboard.study_note import final_name, final_note, study_note
from hpo.reports.dashboard.trial_notes import first_run, good_value_notes, run_notes
from hpo.searching.queued import QueuedTrial
from hpo.storage.artifacts import curve_id, network_id

FIGURES: Mapping[str, Callable[[StudyResults], Figure | None]] = {
    "where-the-search-looked": boxes,
    "every-hyperparameter": hyperparameters,
    "good-values": good_values,
    "subset-and-all-data": subset_and_full,
}
"""The figures of a search by their ids in the dashboard, which never change: a new one replaces the one before."""

COMPARISON_FIGURES: Mapping[str, Callable[[StudyResults], Figure | None]] = {"configs": compared_configs}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file for download: what the artifact store knows it by, and what it is called."""

    id: str
    filename: str
    mimetype: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one Optuna study shows. Notes and artifacts of trials are by the trial's id in the database."""

    study: str
    note: str
    trial_notes: Mapping[int, str] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    artifacts: Mapping[int, Sequence[Artifact]] = field(default_factory=dict)


def trials_that_keep_a_network(results: StudyResults) -> list[int]:
    """Return the database ids of the trials whose trained network is offered, if it was kept."""
    of_configs = [run.id for each in results.compared for run in each.runs if run.run == 0]
    return of_configs + [first.id for full in results.full if full.ranked and (first := first_run(full)) is not None]


def pages(results: StudyResults, study_ids: Mapping[str, int], kept: Collection[int]) -> list[Page]:
    """Return the pages of a study as far as it is.

    `study_ids` are those of its Optuna studies by their names, `kept` the trials of which a network is in the database.
    """
    kinds = FIGURES if results.definition.comparison is None else COMPARISON_FIGURES
    figures = {name: made for name, draw in kinds.items() if (made := draw(results)) is not None}
    name = results.definition.name
    if results.definition.comparison is not None:
        artifacts = {
            run.id: _files(f"{name}-trial{run.number}", run.id, kept, "")
            for each in results.compared
            for run in each.runs
            if run.run == 0
        }
        return [Page(name, study_note(results, study_ids), {}, figures, artifacts)]
    final = {
        first.id: _files(f"{name}-trial{full.source_trial}", first.id, kept, _suffix(full))
        for full in results.full
        if full.ranked and (first := first_run(full)) is not None
    }
    shared = {key: made for key, made in figures.items() if key == "good-values"}
    return [
        Page(
            name,
            study_note(results, study_ids),
            good_value_notes(results, study_ids),
            figures,
            _of_search(results, kept),
        ),
        Page(final_name(results), final_note(results, study_ids), run_notes(results, study_ids), shared, final),
    ]


def _of_search(results: StudyResults, kept: Collection[int]) -> dict[int, list[Artifact]]:
    """Return the files of each good value: its curve in the search, and what its config became on all of the data."""
    trials: dict[int, QueuedTrial] = {trial.number: trial for trial in results.queued}
    found: dict[int, list[Artifact]] = {}
    for good in results.good:
        trial = trials[good.trial]
        name = f"{results.definition.name}-trial{trial.number}"
        files = [Artifact(curve_id(trial.id), f"{name}-search-curve.csv", "text/csv")]
        for full in results.full:
            first = first_run(full)
            if full.source == good.key and full.ranked and first is not None:
                files += _files(name, first.id, kept, _suffix(full))
        found[trial.id] = files
    return found


def _suffix(full: FullResult) -> str:
    return "-all-data" if full.stage == "full" else "-all-data-adopted"


def _files(name: str, trial_id: int, kept: Collection[int], suffix: str) -> list[Artifact]:
    files = [Artifact(curve_id(trial_id), f"{name}{suffix}-curve.csv", "text/csv")]
    if trial_id in kept:
        files.append(Artifact(network_id(trial_id), f"{name}{suffix}-network.npz", "application/octet-stream"))
    return files
