"""`python -m tests.benchmarks.claims`: replay our search on recorded tables; count how often what it says holds.

- box: the final box holds at least half of the configs within half a point of the best one on the subset (100 trials).
- misplaced: from a start that misses the best learning rate by two decades, the winner is within one point of what a
  right start comes to on average (100 and 60 trials, accuracy on the subset). How often a right start itself is stands
  in the column behind: no start can be expected to do better.
- headline: what five fresh runs confirm, minus the truth; the regret of the winner on the subset, and how often that is
  above two points. How often their interval holds the truth takes real runs: tests.benchmarks.confirming.
- list: how often the race keeps a config that is within half a point of the best raced one.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import multiprocessing
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import optuna
from rich.table import Table
from scipy.stats import binomtest

from hpo.searching.space import Box, Interval, Numeric, SearchSpace
from tests.benchmarks.arguments import add_table_arguments
from tests.benchmarks.printing import console
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import HOW, Found, Plan, budget_of, replay

NEAR, ONE_POINT, TWO_POINTS = 0.005, 0.01, 0.02


@dataclass(frozen=True)
class Seen:
    """What one seed showed. Accuracies and their differences are shares; `misplaced` are the winners' accuracies."""

    right: float
    right_60: float
    misplaced: float
    misplaced_60: float
    box: bool
    error: float
    regret: float
    kept: bool


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.claims", description=__doc__)
    add_table_arguments(parser)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="replays a table (default: 200)")
    parser.add_argument(
        "--round", type=int, default=HOW.trials, metavar="N", help=f"trials in it (default: {HOW.trials})"
    )
    parser.add_argument("--json", action="store_true", help="print what every seed showed as JSON")
    arguments = parser.parse_args()
    found: dict[str, list[Seen]] = {}
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for name in arguments.tables:
            look = functools.partial(seen, name, arguments.folder, replace(HOW, trials=arguments.round))
            found[name] = pool.map(look, range(arguments.seeds), chunksize=10)
            print(f"{name}: done", file=sys.stderr)
    if arguments.json:
        print(json.dumps({name: [asdict(each) for each in all_seen] for name, all_seen in found.items()}))
    else:
        console().print(claims_table(found))


def seen(name: str, folder: Path, how: Plan, seed: int) -> Seen:
    """Search one table from a right start and from a misplaced one, with 100 and with 60 trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = RecordedTable.named(name, folder)
    rightly, misplaced = wide_space(table, missed_by=0), wide_space(table, missed_by=2)
    right = replay(table, budget_of(100), seed, space=rightly, how=how)
    raced = [table.mean(trial) for trial in right.raced]
    return Seen(
        right=table.mean(right.winner),
        right_60=table.mean(replay(table, budget_of(60), seed, space=rightly, how=how).winner),
        misplaced=table.mean(replay(table, budget_of(100), seed, space=misplaced, how=how).winner),
        misplaced_60=table.mean(replay(table, budget_of(60), seed, space=misplaced, how=how).winner),
        box=_holds_half_of_the_best(table, right),
        error=right.confirmed.mean - table.mean(right.winner),
        regret=table.highest_mean() - table.mean(right.winner),
        kept=max(table.mean(config) for config in right.left) >= max(raced) - NEAR,
    )


def wide_space(table: RecordedTable, missed_by: int) -> SearchSpace:
    """Return the table's space with limits two decades below what was recorded and half a decade above, where log.

    Round 1 looks in the recorded ranges; or, for the learning rate, in the two decades that end `missed_by` decades
    below the best recorded one.
    """
    hyperparameters = dict(table.space.hyperparameters)
    for name in ("learning_rate", "weight_decay"):
        recorded = hyperparameters[name]
        assert isinstance(recorded, Numeric)
        limits, start = recorded.limits, recorded.start
        if missed_by and name == "learning_rate":
            edge = float(table.optimum[name]) / 10**missed_by
            start = Interval(edge / 100, edge)
        limits = Interval(min(limits.low / 100, start.low), limits.high * 10**0.5)
        hyperparameters[name] = Numeric(start, limits, log=True)
    return SearchSpace(hyperparameters)


def claims_table(found: dict[str, list[Seen]]) -> Table:
    """Return the shares and means over all seeds of each table, with 90 % intervals."""
    table = Table(title="how often it holds, in % of the replays; errors and regrets in points", title_justify="left")
    for column in ("table", "box", "misplaced", "right", "at 60", "right", "headline", "regret", "> 2 points", "list"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for name, rows in found.items():
        right, right_60 = (np.mean([getattr(row, each) for row in rows]) for each in ("right", "right_60"))
        table.add_row(
            name,
            share_text([row.box for row in rows]),
            share_text([row.misplaced >= right - ONE_POINT for row in rows]),
            f"{100 * np.mean([row.right >= right - ONE_POINT for row in rows]):.0f}",
            share_text([row.misplaced_60 >= right_60 - ONE_POINT for row in rows]),
            f"{100 * np.mean([row.right_60 >= right_60 - ONE_POINT for row in rows]):.0f}",
            _points([row.error for row in rows]),
            _points([row.regret for row in rows]),
            share_text([row.regret > TWO_POINTS for row in rows]),
            share_text([row.kept for row in rows]),
        )
    return table


def _holds_half_of_the_best(table: RecordedTable, found: Found) -> bool:
    box: Box = found.boxes[-1]
    good = [config for config in table.design.configs if table.mean(config) >= table.highest_mean() - NEAR]
    return sum(config in box for config in good) >= len(good) / 2


def share_text(hits: list[bool]) -> str:
    """Return the share of `hits` in %, with its 90 % Wilson interval."""
    interval = binomtest(sum(hits), len(hits)).proportion_ci(0.9, "wilson")
    return f"{100 * np.mean(hits):.0f} ({100 * interval.low:.0f}..{100 * interval.high:.0f})"


def _points(values: list[float]) -> str:
    return f"{100 * np.mean(values):.2f} ± {164.5 * np.std(values, ddof=1) / np.sqrt(len(values)):.2f}"


if __name__ == "__main__":
    main()
