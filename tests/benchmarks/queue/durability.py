"""What durable writes cost: the same drain with all of them durable, and with none."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.queue.drains import drain
from tests.benchmarks.queue.ours import enqueued, ours
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.sides import Offer
from tests.benchmarks.queue.spreads import spread

WORKERS = 4
SWITCHES = {"as it is": None, "every write": True, "no write": False}
"""As it is, reports are durable, and claims and renewals are not. A durable write has synchronous=FULL on SQLite, where
another one has NORMAL, and synchronous_commit on PostgreSQL."""


def measure_durability(
    place: Place, *, trials: int, repetitions: int, seconds: float, tick: Callable[[str], None]
) -> dict[str, Any]:
    """Return the trials a second of WORKERS workers by how durable every write is; in turns."""
    found: dict[str, list[float]] = {name: [] for name in SWITCHES}
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        template, stub = enqueued(place, "durable", trials + WORKERS, Path(folder))

        def side(how: bool | None, name: str) -> AbstractContextManager[Offer]:
            return ours(place, template, stub, name, durable=how)

        for turn in range(repetitions):
            for number, (name, how) in enumerate(SWITCHES.items()):
                tick(f"{place.kind}: {WORKERS} workers, durable: {name}, turn {turn + 1} of {repetitions}")
                one = drain(
                    partial(side, how), f"durable_{turn}_{number}", trials=trials, workers=WORKERS, seconds=seconds
                )
                found[name].append(one.trials_a_second)
        place.drop(template)
    return {"workers": WORKERS, **{name: spread(rates) for name, rates in found.items()}}
