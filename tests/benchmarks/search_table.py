"""What the search benchmark prints: regret by table and budget, ranks, and what the same accuracy costs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.table import Table
from scipy.stats import t

from tests.benchmarks.printing import console

OURS, RANDOM_IN_FULL = "ours", "random on all of the data"
OURS_WARM = "ours, warm start"
TRANSFER = frozenset({OURS_WARM, "Syne Tune bounding box"})
"""The sides that begin where an earlier search of other data ended; others are not ranked with them."""


def print_results(outcomes: Sequence[dict[str, Any]]) -> None:
    """Print the tables of `outcomes` (dicts of search.Outcome)."""
    terminal = console()
    frame = pd.DataFrame(outcomes)
    transfer = frame[frame.side.isin(TRANSFER)]
    subset = frame[(frame.side != RANDOM_IN_FULL) & ~frame.side.isin(TRANSFER)]
    for name, rows in subset.groupby("table", sort=False):
        terminal.print(regret_table(f"{name}: regret in points", rows, "regret"))
    terminal.print(regret_table("mean regret over all tables, as the tools are", subset, "regret"))
    terminal.print(regret_table("mean regret over all tables, all picks carried over as ours are", subset, "carried"))
    terminal.print(rank_table(subset))
    for name, rows in transfer.groupby("table", sort=False):
        beside = subset[(subset["table"] == name) & (subset.side == OURS)]
        terminal.print(
            regret_table(f"{name}, after an earlier search of other data", pd.concat([rows, beside]), "regret")
        )
    for line in against_full(frame):
        terminal.print(line)


def regret_table(title: str, rows: pd.DataFrame, column: str) -> Table:
    """Return mean regrets with their 90 % intervals: a row for each side, a column for each budget."""
    cells = rows.groupby(["side", "budget"])[column].agg(list).unstack()
    order = cells.map(_mean).mean(axis=1).sort_values().index
    table = Table(title=title, title_justify="left")
    table.add_column("side")
    for budget in cells.columns:
        table.add_column(f"{budget}", justify="right")
    for side in order:
        table.add_row(
            side, *(interval_text(values) for values in cells.loc[side]), style="bold" if side == OURS else ""
        )
    return table


def rank_table(rows: pd.DataFrame) -> Table:
    """Return the mean rank of each side among all (1 is best): ranked search by search, over all tables and seeds."""
    ranks = rows.assign(rank=rows.groupby(["table", "budget", "seed"])["regret"].rank())
    return regret_table("mean rank over all tables", ranks, "rank")


def against_full(frame: pd.DataFrame) -> list[str]:
    """Return what random search on all of the data reaches, and how much ours is above it, paired by table and seed."""
    lines = []
    full = frame[frame.side == RANDOM_IN_FULL].set_index(["table", "seed", "budget"]).regret
    if 100 not in full.index.get_level_values("budget"):
        return lines
    full = full.xs(100, level="budget")
    for budget, rows in frame[frame.side == OURS].groupby("budget"):
        ours = rows.set_index(["table", "seed"]).regret
        lines.append(
            f"ours with {budget} trainings on the subset, against 100 random ones on all of the data: "
            f"{interval_text(list(full - ours), sign=True)} points"
        )
    return lines


def interval_text(values: Sequence[float], *, sign: bool = False) -> str:
    """Return the mean with half its 90 % t interval."""
    if not isinstance(values, list):
        return "-"
    plus = "+" if sign else ""
    if len(values) < 2:
        return f"{_mean(values):{plus}.2f}"
    half = t.ppf(0.95, len(values) - 1) * pd.Series(values).sem()
    return f"{_mean(values):{plus}.2f} ± {half:.2f}"


def _mean(values: Sequence[float]) -> float:
    return float(pd.Series(values, dtype=float).mean())
