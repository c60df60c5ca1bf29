"""A fact is computed once for a study's results, however many tables, figures and sentences ask for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from hpo.record.results import StudyResults

T = TypeVar("T")


def once(compute: Callable[[StudyResults], T]) -> Callable[[StudyResults], T]:
    """Return `compute` with a memory: results are frozen, so what follows from them stays; it goes when they go."""
    known: WeakKeyDictionary[StudyResults, T] = WeakKeyDictionary()

    @functools.wraps(compute)
    def remembered(results: StudyResults) -> T:
        if results not in known:
            known[results] = compute(results)
        return known[results]

    return remembered
