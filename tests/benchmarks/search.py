"""`python -m tests.benchmarks.search`: our search against the tools that people would otherwise pick.

All search the same recorded tables with the same budgets in whole trainings on the smallest subset (400 images), and
are judged by the full-data test accuracy of the config they pick: its regret in points to the table's best. A tool's
pick is its best trial, as it is; ours is the winner of its race, with its values carried over. What carrying over would
do for a tool's pick is printed too. With --picks FILE what was picked is kept as JSON lines, and the same command goes
on where it was stopped. SMAC3 needs PYTHONHASHSEED=0 to give the same trace twice.

Two tables are about the same hyperparameters, so that a search of the one may begin where an earlier one of the other
ended: ours with a warm start, and Syne Tune's bounding box. They are printed by themselves.

With --live a few searches are really trained instead, see `live`.
"""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import bisect
import functools
import json
import logging
import multiprocessing
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna

from hpo.searching.space import Config
from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.live import SIDES, compare, print_outcomes
from tests.benchmarks.peers import COSTLY, PEERS
from tests.benchmarks.peers.problem import RUNGS, Earlier, Problem, recommended, run
from tests.benchmarks.recorded.designs import DESIGNS
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import carried_over, replay
from tests.benchmarks.search_table import OURS, OURS_WARM, RANDOM_IN_FULL, TRANSFER, print_results

BUDGETS = (20, 40, 60, 100, 200)
LIVE_BUDGET = 40
EARLIER = {"fashion_mlp": "mnist_mlp", "mnist_mlp": "fashion_mlp"}
"""The table that an earlier search was of, by table: the same hyperparameters on other data."""
EARLIER_BUDGET = 60


@dataclass(frozen=True)
class Pick:
    """The config that one search would return with a budget of so many whole trainings."""

    table: str
    side: str
    seed: int
    budget: int
    config: Config


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search", description=__doc__)
    sides = [OURS, OURS_WARM, *PEERS]
    parser.add_argument("--tables", nargs="+", choices=list(DESIGNS), metavar="TABLE")
    parser.add_argument("--sides", nargs="+", choices=sides, metavar="SIDE", help="default: all but the costly ones")
    parser.add_argument("--seeds", type=int, metavar="N", help="searches a side and table (default: 50; live 4)")
    parser.add_argument("--budgets", type=int, nargs="+", metavar="N", help=f"default: {BUDGETS}; live {LIVE_BUDGET}")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where the recorded tables are")
    parser.add_argument("--picks", type=Path, metavar="FILE", help="keep what was picked here, and go on from it")
    parser.add_argument("--json", action="store_true", help="print every outcome as JSON")
    parser.add_argument(
        "--live", action="store_true", help="really train, on mnist_mlp alone unless --tables says more"
    )
    parser.add_argument(
        "--data-dir", type=Path, default=os.environ.get("HPO_DATA_DIR"), metavar="DIR", help="for --live"
    )
    arguments = parser.parse_args()
    if arguments.live:
        _live(arguments)
        return
    arguments.tables = arguments.tables or list(DESIGNS)
    arguments.seeds, arguments.budgets = arguments.seeds or 50, arguments.budgets or list(BUDGETS)
    chosen = arguments.sides or [side for side in sides if side not in COSTLY]
    for side in [side for side in chosen if side in PEERS]:
        if PEERS[side].missing:
            print(f"{side}: skipped, {', '.join(PEERS[side].missing)} is not installed", file=sys.stderr)
            chosen.remove(side)
    tasks = [
        (table, side, seed)
        for seed in range(arguments.seeds)  # first, so that what is there when one stops early is balanced
        for table in arguments.tables
        for side in [*chosen, RANDOM_IN_FULL]
        if table in EARLIER or side not in TRANSFER
    ]
    picks = kept_picks(arguments.picks)
    known = {(pick.table, pick.side, pick.seed) for pick in picks}
    search = functools.partial(search_once, budgets=sorted(arguments.budgets), folder=arguments.folder)
    missing = [task for task in tasks if task not in known]
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        for done, found in enumerate(pool.imap_unordered(search, missing, chunksize=5), 1):
            picks += found
            _keep(arguments.picks, found)
            if sys.stderr.isatty() or done % 500 == 0:
                print(f"\r{done:,} of {len(missing):,} searches", end="", file=sys.stderr, flush=True)
    wanted = set(tasks)
    outcomes = [
        outcome(pick, RecordedTable.named(pick.table, arguments.folder))
        for pick in sorted(picks, key=lambda pick: (pick.table, pick.side, pick.seed, pick.budget))
        if (pick.table, pick.side, pick.seed) in wanted and pick.budget in arguments.budgets
    ]
    if arguments.json:
        print(json.dumps(outcomes))
    else:
        print_results(outcomes)


def _live(arguments: argparse.Namespace) -> None:
    for budget in arguments.budgets or [LIVE_BUDGET]:
        outcomes = compare(
            arguments.tables or ["mnist_mlp"],
            arguments.sides or SIDES,
            arguments.seeds or 4,
            budget,
            workers=arguments.workers,
            folder=arguments.folder,
            data_dir=Path(arguments.data_dir) if arguments.data_dir else None,
        )
        if arguments.json:
            print(json.dumps([asdict(each) for each in outcomes]))
        else:
            print_outcomes(outcomes)


def search_once(task: tuple[str, str, int], budgets: Sequence[int], folder: Path) -> list[Pick]:
    """Search one table with one side and seed, and return its pick at each of the rising `budgets`."""
    name, side, seed = task
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    table = RecordedTable.named(name, folder)
    if side == OURS:
        found = {budget: replay(table, budget, seed).winner for budget in budgets}
    elif side == OURS_WARM:
        warm = replay(RecordedTable.named(EARLIER[name], folder), EARLIER_BUDGET, seed).left
        found = {budget: replay(table, budget, seed, warm=warm).winner for budget in budgets}
    elif side == RANDOM_IN_FULL:
        found = _trace(table, table.full, "random", budgets, seed)
    else:
        earlier = [_earlier(RecordedTable.named(EARLIER[name], folder), seed)] if side in TRANSFER else []
        found = _trace(table, 0, side, budgets, seed, earlier=earlier)
    return [Pick(name, side, seed, budget, config) for budget, config in found.items()]


def outcome(pick: Pick, table: RecordedTable) -> dict[str, Any]:
    """Return `pick` with its `regret` in points of full-data test accuracy, as it is used, and as `carried` over.

    Only ours is carried over in use; what was found on all of the data never is.
    """
    plain = round(100 * (table.best - table.truth(pick.config)), 3)
    carried = round(100 * (table.best - table.truth(carried_over(table.design, pick.config))), 3)
    if pick.side == RANDOM_IN_FULL:
        carried = plain
    return asdict(pick) | {"regret": carried if pick.side in (OURS, OURS_WARM) else plain, "carried": carried}


def _trace(
    table: RecordedTable, size: int, side: str, budgets: Sequence[int], seed: int, *, earlier: Sequence[Earlier] = ()
) -> dict[int, Config]:
    """Return the pick of a tool at each budget, in one search of the largest."""
    problem = Problem(
        table.space,
        table.space.start(),
        budgets[-1],
        curve=functools.partial(_validation, table, seed, size=size),
        earlier=earlier,
    )
    run(PEERS[side], problem, seed)
    trace = recommended(problem)
    spent = [each.spent for each in problem.evaluations]
    return {budget: trace[bisect.bisect_right(spent, budget + 1e-9) - 1] for budget in budgets}


def _validation(table: RecordedTable, seed: int, config: Config, number: int, size: int = 0) -> Mapping[int, float]:
    return table.run(config, size, 1_000_003 * seed + number).validation


def _earlier(table: RecordedTable, seed: int) -> Earlier:
    """Return a random search of `table`."""
    curve = functools.partial(_validation, table, seed)
    problem = Problem(table.space, table.space.start(), EARLIER_BUDGET, curve=curve)
    return [(each.config, each.score) for each in run(PEERS["random"], problem, seed) if each.percent == RUNGS[-1]]


def kept_picks(file: Path | None) -> list[Pick]:
    """Return the picks in `file`, as far as its lines are whole; none where there is no file."""
    text = file.read_text() if file and file.exists() else ""
    return [Pick(**json.loads(line)) for line in text[: text.rfind("\n") + 1].splitlines()]


def _keep(file: Path | None, picks: Sequence[Pick]) -> None:
    if file:
        with file.open("a") as lines:
            lines.writelines(json.dumps(asdict(pick)) + "\n" for pick in picks)


if __name__ == "__main__":
    main()
