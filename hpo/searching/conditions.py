"""Which hyperparameters a config has: all of them, or where some are conditional, those whose parents say so.

A momentum means nothing to an optimizer without one. A config that held a value for it would show differences that are
none, so a config holds its active hyperparameters and no others, as in ConfigSpace (Lindauer et al. 2019, "BOAH").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Conditions = Mapping[str, tuple[Any, ...]]
"""When a hyperparameter is active: each parent is active, too, and has one of these values."""


def active_names(names: Iterable[str], conditions: Mapping[str, Conditions], values: Mapping[str, Any]) -> list[str]:
    """Return those of `names` that are active where hyperparameters (and what is fixed) have the `values`.

    `values` may hold more than is active: what hangs on an inactive parent is not active, whatever that parent's value.
    """
    known: dict[str, bool] = {}

    def is_active(name: str) -> bool:
        if name not in known:
            known[name] = False  # of itself it never hangs; a definition with a cycle is refused when it is read
            known[name] = all(
                parent in values and values[parent] in accepted and is_active(parent)
                for parent, accepted in conditions.get(name, {}).items()
            )
        return known[name]

    return [name for name in names if is_active(name)]


def cycle(conditions: Mapping[str, Conditions]) -> list[str]:
    """Return the names of hyperparameters that hang on each other in a circle, the first once more at the end; or none.

    >>> cycle({"a": {"b": (1,)}, "b": {"a": (2,)}})
    ['a', 'b', 'a']
    """
    done: set[str] = set()

    def found(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for parent in conditions.get(name, {}):
            if circle := found(parent, [*path, name]):
                return circle
        done.add(name)
        return []

    for name in conditions:
        if circle := found(name, []):
            return circle
    return []
