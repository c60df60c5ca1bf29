"""The paragraph that a comparison ends with: what happened, as the numbers say it, whatever the book found."""

from __future__ import annotations

import math

import numpy as np

from hpo.proof.comparison import ComparedConfig
from hpo.proof.estimates import Estimate, estimate_difference
from hpo.record.results import StudyResults
from hpo.reports.facts.axes import has_all
from hpo.reports.facts.curves import Band, band, diverged
from hpo.reports.facts.overfitting import Moment, course
from hpo.reports.words.formatting import (
    config_label,
    count_text,
    data_text,
    examples,
    value_text,
)
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    change_words,
    difference_interval,
    difference_mean,
    difference_words,
    interval_text,
    interval_words,
    mean_words,
    points_of,
    score_words,
    sign_of,
)
from hpo.reports.words.numbers import value_text as metric_text
from hpo.reports.words.paired import against, change_of_gap, change_of_test
from hpo.searching.metric import ACCURACY, Metric

FINE = 0.98
"""Above this share a tenth of a point is a large part of the errors: there are two decimals."""

LEARNS = 0.9
"""A training loss above this share of guessing's, ln(classes), has not fallen: the network learnt next to nothing."""


def comparison_verdict(results: StudyResults) -> str:
    """Return one paragraph on the comparison as far as it is, in the terms of the figure that it is drawn as."""
    settings = results.definition.comparison
    if settings is None:
        raise ValueError(f"{results.definition.name} is a search, not a comparison")
    told = {
        "overfitting": _overfitting,
        "training_loss": _training_loss,
        "grid": _grid,
        "convnet": _best,
    }[settings.figure]
    sentences = told(results) if results.compared else []
    if results.state != "done":
        sentences.insert(0, f"Not finished: {ended_text(results, settings.seeds)}")
    if not results.complete_data:
        sentences.append(f"Data: {data_text(results)}.")
    return " ".join(sentences)


def ended_text(results: StudyResults, seeds: int) -> str:
    """Return how many trainings ended, of how many."""
    ended = sum(len(each.runs) for each in results.compared)
    return f"{ended} of {count_text(seeds * len(results.definition.space.grid()), 'training')} ended."


def _overfitting(results: StudyResults) -> list[str]:
    """Return how each config overfitted, and what each changed against the first."""
    first = results.compared[0]
    sentences = []
    for each in results.compared:
        sentences += _course(results, each)
        if each is not first:
            sentences += _change(results.definition.metric, each, first)
    return sentences


def _course(results: StudyResults, compared: ComparedConfig) -> list[str]:
    """Return where validation loss was lowest and what came then, and where the training ended."""
    went, name, metric = course(results, compared), _with(compared), results.definition.metric
    if went is None:
        return [f"{name}, {_ended_badly(compared)}."]
    end, epochs = went.end, max(run.epochs for run in compared.runs)
    failed = diverged(compared)
    if went.turn is None:
        told = f"{name}, validation loss did not rise again in {count_text(epochs, 'epoch')} and ended at {_loss(end)}"
    else:
        turn = went.turn
        told = (
            f"{name}, validation loss was lowest at epoch {turn.epoch:.0f} of {epochs}, then rose from {_loss(turn)} "
            f"to {_loss(end)}. Meanwhile train {metric.name} {_moved(metric, turn.train_accuracy, end.train_accuracy)}"
        )
        if turn.test_accuracy is not None and end.test_accuracy is not None:
            told += f", test {metric.name} {_moved(metric, turn.test_accuracy, end.test_accuracy)}"
    gap = (
        f"At the end the gap is {difference_mean(metric, compared.gap)}{points_of(metric)} (train "
        f"{mean_words(metric, compared.train)}, test {mean_words(metric, compared.test)}, "
        f"{_of_gap(metric, compared.gap)})"
    )
    return [f"{told}. {gap}." + (f" {_sentence(failed)} and count as {_worst(metric)}." if failed else "")]


def _change(metric: Metric, ours: ComparedConfig, first: ComparedConfig) -> list[str]:
    """Return what a config changed against the first, with the price on the test set, where the runs can tell."""
    gap, gain = change_of_gap(ours, first), change_of_test(ours, first)
    test = gain.in_units(metric)
    if not gap.runs:
        return []
    if gap.runs == 1:
        moved = difference_mean(metric, test, signed=True)
        told = f"gap {change_words(metric, gap)}, test {metric.name} {moved}"
        return [f"{_sentence(against(ours.config, first.config))}, in the one run of both: {told}."]
    told = f"{_sentence(against(ours.config, first.config))}: the gap {_shift(metric, gap, 'smaller', 'larger')}"
    joint = " and" if (gap.mean < 0) == (gain.mean > 0) or not _clear(test) else ", but"
    return [f"{told}{joint} test {metric.name} {_shift(metric, test, 'lower', 'higher')}; {gap.runs} paired runs."]


def _training_loss(results: StudyResults) -> list[str]:
    """Return which config came lowest in training loss, and how fast each came to where the slowest ended."""
    bands = {i: found for i, each in enumerate(results.compared) if (found := band(results, each, "train_loss"))}
    sentences = [f"{_with(each)}, {_ended_badly(each)}." for i, each in enumerate(results.compared) if i not in bands]
    if not bands:
        return sentences
    names = [config_label(each.config) or "this config" for each in results.compared]
    order = sorted(bands, key=lambda i: float(bands[i].mean[-1]))
    best, guessing = order[0], math.log(results.data["classes"])
    told = f"Lowest training loss at the end: {names[best]} with {_end(bands[best])}"
    if len(order) > 1:
        rest = ", ".join(f"{names[i]} with {_number(bands[i].mean[-1])}" for i in order[1:])
        told += f", {_margin(results, best, order[1])}; then {rest}"
    sentences.insert(0, f"{told}.")
    idle = [i for i in order if bands[i].mean[-1] > LEARNS * guessing]
    sentences += [
        f"{_sentence(names[i])} hardly learnt: its loss ended at {_number(bands[i].mean[-1])} (guessing: "
        f"{_number(guessing)})."
        for i in idle
    ]
    learning = [i for i in order if i not in idle]
    if len(learning) > 1:
        slowest = learning[-1]
        level = float(bands[slowest].mean[-1])
        reached = [f"{names[i]} after {_updates(bands[i], level)}" for i in learning[:-1]]
        sentences.append(
            f"The loss {_number(level)} at which {names[slowest]} ended after {bands[slowest].steps[-1]:.0f} updates "
            f"was reached by {', by '.join(reached)} updates."
        )
    return sentences


def _grid(results: StudyResults) -> list[str]:
    """Return the best of the grid, and how the values of the first hyperparameter compare over the second's."""
    names = list(results.definition.space.hyperparameters)
    sentences = _best(results)
    if len(names) != 2 or not all(has_all(each.config, names) for each in results.compared):
        return sentences
    metric, chance = results.definition.metric, results.data.get("chance")
    train = {tuple(each.config[name] for name in names): each.train.mean for each in results.compared}
    firsts = list(dict.fromkeys(key[0] for key in train))
    told = []
    for first in firsts:
        mine = [train[key] for key in train if key[0] == first]
        values = sorted(metric.value(each) for each in mine)
        low, high = (metric_text(metric, value) for value in (values[0], values[-1]))
        span = f"{low} and {high}{sign_of(metric)}"
        told.append(f"with {names[0]} {value_text(first)} it lies between {span}")
        if metric.name == ACCURACY.name and chance is not None:
            learnt = sum(value > 2 * float(chance) for value in mine)
            told[-1] += f", and {learnt} of {len(mine)} learnt (over twice what guessing scores)"
    sentences.append(f"Train {metric.name} over the values of {names[1]}: {'; '.join(told)}.")
    if len(firsts) == 2:
        both = [
            (train[firsts[0], b], train[firsts[1], b]) for a, b in train if a == firsts[0] and (firsts[1], b) in train
        ]
        higher = [sum(ours > theirs for ours, theirs in both), sum(theirs > ours for ours, theirs in both)]
        most = int(higher[1] >= higher[0])
        sentences.append(
            f"{names[0]} {value_text(firsts[most])} trained better at {higher[most]} of {len(both)} values of "
            f"{names[1]}."
        )
    return [_sentence(sentence) for sentence in sentences]


def _best(results: StudyResults) -> list[str]:
    """Return the config that is best in validation and what it reaches on the test set; of one config, only that."""
    metric = results.definition.metric
    best = max(results.compared, key=lambda each: each.validation.mean)
    n_train, epochs = max((run.n_train, run.epochs) for run in best.runs)
    tested = bool(best.test.runs)
    shown = best.test if tested else best.validation
    decimals = 2 if shown.mean > FINE else 1
    errors = f", {score_words(metric, 1 - shown.mean, decimals)} errors" if metric.name == ACCURACY.name else ""
    train = "" if math.isnan(best.train.mean) else f"; train {mean_words(metric, best.train)}"
    gap = "" if math.isnan(best.gap.mean) else f", gap {difference_words(metric, best.gap.mean)}"
    told = (
        f"{mean_words(metric, shown, decimals)} {f'on the test {examples(results)}' if tested else 'in validation'}"
        f"{errors} ({_interval(interval_text(metric, shown, decimals), shown.runs)}), after "
        f"{count_text(epochs, 'epoch')} on {n_train} training {examples(results)}{train}{gap}."
    )
    if len(results.compared) == 1:
        label = config_label(best.config)
        sentences = [f"{_sentence(label)}: {told}" if label else told]
    else:
        sentences = [
            f"Best in validation of {count_text(len(results.compared), 'config')}: {config_label(best.config)}: {told}"
        ]
    failed = [
        f"{config_label(each.config) or 'the runs'}: {diverged(each)}" for each in results.compared if diverged(each)
    ]
    return [*sentences, f"{_sentence('; '.join(failed))}."] if failed else sentences


def _with(compared: ComparedConfig) -> str:
    label = config_label(compared.config)
    return f"With {label}" if label else "In all runs"


def _ended_badly(compared: ComparedConfig) -> str:
    reasons = [run.reason for run in compared.runs if run.reason]
    return f"every run diverged ({reasons[0]})" if reasons else "no run has a learning curve"


def _moved(metric: Metric, before: float, after: float) -> str:
    """Return `rose from 99.1 to 100.0 %`, or that it fell or stayed; both are values."""
    old, new = metric_text(metric, before), metric_text(metric, after)
    if old == new:
        return f"stayed at {new}{sign_of(metric)}"
    return f"{'rose' if after > before else 'fell'} from {old} to {new}{sign_of(metric)}"


def _worst(metric: Metric) -> str:
    return "the worst" if metric.worst is None else f"{metric.value(metric.worst):g}"


def _shift(metric: Metric, change: Estimate, less: str, more: str) -> str:
    """Return `is 4.8 points smaller (90 % interval: 2.1 to 7.6)`, or that no clear change was detected."""
    if not _clear(change):
        interval = interval_words(metric, change, signed=True)
        mean = difference_mean(metric, change, signed=True)
        return f"did not change clearly ({mean}, {CONFIDENCE_TEXT} interval: {interval})"
    fell = change.mean < 0
    size = Estimate(-change.mean, -change.high, -change.low, change.runs) if fell else change
    direction = less if fell else more
    told = f"{difference_mean(metric, size)}{points_of(metric)}"
    return f"is {told} {direction} ({CONFIDENCE_TEXT} interval: {interval_words(metric, size)})"


def _clear(change: Estimate) -> bool:
    return change.low > 0 or change.high < 0


def _margin(results: StudyResults, best: int, following: int) -> str:
    """Return by how much the best config's training loss is lower than the next one's, paired by run, and how sure."""
    ours, theirs = (_final_losses(results, results.compared[i]) for i in (best, following))
    lower = estimate_difference([theirs[run] - ours[run] for run in sorted(ours.keys() & theirs.keys())])
    if lower.runs < 2:
        return "in one run, so without an interval"
    interval = f"{CONFIDENCE_TEXT} interval: {_number(lower.low)} to {_number(lower.high)}"
    if lower.low > 0:
        return f"{_number(lower.mean)} lower than the next ({interval}, {lower.runs} paired runs)"
    return f"statistically tied with the next (difference {_number(lower.mean)}, {interval}, {lower.runs} paired runs)"


def _final_losses(results: StudyResults, compared: ComparedConfig) -> dict[int, float]:
    """Return the training loss that each run ended with."""
    found = {
        run.run: results.curves[run.id].points[-1].train_loss
        for run in compared.runs
        if not run.reason and run.id in results.curves and results.curves[run.id].points
    }
    return {run: loss for run, loss in found.items() if loss is not None}


def _updates(over: Band, level: float) -> str:
    return f"{over.steps[int(np.argmax(over.mean <= level))]:.0f}"


def _end(over: Band) -> str:
    mean = _number(over.mean[-1])
    return (
        mean
        if over.runs == 1
        else f"{mean} ({_number(over.low[-1])} to {_number(over.high[-1])} over {over.runs} runs)"
    )


def _of_gap(metric: Metric, gap: Estimate) -> str:
    return _interval(difference_interval(metric, gap), gap.runs)


def _interval(text: str, runs: int) -> str:
    return (
        f"{CONFIDENCE_TEXT} interval: {text.replace(' .. ', ' to ')}, {count_text(runs, 'run')}"
        if text != "-"
        else "no interval from one run"
    )


def _loss(moment: Moment) -> str:
    return _number(moment.validation_loss)


def _number(loss: float) -> str:
    """Return a loss with two decimals, or two significant digits where it is small."""
    return f"{loss:.2f}" if abs(loss) >= 0.1 else f"{loss:.2g}"


def _sentence(text: str) -> str:
    """Return `text` with a capital, unless it begins with the name of a hyperparameter such as weight_decay."""
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]
