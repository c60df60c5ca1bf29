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
from hpo.reports.words.formatting import CONFIDENCE_TEXT, count_text, interval_words, points_text, value_text
from hpo.searching.space import Value

MARKS = {"plain": "as searched", "probe_lower": "x 1/2", "probe_higher": "x 2"}
"""What a row of the winner's neighbours is called, by its stage."""

VISIBLE = 0.0005
"""A change of accuracy below this share rounds to no points."""

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
    worth = _difference(winner, plain, test=True)
    interval = f" ({CONFIDENCE_TEXT} interval: {interval_words(worth, signed=True)})" if worth.runs > 1 else ""
    points = points_text(worth.mean, signed=True)
    moved = f"test accuracy {'did not change' if points == '+0.0' else f'changed by {points} points'}{interval}"
    if _base(results) is not plain:
        return [f"Weight decay was {change.why}; {moved}."]
    seeds = count_text(len(plain.runs), "seed")
    kept = f"The value of the search is kept: its mean validation accuracy over {seeds} is higher."
    return [f"Weight decay {change.why}: {moved}. {kept}"]


def _of_probes(results: StudyResults) -> list[str]:
    probes, base = _probes(results), _base(results)
    if not probes or base is None:
        return []
    best = trained_again(results)
    adopted = None if best is None or best.plain else best
    changes = [_difference(probe, base) for probe in probes]
    if adopted is None and len(probes) > 1 and all(change.mean < -VISIBLE for change in changes):
        points = " and ".join(points_text(-change.mean) for change in changes)
        return [f"Halving or doubling the learning rate lowered validation accuracy by {points} points; it was kept."]
    told = []
    for probe in probes:
        change = _difference(probe, base)
        went = "raised" if change.mean > 0 else "lowered"
        if abs(change.mean) < VISIBLE:
            moved = "did not change validation accuracy"
        else:
            moved = f"{went} validation accuracy by {points_text(abs(change.mean))} points"
        told.append(f"{_verb(probe)} the learning rate {moved}")
        if probe is adopted and change.runs > 1:
            told[-1] += f" ({CONFIDENCE_TEXT} interval: {interval_words(change, signed=True)})"
    text = "; ".join(told)
    end = (
        "it was kept"
        if adopted is None
        else f"the {'halved' if adopted.stage == 'probe_lower' else 'doubled'} one is used"
    )
    return [f"{text[:1].upper()}{text[1:]}; {end}."]


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
    a, b = (_accuracies(each.runs, test=test) for each in (one, other))
    return estimate_difference([a[run] - b[run] for run in sorted(a.keys() & b.keys())])


def _accuracies(runs: Sequence[FinalRun], *, test: bool) -> dict[int, float]:
    return {run.run: (run.test_accuracy or 0.0) if test else run.score for run in runs}
