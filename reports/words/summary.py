"""What of a study stands beside other studies: its winner, how sure that is, and what it took to find it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.outcomes import outcomes
from hpo.reports.words.formatting import config_label, config_text, data_text
from hpo.reports.words.no_effect import values_with_effect
from hpo.reports.words.numbers import interval_text, mean_text, sign_of
from hpo.searching.metric import Metric

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """A study in a line. Estimates are scores of its metric, unknown where the study is not that far.

    `values` are those to use, without what shows no effect; `n_train` is how many images they were trained on for the
    scores that are given, `trainings` and `seconds` all that the study has trained so far, summed over workers.
    """

    name: str
    metric: Metric
    state: str
    data: str
    sha256: str
    values: str
    n_train: int | None
    validation: Estimate
    test: Estimate
    gap: float
    trainings: int
    seconds: float
    test_evaluations: int
    seed: int


def shared_metric(found: Sequence[Summary]) -> Metric | None:
    """Return the metric of all of the studies; None where they have different ones."""
    metrics = {each.metric for each in found}
    return metrics.pop() if len(metrics) == 1 else None


def summary(results: StudyResults) -> Summary:
    """Return `results` in a line: of a comparison, its best config in validation."""
    values, n_train, validation, test, gap = _found(results)
    seconds = _training(results)
    return Summary(
        name=results.definition.name,
        metric=results.definition.metric,
        state=results.state,
        data=data_text(results),
        sha256=results.source["sha256"],
        values=values,
        n_train=n_train,
        validation=validation,
        test=test,
        gap=gap,
        trainings=len(seconds),
        seconds=sum(seconds),
        test_evaluations=len(results.ledger),
        seed=results.definition.seed,
    )


def test_text(each: Summary) -> str:
    """Return `97.2 (96.8 .. 97.4)`, without an interval where there is none, `-` where nothing is known."""
    if not each.test.runs:
        return "-"
    interval = interval_text(each.metric, each.test)
    return mean_text(each.metric, each.test) + (f" ({interval})" if interval != "-" else "")


def test_words(each: Summary) -> str:
    """Return the same for a sentence: `97.2 % (96.8 .. 97.4)`."""
    mean, behind, interval = test_text(each).partition(" (")
    return f"{mean}{sign_of(each.metric) if each.test.runs else ''}{behind}{interval}"


def _found(results: StudyResults) -> tuple[str, int | None, Estimate, Estimate, float]:
    """Return the values to use, the images that they were trained on, and validation, test and gap."""
    if results.definition.comparison is not None:
        best = max(results.compared, key=lambda each: each.validation.mean, default=None)
        if best is None:
            return "-", None, UNKNOWN, UNKNOWN, math.nan
        images = max(run.n_train for run in best.runs)
        return config_label(best.config) or "-", images, best.validation, best.test, best.gap.mean
    found = facts_of(results).recommended
    if found.config is None:
        return "-" if found.nothing == "untried" else "none: nothing was learnt", None, UNKNOWN, UNKNOWN, math.nan
    values = config_text(values_with_effect(results, found.config))
    taken = found.images if results.definition.abilities.samples else None
    if found.result is not None:
        return values, taken, found.validation, found.result.test, found.result.gap
    confirmed = found.validation if found.where == "confirmation" else UNKNOWN  # else it is the best of many
    return values, taken, confirmed, UNKNOWN, math.nan


def _training(results: StudyResults) -> Sequence[float]:
    """Return the seconds of each training that has begun."""
    if results.definition.comparison is not None:
        return [run.seconds for each in results.compared for run in each.runs]
    searched = [each.seconds for each in outcomes(results) if each.seconds is not None]
    return [*searched, *(run.seconds for run in results.runs)]
