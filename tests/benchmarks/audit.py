"""`python -m tests.benchmarks.audit`: audits of searches on recorded tables, where the truth is known.

Optuna's random and TPE samplers search every table with 50 and with 100 trials, and each search is audited.

- luck: how often a number is told; how often that is within a point of the truth, the best trial's score minus what its
  config scores on average; how often the 90 % interval holds the truth, told or not.
- edges: from a range that ends a quarter of the recorded one short of the best value, how often that end is named;
  taken are the ends that cost 2 points or more, and towards which scores still rise by a point. From the whole ranges,
  how often an end is named though the best value lies further in; and, in a column of its own, one that it lies at (in
  the outer 15 %), of which the table does not know what lies beyond. In brackets: 90 % intervals.
- no effect: how often a hyperparameter that did nothing was called relevant: one is drawn beside the others.

The rules were chosen on fashion_mlp, mnist_mlp and fashion_mlp_4, two of them with an eye on all: see hpo/auditing.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from rich.table import Table
from scipy.stats import qmc

from hpo.auditing.audit import Audit, audit
from hpo.auditing.edges import OUTER
from hpo.auditing.process import Floats
from hpo.auditing.search import AuditedSearch, AuditedTrial
from hpo.searching.metric import ACCURACY
from hpo.searching.space import Box, Interval, Numeric, SearchSpace
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.claims import share_text
from tests.benchmarks.printing import console
from tests.benchmarks.recorded.tables import RecordedTable

SAMPLERS = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
TRIALS = (50, 100)
POINT = 0.01
SHORT, LOSS, RISE, NARROWEST = 0.25, 0.02, 0.01, 0.25
"""An end this share of the recorded range short of the best value; what it must cost; and by how much scores must rise
over its last quarter; in a range that is left at least so wide."""
NOTHING = "nothing"
"""A hyperparameter without effect."""


@dataclass(frozen=True)
class Cut:
    """A range that ends too soon on `side`: what is left of the recorded range of `name`, as shares of its axis."""

    name: str
    side: str
    low: float
    high: float


@dataclass(frozen=True)
class Seen:
    """What one audit said, beside the truth. Accuracies and their differences are shares."""

    sampler: str
    trials: int
    seed: int
    cut: Cut | None
    verdict: str
    luck: float
    low: float
    high: float
    truth: float
    edges: list[tuple[str, str]]
    own: list[tuple[str, str]]
    """The ends of the recorded ranges that the table's best value lies at."""
    fooled: bool
    """Whether the hyperparameter without effect was called relevant."""

    @property
    def near(self) -> bool:
        """Whether luck is within a point of the truth."""
        return abs(self.luck - self.truth) <= POINT

    @property
    def told(self) -> bool:
        """Whether a number was told."""
        return self.verdict == "told"

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audit", description=__doc__)
    add_table_arguments(parser)
    parser.add_argument(
        "--seeds", type=int, default=30, metavar="N", help="searches a table, sampler, length and end (default: 30)"
    )
    parser.add_argument(
        "--ends", type=int, metavar="N", help="the same for each end that is too near (default: as --seeds)"
    )
    parser.add_argument("--json", action="store_true", help="print what every audit said as JSON")
    arguments = parser.parse_args()
    arguments.ends = arguments.seeds if arguments.ends is None else arguments.ends
    found: dict[str, list[Seen]] = {}
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            cuts = [None, *too_narrow(RecordedTable.named(name, arguments.folder))]
            tasks = [
                (sampler, trials, seed, cut)
                for sampler in SAMPLERS
                for trials in TRIALS
                for cut in cuts
                for seed in range(arguments.seeds if cut is None else arguments.ends)
            ]
            found[name] = pool.map(functools.partial(seen, name, arguments.folder), tasks, chunksize=5)
            print(f"{name}: done", file=sys.stderr)
    if arguments.json:
        print(json.dumps({name: [asdict(each) for each in all_seen] for name, all_seen in found.items()}))
    else:
        print_results(found)


def seen(name: str, folder: Path, task: tuple[str, int, int, Cut | None]) -> Seen:
    """Search one table, audit the search, and return what was said of it."""
    sampler, trials, seed, cut = task
    table = RecordedTable.named(name, folder)
    search = searched(table, sampler, trials, seed, cut)
    said = audit(search)
    assert said.best is not None
    assert said.best.score is not None
    config = {key: value for key, value in said.best.config.items() if key != NOTHING}
    return Seen(
        sampler,
        trials,
        seed,
        cut,
        said.luck.verdict,
        said.luck.luck,
        said.luck.low,
        said.luck.high,
        said.best.score - table.expected(config),
        [(edge.name, edge.side) for edge in said.edges],
        own_ends(table),
        _fooled(said),
    )


def searched(table: RecordedTable, sampler: str, trials: int, seed: int, cut: Cut | None) -> AuditedSearch:
    """Return a search of `table` by Optuna, as somebody else would have run it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    box = _box(table.space, cut)
    study = optuna.create_study(direction="maximize", sampler=SAMPLERS[sampler](seed=seed))
    declared = table.space.distributions(box) | {NOTHING: FloatDistribution(0.0, 1.0)}
    for number in range(trials):
        trial = study.ask(declared)
        config = {key: value for key, value in trial.params.items() if key != NOTHING}
        study.tell(trial, table.run(config, 0, 1_000_003 * seed + number).validation[100])
    hyperparameters = {
        key: Numeric(box.interval(key), box.interval(key), log=each.log, integer=each.integer)
        for key, each in table.space.hyperparameters.items()
        if isinstance(each, Numeric)
    }
    space = SearchSpace(hyperparameters | {NOTHING: Numeric(Interval(0.0, 1.0), Interval(0.0, 1.0))})
    made = [AuditedTrial(each.number, each.params, each.value) for each in study.trials]
    return AuditedSearch(table.design.name, ACCURACY, space, made)


def too_narrow(table: RecordedTable) -> list[Cut]:
    """Return the ranges of `table` that end too soon: what is measured needs an end that is worth to be moved."""
    points, expected = _landscape(table)
    found = []
    for axis, name in enumerate(table.space.hyperparameters):
        here, best = points[:, axis], _best(points[:, axis], expected)
        for side, low, high in (("upper", 0.0, best - SHORT), ("lower", best + SHORT, 1.0)):
            if high - low < NARROWEST:
                continue
            quarter = (high - low) / 4
            inside = (here >= low) & (here <= high)
            further = inside & ((here < high - quarter) if side == "upper" else (here > low + quarter))
            lost = expected.max() - expected[inside].max()
            if lost >= LOSS and expected[inside].max() - expected[further].max() >= RISE:
                found.append(Cut(name, side, float(low), float(high)))
    return found


def own_ends(table: RecordedTable) -> list[tuple[str, str]]:
    """Return the ends that the best value of a hyperparameter lies at: in the outer 15 % of the recorded range."""
    points, expected = _landscape(table)
    places = {name: _best(points[:, axis], expected) for axis, name in enumerate(table.space.hyperparameters)}
    lower = [(name, "lower") for name, best in places.items() if best <= OUTER]
    return lower + [(name, "upper") for name, best in places.items() if best >= 1 - OUTER]


@functools.cache
def _landscape(table: RecordedTable) -> tuple[Floats, Floats]:
    """Return points all over the recorded ranges, and what is expected there."""
    points = qmc.Sobol(len(table.space.hyperparameters), seed=1).random_base2(14)
    return points, table.expected_at(points)


def _best(here: Floats, expected: Floats) -> float:
    """Return where on an axis the highest expected accuracy lies, as a share of it, to a 24th."""
    bins = np.minimum((here * 24).astype(int), 23)
    return float((np.argmax([expected[bins == number].max() for number in range(24)]) + 0.5) / 24)


def print_results(found: dict[str, list[Seen]]) -> None:
    """Print the shares over all audits of each table, and over all tables."""
    whole = {name: [each for each in rows if each.cut is None] for name, rows in found.items()}
    table = Table(title="luck of the best score, in % of the audits; luck in points", title_justify="left")
    for column in ("table", "search", "luck", "told", "told: within a point", "that, or not told", "interval holds it"):
        table.add_column(column, justify="left" if column in ("table", "search") else "right")
    everywhere = [each for rows in whole.values() for each in rows]
    for name, rows in [*whole.items(), ("all", everywhere)]:
        for sampler in SAMPLERS:
            for trials in TRIALS:
                some = [each for each in rows if (each.sampler, each.trials) == (sampler, trials)]
                table.add_row(name, f"{sampler} {trials}", *_luck_cells(some))
        table.add_row(name, "all", *_luck_cells(rows), end_section=True)
    console().print(table)
    table = Table(title="ends of ranges, and effects, in % of the audits", title_justify="left")
    for column in ("table", "too narrow", "named", "named in error", "best at it", "no effect: called relevant"):
        table.add_column(column, justify="left" if column in ("table", "too narrow") else "right")
    for name, rows in found.items():
        for cut in dict.fromkeys(each.cut for each in rows if each.cut):
            table.add_row(name, f"{cut.name} {cut.side}", _named([each for each in rows if each.cut == cut]))
        table.add_row(name, "", "", *_errors(whole[name]), end_section=True)
    everything = [each for rows in found.values() for each in rows]
    table.add_row("all", "", _named(everything), *_errors([each for each in everything if each.cut is None]))
    console().print(table)


def _luck_cells(rows: Sequence[Seen]) -> list[str]:
    told = [each.near for each in rows if each.told]
    return [
        f"{100 * np.mean([each.truth for each in rows]):.1f}",
        share_text([each.told for each in rows]),
        share_text(told) if told else "-",
        share_text([each.near or not each.told for each in rows]),
        share_text([each.covered for each in rows]),
    ]


def _named(rows: Sequence[Seen]) -> str:
    named = [(each.cut.name, each.cut.side) in each.edges for each in rows if each.cut is not None]
    return share_text(named) if named else "-"


def _errors(rows: Sequence[Seen]) -> list[str]:
    return [
        share_text([not set(each.edges) <= set(each.own) for each in rows]),
        share_text([bool(set(each.edges) & set(each.own)) for each in rows]),
        share_text([each.fooled for each in rows]),
    ]


def _fooled(said: Audit) -> bool:
    return any(each.name == NOTHING and each.verdict == "relevant" for each in said.effects)


def _box(space: SearchSpace, cut: Cut | None) -> Box:
    regions = dict(space.limits().regions)
    if cut is not None:
        numeric = space.hyperparameters[cut.name]
        assert isinstance(numeric, Numeric)
        low, high = numeric.axis(numeric.limits)
        regions[cut.name] = numeric.clip(low + cut.low * (high - low), low + cut.high * (high - low))
    return Box(regions)


if __name__ == "__main__":
    main()
