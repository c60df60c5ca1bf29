"""After the last round: which runs are wanted next. Race, then confirmation and all data, then around the winner.

Around it are the values of the search, which are used if they are better than those carried over, and then the
neighbours of the learning rate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import FinalRun, Stage
from hpo.proof.good_values import chosen_by_search, raced, results_on_all_of_the_data
from hpo.proof.probing import PROBES, Probe, better, better_probe
from hpo.proof.transfer import Change, changes
from hpo.searching.seeds import CONFIRM, FULL, RACE, derived_seed
from hpo.searching.space import Box, Config, Numeric, Value
from hpo.searching.trials import Key, TrialResult
from hpo.storage.errors import UserError

Values = tuple[Config, dict[str, Value]]
"""A config as it is trained, and the settings beside it that are no values of the space."""


@dataclass(frozen=True, slots=True)
class WantedRun:
    """One run of the final part: a config of the search, and what is different from its trial."""

    stage: Stage
    source: TrialResult
    run: int
    seed: int
    config: Config
    overrides: Mapping[str, Value] = field(default_factory=dict)
    """Settings that are no hyperparameters of this study but change with the size of the data."""

    @property
    def key(self) -> tuple[str, Key, int]:
        """What this run is known by."""
        return self.stage, self.source.key, self.run


def wanted_runs(
    definition: StudyDefinition, box: Box, trials: Sequence[TrialResult], runs: Sequence[FinalRun], pool: int
) -> list[WantedRun]:
    """Return every run that is wanted by now, in the order to do them; when all of them are over, the study is done.

    `trials` are the comparable ones, `box` is the last round's, `pool` the number of images in all of the data. All
    configs share the seeds of a stage, and with them groups, images and initialisation: differences between configs are
    then differences between configs.
    """
    chosen = chosen_by_search(definition, box, trials)
    by_key = {trial.key: trial for trial in chosen}
    race = raced(definition, chosen, runs)
    wanted = [
        WantedRun("race", by_key[key], run, derived_seed(definition.seed, RACE, run), by_key[key].config)
        for run, heat in enumerate(race.heats)
        for key in heat
    ]
    good = [by_key[key] for key in race.left]
    for trial in good:
        wanted += [
            WantedRun("confirm", trial, run, derived_seed(definition.seed, CONFIRM, run), trial.config)
            for run in range(definition.final.confirmation_runs)
        ]
    if not (definition.abilities.samples or definition.abilities.test):
        return wanted
    for trial in good:
        wanted += _on_all_of_the_data(definition, trial, "full", carried_over(definition, trial, pool))
    full = [result for result in results_on_all_of_the_data(definition, runs) if result.stage == "full"]
    if (
        definition.abilities.samples
        and good
        and sum(len(result.runs) for result in full) == len(good) * definition.final.seeds
    ):
        wanted += _around_the_winner(definition, by_key[full[0].source], runs, pool)
    return wanted


def _around_the_winner(
    definition: StudyDefinition, trial: TrialResult, runs: Sequence[FinalRun], pool: int
) -> list[WantedRun]:
    """Return the runs with the values of the search, of the probes beside the better ones, and of what is adopted."""
    wanted: list[WantedRun] = []
    carried = values = carried_over(definition, trial, pool)
    own = _scores(runs, trial, "full")
    if carried != (trial.config, {}):
        wanted += _on_all_of_the_data(definition, trial, "plain", (trial.config, {}))
        plain = _scores(runs, trial, "plain")
        if plain.keys() != own.keys():
            return wanted
        if better(plain, own):
            values, own = (trial.config, {}), plain
    probes = _probes(definition, values) if definition.final.probe else {}
    for stage, probe in probes.items():
        wanted += _on_all_of_the_data(definition, trial, stage, probe)
    scores = {stage: _scores(runs, trial, stage) for stage in probes}
    if all(each.keys() == own.keys() for each in scores.values()):
        best = better_probe(own, scores)
        last = values if best is None else probes[best]
        if last != carried:
            wanted += _on_all_of_the_data(definition, trial, "adopted", last)
    return wanted


def _probes(definition: StudyDefinition, values: Values) -> dict[Probe, Values]:
    """Return the neighbours of `values` that a training may have, and that no relation of the space forbids."""
    config, overrides = values
    rate = definition.plain({**config, **overrides}).get("learning_rate")
    if not isinstance(rate, int | float):
        return {}
    probes: dict[Probe, Values] = {}
    for stage, factor in PROBES.items():
        near, beside = with_values(definition, config, {"learning_rate": rate * factor})
        with contextlib.suppress(UserError):
            definition.trainer.check(definition.space.whole({**near, **overrides, **beside}))
            if definition.space.allows({**near, **overrides, **beside}):
                probes[stage] = near, {**overrides, **beside}
    return probes


def _scores(runs: Sequence[FinalRun], trial: TrialResult, stage: Stage) -> dict[int, float]:
    return {run.run: run.score for run in runs if run.stage == stage and run.source == trial.key}


def _on_all_of_the_data(
    definition: StudyDefinition, trial: TrialResult, stage: Stage, values: Values
) -> list[WantedRun]:
    return [
        WantedRun(stage, trial, run, derived_seed(definition.seed, FULL, run), *values)
        for run in range(definition.final.seeds)
    ]


def carried_over(definition: StudyDefinition, trial: TrialResult, pool: int) -> Values:
    """Return `trial`'s config as all of the data wants it, and the settings beside it that change too."""
    new = {change.name: change.new for change in changes_of(definition, trial, pool)}
    return with_values(definition, trial.config, new)


def changes_of(definition: StudyDefinition, trial: TrialResult, pool: int) -> tuple[Change, ...]:
    """Return what of `trial`'s settings has another value on all of the data: nothing where a relation forbids it."""
    if not definition.abilities.samples:
        return ()
    this_round = definition.rounds[trial.round - 1]
    samples = this_round.taken(pool)
    plain = definition.plain(trial.config)
    updates = [
        definition.updates(trial.config, *size)
        for size in ((samples, this_round.epochs), (pool, definition.final.epochs))
    ]
    longer = None if None in updates else max(each for each in updates if each is not None)
    found = changes(plain, samples_subset=samples, samples_full=pool, updates=longer)
    allowed = definition.space.allows({**trial.config, **{change.name: change.new for change in found}})
    return found if allowed else ()


def with_values(definition: StudyDefinition, config: Config, new: Mapping[str, Value]) -> Values:
    """Return `config` with the `new` values that are its own, and those that belong beside it.

    A setting that is fixed or not active, or one of a few choices, steps or whole numbers, has no such value in the
    space.
    """
    ranges = {
        name
        for name, h in definition.space.hyperparameters.items()
        if isinstance(h, Numeric) and not h.integer and h.every is None and name in config
    }
    beside = {name: value for name, value in new.items() if name not in ranges}
    return {**config, **{name: value for name, value in new.items() if name in ranges}}, beside
