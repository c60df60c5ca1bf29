from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import FinalRun, full_results
from hpo.proof.final_stage import WantedRun, wanted_runs
from hpo.proof.good_values import good_values, raced_configs
from hpo.searching.space import Box
from hpo.searching.trials import TrialResult
from tests.support.builders import definition, final_run, result

POOL = 1000
"""Images in all of the data; the search has 400."""

RESCALED = 400 / POOL


def searched(study: StudyDefinition, decay: float | None = 0.1) -> list[TrialResult]:
    """Return twelve trials whose scores rise with the learning rate."""
    configs = [
        {"learning_rate": 10 ** (-4 + i / 6)} | ({} if decay is None else {"weight_decay": decay}) for i in range(12)
    ]
    return [result(config, 0.5 + 0.02 * i, i, round_=2) for i, config in enumerate(configs)]


Score = Callable[[WantedRun], float]


def carried_out(wanted: Sequence[WantedRun], score: Score, test: Score = lambda run: 0.5) -> list[FinalRun]:
    """Return the runs that were wanted, each with its `score` on validation and, on all of the data, on test."""
    return [
        final_run(
            run.stage,
            run.source.key,
            run.run,
            score(run),
            seed=run.seed,
            config=run.config,
            overrides=run.overrides,
            test_accuracy=test(run) if run.stage in ("full", "plain", "adopted") else None,
        )
        for run in wanted
    ]


def by_index(run: WantedRun) -> float:
    """Score the configs so far apart that a race has one winner, with a little noise between runs."""
    return 0.4 + 0.05 * run.source.index + 0.001 * run.run * (run.source.index % 2)


def alike(run: WantedRun) -> float:
    """Score all configs alike: no race tells them apart."""
    return 0.8 + 0.01 * ((run.source.index + run.run) % 3)


class Study:
    """The final part of a small study, carried out stage after stage."""

    def __init__(self, study: StudyDefinition, trials: Sequence[TrialResult], pool: int = POOL) -> None:
        self.study, self.trials, self.pool = study, trials, pool
        self.box: Box = study.space.limits()

    def wanted(self, runs: Sequence[FinalRun]) -> list[WantedRun]:
        return wanted_runs(self.study, self.box, self.trials, runs, self.pool)

    def finish(self, score: Score, test: Score = lambda run: 0.5) -> list[list[WantedRun]]:
        """Return what was wanted at each stage, until nothing more is."""
        stages: list[list[WantedRun]] = [self.wanted([])]
        while len(again := self.wanted(carried_out(stages[-1], score, test))) > len(stages[-1]):
            stages.append(again)
        return stages


def counts(wanted: Sequence[WantedRun]) -> dict[str, int]:
    return dict(Counter(run.stage for run in wanted))


SEARCHED = Study(definition(), searched(definition()))


def test_first_only_the_race_is_wanted_between_the_three_most_promising():
    wanted = SEARCHED.wanted([])
    assert counts(wanted) == {"race": 6}, "two runs each, before anything can be said"
    assert {run.source.index for run in wanted} == {9, 10, 11}


def test_half_a_race_decides_nothing():
    wanted = SEARCHED.wanted([])
    assert counts(SEARCHED.wanted(carried_out(wanted[:-1], by_index))) == {"race": 6}


def test_after_a_race_with_one_winner_it_is_confirmed_and_goes_on_to_all_of_the_data_and_then_unscaled():
    stages = SEARCHED.finish(by_index)
    assert [counts(wanted) for wanted in stages] == [
        {"race": 6},
        {"race": 6, "confirm": 2, "full": 2},
        {"race": 6, "confirm": 2, "full": 2, "plain": 2},
    ]
    assert {run.source.index for run in stages[-1] if run.stage != "race"} == {11}


def test_after_a_race_that_tells_nothing_apart_all_of_it_goes_on():
    stages = SEARCHED.finish(alike)
    assert [counts(wanted) for wanted in stages[:3]] == [
        {"race": 6},
        {"race": 9},
        {"race": 9, "confirm": 6, "full": 6},
    ]


def one_behind(run: WantedRun) -> float:
    """Score two configs alike and one far worse."""
    return alike(run) - 0.5 * (run.source.index == 9)


def test_what_is_clearly_worse_leaves_the_race_and_keeps_its_mean():
    stages = SEARCHED.finish(one_behind)
    assert [counts(wanted)["race"] for wanted in stages[:3]] == [6, 8, 8]
    places = raced_configs(SEARCHED.study, SEARCHED.box, SEARCHED.trials, carried_out(stages[-1], one_behind))
    assert [(place.key[1], place.runs, place.good) for place in places] == [(10, 3, True), (11, 3, True), (9, 2, False)]
    assert places[-1].mean == pytest.approx((0.30 + 0.31) / 2)


def test_a_race_that_is_not_over_has_no_places():
    wanted = SEARCHED.wanted([])
    assert raced_configs(SEARCHED.study, SEARCHED.box, SEARCHED.trials, carried_out(wanted, alike)) == ()


def test_what_was_wanted_stays_wanted_in_the_same_order():
    for score in (by_index, alike):
        stages = SEARCHED.finish(score)
        for before, after in pairwise(stages):
            assert after[: len(before)] == before


def test_every_run_is_wanted_once():
    keys = [run.key for run in SEARCHED.finish(alike)[-1]]
    assert len(set(keys)) == len(keys)


def test_runs_of_a_stage_share_their_seeds_between_configs_and_no_two_runs_or_stages_do():
    last = SEARCHED.finish(alike)[-1]
    shared = {(run.stage, run.run): run.seed for run in last}
    assert all(run.seed == shared[run.stage, run.run] for run in last)
    # The unscaled values are compared with the rescaled ones, so they train from the same seeds.
    assert [shared["plain", i] for i in range(2)] == [shared["full", i] for i in range(2)]
    apart = [seed for (stage, _), seed in shared.items() if stage != "plain"]
    assert len(set(apart)) == len(apart)


def test_the_winner_is_chosen_by_validation_and_never_by_test():
    best_on_validation, best_on_test = 9, 11

    def validation(run: WantedRun) -> float:
        if run.stage != "full":
            return alike(run)
        return 0.9 if run.source.index == best_on_validation else 0.8

    def test(run: WantedRun) -> float:
        return 0.99 if run.source.index == best_on_test else 0.5

    last = SEARCHED.finish(validation, test)[-1]
    assert {run.source.index for run in last if run.stage == "plain"} == {best_on_validation}
    results = full_results(carried_out(last, validation, test))
    assert results[0].source == (2, best_on_validation)
    assert results[0].test.mean < max(each.test.mean for each in results)
    assert [each.plain for each in results] == [False, False, False, True]


def test_the_plain_run_waits_for_every_run_on_all_of_the_data():
    wanted = SEARCHED.finish(alike)[2]
    assert counts(wanted)["full"] == 6
    assert "plain" not in counts(SEARCHED.wanted(carried_out(wanted[:-1], alike)))


def test_a_searched_weight_decay_is_divided_by_how_many_times_as_many_images_there_are():
    for run in SEARCHED.finish(by_index)[-1]:
        factor = RESCALED if run.stage == "full" else 1
        assert run.config == {**run.source.config, "weight_decay": pytest.approx(factor * 0.1)}
        assert run.overrides == {}


def test_a_fixed_weight_decay_is_rescaled_beside_the_config():
    study = definition(
        training={"weight_decay": 0.1},
        space={"learning_rate": {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 1]}},
    )
    last = Study(study, searched(study, decay=None)).finish(by_index)[-1]
    assert counts(last)["plain"] == 2
    for run in last:
        assert run.config == run.source.config
        assert run.overrides == ({"weight_decay": pytest.approx(RESCALED * 0.1)} if run.stage == "full" else {})


@pytest.mark.parametrize(
    ("decay", "pool", "why"),
    [
        (0.0, POOL, "no decay"),
        (1e-4, POOL, "a decay of .003 % does nothing"),
        (0.1, 400, "400 images in the search as well"),
    ],
)
def test_nothing_plain_is_wanted_where_nothing_was_rescaled(decay, pool, why):
    trials = [result({**t.config, "weight_decay": decay}, t.score, t.index, round_=2) for t in searched(definition())]
    stages = Study(definition(space=ZERO_DECAY), trials, pool).finish(by_index)
    assert counts(stages[-1]) == {"race": 6, "confirm": 2, "full": 2}, why


ZERO_DECAY = {
    "learning_rate": {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]},
    "weight_decay": {"start": [0.0, 0.1]},
}


def test_a_search_on_more_images_than_there_are_is_a_search_on_all_of_them():
    study = definition(rounds=[{"trials": 12, "samples": 5000, "epochs": 5}] * 2)
    stages = Study(study, searched(study)).finish(by_index)
    assert "plain" not in counts(stages[-1])


def test_a_failed_race_loses_and_the_rest_goes_on():
    def score(run: WantedRun) -> float:
        return 0.0 if run.source.index == 11 else alike(run)

    stages = SEARCHED.finish(score)
    assert {run.source.index for run in stages[-1] if run.stage == "full"} == {9, 10}


def test_good_values_show_their_confirmation_and_not_the_scores_that_chose_them():
    wanted = SEARCHED.finish(by_index)[-1]
    (good,) = good_values(
        SEARCHED.study,
        SEARCHED.box,
        SEARCHED.trials,
        carried_out(wanted, lambda run: 0.71 if run.stage == "confirm" else by_index(run)),
    )
    assert (good.rank, good.key) == (1, (2, 11))
    assert (good.confirmed.mean, good.confirmed.runs) == (pytest.approx(0.71), 2)
    assert good.race == pytest.approx(0.9505)
    assert good.search_score == pytest.approx(0.72)


def test_there_are_no_good_values_before_the_race_is_over():
    wanted = SEARCHED.wanted([])
    some = carried_out(wanted[:-1], by_index)
    assert good_values(SEARCHED.study, SEARCHED.box, SEARCHED.trials, some) == []


def test_there_are_no_good_values_of_a_search_without_a_trial():
    assert good_values(SEARCHED.study, SEARCHED.box, [], []) == []


PROBED = Study(definition(final={"probe": True}), searched(definition()))
PROBES = {"probe_lower": 2, "probe_higher": 2}


def higher_is_better(run: WantedRun) -> float:
    """Score on all of the data by the learning rate, whatever the weight decay and the seed."""
    if run.stage in ("race", "confirm"):
        return by_index(run)
    rate = {**run.config, **run.overrides}.get("learning_rate", 0.01)
    return 0.8 + rate - 0.001 * run.run


def test_around_the_winner_its_learning_rate_is_halved_and_doubled():
    before, last = PROBED.finish(by_index)[-2:]
    assert "probe_lower" not in counts(before), "not before the winner is known"
    assert counts(last) == {"race": 6, "confirm": 2, "full": 2, "plain": 2, **PROBES}
    (full, *_), found = [run for run in last if run.stage == "full"], {run.stage: run for run in last}
    for stage, factor in (("probe_lower", 0.5), ("probe_higher", 2.0)):
        rate = pytest.approx(factor * full.config["learning_rate"])
        assert found[stage].config == {**full.config, "learning_rate": rate}, "the weight decay is that of the winner"


def test_a_probe_that_is_better_with_every_seed_is_trained_again_from_the_same_seeds():
    last = PROBED.finish(higher_is_better)[-1]
    assert counts(last) == {"race": 6, "confirm": 2, "full": 2, "plain": 2, **PROBES, "adopted": 2}
    probe, adopted = ([run for run in last if run.stage == stage] for stage in ("probe_higher", "adopted"))
    assert [(run.run, run.seed, run.config) for run in adopted] == [(run.run, run.seed, run.config) for run in probe]
    results = full_results(carried_out(last, higher_is_better))
    assert [each.stage for each in results] == ["adopted", "full", "plain", "probe_lower", "probe_higher"]


def test_one_seed_that_is_not_better_is_enough_to_leave_a_probe():
    def score(run: WantedRun) -> float:
        return higher_is_better(run) - (1 if (run.stage, run.run) == ("probe_higher", 1) else 0)

    assert counts(PROBED.finish(score)[-1]) == {"race": 6, "confirm": 2, "full": 2, "plain": 2, **PROBES}


def plain_is_better(run: WantedRun) -> float:
    """Score on all of the data by the weight decay, which is smaller where it was carried over."""
    if run.stage in ("race", "confirm"):
        return by_index(run)
    return 0.8 + run.config["weight_decay"] - 0.1 * (run.stage.startswith("probe"))


def test_plain_values_that_are_better_are_probed_and_taken():
    stages = PROBED.finish(plain_is_better)
    last, found = stages[-1], {run.stage: run for run in stages[-1]}
    assert counts(last) == {"race": 6, "confirm": 2, "full": 2, "plain": 2, **PROBES, "adopted": 2}
    assert found["adopted"].config == found["plain"].config == found["plain"].source.config
    for stage, factor in (("probe_lower", 0.5), ("probe_higher", 2.0)):
        rate = pytest.approx(factor * found["plain"].config["learning_rate"])
        assert found[stage].config == {**found["plain"].config, "learning_rate": rate}
    assert full_results(carried_out(last, plain_is_better))[0].stage == "adopted"


def test_a_probe_beside_plain_values_is_taken_if_it_is_the_best_of_all():
    def score(run: WantedRun) -> float:
        return plain_is_better(run) + 0.2 * (run.stage == "probe_higher")

    found = {run.stage: run for run in PROBED.finish(score)[-1]}
    assert found["adopted"].config == found["probe_higher"].config


def test_without_probes_plain_values_that_are_better_are_taken():
    last = SEARCHED.finish(plain_is_better)[-1]
    assert counts(last) == {"race": 6, "confirm": 2, "full": 2, "plain": 2, "adopted": 2}


def test_probes_wait_for_the_plain_values():
    wanted = next(stage for stage in PROBED.finish(by_index) if "plain" in counts(stage))
    assert "probe_lower" not in counts(wanted)
    assert "probe_lower" not in counts(PROBED.wanted(carried_out(wanted[:-1], by_index)))


def test_no_probe_is_taken_before_all_of_them_are_over():
    wanted = PROBED.finish(higher_is_better)[-2]
    assert [run.stage for run in wanted][-1] == "probe_higher"
    assert "adopted" not in counts(PROBED.wanted(carried_out(wanted[:-1], higher_is_better)))
    lower_is_missing = [run for run in wanted if run.key[::2] != ("probe_lower", 1)]
    assert "adopted" not in counts(PROBED.wanted(carried_out(lower_is_missing, higher_is_better)))


@pytest.mark.parametrize(
    "space",
    [
        {"weight_decay": {"log": True, "start": [1e-6, 1e-3], "limits": [1e-8, 1]}},
        {"optimizer": {"choices": [{"optimizer": "sgd", "learning_rate": 0.01}, {"optimizer": "adam"}]}},
    ],
)
def test_a_learning_rate_that_is_no_range_is_changed_beside_the_config(space):
    study = definition(space=space, final={"probe": True})
    config = {"weight_decay": 1e-5} if "weight_decay" in space else {"optimizer": study.space.grid()[0]["optimizer"]}
    last = Study(study, [result(config, 0.5, 0, round_=2)]).finish(higher_is_better)[-1]
    assert counts(last)["adopted"] == 2
    for run in last:
        rate = {"probe_lower": 0.005, "probe_higher": 0.02, "adopted": 0.02}.get(run.stage)
        assert (run.config, run.overrides) == (config, {} if rate is None else {"learning_rate": rate})


def test_a_learning_rate_that_no_training_may_have_is_not_tried():
    study = definition(
        training={"learning_rate": 3e38},
        space={"weight_decay": {"log": True, "start": [1e-6, 1e-3], "limits": [1e-8, 1]}},
        final={"probe": True},
    )
    last = Study(study, [result({"weight_decay": 1e-8}, 0.5, 0, round_=2)]).finish(by_index)[-1]
    assert {"probe_lower", "probe_higher"} & counts(last).keys() == {"probe_lower"}
