"""What a peer is given to search: a box, a budget, and trainings that may be paused, judged and taken up again."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hpo.searching.space import Box, Numeric, SearchSpace

RUNGS = (6, 12, 25, 50, 75, 100)
"""Where along a training it may be judged, in percent of its steps."""

Config = Mapping[str, float | int]
Curve = Callable[[Config, int], Mapping[int, float]]
"""(config, number of the training in this search) to validation accuracy (0..1) at each rung, never NaN."""


Earlier = Sequence[tuple[Config, float]]
"""An earlier search of the same hyperparameters on other data: configs with their accuracies."""


class Spent(Exception):  # noqa: N818 - nothing went wrong
    """The budget is used up; a peer lets it through and stops."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One look at one training: its validation accuracy at `percent`, after `spent` whole trainings in all."""

    config: Config
    percent: int
    score: float
    spent: float


@dataclass
class Problem:
    """One search: peers get `space`, `box`, `n_trials` and `rungs` to look at, and `start` and `evaluate` to pay for.

    `space` has numeric hyperparameters only; peers stay inside `box`. The budget is `n_trials` whole trainings. `curve`
    is what answers, and `evaluations` is the ledger: both are the harness's.
    """

    space: SearchSpace
    box: Box
    n_trials: int
    curve: Curve = field(repr=False)
    rungs: tuple[int, ...] = RUNGS
    earlier: Sequence[Earlier] = field(default=(), repr=False)
    evaluations: list[Evaluation] = field(default_factory=list, repr=False)
    trainings: int = 0
    recommendations: dict[int, Config] = field(default_factory=dict, repr=False)
    _percents: int = 0

    def start(self, config: Config) -> Training:
        """Begin another training of `config`, even of one that was trained before; nothing is paid yet.

        A value that a tool's own arithmetic put a rounding error outside the box is moved to its edge. Raises
        ValueError for one that is farther out, and for an integer that is none.
        """
        inside = {name: self._inside(name, config[name]) for name in self.numeric}
        self.trainings += 1
        return Training(self, inside, self.curve(inside, self.trainings - 1))

    def evaluate(self, config: Config, percent: int = 100) -> float:
        """Train `config` afresh to `percent` and return its validation accuracy there; raises Spent."""
        return self.start(config).advance(percent)

    def recommend(self, config: Config) -> None:
        """Note what the tool itself would return after the evaluations so far, where that is not its best one."""
        self.recommendations[len(self.evaluations)] = {name: self._inside(name, config[name]) for name in self.numeric}

    @property
    def numeric(self) -> dict[str, Numeric]:
        """The hyperparameters by name."""
        return {name: h for name, h in self.space.hyperparameters.items() if isinstance(h, Numeric)}

    def pay(self, training: Training, percent: int) -> None:
        """Take the steps from where `training` stands to `percent` off the budget; raises Spent if too few are left."""
        price = max(percent - training.percent, 0)
        if self._percents + price > 100 * self.n_trials or (price == 0 and self._percents >= 100 * self.n_trials):
            raise Spent
        self._percents += price

    @property
    def spent(self) -> float:
        """What was paid so far, in whole trainings."""
        return self._percents / 100

    def _inside(self, name: str, value: float) -> float | int:
        h, interval = self.numeric[name], self.box.interval(name)
        if h.integer and value != round(value):
            raise ValueError(f"{name} = {value!r} is no whole number")
        nearest = min(max(value, interval.low), interval.high)
        rounding = 0.0 if h.log else 1e-9 * (interval.high - interval.low)
        if not math.isclose(value, nearest, rel_tol=1e-9, abs_tol=rounding):
            raise ValueError(f"{name} = {value!r} lies outside the box, {interval}")
        return round(nearest) if h.integer else float(nearest)


@dataclass(eq=False)
class Training:
    """One training under way; `percent` of its steps are done and paid."""

    _problem: Problem = field(repr=False)
    config: Config
    _curve: Mapping[int, float] = field(repr=False)
    percent: int = 0

    def advance(self, percent: int) -> float:
        """Train on to `percent`, one of the rungs, and return the validation accuracy there.

        Costs the steps not yet paid; raises Spent where the budget does not reach, and then costs nothing.
        """
        self._problem.pay(self, percent)
        self.percent = max(percent, self.percent)
        score = float(self._curve[percent])
        self._problem.evaluations.append(Evaluation(self.config, percent, score, self._problem.spent))
        return score


Search = Callable[[Problem, int], None]
"""(problem, seed): evaluates until Spent comes through, or until it has no more to ask."""


def run(search: Search, problem: Problem, seed: int) -> list[Evaluation]:
    """Let `search` spend the budget and return all it looked at."""
    with contextlib.suppress(Spent):
        search(problem, seed)
    return problem.evaluations


def recommended(problem: Problem) -> list[Config]:
    """Return, after each evaluation, the config that a user would take.

    Where the tool recommends one itself, that one; else the highest score among those farthest trained.
    """
    trace: list[Config] = []
    best: Evaluation | None = None
    own: Config | None = None
    for number, each in enumerate(problem.evaluations, start=1):
        best = each if best is None or (each.percent, each.score) > (best.percent, best.score) else best
        own = problem.recommendations.get(number, own)
        trace.append(best.config if own is None else own)
    return trace
