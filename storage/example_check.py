"""Look for mistakes in the test examples before a search begins, and say what is odd about those to train on.

What is read here is dropped again: nothing comes out but a mistake, and what else a user should know about the data.
"""

from __future__ import annotations

import numpy as np

from hpo.storage.columns import strangers
from hpo.storage.examples import ExamplePart, hashes
from hpo.storage.located import Located
from hpo.storage.test_examples import raw_test_part, read_test_examples


def check_test_examples(located: Located, training: ExamplePart) -> tuple[str, ...]:
    """Return sentences about the test part that are no mistakes, such as that it repeats examples of training.

    Raises UserError if a file is another than was located, or the test examples don't fit those of training.
    """
    if not located.tested:
        return ()
    x, _ = read_test_examples(located, training)
    said = []
    seen = int(np.isin(hashes(x), hashes(training.x)).sum())
    if seen:
        said.append(
            f"{seen:,} of the {len(x):,} test {training.unit} have the x of a training one: the test will flatter."
        )
    if training.schema is not None:
        for column, values in strangers(raw_test_part(located, training)[0], training.schema).items():
            shown = ", ".join(repr(each) for each in values[:3]) + (", ..." if len(values) > 3 else "")
            said.append(f"test values of {column!r} that training lacks are taken as missing: {shown}.")
    return tuple(said)


def remarks(part: ExamplePart) -> tuple[str, ...]:
    """Return what a user should know about training examples that is no mistake."""
    said = []
    total, different = len(part.y), len(part.y) - part.repeats
    if part.copies is not None:
        said.append(
            f"of the {total:,} training {part.unit}, {different:,} are different. Copies of one are all used for "
            "training, or all for validation."
        )
    elif part.repeats:
        said.append(f"only {different:,} of the {total:,} training {part.unit} are different.")
    said += [
        f"{each.name!r} has {len(each.categories):,} different texts in {total:,} rows; if it is a name or an id, "
        f'leave it out: ignore = ["{each.name}"].'
        for each in (() if part.schema is None else part.schema.columns)
        if each.categories is not None and len(each.categories) > max(_MANY, total // 2)
    ]
    return tuple(said)


_MANY = 20
