"""What the lines of a program say, checked: the score that was asked for, and the points of its learning curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from hpo.searching.metric import Metric
from hpo.searching.queued import DONE
from hpo.training.programs.output import Line, is_number, shown
from hpo.training.protocol import Point

VALUE = "value"
"""By which name a line gives the metric that the study is about; the metric's own name does, too."""

_KNOWN = ("percent", VALUE, "train", "test", "train_loss", "validation_loss", "epoch", "step", "seconds")
"""What a line may say beside other metrics."""


class WrongLineError(Exception):
    """A line says something that cannot be; the text says what."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one line says. `diverged`: why its value is none, and the worst that the metric has stands for it."""

    value: float
    train: float | None
    test: float | None
    others: Mapping[str, float]
    diverged: str | None = None


def read_score(line: Line, metric: Metric) -> Told:
    """Return what `line` says of a training. Raises WrongLineError for a value that is none of the metric's."""
    told = line.told
    name = metric.name if metric.name in told else VALUE
    value = _value(told[name], metric, name)
    diverged = None
    if value is None:
        if metric.worst is None:
            raise WrongLineError(f"gave {name} = {_plain(told[name])}, which is no finite number")
        value, diverged = metric.value(metric.worst), f"{metric.name} is {_plain(told[name])}"
    return Told(
        value,
        _value(told.get("train"), metric, "train"),
        _value(told.get("test"), metric, "test"),
        {key: float(other) for key, other in told.items() if key not in (*_KNOWN, metric.name) and _finite(other)},
        diverged,
    )


def read_points(lines: Sequence[Line], metric: Metric, *, group: int, epochs: int, seconds: float) -> list[Point]:
    """Return the points of a learning curve that `lines` draw; what has no value, or an impossible one, is none."""
    points = []
    for line in lines:
        try:
            told = read_score(line, metric)
        except WrongLineError:
            continue
        epoch = line.told.get("epoch")
        points.append(
            Point(
                group=group,
                step=max(1, round(line.percent)),
                epoch=float(epoch) if _finite(epoch) else epochs * line.percent / DONE,
                value=told.value,
                train=told.train,
                train_loss=_loss(line.told.get("train_loss")),
                validation_loss=_loss(line.told.get("validation_loss")),
                test=told.test,
                seconds=seconds * line.percent / max(lines[-1].percent, line.percent, 1),
            )
        )
    return points


def _value(given: object, metric: Metric, name: str) -> float | None:
    """Return a value of the metric; None where there is none, or it is no finite number."""
    if given is None:
        return None
    if not is_number(given):
        raise WrongLineError(f"gave {name} = {_plain(given)}, which is no number")
    if not _finite(given):
        return None
    value = float(given)
    fault = metric.fault(value)
    if fault is not None:
        hint = "; give a share from 0 to 1, not percent" if metric.is_share and 1 < value <= DONE else ""
        raise WrongLineError(f"gave {name} = {value:g}, but {fault}{hint}")
    return value


def _loss(given: object) -> float | None:
    return float(given) if _finite(given) else None


def _finite(given: object) -> TypeGuard[float]:
    """Whether it is a number, and a finite one."""
    try:
        return is_number(given) and math.isfinite(given)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _plain(given: object) -> str:
    return "null" if given is None else shown(repr(given) if not isinstance(given, float) else f"{given:g}")
