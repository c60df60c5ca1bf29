import numpy as np
import pytest

from hpo.definition.spaces import read_space
from hpo.searching.priors import SHARE, held, weight
from hpo.searching.proposing import propose
from hpo.searching.space import SearchSpace
from tests.benchmarks.beliefs import BELIEFS, regrets
from tests.support.builders import result

RATE = {"log": True, "start": [1e-4, 1e-1], "limits": [1e-6, 10.0]}


def a_space(**priors: object) -> SearchSpace:
    tables = {
        "learning_rate": dict(RATE),
        "optimizer": {"choices": ["sgd", "adam", "lamb"]},
        "x": {"start": [0.0, 1.0]},
    }
    for name, prior in priors.items():
        tables[name]["prior"] = prior
    return read_space(tables, may_be_empty=False)


def rates(configs: list) -> np.ndarray:
    return np.log10([config["learning_rate"] for config in configs])


def test_a_first_round_begins_with_what_is_believed_and_draws_a_third_around_it():
    space = a_space(learning_rate=0.01, optimizer="adam")
    configs = propose(space, space.start(), [], n=100, seed=1, sampler="lattice")
    assert configs[0] == {"learning_rate": 0.01, "optimizer": "adam", "x": 0.5}
    around = configs[: round(SHARE * 70)]
    assert np.mean(rates(around)) == pytest.approx(-2, abs=0.2)
    assert np.std(rates(around)) == pytest.approx(0.75, abs=0.15)
    adam = np.mean([config["optimizer"] == "adam" for config in around])
    assert adam == pytest.approx(2 / 3, abs=0.1)
    plain = a_space()
    assert configs[-30:] == propose(plain, plain.start(), [], n=100, seed=1, sampler="lattice")[-30:]


def test_a_belief_beyond_the_start_is_drawn_around_there_and_never_outside_the_limits():
    space = a_space(learning_rate=8.0)
    configs = propose(space, space.start(), [], n=100, seed=1, sampler="lattice")[: round(SHARE * 70)]
    assert max(rates(configs)) <= 1
    assert np.median(rates(configs)) > 0


def test_the_weight_halves_with_each_round_and_a_belief_that_the_best_do_not_share_is_dropped():
    space = a_space(learning_rate=0.01, x=0.9)
    near = [result({"learning_rate": 0.012, "optimizer": "sgd", "x": 0.1}, 0.9, i) for i in range(10)]
    far = [result({"learning_rate": 1e-6, "optimizer": "sgd", "x": 0.1}, 0.5, 10 + i) for i in range(10)]
    assert held(space, []) == {"learning_rate": 1.0, "x": 1.0}
    kept = held(space, near + far)
    assert kept == {"learning_rate": 1.0}
    assert weight(kept, near + far, warm=False) == SHARE / 2
    assert weight(held(space, []), [], warm=True) == SHARE / 2
    assert weight(held(space, far), far, warm=False) == 0


def test_a_space_without_beliefs_proposes_what_it_did():
    space = a_space()
    assert weight(held(space, []), [], warm=False) == 0


def test_a_right_belief_gains_and_a_wrong_one_is_made_up_for():
    # See hpo.searching.priors for more searches: what is lost to a wrong belief is next to nothing after some rounds.
    none, right, wrong = (
        np.array([regrets(beliefs, sampler="lattice", trials=20, seed=seed) for seed in range(16)]).mean(axis=0)
        for beliefs in ({}, BELIEFS["right"], BELIEFS["wrong"])
    )
    assert right[0] < none[0]
    assert wrong[-1] < none[-1] + 1
