"""What a trainer can't do, and so what its studies do not claim (hpo.definition.abilities)."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.words.formatting import count_text, examples


def missing_abilities(results: StudyResults) -> list[str]:
    """Return a sentence for each thing that the trainer of a study can't do; none for our networks."""
    can, noun = results.definition.abilities, examples(results)
    said = [
        (can.seed, "The trainer takes no seed: no runs are paired, and the same study would give other numbers."),
        (can.samples, f"The trainer takes no number of {noun}: there is no subset, and fresh runs alone confirm."),
        (can.rungs or _stopped(results), "The trainer can't be judged on the way: no trial was stopped early."),
        (can.test, "There is no test set: what is reached is known in validation alone."),
    ]
    return [sentence for able, sentence in said if not able]


def _stopped(results: StudyResults) -> bool:
    return any(trial.stopped for trial in results.trials)


def runs_text(results: StudyResults, count: int) -> str:
    """Return `3 seeds`, or `3 runs` of a trainer that takes none."""
    return count_text(count, "seed" if results.definition.abilities.seed else "run")


def trains_again(results: StudyResults) -> bool:
    """Say whether a search ends with trainings of the good values, on all of the data or to open the test set."""
    return results.definition.abilities.samples or results.definition.abilities.test
