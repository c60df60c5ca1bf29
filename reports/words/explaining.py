"""How to read the tables of a search: what their columns and marks mean, in sentences that terminal and page share."""

from __future__ import annotations

from hpo.proof.final_runs import LARGE_GAP, FullResult
from hpo.proof.good_values import GoodValue
from hpo.proof.probing import PROBES
from hpo.record.results import StudyResults
from hpo.reports.facts.outcomes import n_train
from hpo.reports.words.carrying_over import MARKS, trained_again
from hpo.reports.words.formatting import CONFIDENCE_TEXT, count_text, percent
from hpo.reports.words.inert import mark_note
from hpo.searching.queued import DONE


def good_values_explained(results: StudyResults) -> str:
    """Return what the columns of the good values mean."""
    runs, images = results.good[0].confirmed.runs, n_train(results, len(results.definition.rounds))
    stopped = (
        " What was stopped early has the score of that point, and was promising for its neighbours' sake."
        if any(good.trained < DONE for good in results.good)
        else ""
    )
    return (
        f"confirmed: mean validation accuracy of {count_text(runs, 'fresh run')} on {images} training images, "
        f"with its {CONFIDENCE_TEXT} interval. search: the score that caught the eye, not one to expect.{stopped} "
        "rank: by the gap between train and validation accuracy in the race, the smallest first." + mark_note(results)
    )


def all_data_explained(results: StudyResults) -> str:
    """Return what the columns and the marks of the runs on all of the data mean."""
    final, seeds = results.definition.final, count_text(len(results.full[0].runs), "seed")
    text = (
        f"*: the winner, chosen by validation. All in %, mean of {seeds}, {count_text(final.epochs, 'epoch')} each, "
        f"with {CONFIDENCE_TEXT} intervals; gap: train - test."
    )
    again = trained_again(results)
    if any(full.plain and full is not again for full in results.full):
        text += " plain: the best good value with weight_decay as in the search, not scaled to the number of images."
    tried = [MARKS[full.stage] for full in results.full if full.stage in PROBES and full is not again]
    if tried:
        text += f" {', '.join(tried)}: its learning_rate so many times; the test set stayed closed for it."
    return text + mark_note(results)


def findings(results: StudyResults) -> list[str]:
    """Return what is worth a sentence about the runs on all of the data."""
    notes = []
    if any(full.overfits for full in results.full):
        notes.append(f"! the gap is over {100 * LARGE_GAP:.0f} points: overfitting.")
    for full in results.full:
        failed = [run for run in full.runs if run.reason]
        if failed:
            mark = f" ({MARKS[full.stage]})" if full.stage in MARKS else ""
            what = f"Trial {full.source_trial}{mark}"
            notes.append(f"{what}: {len(failed)} of {count_text(len(full.runs), 'run')} failed: {failed[0].reason}")
    return notes


def openings_text(results: StudyResults) -> str:
    """Return how often the test set was opened."""
    return f"The test set was opened {count_text(len(results.ledger), 'time')} for this study, and chose nothing."


def place_mark(place: int, full: FullResult) -> str:
    """Return the mark of a row of the runs on all of the data; `place` counts from 0."""
    return MARKS.get(full.stage, "*" if place == 0 else "")


def search_score(good: GoodValue) -> str:
    """Return the score of a good value in the search, with how far it was trained if it was stopped."""
    stopped = f" at {good.trained} %" if good.trained < DONE else ""
    return percent(good.search_score) + stopped
