"""What is asked of the queue, and whether a run of the benchmark reached it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.queue.optuna_sides import JOURNAL, OPTIMIZE, PROXY
from tests.benchmarks.queue.ours import OURS

MOST_TRANSACTIONS, MOST_STATEMENTS = 3.0, 15.0
"""Of a trial, from its claim to its report, with what a worker does beside: to find the end, to renew its leases."""

AGAINST = {OPTIMIZE: 8.0, PROXY: 1.0, JOURNAL: 1.0}
"""How many times as fast as each of Optuna's ways, with as many workers as CROWD."""
CROWD = "16"
FROM_1_TO_64, FROM_100_TO_100_000 = 1.5, 1.3
SAME_MEMORY = 1.1
MOST_IDLE_CPU, MOST_IDLE_STATEMENTS = 0.02, 5.0
BUSY_CONNECTIONS, IDLE_CONNECTIONS = 2, 1


@dataclass(frozen=True)
class Bar:
    """One thing that is asked: `found` is to be at most `asked`, or where `at_least`, at least."""

    what: str
    found: float
    asked: float
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether it was reached."""
        return self.found >= self.asked if self.at_least else self.found <= self.asked


def bars(found: Mapping[str, Any]) -> list[Bar]:
    """Return the bars that one database's results can be held to: of what was not measured there are none."""
    return [*_of_drains(found.get("drains", {})), *_of_sizes(found.get("sizes", {})), *_of_idle(found.get("idle"))]


def _of_drains(drains: Mapping[str, Any]) -> Iterator[Bar]:
    mine = {workers: sides[OURS] for workers, sides in drains.items() if OURS in sides}
    if not mine:
        return
    for field, most in (("transactions", MOST_TRANSACTIONS), ("statements", MOST_STATEMENTS)):
        yield Bar(f"{field} a trial, at most", max(each[field]["high"] for each in mine.values()), most)
    for side, times in AGAINST.items():
        if CROWD in mine and side in drains[CROWD] and drains[CROWD][side]["times"]:
            ratio = drains[CROWD][side]["times"]["median"]
            yield Bar(f"times {side}, {CROWD} workers", ratio, times, at_least=True)
    if {"1", "64"} <= mine.keys():
        yield Bar("CPU a trial, 64 workers to 1", _cpu(mine["64"]) / _cpu(mine["1"]), FROM_1_TO_64)
    if "64" in mine:
        yield Bar("trials lost, 64 workers", mine["64"]["errors"]["high"], 0)


def _of_sizes(sizes: Mapping[str, Any]) -> Iterator[Bar]:
    if len(sizes) < 2:
        return
    least, most = (sizes[key] for key in (min(sizes, key=int), max(sizes, key=int)))
    of = f"{max(sizes, key=int)} trials to {min(sizes, key=int)}"
    yield Bar(f"CPU a trial, {of}", _size_cpu(most) / _size_cpu(least), FROM_100_TO_100_000)
    yield Bar(f"a worker's memory, {of}", most["memory_mb"] / least["memory_mb"], SAME_MEMORY)


def _of_idle(idle: Mapping[str, Any] | None) -> Iterator[Bar]:
    if idle is None:
        return
    yield Bar("idle: of a core", idle["cpu_share"] + idle["server_cpu_share"], MOST_IDLE_CPU)
    yield Bar("idle: statements a second", idle["statements_a_second"], MOST_IDLE_STATEMENTS)
    yield Bar("connections of an idle worker", idle["connections_idle"], IDLE_CONNECTIONS)
    yield Bar("connections of a busy worker", idle["connections_busy"], BUSY_CONNECTIONS)


def _cpu(side: Mapping[str, Any]) -> float:
    return float(side["worker_ms"]["median"] + side["server_ms"]["median"])


def _size_cpu(size: Mapping[str, float]) -> float:
    return size["worker_ms"] + size["server_ms"]
