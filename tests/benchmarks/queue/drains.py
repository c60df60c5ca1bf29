"""A round is drained: N trials that train nothing, by W workers that start together, ours and Optuna's in turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.queue import optuna_sides
from tests.benchmarks.queue.ours import OURS, enqueued, ours
from tests.benchmarks.queue.places import Place
from tests.benchmarks.queue.processes import team
from tests.benchmarks.queue.sides import Side
from tests.benchmarks.queue.spreads import spread


@dataclass(frozen=True)
class Drain:
    """One drain. Of the counts, those of a trial are over all workers; `errors` are trials lost to the database."""

    done: int
    seconds: float
    trials_a_second: float
    claims: float
    transactions: float
    statements: float
    worker_ms: float
    server_ms: float
    errors: int
    memory_mb: float


def drain(side: Side, name: str, *, trials: int, workers: int, seconds: float) -> Drain:
    """Let `workers` drain a round of `trials`, for at most `seconds`."""
    with side(name) as (job, server_cpu):
        jobs = [job(len(range(i, trials, workers)), seconds) for i in range(workers)]
        with team(jobs) as made:
            before = server_cpu()
            started = made.start()
            said = made.results()
            server = server_cpu() - before
    done = sum(each["done"] for each in said)
    taken = max(each["ended"] for each in said) - started
    a_trial = 1 / max(done, 1)
    return Drain(
        done=done,
        seconds=taken,
        trials_a_second=done / taken,
        claims=sum(each["claims"] for each in said) * a_trial,
        transactions=sum(each["transactions"] for each in said) * a_trial,
        statements=sum(each["statements"] for each in said) * a_trial,
        worker_ms=1e3 * sum(each["cpu"] for each in said) * a_trial,
        server_ms=1e3 * server * a_trial,
        errors=sum(each["errors"] for each in said),
        memory_mb=max(each["memory_mb"] or 0.0 for each in said),
    )


def measure_drains(
    place: Place,
    *,
    trials: int,
    workers: Sequence[int],
    repetitions: int,
    seconds: float,
    only: Sequence[str],
    tick: Callable[[str], None],
) -> dict[str, Any]:
    """Return, by number of workers and side, the drains and the ratios of ours to each, taken turn by turn."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hpo-queue-") as folder:
        tick(f"{place.kind}: enqueueing {trials:,} trials")
        template, stub = enqueued(place, "template", trials + max(workers), Path(folder))  # and one to warm up each
        sides: Mapping[str, Side] = {
            OURS: lambda name: ours(place, template, stub, name),
            optuna_sides.OPTIMIZE: lambda name: optuna_sides.optimize(place, name),
            optuna_sides.PROXY: lambda name: optuna_sides.proxy(place, name),
            optuna_sides.JOURNAL: lambda name: optuna_sides.journal(place, name, Path(folder)),
        }
        sides = {name: side for name, side in sides.items() if name in only}
        for size in workers:
            drains: dict[str, list[Drain]] = {name: [] for name in sides}
            for turn in range(repetitions):
                for name in sides if turn % 2 == 0 else reversed(sides):
                    tick(f"{place.kind}: {size} workers, turn {turn + 1} of {repetitions}, {name}")
                    fresh = f"drain_{size}_{turn}_{list(sides).index(name)}"
                    drains[name].append(drain(sides[name], fresh, trials=trials, workers=size, seconds=seconds))
            found[str(size)] = {name: _summary(mine, drains.get(OURS, ())) for name, mine in drains.items()}
    return found


def _summary(mine: Sequence[Drain], ours_: Sequence[Drain]) -> dict[str, Any]:
    fields = {field: spread([getattr(each, field) for each in mine]) for field in asdict(mine[0])}
    ratios = [a.trials_a_second / b.trials_a_second for a, b in zip(ours_, mine, strict=True) if b.done]
    return {**fields, "times": spread(ratios) if ratios else None}
