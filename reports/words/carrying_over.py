"""What was changed for all of the data, and what it was worth: sentences for the end of a study."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.proof.estimates import Estimate, estimate_difference
from hpo.proof.final_runs import FinalRun, FullResult
from hpo.proof.final_stage import changes_of
from hpo.proof.probing import PROBES, Probe
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of, trained_again
from hpo.reports.facts.once import once
from hpo.reports.words.formatting import count_text, value_text
from hpo.reports.words.numbers import (
    CONFIDENCE_TEXT,
    better,
    change_words,
    difference_text,
    difference_words,
    interval_words,
    points_of,
    unseen,
)
from hpo.searching.metric import Metric
from hpo.searching.space import Value

MARKS = {"plain": "as searched", "probe_lower": "x 1/2", "probe_higher": "x 2"}
"""What a row of the winner's neighbours is called, by its stage."""

FACTORS: dict[Probe, str] = {"probe_lower": "halving", "probe_higher": "doubling"}


def change_notes(results: StudyResults, *, arbitrary: bool = True) -> list[str]:
    """Return a sentence for each recommended value that was changed for all of the data, or put back.

    Not for those that are `arbitrary`, if they are not shown.
    """
    facts = facts_of(results)
    return [
        f"{each.name} {value_text(each.old)} -> {value_text(each.new)}: {each.why}."
        if each.old != each.new
        else f"{each.name} {value_text(each.new)}: {each.why}."
        for each in facts.recommended.changes
        if arbitrary or each.name not in facts.no_effect
    ]


def carrying_note(results: StudyResults) -> list[str]:
    """Return a sentence on what was rescaled and one on the learning rates that were tried; none before the end."""
    if results.state != "done":
        return []
    return list(_carried(results))


@once
def _carried(results: StudyResults) -> tuple[str, ...]:
    return (*_of_changes(results), *_of_probes(results))


def _of_changes(results: StudyResults) -> list[str]:
    plain = next((full for full in results.full if full.plain), None)
    winner = None if plain is None else _good_value(results, plain)
    if plain is None or winner is None:
        return []
    trial = next(trial for trial in results.trials if trial.key == plain.source)
    changes = changes_of(results.definition, trial, results.data["pool"])
    if not changes:  # rescaled by an earlier version, with another rule
        return []
    (change,) = changes
    metric, tested = results.definition.metric, bool(winner.test.runs and plain.test.runs)
    worth = _difference(winner, plain, test=tested).in_units(metric)
    interval = f" ({CONFIDENCE_TEXT} interval: {interval_words(metric, worth, signed=True)})" if worth.runs > 1 else ""
    same = unseen(metric, worth.mean, winner.validation.mean)
    went = "did not change" if same else f"changed by {change_words(metric, worth)}"
    moved = f"{'test' if tested else 'validation'} {metric.name} {went}{interval}"
    if _base(results) is not plain:
        return [f"Weight decay was {change.why}; {moved}."]
    seeds = count_text(len(plain.runs), "seed")
    kept = f"The value of the search is kept: its mean validation {metric.name} over {seeds} is {better(metric)}."
    return [f"Weight decay {change.why}: {moved}. {kept}"]


def _of_probes(results: StudyResults) -> list[str]:
    probes, base = _probes(results), _base(results)
    if not probes or base is None:
        return []
    best = trained_again(results)
    adopted = None if best is None or best.plain else best
    metric, near = results.definition.metric, base.validation.mean
    gains = [_difference(probe, base) for probe in probes]
    if adopted is None and len(probes) > 1 and all(gain.mean < 0 and not _same(metric, gain, near) for gain in gains):
        lost = " and ".join(difference_text(metric, -gain.mean) for gain in gains)
        moved = f"{_moved(metric, -1)} validation {metric.name} by {lost}{points_of(metric)}"
        return [f"Halving or doubling the learning rate {moved}; it was kept."]
    told = []
    for probe in probes:
        gain = _difference(probe, base)
        if _same(metric, gain, near):
            moved = f"did not change validation {metric.name}"
        else:
            by = difference_words(metric, abs(gain.mean))
            moved = f"{_moved(metric, gain.mean)} validation {metric.name} by {by}"
        told.append(f"{_verb(probe)} the learning rate {moved}")
        if probe is adopted and gain.runs > 1:
            change = gain.in_units(metric)
            told[-1] += f" ({CONFIDENCE_TEXT} interval: {interval_words(metric, change, signed=True)})"
    text = "; ".join(told)
    end = (
        "it was kept"
        if adopted is None
        else f"the {'halved' if adopted.stage == 'probe_lower' else 'doubled'} one is used"
    )
    return [f"{text[:1].upper()}{text[1:]}; {end}."]


def _same(metric: Metric, gain: Estimate, beside: float) -> bool:
    return unseen(metric, gain.mean, beside)


def _moved(metric: Metric, gain: float) -> str:
    """Return what a gain, or a loss, did to the values of the metric."""
    return "raised" if (gain > 0) == metric.maximized else "lowered"


def _verb(probe: FullResult) -> str:
    return next(verb for stage, verb in FACTORS.items() if stage == probe.stage)


def _probes(results: StudyResults) -> list[FullResult]:
    return [full for stage in PROBES for full in results.full if full.stage == stage]


def _base(results: StudyResults) -> FullResult | None:
    """Return what the probes are neighbours of: the winner as it was carried over, or its own values if better.

    Without probes it is what was adopted. None where nothing was tried around the winner.
    """
    tried = [full for full in results.full if full.stage in (*PROBES, "adopted")]
    around = [full for full in results.full if full.plain] + tried
    if not around:
        return None
    winner = _good_value(results, around[0])
    plain = next((full for full in results.full if full.plain), None)
    if plain is not None and tried and _beside_the_rate(plain) == _beside_the_rate(tried[0]):
        return plain
    return winner


def _beside_the_rate(full: FullResult) -> dict[str, Value]:
    return {name: value for name, value in full.config.items() if name != "learning_rate"}


def _good_value(results: StudyResults, other: FullResult) -> FullResult | None:
    """Return the good value that `other` is a neighbour of."""
    return next((full for full in results.full if full.stage == "full" and full.source == other.source), None)


def _difference(one: FullResult, other: FullResult, *, test: bool = False) -> Estimate:
    """Return by how much `one` is better than `other`, paired by the seeds of their runs."""
    a, b = (_scores(each.runs, test=test) for each in (one, other))
    return estimate_difference([a[run] - b[run] for run in sorted(a.keys() & b.keys())])


def _scores(runs: Sequence[FinalRun], *, test: bool) -> dict[int, float]:
    return {run.run: (run.test_accuracy or 0.0) if test else run.score for run in runs}
