"""What our figures in the dashboard share. A figure is what plotly.js takes, as plain dicts and lists: data and layout.

They are made without the package plotly, whose import costs more than all of them; the tests check them with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpo.proof.estimates import Estimate
from hpo.reports.figures.palette import GRID, INK
from hpo.reports.words.formatting import compact_items, item_lines
from hpo.searching.space import Config

Figure = dict[str, Any]

LINE_LENGTH = 34
STANDOFF = 12
"""Pixels between an axis's ticks, such as powers of ten, and its title."""
LEGEND = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0.01, "x": 0, "font": {"size": 11}}


def figure(title: str, data: Sequence[Mapping[str, Any]], **layout: Any) -> Figure:
    """Return a figure that is readable on a light and on a dark page: it brings its own paper."""
    return {
        "data": list(data),
        "layout": {
            "title": {"text": title, "x": 0.02, "xanchor": "left", "font": {"size": 15}},
            "font": {"color": INK, "size": 12},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "hovermode": "closest",
            "margin": {"l": 60, "r": 20, "t": 45, "b": 110},
            "legend": LEGEND,
            **layout,
        },
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with pale lines and room for its ticks."""
    return {
        "title": {"text": title, "standoff": STANDOFF},
        "gridcolor": GRID,
        "linecolor": INK,
        "zeroline": False,
        "automargin": True,
        "ticks": "outside",
        **more,
    }


def shown(value: float) -> float:
    """Return `value` with as many digits as anyone can see in a figure."""
    return float(f"{value:.4g}")


def in_percent(share: float) -> float:
    """Return an accuracy in percent, with as many digits as anyone can see."""
    return round(100 * share, 2)


def bars(estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Return the intervals of `estimates` as error bars in percent, cut at 0 and 100; one run has none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [in_percent(min(1.0, each.high) - each.mean) if each.high == each.high else 0 for each in estimates],
        "arrayminus": [in_percent(each.mean - max(0.0, each.low)) if each.low == each.low else 0 for each in estimates],
        "thickness": 1.8,
    }


def config_lines(config: Config) -> str:
    """Return `lr 0.0557, wd 4.3e-07` in lines that fit beside an axis."""
    return "<br>".join(line.replace("<", "&lt;") for line in item_lines(compact_items(config), LINE_LENGTH))
