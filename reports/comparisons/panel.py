"""What a comparison prints at its end: a row for each config, and what each changed against the first one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from hpo.comparison import ComparedConfig, difference
from hpo.selecting import Estimate
from hpo.space import Config
from hpo.study_results import StudyResults
from reports.comparisons.curves import diverged
from reports.formatting import (
    CONFIDENCE_TEXT,
    compact_label,
    config_label,
    count_text,
    data_text,
    flat,
    interval_percent,
    interval_points,
    percent,
    points_text,
    value_text,
)
from reports.layout import Row, config_table, label_table, panel

MOST_PAIRS = 8
"""With more configs, differences against the first one are a list that nobody reads."""
MOST_COLUMNS = 3


def comparison_panel(results: StudyResults) -> RenderableType:
    """Return train, validation and test accuracy and the gap of each config, and the paired differences below.

    A grid over two hyperparameters with many configs gets a row for each value of the second, and columns for the
    first.
    """
    compared = results.compared
    title = f"Comparison {results.definition.name} on {data_text(results)}"
    if not compared:
        return panel(title, [Text("No training has ended yet."), _openings(results), Text("")])
    crossed = _crossed(results) if len(compared) > MOST_PAIRS else None
    table = crossed or _plain(results)
    notes = [Text(f"{config_label(each.config)}: {diverged(each)}.") for each in compared if diverged(each)]
    pairs = [Text(text) for text in differences(results)]
    spaced = [*pairs, Text("")] if pairs else []
    explained = Text(explanation(results, crossed=bool(crossed)), style="dim")
    return panel(title, [table, Text(""), *notes, *spaced, explained, _openings(results), Text("")])


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


HEADERS = ("train", "validation", "test (interval)", "gap (interval)")


def _plain(results: StudyResults) -> RenderableType:
    """Return a row for each config: its hyperparameters in columns, or its label where a choice sets several fields."""
    names = _names(results)
    if any(flat(each.config).keys() != each.config.keys() for each in results.compared):
        rows = [(compact_label(each.config), cells(each)) for each in results.compared]
        return label_table("config", HEADERS, rows)
    values = [[value_text(value) for value in each.config.values()] for each in results.compared]
    accuracies = [cells(each) for each in results.compared]
    return config_table("", names, HEADERS, [("", *row) for row in zip(values, accuracies, strict=True)])


def cells(compared: ComparedConfig) -> list[str]:
    """Return the cells of a config under HEADERS."""
    texts = [
        percent(compared.train.mean),
        percent(compared.validation.mean),
        f"{percent(compared.test.mean)} ({interval_percent(compared.test)})",
        f"{points_text(compared.gap.mean)} ({interval_points(compared.gap)})",
    ]
    return [text.removesuffix(" (-)") for text in texts]


def _crossed(results: StudyResults) -> RenderableType | None:
    """Return the table of a grid: its second hyperparameter down, its first across; None where there is no such grid.

    Each cell is test accuracy, and behind it train accuracy.
    """
    names = _names(results)
    if len(names) != 2:
        return None
    found = {tuple(each.config[name] for name in names): each for each in results.compared}
    across = list(dict.fromkeys(key[0] for key in found))
    down = list(dict.fromkeys(key[1] for key in found))
    if len(across) > MOST_COLUMNS:
        return None
    rows: list[Row] = []
    for second in down:
        texts = []
        for each in (found.get((first, second)) for first in across):
            texts += ["-", "-"] if each is None else [percent(each.train.mean), percent(each.test.mean)]
        rows.append(("", [value_text(second)], texts))
    heads = [f"{value_text(first)}: {of}" for first in across for of in ("train", "test")]
    heads[0] = f"{names[0]} {heads[0]}"
    return config_table("", [names[1]], heads, rows)


def _changes(ours: ComparedConfig, other: ComparedConfig) -> str:
    gap, test = change_of_gap(ours, other), change_of_test(ours, other)
    if not gap.runs:
        return "no run of both has ended yet"
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
        text += " Paired: runs of one number share images, first weights and batches, so what these do cancels."
    return text


def _openings(results: StudyResults) -> RenderableType:
    times = count_text(len(results.ledger), "time")
    return Text(f"The test set was opened {times} for this study, and chose nothing.", style="dim")


def _names(results: StudyResults) -> Sequence[str]:
    return list(results.definition.space.hyperparameters)
