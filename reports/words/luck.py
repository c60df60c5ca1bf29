"""How far the best score is luck, in a sentence."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.facts.luck import best_again, best_so_far
from hpo.reports.words.numbers import difference_words, mean_text, score_words, sign_of, unseen
from hpo.searching.metric import ACCURACY, Metric


def luck_note(results: StudyResults) -> list[str]:
    """Return the sentence that says how far the best score of the search is luck, or nothing without a score.

    Where no trial says which examples it got right, fresh runs of the same config say it; without those nobody knows.
    """
    found, metric = best_so_far(results), results.definition.metric
    if not found:
        return _by_fresh_runs(results) if results.state == "done" else []
    best = found[-1]
    if best.score == metric.worst:
        return []
    return [f"{_best(metric, best.score)}, of which {_share(metric, best.luck, best.score)} was luck."]


def _by_fresh_runs(results: StudyResults) -> list[str]:
    found, metric = best_again(results), results.definition.metric
    if found is None:
        return ["How far the search's best score was luck can't be said: its config was not trained again."]
    again = f"{mean_text(metric, found.again)}{sign_of(metric)}"
    share = _share(metric, found.luck, found.score)
    return [f"{_best(metric, found.score)}; fresh runs of its config reached {again} on average, so {share} was luck."]


def _best(metric: Metric, score: float) -> str:
    name = "score" if metric.name == ACCURACY.name else metric.name
    return f"The search's best {name} was {score_words(metric, score)}"


def _share(metric: Metric, luck: float, score: float) -> str:
    lucky = luck > 0 and not unseen(metric, luck, score)
    return f"about {difference_words(metric, luck)}" if lucky else "next to nothing"
