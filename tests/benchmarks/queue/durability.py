"""What a durable write costs: the same drain with the database's own switch on and off."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.queue.drains import drain
from tests.benchmarks.queue.ours import enqueued, ours
from tests.benchmarks.queue.places import SQLITE, Place
from tests.benchmarks.queue.sides import Offer
from tests.benchmarks.queue.spreads import spread

WORKERS = 4
SWITCHES = {
    SQLITE: {"as it is": None, "NORMAL": "PRAGMA synchronous=NORMAL", "FULL": "PRAGMA synchronous=FULL"},
    "postgresql": {"as it is": None, "off": "SET synchronous_commit=off", "on": "SET synchronous_commit=on"},
}


def measure_durability(
    place: Place, *, trials: int, repetitions: int, seconds: float, tick: Callable[[str], None]
) -> dict[str, Any]:
    """Return the trials a second of WORKERS workers by how durable every write is; in turns."""
    switches = SWITCHES[place.kind]
    found: dict[str, list[float]] = {name: [] for name in switches}
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        template, stub = enqueued(place, "durable", trials, Path(folder))

        def side(how: str | None, name: str) -> AbstractContextManager[Offer]:
            return ours(place, template, stub, name, every_write=how)

        for turn in range(repetitions):
            for number, (name, how) in enumerate(switches.items()):
                tick(f"{place.kind}: {WORKERS} workers, writes {name}, turn {turn + 1} of {repetitions}")
                one = drain(
                    partial(side, how), f"durable_{turn}_{number}", trials=trials, workers=WORKERS, seconds=seconds
                )
                found[name].append(one.trials_a_second)
        place.drop(template)
    return {"workers": WORKERS, **{name: spread(rates) for name, rates in found.items()}}
