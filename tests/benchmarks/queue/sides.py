"""What each side of the benchmark offers: jobs for its workers on a fresh study, and what its server has taken."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

from tests.benchmarks.queue.processes import Job

JobOf: TypeAlias = Callable[[int, float], Job]
"""Makes the job of one worker: its share of the trials, and the seconds that it may take."""
Offer: TypeAlias = tuple[JobOf, Callable[[], float]]
"""The jobs, and the CPU seconds of the server so far."""
Side: TypeAlias = Callable[[str], AbstractContextManager[Offer]]
"""Opens a fresh study under a name that no other has."""
