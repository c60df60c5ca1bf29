"""How far a study is: what is done, what is left, and how good the best is. Work is counted in image-epochs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.definition.rounds import comparable
from hpo.definition.settings import ComparisonSettings
from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import ON_ALL_OF_THE_DATA
from hpo.proof.probing import PROBES
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.metric_text import value_words
from hpo.searching.queued import DONE, QueuedTrial, search_results
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult, incumbent

STAGES = {"race": "race", "confirm": "confirmation"} | dict.fromkeys(ON_ALL_OF_THE_DATA, "all of the data")
EVEN_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a study. `work` and `total` are image-epochs; `total` is an estimate until the race is decided.

    `best` is the best value so far, in the metric's own units; None as long as there is none; a comparison looks for
    none.
    """

    phase: str
    trials_done: int
    trials_in_phase: int
    best: float | None
    work: float
    total: float
    training: bool = False
    """Whether anything is being trained at this moment."""
    epochs_done: float = 0.0
    epochs_in_phase: float = 0.0
    """Epochs of the trials in this phase: those trained so far, and all that they will have if none is stopped."""
    metric: Metric = ACCURACY
    """Whose value `best` is."""

    @property
    def best_text(self) -> str:
        """The best value so far as people read it; empty as long as there is none."""
        return "" if self.best is None else value_words(self.metric, self.best)


def progress(
    definition: StudyDefinition,
    search: Sequence[QueuedTrial],
    final: Sequence[QueuedTrial],
    pool: int,
    rounds: int | None = None,
) -> Progress:
    """Return how far the study is, given its trials and the size of all of the data.

    `rounds` is how many there are where that is fewer than declared.
    """
    costs = _Costs(definition, pool, rounds)
    work = sum(costs.trial(t) * t.trained / DONE for t in search) + sum(costs.run(t) * t.trained / DONE for t in final)
    phase, current = _phase(definition, search, final)
    metric = definition.metric
    results = with_imputed_scores(comparable(definition, search_results(search, metric)), metric)
    return Progress(
        phase=phase,
        trials_done=sum(trial.finished for trial in current),
        trials_in_phase=len(current),
        best=_best(definition, results),
        work=work,
        total=max(work, costs.search_total() + costs.final_total(final)),
        training=any(trial.running for trial in (*search, *final)),
        epochs_done=epochs(current),
        epochs_in_phase=epochs(current, whole=True),
        metric=metric,
    )


def _best(definition: StudyDefinition, results: Sequence[TrialResult]) -> float | None:
    if not results or definition.comparison is not None:
        return None
    best, metric = incumbent(results), definition.metric
    return None if best.failed and metric.worst is None else metric.value(best.score)


def epochs(trials: Sequence[QueuedTrial], *, whole: bool = False) -> float:
    """Return how many epochs `trials` have been trained for; as a `whole`, those that are not over to their end."""
    return sum(
        float(trial.attributes.get("epochs", 0)) * (DONE if whole and not trial.finished else trial.trained) / DONE
        for trial in trials
    )


def _phase(
    definition: StudyDefinition, search: Sequence[QueuedTrial], final: Sequence[QueuedTrial]
) -> tuple[str, list[QueuedTrial]]:
    if final and all(trial.finished for trial in search):  # a search that goes on has a final part from before
        unfinished = [trial for trial in final if not trial.finished]
        stage = (unfinished or final[-1:])[0].attributes["stage"]
        return STAGES[stage], [t for t in final if STAGES[t.attributes["stage"]] == STAGES[stage]]
    if definition.comparison is not None:
        return "comparison", list(search)
    number = max((trial.attributes["round"] for trial in search), default=1)
    current = [trial for trial in search if trial.attributes["round"] == number]
    return f"round {number} of {len(definition.rounds)}", current


def _probed(final: Sequence[QueuedTrial]) -> bool:
    """Say whether all probes are over, so that it is known whether one was adopted."""
    probes = [trial for trial in final if trial.attributes["stage"] in PROBES]
    return bool(probes) and all(trial.finished for trial in probes)


class _Costs:
    """What each kind of trial costs, in image-epochs."""

    def __init__(self, definition: StudyDefinition, pool: int, rounds: int | None) -> None:
        self._definition = definition
        self._rounds = definition.rounds[:rounds]
        self._pool = pool

    def trial(self, trial: QueuedTrial) -> float:
        """Return the cost of a trial of the search, if it is not stopped, or of a comparison."""
        if self._definition.comparison is not None:
            return self._compared(self._definition.comparison)
        return self._round(int(trial.attributes["round"]) - 1)

    def run(self, trial: QueuedTrial) -> float:
        """Return the cost of a run of the final part."""
        return self._full() if trial.attributes["stage"] in ON_ALL_OF_THE_DATA else self._short()

    def search_total(self) -> float:
        """Return the expected cost of all rounds, given how many trials stop at each rung; or that of a comparison."""
        comparison = self._definition.comparison
        if comparison is not None:
            return len(self._definition.space.grid()) * comparison.seeds * self._compared(comparison)
        settings = self._definition.search
        share, alive, before = 0.0, 1.0, 0
        for percent in self._definition.percents:
            share += alive * (percent - before) / DONE
            alive, before = alive * settings.keep, percent
        return sum(share * each.trials * self._round(i) for i, each in enumerate(self._rounds))

    def final_total(self, final: Sequence[QueuedTrial]) -> float:
        """Return the expected cost of the final part: half of the race's configs go on, until it is known how many.

        Until then nobody is expected to leave the race early, and the winner to be tried as in the search. While the
        probes are not over, one is expected to be adopted by even chance.
        """
        if self._definition.comparison is not None:
            return 0.0
        settings = self._definition.final
        stages = Counter(trial.attributes["stage"] for trial in final)
        known = stages["full"] / settings.seeds
        good = known or math.ceil(settings.good_values / 2)
        raced = stages["race"] if known else settings.racing * 2 + settings.good_values * (settings.race_runs - 2)
        short = raced + good * settings.confirmation_runs
        rescaled = not known or any(trial.attributes["stage"] == "full" and not trial.finished for trial in final)
        plain = stages["plain"] or rescaled * settings.seeds
        probes = sum(stages[stage] for stage in PROBES) or settings.probe * len(PROBES) * settings.seeds
        undecided = EVEN_CHANCE * settings.seeds * settings.probe * (not _probed(final))
        around = plain + probes + (stages["adopted"] or undecided)
        return short * self._short() + (good * settings.seeds + around) * self._full()

    def _round(self, index: int) -> float:
        each = self._definition.rounds[index]
        return float(each.taken(self._pool) * each.epochs * self._definition.search.groups)

    def _compared(self, comparison: ComparisonSettings) -> float:
        return float(min(comparison.samples or self._pool, self._pool) * comparison.epochs)

    def _short(self) -> float:
        last = self._definition.rounds[-1]
        return float(last.taken(self._pool) * last.epochs)

    def _full(self) -> float:
        return float(self._pool * self._definition.final.epochs)
