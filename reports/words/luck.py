"""How far the best score is luck, in a sentence."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.facts.luck import best_so_far
from hpo.reports.words.formatting import percent, points_text

WORTH_A_NUMBER = 0.0005
"""Luck below this share rounds to nothing."""


def luck_note(results: StudyResults) -> list[str]:
    """Return the sentence that says how far the best score of the search is luck, or nothing without a score."""
    found = best_so_far(results)
    if not found or not found[-1].score:
        return []
    best = found[-1]
    share = f"about {points_text(best.luck)} points" if best.luck >= WORTH_A_NUMBER else "next to nothing"
    return [f"The search's best score was {percent(best.score)} %, of which {share} was luck."]
