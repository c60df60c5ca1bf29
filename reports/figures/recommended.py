"""Which good value the figures mark as the one to use: the only place where they decide it."""

from __future__ import annotations

from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults


def is_recommended(results: StudyResults, good: GoodValue) -> bool:
    """Say whether `good` is the one to use, as far as the study is; before all of the data were tried, none is."""
    return bool(results.full) and results.full[0].source == good.key
