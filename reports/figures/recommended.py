"""Which good value the figures mark as the one to use: the recommended one of the facts."""

from __future__ import annotations

from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of


def is_recommended(results: StudyResults, good: GoodValue) -> bool:
    """Say whether `good` is the one to use, as far as the study is; where nothing was learnt, none is."""
    found = facts_of(results).recommended
    return found.config is not None and found.key == good.key
