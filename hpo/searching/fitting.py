"""Configs that may be: drawn anew as long as relations do not hold, and where that is in vain, moved until they do.

What is drawn are values of all hyperparameters. Those that are active are the config (see conditions), and it is taken
if the relations hold of it (see relations): so what is drawn evenly is even over all that may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hpo.searching.space import Box, Config, Numeric, SearchSpace, Value, number

TRIES = 300
"""So many draws are made for each config that is wanted; the door lets no space in of which less than a few hold."""

HALVINGS = 6
"""So often the way to a config that may be is halved, before that one itself is taken."""

LEAST_SHARE, DOOR_DRAWS = 0.01, 2000
"""Of so many draws this share must hold, or a study is refused: the rest is a search for what may be at all."""


def fitting(
    space: SearchSpace, drawn: Iterable[Config], n: int, most: int
) -> tuple[list[dict[str, Value]], list[Config]]:
    """Return the first `n` configs that the first `most` of `drawn` make, and the draws that make none."""
    found: list[dict[str, Value]] = []
    refused: list[Config] = []
    if n <= 0:
        return found, refused
    for tried, values in enumerate(drawn, 1):
        config = space.fitting(values)
        if config is None:
            refused.append(values)
        else:
            found.append(config)
        if len(found) == n or tried == most:
            break
    return found, refused


def mended(space: SearchSpace, box: Box, values: Config, near: Sequence[Config]) -> dict[str, Value] | None:
    """Return a config of `box` between `values`, which may not be, and the nearest of `near`, which may; None without.

    It keeps the choices of `values` where that is possible.
    """
    ends = [end for end in near if end in box and space.allows(end)]
    if not ends:
        return None
    first = _places(space, box, values)
    end = min(ends, key=lambda each: _distance(first, _places(space, box, space.completed(each, box))))
    whole = space.completed(end, box)
    last = _places(space, box, whole)
    for choices in (values, whole):
        for halved in range(1, HALVINGS + 1):
            near_end = 1 - 0.5**halved
            between = {
                name: each.at(box.interval(name), first[name] + near_end * (last[name] - first[name]))
                if isinstance(each, Numeric)
                else choices[name]
                for name, each in space.hyperparameters.items()
            }
            if (config := space.fitting(between)) is not None:
                return config
    return dict(end)


def share_that_holds(space: SearchSpace, drawn: Iterable[Config]) -> float:
    """Return the share of the first DOOR_DRAWS of `drawn` that may be; see LEAST_SHARE.

    Raises UserError where a relation orders what has no order.
    """
    count = 0
    for place, values in enumerate(drawn):
        if place == DOOR_DRAWS:
            break
        config = {name: values[name] for name in space.active(values)}
        for relation in space.relations:
            relation.check_kinds(space.whole(config))
        count += space.allows(config)
    return count / DOOR_DRAWS


def _places(space: SearchSpace, box: Box, values: Config) -> dict[str, float]:
    """Return where the numbers of `values` lie in `box`, 0..1 each, those outside at its edge."""
    return {
        name: min(max(each.share(box.interval(name), number(values, name)), 0.0), 1.0)
        for name, each in space.hyperparameters.items()
        if isinstance(each, Numeric)
    }


def _distance(one: dict[str, float], other: dict[str, float]) -> float:
    return sum((one[name] - other[name]) ** 2 for name in one)
