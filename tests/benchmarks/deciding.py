"""`python -m tests.benchmarks.deciding`: what each decision of a search, and publishing, takes by the number of trials.

The studies are invented: five hyperparameters of all kinds, in five rounds (`5 rounds`) and in one (`1 round`). What is
proposed is the next 20 configs (`propose, tpe`), and a round of as many as there are trials (`a round, tpe`). Nothing
is remembered from one decision to the next. Times are seconds of the process, so a busy machine does not matter much.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import optuna
from rich.console import Console
from rich.table import Table

from hpo.definition.extras import NEEDS
from hpo.definition.rounds import comparable
from hpo.engine.progress import progress
from hpo.proof.final_runs import full_results
from hpo.proof.final_stage import wanted_runs
from hpo.proof.good_values import raced_configs
from hpo.record.results import StudyResults, relevances
from hpo.reports.dashboard.pages import pages
from hpo.reports.dashboard.publish import changes
from hpo.searching import smoothing
from hpo.searching.gaps import guard_cost
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import GRID, SAMPLERS, propose
from hpo.searching.queued import search_results
from hpo.searching.space import Box
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import TrialResult
from tests.benchmarks.printing import console
from tests.support.results import DATA, MIXED, definition, study

SIZES = (100, 1_000, 10_000)
SHAPES = {"5 rounds": 5, "1 round": 1}
NEXT = 20
BAR_AT, BAR = 10_000, 1.0
"""Each decision is to take less than so many seconds at so many trials."""


@dataclass(frozen=True, slots=True)
class Case:
    """A study that is done: its results, the trials that decisions look at, and where its last round looked."""

    results: StudyResults
    known: Sequence[TrialResult]
    scored: Sequence[TrialResult]
    box: Box

    @classmethod
    def of(cls, trials: int, rounds: int) -> Case:
        results = study(definition(MIXED, rounds=(trials // rounds,) * rounds))
        known = comparable(results.definition, results.trials)
        return cls(results, known, with_imputed_scores(known), results.rounds[-1].box)

    @property
    def _space(self) -> Any:
        return self.results.definition.space

    def propose(self, sampler: str, n: int) -> None:
        propose(self._space, self.box, self.scored, n=n, seed=1, sampler=sampler)

    def narrow(self) -> None:
        narrow(self._space, self.box, self.known, float(DATA["chance"]))

    def expected_gain(self) -> None:
        expected_gain(self._space, self.box, self.box, self.known, 1)

    def relevance(self) -> None:
        relevances(self.results.definition, self.results.rounds, self.known)

    def guard_cost(self) -> None:
        bounded = [replace(trial, excess=None if trial.gap is None else trial.gap - 0.05) for trial in self.known]
        guard_cost(self._space, self.box, bounded, 6, constrained=True)

    def progress(self) -> None:
        progress(self.results.definition, self.results.queued, (), DATA["pool"])

    def race(self) -> None:
        of, runs = self.results.definition, self.results.runs
        wanted_runs(of, self.box, self.known, runs, DATA["pool"])

    def derived(self) -> None:
        """Derive what a loading of the study derives of its trials, but for relevance and guard cost."""
        of, runs = self.results.definition, self.results.runs
        known = comparable(of, search_results(self.results.queued))
        raced_configs(of, self.box, known, runs)
        full_results(runs, of.search.max_gap)

    def publish(self) -> None:
        """Make all that the dashboard shows, and what would have to be written of it."""
        name = self.results.definition.name
        for page in pages(self.results, {name: 1, f"{name}-final": 2}, ()):
            changes({}, page)


DECISIONS: Mapping[str, Callable[[Case], None]] = {
    "narrow": Case.narrow,
    "expected_gain": Case.expected_gain,
    "relevance": Case.relevance,
    "guard_cost": Case.guard_cost,
    "progress": Case.progress,
    "runs wanted": Case.race,
    "derived facts": Case.derived,
    "publish": Case.publish,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or all numbers as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.deciding", description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=list(SIZES), metavar="N", help="numbers of trials")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    if min(given.trials) < 5 * NEXT:
        parser.error(f"--trials {min(given.trials)}: a study of five rounds has at least {5 * NEXT}")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = measured(given.trials)
    if given.json:
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        print_table(found, console())


def measured(sizes: Sequence[int]) -> dict[str, Any]:
    """Return the seconds of every decision, by its name, the shape of the study and the number of trials."""
    samplers = [each for each in SAMPLERS if each != GRID and all(map(find_spec, NEEDS.get(each, ())))]
    decisions = dict(DECISIONS)
    for sampler in samplers:
        decisions[f"propose, {sampler}"] = lambda case, of=sampler: case.propose(of, NEXT)
    for sampler in samplers:
        decisions[f"a round, {sampler}"] = lambda case, of=sampler: case.propose(of, len(case.results.queued))
    first = Case.of(5 * NEXT, 5)
    for name, decide in decisions.items():  # what is loaded at its first use is not what a decision takes
        decide(first) if not name.startswith("a round") else None
    seconds: dict[str, dict[str, dict[str, float]]] = {name: {shape: {} for shape in SHAPES} for name in decisions}
    for shape, rounds in SHAPES.items():
        for size in sizes:
            case = Case.of(size, rounds)
            for name, decide in decisions.items():
                seconds[name][shape][str(size)] = seconds_of(decide, case)
    return {"trials": list(sizes), "asked": {"trials": BAR_AT, "seconds": BAR}, "seconds": seconds}


def seconds_of(decide: Callable[[Case], None], case: Case) -> float:
    """Return the process's seconds of one decision that remembers nothing of others."""
    smoothing._most_probable.cache_clear()
    fresh = replace(case, results=replace(case.results))
    began = time.process_time()
    decide(fresh)
    return time.process_time() - began


def print_table(found: Mapping[str, Any], to: Console) -> None:
    """Print a line for each decision, a column for each shape and number of trials."""
    table = Table(title=f"Seconds; asked: under {BAR:g} at {BAR_AT:,} trials", title_justify="left")
    table.add_column("decision")
    columns = [(shape, size) for shape in SHAPES for size in found["trials"]]
    for shape, size in columns:
        table.add_column(f"{shape}\n{size:,}", justify="right")
    for name, by_shape in found["seconds"].items():
        table.add_row(name, *(f"{by_shape[shape][str(size)]:.3f}" for shape, size in columns))
    to.print(table)


if __name__ == "__main__":
    main()
