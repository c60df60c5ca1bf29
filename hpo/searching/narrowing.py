"""Where the next round looks: the box that the trials so far support, which may shrink, shift and grow.

A box that only shrinks never finds an optimum that lies outside it, and in a box that misses the optimum the best
trials crowd the edge nearest to it. So the good trials set the box, and a good trial near an edge pushes that edge out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpo.searching.learning import hopeless
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.space import Box, Categorical, Interval, Numeric, Region, SearchSpace, Value, number
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult, ranked

TOP_SHARE = 0.15
TOP_AT_LEAST = 8
EDGE_SHARE = 0.2
EDGE_WITNESSES = 5


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The next box, and for people a sentence for each hyperparameter that says what was done to it and why."""

    box: Box
    why: tuple[str, ...]


def narrow(
    space: SearchSpace, box: Box, trials: Sequence[TrialResult], chance: float | None, metric: Metric = ACCURACY
) -> Narrowing:
    """Return where the round after `box` looks.

    `trials` are all finished and stopped trials scored like the last round's (same samples and epochs), `chance` the
    value of `metric` that guessing reaches (for an accuracy, always guessing the commonest class), None: not known.

    1. If even the best trial is hardly better than guessing (an accuracy under chance + .15, see `learning`), or all
       trials failed, nothing was learnt: the next box is the limits.
    2. The top is the best 15 % (at least 8) by score, stopped trials by their imputed score.
    3. For a numeric hyperparameter the next interval is the span of the top, each side stretched by span / (k - 1):
       the best k of n uniform draws of an irrelevant parameter span (k - 1) / (k + 1) of its range, so without the
       stretch noise alone would narrow it. It is never narrower than half a step (a step is a decade on a log axis).
    4. If the incumbent, or two of the best five, lies in the outer 20 % of the old interval, that edge moves out by one
       step. From a box that misses the optimum by two decades, this brings the regret after 100 trials down from
       12 points to under 1.
    5. Every interval is clipped to the limits.

    A categorical hyperparameter keeps the choices found in the top, and those tried fewer than three times. One that
    was not active in all trials goes by the trials in which it was, their best 15 % (at least 8).
    """
    order = ranked(with_imputed_scores(trials, metric))
    if not order:
        return Narrowing(box, ("no trial has finished: the box is kept",))
    if hopeless(metric, order[0].score, chance) or all(trial.failed for trial in order):
        return Narrowing(space.limits(), (_nothing_learnt(metric, order, chance),))
    regions: dict[str, Region] = {}
    why_each: list[str] = []
    for name, hyperparameter in space.hyperparameters.items():
        having = [trial for trial in order if name in trial.config]
        top = having[: max(TOP_AT_LEAST, math.ceil(TOP_SHARE * len(having)))]
        if not having:
            regions[name], why = box[name], "kept, as it was active in no trial"
        elif isinstance(hyperparameter, Numeric):
            regions[name], why = _narrow_interval(name, hyperparameter, box.interval(name), top)
        else:
            regions[name], why = _narrow_choices(name, hyperparameter, having, top)
        why_each.append(f"{name}: {why}")
    return Narrowing(Box(regions), tuple(why_each))


def _nothing_learnt(metric: Metric, order: Sequence[TrialResult], chance: float | None) -> str:
    if all(trial.failed for trial in order):
        return "every trial failed: search the whole limits"
    form = ".3f" if metric.is_share else ".4g"
    best = f"the best {metric.name}, {metric.value(order[0].score):{form}},"
    if chance is None:
        return f"{best} is the worst there is: search the whole limits"
    return f"{best} is hardly better than guessing ({chance:{form}}): search the whole limits"


def _narrow_interval(name: str, numeric: Numeric, old: Interval, top: Sequence[TrialResult]) -> tuple[Interval, str]:
    positions = [numeric.to_axis(number(trial.config, name)) for trial in top]
    low, high = min(positions), max(positions)
    stretch = (high - low) / (len(positions) - 1) if len(positions) > 1 else 0.0
    short = max(0.0, numeric.step / 2 - (high - low + 2 * stretch)) / 2
    low, high = low - stretch - short, high + stretch + short

    old_low, old_high = numeric.axis(old)
    edge = EDGE_SHARE * (old_high - old_low)
    pushed = []
    if _crowded([position >= old_high - edge for position in positions]):
        high = max(high, old_high + numeric.step)
        pushed.append("upper")
    if _crowded([position <= old_low + edge for position in positions]):
        low = min(low, old_low - numeric.step)
        pushed.append("lower")
    new = numeric.clip(low, high)
    return new, _explain(old, new, numeric.limits, pushed)


def _crowded(near_edge: Sequence[bool]) -> bool:
    """Say whether the incumbent (first), or two of the best five, lies near the edge."""
    return near_edge[0] or sum(near_edge[:EDGE_WITNESSES]) >= 2


def _explain(old: Interval, new: Interval, limits: Interval, pushed: Sequence[str]) -> str:
    outward = {"upper": new.high > old.high, "lower": new.low < old.low}
    at_limit = {"upper": new.high >= limits.high, "lower": new.low <= limits.low}
    grew = [side for side in pushed if outward[side]]
    if grew:
        return f"the best lie at the {' and '.join(grew)} edge, so the range was extended: {new}"
    blocked = [side for side in pushed if at_limit[side]]
    if blocked:
        return f"the best lie at the {' and '.join(blocked)} limit: {new}"
    return f"kept: {new}" if new == old else f"narrowed to the best trials: {new}"


def _narrow_choices(
    name: str, categorical: Categorical, order: Sequence[TrialResult], top: Sequence[TrialResult]
) -> tuple[tuple[Value, ...], str]:
    tried = [trial.config[name] for trial in order]
    good = {trial.config[name] for trial in top}
    kept = tuple(choice for choice in categorical.choices if choice in good or tried.count(choice) < 3)
    dropped = ["none" if choice is None else str(choice) for choice in categorical.choices if choice not in kept]
    return kept, f"left out {', '.join(dropped)}: none among the best" if dropped else "all choices kept"
