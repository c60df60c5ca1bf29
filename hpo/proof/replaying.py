"""The final stage of a search that got more rounds later: which of its runs count.

The race of such a search has other candidates than the one before it. Its runs are those that the final stage asks for
when it is replayed from its beginning, whatever had been found before; so a search that was continued ends like one
that had all of its rounds from the start, and trains nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import FinalRun
from hpo.proof.final_stage import wanted_runs
from hpo.searching.space import Box
from hpo.searching.trials import TrialResult


def runs_that_count(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun], pool: int
) -> list[FinalRun]:
    """Return those of `runs`, in their order, that the final stage of the comparable `trials` asks for by now."""
    counting: list[FinalRun] = []
    while True:
        wanted = {each.key for each in wanted_runs(definition, box, trials, counting, pool)}
        found = [run for run in runs if (run.stage, run.source, run.run) in wanted]
        if len(found) == len(counting):
            return found
        counting = found
