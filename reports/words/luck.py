"""How far the best score is luck, in a sentence."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.facts.luck import best_so_far
from hpo.reports.words.numbers import difference_words, score_words, unseen
from hpo.searching.metric import ACCURACY


def luck_note(results: StudyResults) -> list[str]:
    """Return the sentence that says how far the best score of the search is luck, or nothing without a score."""
    found, metric = best_so_far(results), results.definition.metric
    if not found or found[-1].score == metric.worst:
        return []
    best = found[-1]
    lucky = best.luck > 0 and not unseen(metric, best.luck, best.score)
    share = f"about {difference_words(metric, best.luck)}" if lucky else "next to nothing"
    name = "score" if metric.name == ACCURACY.name else metric.name
    return [f"The search's best {name} was {score_words(metric, best.score)}, of which {share} was luck."]
