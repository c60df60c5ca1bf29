"""Whether Adam stays as fast as it starts: float32 moments of dead weights fade into denormals, which are slow."""

from __future__ import annotations

from hpo import models
from tests.benchmarks import architectures as a
from tests.benchmarks import our_side
from tests.benchmarks.digits import Digits
from tests.benchmarks.interleaving import Spread, Timing, take_turns

LATER = 5_000  # steps
WINDOW = 100  # steps that are timed, at the start and after LATER
BLOCK = 10


def measure_long_adam(digits: Digits) -> tuple[Timing, Spread]:
    """Return the seconds a step "early", in steps 1..100, and "late", in steps 5,001..5,100, and late over early.

    The two networks take turns, so that a noisy machine does not slow down one of them alone.
    """
    examples = digits.examples(0, 6_000)
    settings = models.TrainingSettings(learning_rate=0.001, batch_size=100, optimizer="adam")
    late = our_side.steps(a.MLP, examples, settings)
    late(LATER)
    sides = {"early": our_side.steps(a.MLP, examples, settings), "late": late}
    timing = take_turns(sides, dict.fromkeys(sides, BLOCK), rounds=WINDOW // BLOCK)
    return timing, timing.ratio("late", "early")
