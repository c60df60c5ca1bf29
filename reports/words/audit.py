"""What an audit says, in sentences: of luck, of ties, of ranges, and of what to do next."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.auditing.again import ENOUGH
from hpo.auditing.audit import Audit
from hpo.auditing.edges import Edge
from hpo.auditing.luck import FEWEST_TRIALS
from hpo.auditing.search import AuditedTrial
from hpo.definition.printable import on_one_line
from hpo.reports.words.formatting import count_text, value_text
from hpo.searching.metric import Metric

LITTLE = 0.1
"""Luck of less than this many standard deviations of one training is next to nothing."""


MOST_NAMES = 6
"""Of more hyperparameters so many are named in a sentence; the page has a table of all."""


def score_text(metric: Metric, score: float, *, unit: bool = True) -> str:
    """Return a score as people read the metric's value: `76.3 %` of a share, else four digits."""
    value = metric.value(score)
    if not metric.is_share:
        return f"{float(f'{value:.4g}'):g}"
    return f"{100 * value:.1f}{' %' if unit else ''}"


def difference_text(metric: Metric, difference: float) -> str:
    """Return a difference of two scores: `2.2 points` of a share, else three digits."""
    if metric.is_share:
        text = f"{100 * difference:.1f}"
        return f"{text} point{'' if text == '1.0' else 's'}"
    return value_text(float(difference))


def between_text(metric: Metric, low: float, high: float) -> str:
    """Return two scores as an interval of values, the smaller value first: `75.8 to 76.8 %`."""
    first, last = sorted((low, high), key=metric.value)
    return f"{score_text(metric, first, unit=False)} to {score_text(metric, last)}"


def title_text(audit: Audit) -> str:
    """Return what the audit is of."""
    return f"Audit of {on_one_line(audit.search.name)}"


def subtitle_text(audit: Audit) -> str:
    """Return how many trials there are and how they ended, over how many hyperparameters."""
    search = audit.search
    states = [
        (search.count("finished"), "finished"),
        (search.count("stopped"), "stopped early"),
        (search.count("failed"), "failed"),
        (search.count("running"), "still running"),
    ]
    ended = ", ".join(f"{count} {state}" for count, state in states if count)
    over = count_text(len(search.space.hyperparameters), "hyperparameter")
    return f"{count_text(len(search.trials), 'trial')} ({ended}) over {over}; {_metric_text(search.metric)}"


def luck_text(audit: Audit) -> str:
    """Return how far the best score is luck, and what its config would score again; or why that can't be said."""
    best, luck, metric = audit.best, audit.luck, audit.search.metric
    if best is None or best.score is None or luck.verdict == "too few trials":
        found = len(audit.search.scored)
        return (
            f"How far the best score is luck can't be said: {count_text(found, 'finished trial')} "
            f"{'is' if found == 1 else 'are'} too few (at least {FEWEST_TRIALS} are needed)."
        )
    named = f"{score_text(metric, best.score)} (trial {best.number})"
    if luck.verdict == "all equal":
        return f"All finished trials scored the same, {score_text(metric, best.score)}: there is nothing to tell apart."
    again = between_text(metric, best.score - luck.high, best.score - luck.low)
    if luck.verdict == "no noise":
        return (
            f"No luck shows in the best score, {named}: similar configs score alike. Either a training always gives "
            "the same score, or all trials had the same seed and the same split; then another seed may score otherwise."
        )
    if luck.verdict == "unsure":
        return (
            f"How far the best score, {named}, is luck can't be pinned down: too few similar configs were tried. "
            f"Trained again, its config would score {again} on average (90 % interval)."
        )
    expected = score_text(metric, best.score - luck.luck)
    if luck.luck < LITTLE * luck.noise:
        return (
            f"Next to nothing of the best score, {named}, is luck: trained again, its config would score about "
            f"{expected} (90 % interval: {again})."
        )
    return (
        f"The best score, {named}, is probably {difference_text(metric, luck.luck)} too good. Trained again, its "
        f"config would score about {expected} on average (90 % interval: {again})."
    )


def noise_text(audit: Audit) -> list[str]:
    """Return how much scores of one config differ, where that is known."""
    luck, metric = audit.luck, audit.search.metric
    if luck.verdict not in ("told", "unsure"):
        return []
    return [f"Scores of the same config differ by about {difference_text(metric, luck.noise)} (standard deviation)."]


def ties_text(audit: Audit) -> str:
    """Return how many configs may be the best, and which is expected to be."""
    first, metric = audit.ties[0], audit.search.metric
    known = len({repr(sorted(each.config.items())) for each in audit.search.trials if each.state == "finished"})
    expected = f"trial {first.number}, expected to score {score_text(metric, first.expected)}"
    if len(audit.ties) == 1:
        return f"No other config comes near the best one ({expected})."
    return (
        f"{len(audit.ties)} of {known} configs can't be told apart from the one that is expected to be the best "
        f"({expected}): each may be as good."
    )


def edges_texts(audit: Audit) -> list[str]:
    """Return a sentence for each range that ends too soon, or that none does."""
    if not audit.edges:
        return ["No range ends too soon, as far as these trials tell."]
    return [_edge_text(audit, edge) for edge in audit.edges]


def _edge_text(audit: Audit, edge: Edge) -> str:
    metric = audit.search.metric
    better = "rise" if metric.maximized else "fall"
    end = "up to" if edge.side == "upper" else "down to"
    tried = "searched" if audit.search.ranges_are_known else "tried"
    return (
        f"{on_one_line(edge.name)} was {tried} {end} {value_text(edge.end)}, and scores still {better} towards there: "
        f"{edge.witnesses} of the best {edge.of} trials lie in the outer 15 % of the range, which scores "
        f"{difference_text(metric, edge.rise)} better than the rest (probability {edge.chance:.2f}). "
        f"{'Raise' if edge.side == 'upper' else 'Lower'} the {edge.side} end and search on."
    )


def effects_texts(audit: Audit) -> list[str]:
    """Return which hyperparameters had an effect, which none that could be detected, and which are not known."""
    groups = (
        ("relevant", "Scores depend on {}."),
        ("no effect detected", "No effect detected of {}, where it was tried: treat the value as arbitrary."),
        ("too few trials to tell", "Too few trials to tell of {}."),
    )
    if audit.luck.verdict == "all equal":
        return []
    found = []
    for verdict, sentence in groups:
        names = [on_one_line(each.name) for each in audit.effects if each.verdict == verdict]
        if names:
            plural = sentence.replace("it was tried", "they were tried").replace("the value as", "the values as")
            found.append((plural if len(names) > 1 else sentence).format(listed(names)))
    return found


def duplicates_text(audit: Audit) -> str:
    """Return how many trials tried a config again, and what that showed."""
    found, metric = audit.duplicates, audit.search.metric
    if not found.repeated:
        return "No trial tried a config that had been tried before."
    told = (
        f"{found.repeated} of {count_text(len(audit.search.trials), 'trial')} tried a config that had been tried before"
    )
    if math.isnan(found.noise):
        return f"{told}."
    if found.fixed:
        return f"{told}, and scored exactly the same again: the seed seems to be fixed, so they told nothing new."
    differ = difference_text(metric, found.noise)
    return f"{told}; scores of the same config differed by {differ} (standard deviation)."


def gain_text(audit: Audit) -> str:
    """Return what more trials in the same ranges would probably gain."""
    found, metric = audit.gain, audit.search.metric
    if found is None:
        return "What more trials would gain can't be said from so few."
    little = found.expected <= LITTLE * audit.luck.noise
    expected = "next to nothing" if little else f"about {difference_text(metric, found.expected)}"
    beyond = " What lies beyond the ends named above is not counted." if audit.edges else ""
    most = f" (90 %: at most {difference_text(metric, found.high)})" if found.high > 0 else ""
    last = difference_text(metric, found.last) if found.last > 0 else "nothing"
    return (
        f"{found.trials} more trials in the same ranges would probably gain {expected}{most}; the later {found.trials} "
        f"gained {last}, luck taken off.{beyond}"
    )


def again_text(audit: Audit) -> str:
    """Return which configs to run again, how often, and what is known then."""
    found, metric = audit.again, audit.search.metric
    if found is None:
        return ""
    near, count = difference_text(metric, found.near), len(found.configs)
    if audit.luck.verdict == "no noise":
        return "Run the best config again with a few new seeds, to see whether its score changes at all."
    if count == 1:
        number = found.configs[0].number
        return (
            f"Run the config of trial {number} {found.runs} times with new seeds: its mean is then known to "
            f"{near} (probability {found.chance:.2f})."
        )
    numbers = listed([str(each.number) for each in found.configs])
    best = "highest" if metric.maximized else "lowest"
    chance = f"{min(99, round(100 * found.chance))} % probability"
    sure = (
        f"it is then within {near} of the best of them with {chance}"
        if found.chance >= ENOUGH
        else f"even then it is within {near} of the best of them with only {chance}"
    )
    return (
        f"Run the configs of trials {numbers} again, {found.runs} times each with new seeds "
        f"({count * found.runs} trainings), and take the one with the {best} mean: {sure}."
    )


def notes_texts(audit: Audit) -> list[str]:
    """Return what was taken for granted."""
    stopped = audit.search.count("stopped")
    early = [
        f"{count_text(stopped, 'trial')} stopped early count with what they had come to, where that can be compared."
    ]
    return [*audit.search.notes, *(early if stopped else [])]


def trial_text(trial: AuditedTrial, metric: Metric) -> str:
    """Return the score of a trial, or how it ended without one."""
    return trial.state if trial.score is None else score_text(metric, trial.score, unit=False)


def _metric_text(metric: Metric) -> str:
    return f"{on_one_line(metric.name)}, {'higher' if metric.maximized else 'lower'} is better"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them; of many the first ones, and how many more there are."""
    shown = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES + 1 else names
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
