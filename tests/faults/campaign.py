"""The campaign: faults one after the other, or several at once, until time or number is used up."""

from __future__ import annotations

import itertools
import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.checking import check
from tests.faults.lab import Lab
from tests.faults.registry import Fault, SkippedError, StoppedError, WrongError
from tests.faults.scene import Scene


@dataclass(frozen=True)
class Try:
    """One fault that was caused: what was wrong, in sentences; or why it was left out."""

    fault: str
    database: str
    seed: int
    seconds: float
    wrongs: tuple[str, ...] = ()
    skipped: str = ""
    kept: str = ""


@dataclass
class Tally:
    """All tries so far."""

    tries: list[Try] = field(default_factory=list)

    @property
    def wrong(self) -> list[Try]:
        """Those that were wrong."""
        return [each for each in self.tries if each.wrongs]


def plan(faults: Sequence[Fault], databases: Sequence[str], seed: int) -> Iterator[tuple[Fault, str, int]]:
    """Yield all faults on all of their databases, in a new order each time, each with a seed of its own.

    The first seed is `seed` itself: so what a fault did with a seed is repeated by --only FAULT --seed SEED.
    """
    chance = random.Random(seed)
    seeds = itertools.count(seed)
    pairs = [(fault, database) for fault in faults for database in databases if database in fault.databases]
    while True:
        for fault, database in pairs:
            yield fault, database, next(seeds)
        chance.shuffle(pairs)


def attempt(lab: Lab, fault: Fault, database: str, seed: int) -> Try:
    """Cause one fault and return what came of it."""
    began = time.monotonic()
    scene = Scene(lab, database, seed)
    wrongs: list[str] = []
    try:
        fault.cause(scene)
        wrongs = check(scene)
    except WrongError as error:
        wrongs = [str(error), *scene.wrongs]
    except SkippedError as error:
        return Try(fault.name, database, seed, 0.0, skipped=str(error))
    except StoppedError:
        raise
    except Exception as error:  # a mistake of ours must not end the campaign, and must not be overlooked
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
        wrongs = [f"the campaign itself failed: {type(error).__name__} in {where}: {str(error)[:300]}"]
    finally:
        scene.close(keep=bool(wrongs))
    kept = str(lab.kept / scene.mark) if wrongs else ""
    return Try(fault.name, database, seed, time.monotonic() - began, tuple(wrongs), kept=kept)


def run_campaign(
    lab: Lab,
    planned: Iterator[tuple[Fault, str, int]],
    *,
    most: int | None,
    minutes: float | None,
    jobs: int,
    on_try: Callable[[Try, Tally], None],
) -> Tally:
    """Cause faults until `most` were tried or `minutes` are over, `jobs` at once; Ctrl-C ends it with what there is."""
    tally, lock = Tally(), threading.Lock()
    end = None if minutes is None else time.monotonic() + 60 * minutes
    rest = planned if most is None else itertools.islice(planned, most)

    def work() -> None:
        while not lab.stop.is_set() and (end is None or time.monotonic() < end):
            with lock:
                following = next(rest, None)
            if following is None:
                return
            try:
                done = attempt(lab, *following)
            except StoppedError:
                return
            with lock:
                tally.tries.append(done)
                on_try(done, tally)

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(work) for _ in range(jobs)]
        try:
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            lab.stop.set()
    return tally
