"""The one that opens rounds: it looks at the trials, and enqueues, promotes or stops what follows from them.

Every step derives from the database what comes next, and doing a step twice does nothing twice. So a coordinator may
die at any point: whoever takes over its lease goes on from the same place, with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution

from hpo.definition.rounds import RoundRecord, UnopenedRound, comparable
from hpo.definition.settings import ComparisonSettings
from hpo.engine.progress import Progress, progress
from hpo.engine.queue import TrialQueue
from hpo.proof.comparison import wanted_trials
from hpo.proof.final_runs import final_runs, source_key, source_text
from hpo.proof.final_stage import WantedRun, wanted_runs
from hpo.proof.replaying import runs_that_count
from hpo.record.study import StudyRecord, coordinator_lease
from hpo.record.untrusted import check_trials, reading
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import propose
from hpo.searching.queued import DONE, QueuedTrial, search_results
from hpo.searching.seeds import PAYING, PROPOSAL, TRIAL, derived_seed
from hpo.searching.space import Box, Config, Interval, Numeric, SearchSpace
from hpo.searching.stopping import survivors, with_imputed_scores
from hpo.searching.trials import TrialResult
from hpo.searching.warm_start import warm_box, warm_configs
from hpo.storage.database import Database
from hpo.storage.leases import Leases
from hpo.training.assignments import planned_size

WantedTrial = tuple[Config, Mapping[str, Any]]
"""A trial to be: its config, and the attributes that it is put into the queue with."""


class Coordinator:
    """Moves one study forward, for as long as it holds the study's lease."""

    def __init__(self, database: Database, study: str, leases: Leases, announce: Callable[[str], None]) -> None:
        self.record = StudyRecord(database, study)
        self.definition = self.record.definition
        self.search = TrialQueue(database, study, leases)
        self.final = TrialQueue(database, self.record.part_to_train(), leases)
        self._pool = int(self.record.data["pool"])
        self._chance = float(self.record.data["chance"])
        self._leases = leases
        self._lease = coordinator_lease(study)
        self._announce = announce
        self.advanced = False
        """Whether the last step moved the study forward, so that workers have something to look for."""

    def step(self) -> bool:
        """Do all that can be done now, and say whether the study is done; another coordinator's study is left alone."""
        self._look()
        if self.record.state == "done":
            return True
        if not self._leases.acquire(self._lease):
            return False
        freed = self.search.reap(self.trials) + self.final.reap(self.final_trials)
        for number in freed:
            self._announce(f"trial {number} lost its worker and is back in the queue")
        self.advanced = False
        while self._advance():
            self.advanced = True
            self._look()
        return self.record.state == "done"

    def release(self) -> None:
        """Give the study's lease back, so that another coordinator need not wait for it to expire."""
        self._leases.release(self._lease)

    def progress(self) -> Progress:
        """Return how far the study is."""
        rounds = self.record.rounds_to_open
        return progress(self.definition, self.trials, self.final_trials, self._pool, rounds)

    def _look(self) -> None:
        self.record.refresh()
        self.trials = self.search.trials()
        self.final_trials = self.final.trials()
        with reading(self.record.name):
            check_trials((*self.trials, *self.final_trials), self.definition.space.hyperparameters)

    def _advance(self) -> bool:
        """Take one step forward, or return False if trials must be trained first."""
        rounds = self.record.rounds
        if self.definition.comparison is not None:
            return self._advance_comparison(self.definition.comparison, rounds)
        for opened in rounds:
            mine = _of_round(self.trials, opened.number)
            if len(mine) < len(opened.configs):
                return self._enqueue(self._wanted(opened), mine)
            if not all(trial.finished for trial in mine):
                return self._judge(mine)
        known = comparable(self.definition, search_results(self.trials))
        if len(rounds) < self.record.rounds_to_open:
            return self._open_round(rounds, known)
        return self._advance_final(rounds[-1].box, known)

    def _open_round(self, rounds: Sequence[RoundRecord], known: Sequence[TrialResult]) -> bool:
        """Open the next round, or write down that it would not pay."""
        definition, number = self.definition, len(rounds) + 1
        box = definition.space.start()
        why: tuple[str, ...] = ("the start, as declared",)
        first = [] if rounds else warm_configs(definition.space, self.record.warm_start)
        first = first[: definition.rounds[0].trials]
        if first:
            box = warm_box(definition.space, self.record.warm_start)
            why = (f"around the good values of {definition.search.warm_start}",)
        if rounds:
            narrowing = narrow(definition.space, rounds[-1].box, known, self._chance)
            box, why = narrowing.box, narrowing.why
            if self._too_small_a_gain(rounds, box, known):
                return True
        configs = first + propose(
            definition.space,
            box,
            with_imputed_scores(known),
            n=definition.rounds[number - 1].trials - len(first),
            seed=derived_seed(definition.seed, PROPOSAL, number),
            sampler=definition.search.sampler,
            max_gap=definition.search.max_gap,
            warm=bool(first),
        )
        self.record.open_round(number, box, why, configs)
        return True

    def _too_small_a_gain(self, rounds: Sequence[RoundRecord], following: Box, known: Sequence[TrialResult]) -> bool:
        """Say whether the next round would not pay, and write that down; it is compared with two rounds at least."""
        definition, number = self.definition, len(rounds) + 1
        if number in self.record.asked:
            return False
        if definition.search.min_gain == 0 or number < 3 or not definition.same_size_from(number):
            return False
        seed = derived_seed(definition.seed, PAYING, number)
        gain = expected_gain(definition.space, rounds[-1].box, following, known, seed)
        if gain >= definition.search.min_gain:
            return False
        unopened = UnopenedRound(number, gain)
        self.record.leave_unopened(unopened)
        self._announce(unopened.sentence(definition))
        return True

    def _wanted(self, opened: RoundRecord) -> list[WantedTrial]:
        """Return the trials of a round with their attributes."""
        wanted: list[WantedTrial] = []
        for index, config in enumerate(opened.configs):
            seed = derived_seed(self.definition.seed, TRIAL, opened.number, index)
            attributes = {"round": opened.number, "index": index, "seed": seed}
            wanted.append((config, attributes | {"allowed": self.definition.search.percents[0]}))
        return wanted

    def _size(self, attributes: Mapping[str, Any]) -> dict[str, int]:
        return planned_size(self.definition, self._pool, attributes)

    def _enqueue(self, wanted: Sequence[WantedTrial], present: Sequence[QueuedTrial]) -> bool:
        """Put those of the `wanted` trials of a round into the queue that are not in it yet."""
        distributions = self.definition.space.distributions()
        indices = {trial.attributes["index"] for trial in present}
        for config, attributes in wanted:
            if attributes["index"] not in indices:
                self.search.add(config, distributions, {**attributes, **self._size(attributes)})
        return True

    def _advance_comparison(self, comparison: ComparisonSettings, rounds: Sequence[RoundRecord]) -> bool:
        """Open the one round of a comparison, enqueue all of its trials, and mark the study done when they are over."""
        if not rounds:
            why = ("every combination of the choices",)
            self.record.open_round(1, self.definition.space.start(), why, self.definition.space.grid())
            return True
        wanted = wanted_trials(rounds[0].configs, runs=comparison.seeds, seed=self.definition.seed)
        mine = _of_round(self.trials, 1)
        if len(mine) < len(wanted):
            return self._enqueue(wanted, mine)
        if all(trial.finished for trial in mine):
            self._end()
        return False

    def _end(self) -> None:
        """Mark the study done."""
        for twin in self.trials:  # what a coordinator enqueued twice, having slept through a takeover
            if not twin.finished:
                self.search.stop(twin)
        self.record.set_done()

    def _judge(self, trials: Sequence[QueuedTrial]) -> bool:
        """Where all trials of the round stand at a rung, let the best go on and stop the rest.

        The verdict is taken over all trials that ever reached the rung, so one that was half carried out when its
        coordinator died is carried on, not taken anew.
        """
        rungs = self.definition.search.percents
        rung = min(trial.allowed for trial in trials if not trial.finished)
        at_rung = [trial for trial in trials if not trial.finished and trial.allowed == rung]
        if rung == DONE or any(trial.reached < rung for trial in at_rung):
            return False
        reached = {trial.attributes["index"]: trial.rungs[rung] for trial in trials if rung in trial.rungs}
        go_on = survivors(reached, self.definition.search.keep)
        for trial in at_rung:
            if trial.attributes["index"] in go_on:
                self.search.allow(trial, rungs[rungs.index(rung) + 1])
            else:
                self.search.stop(trial)
        return True

    def _advance_final(self, box: Box, known: Sequence[TrialResult]) -> bool:
        """Enqueue what is wanted of race, confirmation and full-data runs; mark the study done when all are over."""
        present = self.final_trials
        runs = final_runs(present)
        if self.record.continued:
            runs = runs_that_count(self.definition, box, known, runs, self._pool)
        wanted = wanted_runs(self.definition, box, known, runs, self._pool)
        enqueued = {(t.attributes["stage"], source_key(t.attributes["source"]), t.attributes["run"]) for t in present}
        missing = [run for run in wanted if run.key not in enqueued]
        for run in missing:
            attributes = _attributes(run)
            distributions = _distributions_around(self.definition.space, run.config)
            self.final.add(run.config, distributions, {**attributes, **self._size(attributes)})
        if not missing and all(trial.finished for trial in present):
            self._end()
        return bool(missing)


def _of_round(trials: Sequence[QueuedTrial], number: int) -> list[QueuedTrial]:
    """Return the trials of a round, each index once."""
    found: dict[int, QueuedTrial] = {}
    for trial in trials:
        if trial.attributes["round"] == number:
            found.setdefault(trial.attributes["index"], trial)
    return list(found.values())


def _attributes(run: WantedRun) -> dict[str, object]:
    attributes: dict[str, object] = {
        "stage": run.stage,
        "source": source_text(run.source.key),
        "source_trial": run.source.number,
        "run": run.run,
        "seed": run.seed,
    }
    if run.overrides:
        attributes["overrides"] = dict(run.overrides)
    return attributes


def _distributions_around(space: SearchSpace, config: Config) -> Mapping[str, BaseDistribution]:
    """Return the limits as distributions, stretched where a value that was carried over lies outside them."""
    regions = dict(space.limits().regions)
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric):
            value, limits = float(config[name]), hyperparameter.limits
            regions[name] = Interval(min(limits.low, value), max(limits.high, value))
    return space.distributions(Box(regions))
