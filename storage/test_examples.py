"""Read the test part of examples that need not be images, by what training knows of them.

For `hpo.storage.test_set`, and for the check before a search, out of which nothing comes but mistakes.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from hpo.storage.columns import by_schema
from hpo.storage.errors import UserError
from hpo.storage.examples import ExamplePart, read_raw, targets_of
from hpo.storage.located import Located


def read_test_examples(located: Located, training: ExamplePart) -> tuple[Any, npt.NDArray[Any]]:
    """Return x and y of the test part, like those of training.

    Raises UserError if a file is another than was located, if there is no test part, or if it doesn't fit training.
    """
    if not located.tested:
        raise UserError(f"{located.provenance} has no test part")
    raw, targets = raw_test_part(located, training)
    if training.schema is not None:
        raw = by_schema(raw, training.schema, str(located.part("x_test").path))
    elif raw.shape[1:] != training.x.shape[1:]:
        raise UserError(
            f"{located.part('x_test').path}: test examples have the shape {raw.shape[1:]}, training examples "
            f"{training.x.shape[1:]}; expected the same"
        )
    return raw, targets_of(located, targets, "test")


def raw_test_part(located: Located, training: ExamplePart) -> tuple[Any, npt.NDArray[Any]]:
    """Return x and the targets of the test part as they were saved."""
    text: tuple[str, ...] = () if training.schema is None else training.schema.text
    if located.table is not None and any(isinstance(each, str) for each in located.classes):
        text = (*text, located.table.target)
    return read_raw(located, "test", text)
