"""A hyperparameter is called relevant where the scores depend on it, and seldom where they do not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hpo.searching.proposing import propose
from hpo.searching.relevance import FEWEST_TRIALS, LEVEL, MOST, Relevance, relevance
from hpo.searching.space import Box, Categorical, Interval, SearchSpace
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.trials import WORST_SCORE, TrialResult
from tests.support.builders import log_scaled

RATE = log_scaled((1e-4, 1.0))
DECAY = log_scaled((1e-8, 1e-4))
TWO = SearchSpace({"rate": RATE, "decay": DECAY})
THREE = SearchSpace({"rate": RATE, "decay": DECAY, "activation": Categorical(("relu", "sigmoid", "tanh"))})


def hill(config, rng):
    """A hill over the rate that falls to the same depth on both sides; nothing else matters."""
    return 0.9 - 0.1 * (math.log10(config["rate"]) + 2) ** 2 + 0.03 * rng.standard_normal()


def searched(space, score, *, n=20, rounds=1, seed=0, sampler="random", narrower=1.0):
    """Return the boxes and trials of a search whose box shrinks to its lower `narrower` share after the first round."""
    rng = np.random.default_rng([seed, 1])
    boxes, trials = {}, []
    for number in range(1, rounds + 1):
        regions = dict(space.start().regions)
        if number > 1:
            for name in regions.keys() - {"activation"}:
                low, high = space.hyperparameters[name].axis(regions[name])
                regions[name] = space.hyperparameters[name].clip(low, low + narrower * (high - low))
        boxes[number] = Box(regions)
        known, box = with_imputed_scores(trials), boxes[number]
        configs = (
            [
                {name: each.at(regions[name], rng.random()) for name, each in space.hyperparameters.items()}
                for _ in range(n)
            ]
            if sampler == "random"
            else propose(space, box, known, n=n, seed=1000 * seed + number, sampler=sampler)
        )
        trials += [TrialResult(number, i, config, score(config, rng), {}) for i, config in enumerate(configs)]
    return boxes, trials


def found(space, score, *, seed=0, **options) -> dict[str, Relevance]:
    boxes, trials = searched(space, score, seed=seed, **options)
    return {each.name: each for each in relevance(space, boxes, trials, seed=seed)}


@pytest.mark.parametrize("sampler", ["random", "lattice", "tpe"])
@pytest.mark.parametrize("rounds", [1, 3])
def test_a_hill_is_found_though_high_and_low_values_score_the_same(sampler, rounds):
    verdicts = found(TWO, hill, sampler=sampler, rounds=rounds)
    assert verdicts["rate"].verdict == "relevant"
    assert verdicts["decay"].verdict == "no effect detected"


def test_a_slope_is_found():
    verdicts = found(TWO, lambda config, rng: math.log10(config["decay"]) + 0.5 * rng.standard_normal(), seed=1)
    assert (verdicts["rate"].verdict, verdicts["decay"].verdict) == ("no effect detected", "relevant")


def test_an_effect_that_shows_only_where_the_other_is_good_is_found():
    def score(config, rng):
        if config["rate"] < 1e-2:
            return 0.1 + 0.001 * rng.standard_normal()  # it learns nothing, whatever the decay
        return 0.5 + 0.1 * math.log10(config["decay"] / 1e-8) + 0.001 * rng.standard_normal()

    assert found(TWO, score, n=40)["decay"].verdict == "relevant"


def test_a_choice_that_matters_is_found_and_one_that_does_not_is_not():
    def better(config, rng):
        return hill(config, rng) - 0.3 * (config["activation"] == "sigmoid")

    found_one = found(THREE, better)["activation"]
    assert (found_one.verdict, found_one.tried) == ("relevant", ("relu", "sigmoid", "tanh"))
    assert found(THREE, hill)["activation"].verdict == "no effect detected"


@pytest.mark.parametrize("rounds", [1, 2])
def test_without_an_effect_p_is_at_most_as_small_as_chance_makes_it(rounds):
    ps = [
        each.p
        for seed in range(100)
        for each in found(THREE, hill, n=12, rounds=rounds, seed=seed, narrower=0.5).values()
        if each.name != "rate"
    ]
    for level in (0.02, LEVEL, 0.1, 0.3, 0.6):
        expected = level * len(ps)
        assert sum(p <= level for p in ps) <= expected + 2.5 * math.sqrt(expected * (1 - level)), level


def test_a_box_that_moves_to_better_ground_makes_nothing_relevant():
    """Later rounds look at lower values and score higher; what tells them apart is the round and not the decay."""

    def later_is_better(space, seed):
        boxes, trials = searched(space, lambda _, rng: rng.random(), rounds=3, seed=seed, narrower=0.2)
        return boxes, [replace(trial, score=trial.score + trial.round) for trial in trials]

    space = SearchSpace({"decay": DECAY})
    verdicts = [relevance(space, *later_is_better(space, seed), seed=seed)[0].verdict for seed in range(40)]
    assert verdicts.count("relevant") <= 6


@pytest.mark.parametrize("change", [lambda score: score**3 / 7, lambda score: math.exp(5 * score) - 20])
def test_only_the_order_of_the_scores_counts(change):
    boxes, trials = searched(THREE, hill, rounds=2)
    changed = [replace(trial, score=change(trial.score)) for trial in trials]
    assert relevance(THREE, boxes, changed, seed=3) == relevance(THREE, boxes, trials, seed=3)


def test_failures_are_the_worst_and_tell_of_a_cliff():
    def cliff(config, rng):
        return WORST_SCORE if config["rate"] > 0.1 else 0.5 + 0.1 * rng.random()

    assert found(TWO, cliff, n=40)["rate"].verdict == "relevant"


def test_the_same_seed_gives_the_same_and_another_nearly_the_same():
    boxes, trials = searched(TWO, hill)
    one, again, other = (relevance(TWO, boxes, trials, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert [each.p for each in other] == pytest.approx([each.p for each in one], abs=0.1)


@pytest.mark.parametrize("n", [0, 1, FEWEST_TRIALS - 1])
def test_a_few_trials_tell_nothing(n):
    for each in found(THREE, hill, n=n).values():
        assert (each.verdict, each.trials) == ("too few trials to tell", n)
        assert math.isnan(each.p)


@pytest.mark.parametrize("n", [5, FEWEST_TRIALS - 1])
def test_many_rounds_of_a_few_trials_tell_nothing_either(n):
    assert {each.verdict for each in found(THREE, hill, n=n, rounds=5).values()} == {"too few trials to tell"}


def test_equal_scores_and_a_value_that_never_changed_tell_nothing_either():
    boxes, trials = searched(TWO, lambda *_: WORST_SCORE)
    assert {each.verdict for each in relevance(TWO, boxes, trials, seed=0)} == {"too few trials to tell"}
    boxes, trials = searched(TWO, hill)
    same = [replace(trial, config=trial.config | {"decay": 1e-6}) for trial in trials]
    assert [each.verdict for each in relevance(TWO, boxes, same, seed=0)] == ["relevant", "too few trials to tell"]


def test_it_says_where_it_looked():
    boxes, trials = searched(TWO, hill, n=FEWEST_TRIALS)
    rates = [trial.config["rate"] for trial in trials]
    (rate, _) = relevance(TWO, boxes, trials, seed=0)
    assert (rate.name, rate.tried, rate.trials) == ("rate", Interval(min(rates), max(rates)), FEWEST_TRIALS)


def test_of_values_far_from_the_box_nothing_is_said():
    boxes, trials = searched(TWO, hill)
    far = [replace(trial, config=trial.config | {"decay": 1.0}) if trial.index < 2 else trial for trial in trials]
    (_, decay) = relevance(TWO, boxes, far, seed=0)
    assert decay.verdict == "no effect detected"
    assert isinstance(decay.tried, Interval)
    assert decay.tried.high < 1e-4


@pytest.mark.parametrize(("n", "rounds"), [(3 * MOST, 1), (MOST, 3), (60, 100)])
def test_of_very_many_trials_a_bounded_number_tells_what_all_would(n, rounds):
    verdicts = found(THREE, hill, n=n, rounds=rounds)
    assert {each.trials for each in verdicts.values()} <= set(range(MOST - 30, MOST + 31))
    assert verdicts["rate"].verdict == "relevant"


def test_up_to_the_bound_every_trial_is_looked_at():
    assert {each.trials for each in found(THREE, hill, n=MOST // 5, rounds=5).values()} == {MOST}
