"""The search on trainings that are not ours: does its interval hold, and does its winner beat what else one would use?

- coverage: how often the 90 % interval of the winner's confirmation runs holds the mean of many more of its runs
- winner: its values trained on all of the data, mean over fresh seeds on the test set, against the pick of each of
  Optuna's searches at the same budget, in trainings on the subset, until the choice; differences are paired by search

Every search is the product's: its leader, queue, worker and function trainer, in one process, on a database of its own.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import functools
import json
import multiprocessing
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.table import Table
from scipy.stats import binomtest, t

from hpo.searching.metric import Metric
from tests.benchmarks.own_training.judging import Seen, seen
from tests.benchmarks.own_training.searching import definition_of
from tests.benchmarks.own_training.subjects import SUBJECTS
from tests.benchmarks.printing import console


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.own_training", description=__doc__)
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="NAME")
    parser.add_argument(
        "--searches", type=int, default=100, metavar="N", help="of each subject, by their seeds (default: 100)"
    )
    parser.add_argument("--first", type=int, default=0, metavar="N", help="seed of the first search (default: 0)")
    parser.add_argument("--against", type=int, default=30, metavar="N", help="of these, with peers (default: 30)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2)")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each search, as it ends")
    arguments = parser.parse_args()
    tasks = [
        (name, seed, seed < arguments.against)
        for seed in range(arguments.first, arguments.searches)
        for name in arguments.subjects
    ]
    found = []
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for each in pool.imap_unordered(functools.partial(seen, folder=Path(folder)), tasks):
            found.append(each)
            if arguments.json:
                print(json.dumps(asdict(each)), flush=True)
            else:
                print(f"{each.subject} {each.seed}: done", file=sys.stderr)
    console().print(coverage_table(found))
    console().print(winner_table(found))


def coverage_table(found: list[Seen]) -> Table:
    """Return how often the intervals hold, with 90 % Wilson intervals of the share."""
    table = Table(title="90 % intervals of the winner's confirmation runs", title_justify="left")
    for column in ("subject", "searches", "covered %", "above the truth %", "below it %"):
        table.add_column(column, justify="left" if column == "subject" else "right")
    for name in [*dict.fromkeys(each.subject for each in found), "all"]:
        rows = [each for each in found if name in (each.subject, "all")]
        held = [each.low <= each.truth <= each.high for each in rows]
        share = binomtest(sum(held), len(held)).proportion_ci(0.9, "wilson")
        table.add_row(
            name,
            str(len(rows)),
            f"{100 * np.mean(held):.0f} ({100 * share.low:.0f}..{100 * share.high:.0f})",
            f"{100 * np.mean([each.low > each.truth for each in rows]):.0f}",
            f"{100 * np.mean([each.high < each.truth for each in rows]):.0f}",
        )
    return table


def winner_table(found: list[Seen]) -> Table:
    """Return how much better than each peer's pick the winner is, in the metric's units; positive: the winner is."""
    table = Table(title="the winner less the pick of a peer, on the test set, better is positive", title_justify="left")
    for column in ("subject", "metric", "trainings", "peer", "searches", "winner", "peer's", "better by (90 %)"):
        table.add_column(column, justify="left" if column in ("subject", "metric", "peer") else "right")
    for name in dict.fromkeys(each.subject for each in found):
        rows = [each for each in found if each.subject == name and each.peers is not None and each.test is not None]
        metric: Metric = definition_of(SUBJECTS[name], 0).metric
        for peer in rows[0].peers or () if rows else ():
            ours = np.array([each.test for each in rows], dtype=float)
            theirs = np.array([(each.peers or {})[peer] for each in rows])
            better = (ours - theirs) * (1 if metric.maximized else -1)
            half = t.ppf(0.95, len(better) - 1) * better.std(ddof=1) / np.sqrt(len(better)) if len(better) > 1 else 0
            table.add_row(
                name,
                metric.name,
                f"{np.mean([each.cost for each in rows]):.0f}",
                peer,
                str(len(rows)),
                f"{ours.mean():.4g}",
                f"{theirs.mean():.4g}",
                f"{better.mean():.2g} ± {half:.2g}",
            )
    return table


if __name__ == "__main__":
    main()
