"""The one that opens rounds: it looks at the trials, and enqueues, promotes or stops what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hpo.definition.rounds import RoundRecord, UnopenedRound, comparable
from hpo.definition.settings import ComparisonSettings
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.engine.lead import pieces
from hpo.engine.leader import StudyLeader
from hpo.engine.progress import Progress, progress
from hpo.proof.comparison import wanted_trials
from hpo.proof.final_runs import final_runs, source_key, source_text
from hpo.proof.final_stage import WantedRun, wanted_runs
from hpo.proof.replaying import runs_that_count
from hpo.record.study import StudyRecord
from hpo.searching.failing import repeated_failure
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import propose
from hpo.searching.queued import DONE, QueuedTrial, search_results
from hpo.searching.reproduced import remark
from hpo.searching.seeds import PAYING, PROPOSAL, TRIAL, derived_seed
from hpo.searching.space import Box, Config, Interval, Numeric, SearchSpace, number
from hpo.searching.stopping import survivors, with_imputed_scores
from hpo.searching.trials import TrialResult
from hpo.searching.warm_start import warm_box, warm_configs
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.holders import Holder
from hpo.storage.studies import FINAL, SEARCH
from hpo.training.assignments import planned_size

WantedTrial = tuple[Config, Mapping[str, Any]]
"""A trial to be: its config, and the attributes that it is put into the queue with."""


class Coordinator(StudyLeader):
    """Moves one study forward, for as long as it has the lead."""

    def __init__(
        self, database: Database, study: str, announce: Callable[[str], None], holder: Holder | None = None
    ) -> None:
        self.record = StudyRecord(database, study)
        super().__init__(database, self.record, announce, holder)
        self.definition = self.record.definition
        self._begins, self._said = True, False
        self._pool = int(self.record.data["pool"])
        self._chance: float | None = self.record.data.get("chance")

    def progress(self) -> Progress:
        """Return how far the study is."""
        rounds = self.record.rounds_to_open
        return progress(self.definition, self.trials.search, self.trials.final, self._pool, rounds)

    def _advance(self) -> bool:
        """Take one step forward, or return False if trials must be trained first."""
        if self._try_again():
            return True
        self._say_whether_seeds_count()
        rounds = self.record.rounds
        if self.definition.comparison is not None:
            return self._advance_comparison(self.definition.comparison, rounds)
        search = self.trials.search
        if rounds:
            mine = [trial for trial in search if trial.attributes["round"] == rounds[-1].number]
            if len(mine) < rounds[-1].trials:
                return self._enqueue()
            if not all(trial.finished for trial in mine):
                return self._judge(mine)
        known = comparable(self.definition, search_results(search, self.definition.metric, self.definition.bounds))
        if len(rounds) < self.record.rounds_to_open:
            return self._open_round(rounds, known)
        return self._advance_final(rounds[-1].box, known)

    def _say_whether_seeds_count(self) -> None:
        """Say once what the first trial, which was trained again, tells of the trainer."""
        if not self._said:
            said = remark(
                self.definition.trainer_name,
                self.trials.search,
                own_code=not isinstance(self.definition.trainer, EstimatorTrainer),
            )
            if said is not None:
                self._said = True
                self._announce(said)

    def _try_again(self) -> bool:
        """Stop where one trial after the other fails for the same reason; who begins then tries these trials again.

        Raises UserError to stop. Our networks fail for their configs alone.
        """
        begins, self._begins = self._begins, False
        if isinstance(self.definition.trainer, NetworkTrainer):
            return False
        last = len(self.record.rounds)
        trials = self.trials.final or [trial for trial in self.trials.search if trial.attributes["round"] == last]
        repeated = repeated_failure(trials)
        if repeated is None:
            return False
        if not begins:
            raise UserError(repeated.sentence)
        self.lead.write(lambda connection: self.lead.again(connection, repeated.ids))
        self._announce(f"the {len(repeated.ids)} trials that failed last are tried again")
        return True

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
            narrowing = narrow(definition.space, rounds[-1].box, known, self._chance, definition.metric)
            box, why = narrowing.box, narrowing.why
            if self._too_small_a_gain(rounds, box, known):
                return True
        configs = first + propose(
            definition.space,
            box,
            with_imputed_scores(known, definition.metric),
            n=definition.rounds[number - 1].trials - len(first),
            seed=derived_seed(definition.seed, PROPOSAL, number),
            sampler=definition.search.sampler,
            constrained=bool(definition.bounds),
            metric=definition.metric,
            warm=bool(first),
        )
        self._write_round(number, box, why, len(configs), self._wanted(number, configs))
        return True

    def _write_round(
        self, number: int, box: Box, why: Sequence[str], configs: int, wanted: Sequence[WantedTrial]
    ) -> None:
        """Open a round with all of its trials, of which as many are put into the queue as one transaction takes."""
        sized = [(config, {**attributes, **self._size(attributes)}) for config, attributes in wanted]

        def write(connection: sa.Connection) -> None:
            self.record.write_round(connection, number, box, why, configs)
            self.lead.plan(connection, pieces(SEARCH, self.definition.space, sized))
            self.lead.enqueue(connection)

        self.lead.write(write)

    def _enqueue(self) -> bool:
        """Put the next of the trials that are planned into the queue."""
        return self.lead.write(self.lead.enqueue) > 0

    def _too_small_a_gain(self, rounds: Sequence[RoundRecord], following: Box, known: Sequence[TrialResult]) -> bool:
        """Say whether the next round would not pay, and write that down; it is compared with two rounds at least."""
        definition, number = self.definition, len(rounds) + 1
        if number in self.record.asked:
            return False
        if definition.search.min_gain == 0 or number < 3 or not definition.same_size_from(number):
            return False
        seed = derived_seed(definition.seed, PAYING, number)
        gain = expected_gain(definition.space, rounds[-1].box, following, known, seed, metric=definition.metric)
        if gain >= definition.search.min_gain:
            return False
        unopened = UnopenedRound(number, gain)
        self.lead.write(lambda connection: self.record.write_unopened(connection, unopened))
        self._announce(unopened.sentence(definition))
        return True

    def _wanted(self, number: int, configs: Sequence[Config]) -> list[WantedTrial]:
        """Return the trials of a round with their attributes."""
        wanted: list[WantedTrial] = []
        for index, config in enumerate(configs):
            seed = derived_seed(self.definition.seed, TRIAL, number, index)
            attributes = {"round": number, "index": index, "seed": seed}
            wanted.append((config, attributes | {"allowed": self.definition.percents[0]}))
        return wanted

    def _size(self, attributes: Mapping[str, Any]) -> dict[str, int]:
        return planned_size(self.definition, self._pool, attributes)

    def _advance_comparison(self, comparison: ComparisonSettings, rounds: Sequence[RoundRecord]) -> bool:
        """Open the one round of a comparison, enqueue all of its trials, and mark the study done when they are over."""
        if not rounds:
            grid = self.definition.space.grid()
            wanted = wanted_trials(grid, runs=comparison.seeds, seed=self.definition.seed)
            why = ("every combination of the choices",)
            self._write_round(1, self.definition.space.start(), why, len(grid), wanted)
            return True
        mine = self.trials.search
        if len(mine) < rounds[0].trials * comparison.seeds:
            return self._enqueue()
        return all(trial.finished for trial in mine) and self._end()

    def _end(self) -> bool:
        """Mark the study done."""
        self.lead.write(self.lead.end)
        return True

    def _judge(self, trials: Sequence[QueuedTrial]) -> bool:
        """Where all trials of the round stand at a rung, let the best go on and stop the rest.

        The verdict is one transaction, so it is carried out on all of them or on none.
        """
        rungs = self.definition.percents
        rung = min(trial.allowed for trial in trials if not trial.finished)
        at_rung = [trial for trial in trials if not trial.finished and trial.allowed == rung]
        if rung == DONE or any(trial.reached < rung for trial in at_rung):
            return False
        score = self.definition.metric.score
        reached = {trial.attributes["index"]: score(trial.rungs[rung]) for trial in trials if rung in trial.rungs}
        go_on = survivors(reached, self.definition.search.keep)
        further = [trial.id for trial in at_rung if trial.attributes["index"] in go_on]
        stopped = [trial.id for trial in at_rung if trial.attributes["index"] not in go_on]
        percent = rungs[rungs.index(rung) + 1]
        self.lead.write(lambda connection: self.lead.verdict(connection, further, percent, stopped))
        return True

    def _advance_final(self, box: Box, known: Sequence[TrialResult]) -> bool:
        """Enqueue what is wanted of race, confirmation and full-data runs; mark the study done when all are over."""
        present = self.trials.final
        runs = final_runs(present, self.definition.metric)
        if self.record.continued:
            runs = runs_that_count(self.definition, box, known, runs, self._pool)
        wanted = wanted_runs(self.definition, box, known, runs, self._pool)
        enqueued = {(t.attributes["stage"], source_key(t.attributes["source"]), t.attributes["run"]) for t in present}
        missing = [run for run in wanted if run.key not in enqueued]
        if not missing:
            return all(trial.finished for trial in present) and self._end()
        new = []
        for run in missing:
            attributes = _attributes(run)
            trial = run.config, {**attributes, **self._size(attributes)}
            new += pieces(FINAL, self.definition.space, [trial], _around(self.definition.space, run.config))

        def enqueue(connection: sa.Connection) -> None:
            self.lead.plan(connection, new)
            self.lead.enqueue(connection, most=len(new))

        self.lead.write(enqueue)
        return True


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


def _around(space: SearchSpace, config: Config) -> Box:
    """Return the limits, stretched where a value that was carried over lies outside them."""
    regions = dict(space.limits().regions)
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Numeric) and name in config:
            value, limits = number(config, name), hyperparameter.limits
            regions[name] = Interval(min(limits.low, value), max(limits.high, value))
    return Box(regions)
