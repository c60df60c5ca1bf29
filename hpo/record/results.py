"""Everything that a study has found so far, read from the database in one go: what tables and figures are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo.certificate.ranking import Certificate
from hpo.definition.rounds import RoundRecord, UnopenedRound, comparable
from hpo.definition.study import StudyDefinition
from hpo.proof.comparison import ComparedConfig, compared
from hpo.proof.final_runs import FinalRun, FullResult, final_runs
from hpo.proof.good_values import GoodValue, RacedConfig, good_of, raced_configs, results_on_all_of_the_data
from hpo.proof.replaying import runs_that_count
from hpo.record.certificate import load_certificate
from hpo.record.commands import command_for
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.record.untrusted import reading
from hpo.searching.gaps import GuardCost, guard_cost
from hpo.searching.queued import QueuedTrial, search_results
from hpo.searching.relevance import Relevance, relevance
from hpo.searching.seeds import RELEVANCE, derived_seed
from hpo.searching.space import Config
from hpo.searching.trials import TrialResult
from hpo.searching.warm_start import warm_configs
from hpo.storage import studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.records import Curve, LedgerEntry, load_curves, load_test_evaluations


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A study's definition, record, trials and verdicts. Curves are by the database id of their trial.

    What was found are scores of `definition.metric`, of which more is always better; `queued` and `curves` have values,
    in the metric's own units. A comparison has no verdicts, but `compared`, which a search has not. Two are equal only
    if they are the same, so that what was computed of one can be remembered.
    """

    definition: StudyDefinition
    state: str
    data: Mapping[str, Any]
    source: Mapping[str, str]
    versions: Mapping[str, str]
    rounds: Sequence[RoundRecord]
    queued: Sequence[QueuedTrial]
    trials: Sequence[TrialResult]
    runs: Sequence[FinalRun]
    good: Sequence[GoodValue]
    full: Sequence[FullResult]
    curves: Mapping[int, Curve]
    ledger: Sequence[LedgerEntry]
    compared: Sequence[ComparedConfig] = ()
    raced: Sequence[RacedConfig] = ()
    certificate: Certificate | None = None
    chosen: Mapping[str, Any] | None = None
    """How many images the "auto" rounds were given, see StudyRecord.chosen."""
    guard: GuardCost | None = None
    """What the constraints did to the choice, once the search is over, where the study has one."""
    unopened: UnopenedRound | None = None
    """The round at which the search ended, if it ended before the last one."""
    relevance: Sequence[Relevance] = ()
    """What the comparable trials so far tell of each hyperparameter of a search."""
    shown: Mapping[str, int] = field(default_factory=dict)
    """Optuna's numbers of the studies that show its parts, see hpo.storage.studies."""
    shown_trials: Mapping[int, int] = field(default_factory=dict)
    """Optuna's number of each trial by the database's own id."""
    started_from: str | None = None
    """The preset or the study file, see StudyRecord.started_from."""

    @property
    def command(self) -> str:
        """The command that moves the study forward."""
        return command_for(self.definition.name, self.started_from)

    @property
    def complete_data(self) -> bool:
        """Whether the dataset is the one its name says, and not a small stand-in."""
        return self.source["complete"] == "yes"


def warm_start(database: Database, definition: StudyDefinition) -> list[Config]:
    """Return the good values that `definition` is to begin at; none if it names no study, or has its own record yet.

    Raises UserError if the study that it names is not there, not done, or shares no hyperparameter with it.
    """
    other = definition.search.warm_start
    if other is None:
        return []
    with contextlib.suppress(UserError):
        StudyRecord(database, definition.name)
        return []
    found = load_results(database, other)
    if found.state != "done" or not found.good:
        raise UserError(
            f"search.warm_start = {other!r}: that study has no good values yet; finish it with "
            f"{found.command}, or leave warm_start out"
        )
    configs: list[Config] = [good.config for good in found.good]
    if not warm_configs(definition.space, configs):
        raise UserError(
            f"search.warm_start = {other!r}: that study searched {', '.join(found.definition.space.hyperparameters)}, "
            f"of which nothing fits {', '.join(definition.space.hyperparameters)}; leave warm_start out"
        )
    return configs


def load_results(database: Database, name: str) -> StudyResults:
    """Return what the study `name` has found so far.

    Raises UserError if there is no such study, or what is stored of it makes no sense.
    """
    record = StudyRecord(database, name)
    with reading(name):
        return _results(database, record)


def _results(database: Database, record: StudyRecord) -> StudyResults:
    # A search may run meanwhile. Its trials are read before its record, so that no round lacks what is made of it.
    name, definition, found = record.name, record.definition, trials_of(database, record)
    queued, final = found.search, found.final
    record.refresh()
    metric, constrained = definition.metric, bool(definition.bounds)
    rounds, trials = record.rounds, search_results(queued, metric, definition.bounds)
    runs = final_runs(final, metric)
    known = comparable(definition, trials)
    searched = len(rounds) == record.rounds_to_open and definition.comparison is None
    searched = searched and len(trials) == sum(each.trials for each in rounds)
    if record.continued:  # what was found before it went on counts as far as it is found again
        runs = runs_that_count(definition, rounds[-1].box, known, runs, int(record.data["pool"])) if searched else []
    raced = raced_configs(definition, rounds[-1].box, known, runs) if searched else ()
    return StudyResults(
        definition=definition,
        state=record.state,
        data=record.data,
        source=record.source,
        versions=record.versions,
        rounds=rounds,
        queued=queued,
        trials=trials,
        runs=runs,
        good=good_of(definition, raced, known, runs),
        full=results_on_all_of_the_data(definition, runs),
        curves=load_curves(database.engine, [trial.id for trial in (*queued, *final)]),
        ledger=load_test_evaluations(database.engine, name),
        compared=compared(definition, queued) if definition.comparison is not None else (),
        guard=guard_cost(
            definition.space, rounds[-1].box, known, definition.final.racing, constrained=constrained, metric=metric
        )
        if searched
        else None,
        raced=raced,
        certificate=load_certificate(database, definition, record.source),
        chosen=record.chosen,
        unopened=record.unopened,
        relevance=relevances(definition, rounds, known),
        shown=database.read(lambda connection: studies.still_shown(connection, record.row)),
        shown_trials={trial.id: trial.optuna_id for trial in (*queued, *final) if trial.optuna_id is not None},
        started_from=record.started_from,
    )


def relevances(
    definition: StudyDefinition, rounds: Sequence[RoundRecord], known: Sequence[TrialResult]
) -> Sequence[Relevance]:
    """Return what the comparable trials `known` tell of each hyperparameter; nothing in a comparison."""
    if definition.comparison is not None:
        return ()
    boxes = {opened.number: opened.box for opened in rounds}
    seed = derived_seed(definition.seed, RELEVANCE)
    return relevance(definition.space, boxes, known, seed=seed, metric=definition.metric)
