"""What our figures in the dashboard share. A figure is what plotly.js takes, as plain dicts and lists: data and layout.

They are made without the package plotly, whose import costs more than all of them; the tests check them with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpo.proof.estimates import Estimate
from hpo.reports.figures.palette import GRID, INK
from hpo.reports.words.formatting import compact_items, item_lines
from hpo.reports.words.numbers import ends_of
from hpo.searching.metric import Metric
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


def on_axis(metric: Metric, value: float) -> float:
    """Return a value as it stands on an axis, a share in percent, with as many digits as anyone can see."""
    return round(100 * value, 2) if metric.is_share else shown(value)


def score_on_axis(metric: Metric, score: float | None) -> float:
    """Return the same of a score, 0 where it is not known."""
    return on_axis(metric, 0.0 if score is None or not math.isfinite(score) else metric.value(score))


def bars(metric: Metric, estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Return the intervals of `estimates` as error bars, cut where the metric ends; one run has none."""
    ends = [(metric.value(each.mean), *ends_of(metric, each)) for each in estimates]
    return {
        "type": "data",
        "symmetric": False,
        "array": [on_axis(metric, high - mean) if not math.isnan(high) else 0 for mean, _, high in ends],
        "arrayminus": [on_axis(metric, mean - low) if not math.isnan(low) else 0 for mean, low, _ in ends],
        "thickness": 1.8,
    }


def title_of(metric: Metric, text: str) -> str:
    """Return the title of an axis of values: `validation accuracy (%)`, or `validation rmse`; HTML is no HTML here."""
    return f"{text} (%)" if metric.is_share else text.replace("<", "&lt;")


def hovered(metric: Metric, axis_name: str) -> str:
    """Return how plotly is to write a value of that axis."""
    return f"%{{{axis_name}:.1f}} %" if metric.is_share else f"%{{{axis_name}:.4~g}}"


def config_lines(config: Config) -> str:
    """Return `lr 0.0557, wd 4.3e-07` in lines that fit beside an axis."""
    return "<br>".join(line.replace("<", "&lt;") for line in item_lines(compact_items(config), LINE_LENGTH))
