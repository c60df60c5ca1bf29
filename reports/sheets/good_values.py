"""The sheet of the good values: each with its confirmed score, the recommended one first."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.proof.good_values import GoodValue
from hpo.record.results import StudyResults
from hpo.reports.facts.facts import Facts, facts_of
from hpo.reports.facts.outcomes import n_train
from hpo.reports.sheets.sheet import Row, Sheet
from hpo.reports.words.carrying_over import change_notes
from hpo.reports.words.formatting import boundary_text, cell_texts, count_text, data_text, examples, value_text
from hpo.reports.words.no_effect import boundaries_with_effect, mark_note, marked
from hpo.reports.words.numbers import CONFIDENCE_TEXT, head, interval_text, mean_text, score_text
from hpo.searching.metric import Metric
from hpo.searching.queued import DONE


def good_values_sheet(results: StudyResults) -> Sheet:
    """Return a row for each good value. A value that was changed for all of the data reads `0.08 -> 0.16`."""
    facts, metric = facts_of(results), results.definition.metric
    rows = [
        Row(
            str(good.rank),
            _values(facts, good, list(results.definition.space.hyperparameters)),
            [mean_text(metric, good.confirmed), interval_text(metric, good.confirmed), _search_score(metric, good)],
            recommended=_is_recommended(facts, good),
            trial=good.trial,
        )
        for good in results.good
    ]
    return Sheet(
        title=f"Good values, found on {data_text(results)}",
        first="rank",
        names=marked(results, list(results.definition.space.hyperparameters)),
        rest=[head(metric, "confirmed"), f"{CONFIDENCE_TEXT} interval", head(metric, "search")],
        rows=rows,
        notes=[*_boundaries(results), *(change_notes(results) if rows else [])],
        legend=_legend(results) if rows else [],
    )


def _values(facts: Facts, good: GoodValue, names: Sequence[str]) -> list[str]:
    texts = dict(zip(names, cell_texts(names, good.config), strict=True))
    if _is_recommended(facts, good):
        for each in facts.recommended.changes:
            if each.name in good.config and each.old != each.new:
                texts[each.name] = f"{value_text(each.old)} -> {value_text(each.new)}"
    return list(texts.values())


def _is_recommended(facts: Facts, good: GoodValue) -> bool:
    return facts.recommended.config is not None and facts.recommended.key == good.key


def _search_score(metric: Metric, good: GoodValue) -> str:
    """Return the score of a good value in the search, with how far it was trained if it was stopped."""
    return score_text(metric, good.search_score) + (f" at {good.trained} %" if good.trained < DONE else "")


def _boundaries(results: StudyResults) -> list[str]:
    return [
        f"Rank {good.rank}: {boundary_text(results.definition.space, names)}"
        for good in results.good
        if (names := boundaries_with_effect(results, good.at_boundary))
    ]


def _legend(results: StudyResults) -> list[str]:
    runs, images = results.good[0].confirmed.runs, n_train(results, len(results.definition.rounds))
    first = "Rank 1 is recommended. " if facts_of(results).recommended.config is not None else ""
    stopped = any(good.trained < DONE for good in results.good)
    early = " Trials stopped early show their last score; similar configs did well." if stopped else ""
    trained = f" on {images} training {examples(results)}" if results.definition.abilities.samples else ""
    text = (
        f"{first}confirmed: mean validation {results.definition.metric.name} of {count_text(runs, 'fresh run')}"
        f"{trained}. "
        f"search: this config's score in the search; usually too optimistic.{early}{mark_note(results)}"
    )
    return [text]
