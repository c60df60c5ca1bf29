"""What fresh runs of an audit's configs say, in sentences: which to use, and how far the best score was luck."""

from __future__ import annotations

from collections import Counter

from hpo.auditing.audit import Audit
from hpo.definition.printable import on_one_line
from hpo.proof.rerun import Racer, Rerun, shifted
from hpo.reports.words.audit import between_text, difference_text, listed, score_text
from hpo.reports.words.formatting import count_text, value_text
from hpo.searching.metric import Metric


def rerun_title_text(rerun: Rerun) -> str:
    """Return what was run."""
    configs = count_text(len(rerun.racers), "config")
    return f"{configs}, trained again {rerun.runs} times{' each' * (len(rerun.racers) > 1)} with fresh seeds"


def use_text(audit: Audit, rerun: Rerun) -> str:
    """Return which config to use, and what it scores."""
    metric, use = audit.search.metric, rerun.use
    if use is None:
        return "Every config failed in one of its runs or more, so none is recommended."
    config = next((each.given for each in audit.search.trials if each.number == use.number), {})
    values = on_one_line(", ".join(f"{name} {value_text(value)}" for name, value in config.items()))
    return f"Use the config of trial {use.number} ({values}). {_scores_text(metric, use)}"


def _scores_text(metric: Metric, racer: Racer) -> str:
    fresh = racer.fresh
    known = f" (90 % interval: {between_text(metric, fresh.low, fresh.high)})" if fresh.runs > 1 else ""
    return f"It scores {score_text(metric, fresh.mean)} on average{known}."


def told_apart_text(rerun: Rerun) -> str:
    """Return which configs can't be told apart from the best that ran."""
    if not rerun.tied:
        return "Which config is the best can't be said."
    if len(rerun.compared) == 1:
        alone = "ran" if len(rerun.racers) == 1 else "finished all of its runs"
        return f"Only the config of trial {rerun.tied[0]} {alone}, so there was nothing to compare it with."
    if len(rerun.tied) == 1:
        return (
            f"Trial {rerun.tied[0]} is told apart from all others: with 90 % probability it is the best of those "
            "that ran."
        )
    return (
        f"Trials {listed([str(number) for number in rerun.tied])} can't be told apart: with 90 % probability the best "
        "of those that ran is on this list."
    )


def fresh_luck_text(audit: Audit, rerun: Rerun) -> str:
    """Return how far the best score of the search was luck, now that its config ran again."""
    metric, racer = audit.search.metric, rerun.highest
    of_all = audit.best is not None and audit.best.score == racer.observed
    named = f"{score_text(metric, racer.observed)} (trial {racer.number})"
    score = f"The best score of the search, {named}," if of_all else f"The best score of those that ran, {named},"
    if not racer.scores:
        return f"How far {score[0].lower()}{score[1:]} was luck can't be said: its config failed in every run."
    fresh = racer.fresh
    known = f" (90 % interval: {between_text(metric, fresh.low, fresh.high)})" if fresh.runs > 1 else ""
    again = f"trained again, its config scores {score_text(metric, fresh.mean)} on average{known}."
    if racer.luck <= 0:
        return f"{score} was not too good: {again}"
    if fresh.runs > 1 and racer.observed <= fresh.high:
        told = f"as far as {count_text(fresh.runs, 'run')} tell"
        return f"{score} was {difference_text(metric, racer.luck)} too good, {told}: {again}"
    return f"{score} was {difference_text(metric, racer.luck)} too good: {again}"


def failed_texts(rerun: Rerun) -> list[str]:
    """Return a sentence for each way in which configs failed."""
    alike: dict[tuple[int, str, bool], list[str]] = {}
    for each in rerun.racers:
        if each.failures:
            (reason, _), *others = Counter(reason for _, reason in each.failures).most_common()
            alike.setdefault((len(each.failures), reason, bool(others)), []).append(str(each.number))
    return [
        f"Trial{'s' * (len(numbers) > 1)} {listed(numbers)} failed in {count} of {rerun.runs} runs, so "
        f"{'they are' if len(numbers) > 1 else 'it is'} not compared: {on_one_line(reason)}"
        f"{' (and other reasons)' * others}."
        for (count, reason, others), numbers in alike.items()
    ]


def otherwise_texts(audit: Audit, rerun: Rerun) -> list[str]:
    """Return a warning where the fresh runs score as if they were trained otherwise than the trials of the search."""
    expected = {each.number: (each.low, each.high) for each in (audit.again.configs if audit.again else ())}
    shift = shifted(rerun, expected, audit.luck.noise) if set(expected) >= {each.number for each in rerun.racers} else 0
    if not shift:
        return []
    warning = (
        f"Every config scores {'worse' if shift < 0 else 'better'} than the search made one expect: the trainer seems "
        "to train or to score otherwise than the search did (other examples, more or fewer of them, or of epochs). So "
        "the difference is not luck alone; which config is the best holds for this trainer."
    )
    return [warning]


def seeds_texts(rerun: Rerun) -> list[str]:
    """Return a warning where no seed made a difference."""
    warning = (
        "Every config scored exactly the same in all of its runs: either the trainer ignores run.seed, or a training "
        "has no luck in it. No interval and no comparison says more than one run."
    )
    return [warning] if rerun.ignores_seeds else []


def racer_text(metric: Metric, racer: Racer) -> str:
    """Return how one config came out, beside its trial's number."""
    scored = f"scored {score_text(metric, racer.observed)} in the search"
    if not racer.scores:
        return f"{scored}; failed in every run"
    known = f" ({between_text(metric, racer.fresh.low, racer.fresh.high)})" if racer.fresh.runs > 1 else ""
    failed = f", {len(racer.failures)} runs failed" if racer.failures else ""
    return f"{scored}; again {score_text(metric, racer.fresh.mean)} on average{known}{failed}"
