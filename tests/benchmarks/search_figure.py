"""`python -m tests.benchmarks.search_figure`: regret against budget for every side, from the picks that were kept."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.search import kept_picks, outcome
from tests.benchmarks.search_table import OURS, RANDOM_IN_FULL, TRANSFER

mpl.use("agg")

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search_figure", description=__doc__)
    parser.add_argument("picks", type=Path, help="what tests.benchmarks.search --picks kept")
    parser.add_argument("out", type=Path, help="the PNG to write")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="DIR", help="where the recorded tables are")
    arguments = parser.parse_args()
    picks = kept_picks(arguments.picks)
    outcomes = [outcome(pick, RecordedTable.named(pick.table, arguments.folder)) for pick in picks]
    draw(pd.DataFrame(outcomes)).savefig(arguments.out, dpi=110)
    print(json.dumps({"searches": len({(p.table, p.side, p.seed) for p in picks}), "file": str(arguments.out)}))


def draw(frame: pd.DataFrame) -> Figure:
    """Return the figure: a panel for each table, a line for each side, ours in front."""
    frame = frame[(frame.side != RANDOM_IN_FULL) & ~frame.side.isin(TRANSFER)]
    names = sorted(frame["table"].unique())
    columns = 3
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(11, 3.1 * rows + 0.7), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    colours = mpl.colormaps["tab10"].colors
    others = sorted(set(frame.side) - {OURS})
    for name, ax in zip(names, axes, strict=False):
        means = frame[frame["table"] == name].groupby(["side", "budget"]).regret.mean().unstack("side")
        for colour, side in zip(colours, others, strict=False):
            if side in means:
                ax.plot(means.index, means[side], color=colour, lw=1, alpha=0.8, label=side)
        ax.plot(means.index, means[OURS], color="black", lw=2.5, label=OURS)
        ax.set(title=name, xscale="log", yscale="log")
        ax.set_xticks(list(means.index), [str(budget) for budget in means.index])
        ax.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
        ax.minorticks_off()
        ax.set_xlabel("budget in trainings on the subset")
    for ax in axes[::columns]:
        ax.set_ylabel("regret, points")
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle("What the picked config loses in test accuracy on all of the data against the best of its table")
    return figure


if __name__ == "__main__":
    main()
