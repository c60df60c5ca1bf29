"""What to do next: another round, the certificate, or wider limits, and what each is good for."""

from __future__ import annotations

import math

from hpo.record.results import StudyResults
from hpo.reports.facts.facts import facts_of
from hpo.reports.facts.gain import next_round
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.formatting import boundary_text, count_text
from hpo.reports.words.no_effect import boundaries_with_effect
from hpo.reports.words.numbers import difference_words, unseen


def what_next(results: StudyResults) -> list[str]:
    """Return what could be done after the search, a sentence or two each; nothing before its end."""
    if results.state != "done" or facts_of(results).nothing:
        return []
    return [*limits_to_widen(results), *another_round(results), *certificate_note(results)]


def limits_to_widen(results: StudyResults) -> list[str]:
    """Return a sentence if the recommended config lies at a boundary of the limits."""
    key = facts_of(results).recommended.key
    at_boundary = next((good.at_boundary for good in results.good if good.key == key), ())
    names = boundaries_with_effect(results, at_boundary)
    return [boundary_text(results.definition.space, names)] if names else []


def another_round(results: StudyResults) -> list[str]:
    """Return what another round is expected to gain, unless the search ended because of that, and says so."""
    following = next_round(results)
    if following is None or results.unopened is not None:
        return []
    trials, metric = count_text(following.trials, "trial"), results.definition.metric
    if math.isinf(following.gain):
        return [f"The search was still moving: another round of {trials} may find better values."]
    if following.gain <= 0 or unseen(metric, following.gain, results.good[0].search_score):
        return [f"Another round of {trials} is expected to gain next to nothing."]
    return [f"Another round of {trials} is expected to gain about {difference_words(metric, following.gain)}."]
