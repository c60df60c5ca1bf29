"""A search that begins at another study's good values: where its round 1 looks, and what it tries first."""

from __future__ import annotations

from collections.abc import Sequence

from hpo.searching.fitting import mended
from hpo.searching.lattice import lattice
from hpo.searching.space import Box, Config, Hyperparameter, Numeric, Region, SearchSpace, Value

ENDS = 200
"""Towards one of so many configs of the whole limits a good value is moved that a relation forbids here."""


def warm_configs(space: SearchSpace, sources: Sequence[Config]) -> list[dict[str, Value]]:
    """Return the configs of `sources` as `space` has them, each once; what a source cannot say is the start's middle.

    A value beyond the limits is moved to them, and a config of which a relation does not hold towards one that may be.
    Empty if the sources and the space share no hyperparameter.
    """
    if not any(_shared(name, each, sources) for name, each in space.hyperparameters.items()):
        return []
    start = space.start()
    configs: list[dict[str, Value]] = []
    for source in sources:
        config: dict[str, Value] = {}
        for name, hyperparameter in space.hyperparameters.items():
            says = _says(name, hyperparameter, source)
            config[name] = _inside(hyperparameter, source[name]) if says else space.at(start, name, 0.5)
        fits = space.fitting(config) or _moved(space, config)
        if fits not in configs:
            configs.append(fits)
    return configs


def _moved(space: SearchSpace, config: Config) -> dict[str, Value]:
    """Return the config nearest to `config` that may be, of those on the ways to some of the limits' lattice."""
    limits = space.limits()
    return mended(space, limits, config, lattice(space, limits, ENDS, seed=0)) or {}


def warm_box(space: SearchSpace, sources: Sequence[Config]) -> Box:
    """Return where round 1 looks: the span of the sources, a step wider on each side, clipped to the limits.

    A step is a decade on a log axis. A hyperparameter that the sources know nothing of keeps its start, and every
    choice stays open, so that a start that was wrong for these data can be left again.
    """
    regions: dict[str, Region] = dict(space.start().regions)
    for name, hyperparameter in space.hyperparameters.items():
        values = [value for value in _shared(name, hyperparameter, sources) if value is not None]
        if isinstance(hyperparameter, Numeric) and values:
            positions = [hyperparameter.to_axis(float(value)) for value in values]
            step = hyperparameter.step
            regions[name] = hyperparameter.clip(min(positions) - step, max(positions) + step)
    return Box(regions)


def _shared(name: str, hyperparameter: Hyperparameter, sources: Sequence[Config]) -> list[Value]:
    return [_inside(hyperparameter, each[name]) for each in sources if _says(name, hyperparameter, each)]


def _says(name: str, hyperparameter: Hyperparameter, source: Config) -> bool:
    """Say whether `source` has a value that fits `hyperparameter`: a number for a range, one of the choices else."""
    if name not in source:
        return False
    value = source[name]
    if isinstance(hyperparameter, Numeric):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return value in hyperparameter.choices


def _inside(hyperparameter: Hyperparameter, value: Value) -> Value:
    if not isinstance(hyperparameter, Numeric) or value is None:
        return value
    inside = min(max(float(value), hyperparameter.limits.low), hyperparameter.limits.high)
    if hyperparameter.every is not None:
        return hyperparameter.from_axis(inside)
    return round(inside) if hyperparameter.integer else inside
