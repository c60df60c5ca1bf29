"""What differs between the configs of a comparison, run by run, in sentences."""

from __future__ import annotations

from hpo.proof.comparison import ComparedConfig, difference
from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.reports.words.formatting import CONFIDENCE_TEXT, config_label, count_text, interval_points, points_text
from hpo.searching.space import Config

MOST_PAIRS = 8
"""With more configs, differences against the first one are a list that nobody reads."""


def differences(results: StudyResults) -> list[str]:
    """Return what each config changed against the first, run by run; nothing for one config, or for very many."""
    if not 1 < len(results.compared) <= MOST_PAIRS:
        return []
    first = results.compared[0]
    return [f"{against(each.config, first.config)}: {_changes(each, first)}" for each in results.compared[1:]]


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
    """Return how much higher the test accuracy of `ours` is, paired by run."""
    return difference(ours, other, lambda run: run.test_accuracy)


def _changes(ours: ComparedConfig, other: ComparedConfig) -> str:
    gap, test = change_of_gap(ours, other), change_of_test(ours, other)
    if not gap.runs:
        return "no paired run has ended yet"
    intervals = [interval_points(each, signed=True) for each in (gap, test)]
    behind = [f" ({text})" if text != "-" else "" for text in intervals]
    return (
        f"gap {points_text(gap.mean, signed=True)} points{behind[0]}, "
        f"test {points_text(test.mean, signed=True)}{behind[1]}, {count_text(gap.runs, 'paired run')}"
    )


def explanation(results: StudyResults, *, crossed: bool = False) -> str:
    """Return what the columns of the table mean; `crossed`, of the one with a hyperparameter across."""
    runs = max(len(each.runs) for each in results.compared)
    longest = max((run for each in results.compared for run in each.runs), key=lambda run: run.n_train)
    text = (
        f"All in %, at the end of {count_text(longest.epochs, 'epoch')} on {longest.n_train} training images, "
        f"mean of {count_text(runs, 'run')}"
    )
    if crossed:
        return f"{text}. Intervals, validation and gap are in comparison.csv."
    text += f", with {CONFIDENCE_TEXT} intervals" if runs > 1 else ", and so without intervals"
    text += "; gap: train - test, in points."
    if differences(results):
        text += " Paired runs share images, first weights and batches."
    return text
