"""Axes of the metric's values: their title, and ticks that stay short, however small or large the values are."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter

from hpo.reports.figures.drawing import people_text
from hpo.reports.words.numbers import axis_title
from hpo.searching.metric import Metric

SMALLEST, LARGEST = -2, 5
"""Powers of ten of what ticks can say as it is; other values are shown in units of a power of their own."""


def name_values(
    axis: Axis, metric: Metric, name: str, ends: tuple[float, float], *, percent: bool = True, **style: Any
) -> None:
    """Name an axis of values between `ends` and give it short ticks; shares are in `percent`, or from 0 to 1."""
    unit, title = unit_of(metric, ends), axis_title(metric, name) if percent else name
    if unit != 1:
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value, unit)))
        title += f", in units of {unit:.0e}"
    axis.set_label_text(title, **people_text(**style))


def unit_of(metric: Metric, ends: tuple[float, float]) -> float:
    """Return the unit that the ticks of an axis are written in: 1, but for very small and very large values."""
    largest = max(abs(end) for end in ends)
    if metric.is_share or not largest or not math.isfinite(largest):
        return 1.0
    power = math.floor(math.log10(largest))
    return 1.0 if SMALLEST <= power < LARGEST else 10.0**power


def tick_text(value: float, unit: float) -> str:
    """Return what stands at a tick."""
    return f"{float(f'{value / unit:.6g}'):g}"
