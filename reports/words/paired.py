"""What differs between the configs of a comparison, run by run, in sentences."""

from __future__ import annotations

from hpo.proof.comparison import ComparedConfig, difference
from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.reports.words.formatting import config_label, count_text, examples
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    change_words,
    difference_interval,
    difference_mean,
    train_gap,
)
from hpo.searching.metric import Metric
from hpo.searching.space import Config

MOST_PAIRS = 8
"""With more configs, differences against the first one are a list that nobody reads."""


def differences(results: StudyResults) -> list[str]:
    """Return what each config changed against the first, run by run; nothing for one config, or for very many."""
    if not 1 < len(results.compared) <= MOST_PAIRS:
        return []
    first, metric = results.compared[0], results.definition.metric
    return [f"{against(each.config, first.config)}: {_changes(metric, each, first)}" for each in results.compared[1:]]


def against(config: Config, first: Config) -> str:
    """Return `weight_decay 0.1 against 0`, or both labels whole where more than one plain value differs."""
    label, other = config_label(config), config_label(first)
    name, separator, value = other.partition(" ")
    if len(first) == 1 and separator and "," not in other and label.startswith(f"{name} "):
        other = value
    return f"{label} against {other}"


def change_of_gap(ours: ComparedConfig, other: ComparedConfig) -> Estimate:
    """Return how much larger the gap of `ours` is, paired by run."""
    return difference(ours, other, lambda run: run.train_accuracy - run.test_accuracy)


def change_of_test(ours: ComparedConfig, other: ComparedConfig) -> Estimate:
    """Return how much better `ours` is on the test set, paired by run."""
    return difference(ours, other, lambda run: run.test_accuracy)


def _changes(metric: Metric, ours: ComparedConfig, other: ComparedConfig) -> str:
    gap, test = change_of_gap(ours, other), change_of_test(ours, other).in_units(metric)
    if not gap.runs:
        return "no paired run has ended yet"
    intervals = [difference_interval(metric, each, signed=True) for each in (gap, test)]
    behind = [f" ({text})" if text != "-" else "" for text in intervals]
    return (
        f"gap {change_words(metric, gap)}{behind[0]}, "
        f"test {difference_mean(metric, test, signed=True)}{behind[1]}, {count_text(gap.runs, 'paired run')}"
    )


def explanation(results: StudyResults, *, crossed: bool = False) -> str:
    """Return what the columns of the table mean; `crossed`, of the one with a hyperparameter across."""
    runs = max(len(each.runs) for each in results.compared)
    longest = max((run for each in results.compared for run in each.runs), key=lambda run: run.n_train)
    metric = results.definition.metric
    text = (
        f"All in {'%' if metric.is_share else metric.name}, at the end of {count_text(longest.epochs, 'epoch')} on "
        f"{longest.n_train} training {examples(results)}, mean of {count_text(runs, 'run')}"
    )
    if crossed:
        return f"{text}. Intervals, validation and gap are in comparison.csv."
    text += f", with {CONFIDENCE_TEXT} intervals" if runs > 1 else ", and so without intervals"
    text += f"; gap: {train_gap(metric)}{', in points' if metric.is_share else ''}."
    if differences(results):
        text += f" Paired runs share {examples(results)}, first weights and batches."
    return text
