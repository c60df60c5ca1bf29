"""What was changed on the way to all of the data, and what it was worth: sentences for the end of a study."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.proof.estimates import Estimate, estimate_difference
from hpo.proof.final_runs import FinalRun, FullResult
from hpo.proof.final_stage import changes_of
from hpo.proof.probing import PROBES
from hpo.record.results import StudyResults
from hpo.reports.words.formatting import CONFIDENCE_TEXT, count_text, interval_points, points_text
from hpo.searching.space import Value

MARKS = {"plain": "plain", "probe_lower": "x 1/2", "probe_higher": "x 2"}
"""What a row of the winner's neighbours is called, by its stage."""


def carrying_note(results: StudyResults) -> list[str]:
    """Return a sentence on what was rescaled and one on the learning rates that were tried; none before the end."""
    if results.state != "done":
        return []
    return [*_of_changes(results), *_of_probes(results)]


def trained_again(results: StudyResults) -> FullResult | None:
    """Return the probe or the plain values that were taken, and for that trained again, if any were."""
    adopted = next((full for full in results.full if full.stage == "adopted"), None)
    tried = [*_probes(results), *(full for full in results.full if full.plain)]
    return next((full for full in tried if adopted and full.config == adopted.config), None)


def _of_changes(results: StudyResults) -> list[str]:
    plain = next((full for full in results.full if full.plain), None)
    winner = None if plain is None else _good_value(results, plain)
    if plain is None or winner is None:
        return []
    trial = next(trial for trial in results.trials if trial.key == plain.source)
    what = "; ".join(change.why for change in changes_of(results.definition, trial, results.data["pool"]))
    if not what:  # rescaled by an earlier version, with another rule
        return []
    worth = _difference(winner, plain, test=True)
    interval = f" ({CONFIDENCE_TEXT} interval {interval_points(worth)})" if worth.runs > 1 else ""
    note = (
        f"{what}; worth {points_text(worth.mean, signed=True)} points of test accuracy over the plain value{interval}"
    )
    if _base(results) is not plain:
        return [f"{note}."]
    seeds = count_text(len(plain.runs), "seed")
    return [f"{note}. The plain value has the higher mean of {seeds} in validation, and is taken."]


def _of_probes(results: StudyResults) -> list[str]:
    probes, base = _probes(results), _base(results)
    if not probes or base is None:
        return []
    tried = " and ".join(MARKS[probe.stage] for probe in probes)
    worth = " and ".join(points_text(_difference(probe, base).mean, signed=True) for probe in probes)
    note = f"learning_rate {tried} tried on all of the data: {worth} points in validation"
    best = trained_again(results)
    if best is None or best.plain:
        return [f"{note}, not taken."]
    gain = _difference(best, base)
    sure = f" ({CONFIDENCE_TEXT} interval {interval_points(gain)})" if gain.runs > 1 else ""
    seeds = count_text(len(base.runs), "seed")
    return [f"{note}; {MARKS[best.stage]} has the highest mean of {seeds}{sure} and is taken."]


def _probes(results: StudyResults) -> list[FullResult]:
    return [full for full in results.full if full.stage in PROBES]


def _base(results: StudyResults) -> FullResult | None:
    """Return what the probes are neighbours of: the winner as it was carried over, or its plain values if better.

    Without probes it is what was taken. None where nothing was tried around the winner.
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
