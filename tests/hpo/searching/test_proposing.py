import json
import math
import random
from importlib.util import find_spec

import numpy as np
import optuna
import pytest
from _pytest.mark import ParameterSet
from scipy.stats import qmc

from hpo.definition.extras import NEEDS
from hpo.searching.proposing import ALL_ASKED, CMAES, GRID, SAMPLERS, propose
from hpo.searching.space import Box, Categorical, Interval, Numeric
from tests.support.builders import linear, log_scaled, result, space

MIXED = space(
    learning_rate=log_scaled((1e-4, 1e-2), (1e-6, 10.0)),
    dropout=linear((0.0, 0.5), (0.0, 0.8)),
    batch_size=Numeric(Interval(10, 40), Interval(10, 200), log=True, integer=True),
    padding=linear((0, 2), (0, 3), integer=True),
    optimizer=Categorical(("sgd", "adam", "adagrad")),
    hidden=Categorical(("[50]", "[100, 50]")),
)
SQUARE = space(x=linear((0.0, 1.0)), y=linear((0.0, 1.0)))
TRIALS = [
    result(config, 0.3 + 0.02 * i, i)
    for i, config in enumerate(propose(MIXED, MIXED.start(), [], n=25, seed=99, sampler="lattice"))
]


def needs_its_packages(sampler: str) -> ParameterSet:
    missing = [name for name in NEEDS.get(sampler, ()) if find_spec(name) is None]
    return pytest.param(sampler, marks=pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed"))


every_sampler = pytest.mark.parametrize(
    "sampler", [needs_its_packages(sampler) for sampler in SAMPLERS if sampler not in (GRID, "gp")]
)


@every_sampler
@pytest.mark.parametrize("trials", [[], TRIALS], ids=["round 1", "later"])
def test_n_configs_are_proposed_that_a_database_can_keep(sampler, trials):
    for n in (1, 7, 20):
        configs = propose(MIXED, MIXED.start(), trials, n=n, seed=1, sampler=sampler)
        assert len(configs) == n
        assert json.loads(json.dumps(configs)) == configs
        for config in configs:
            assert list(config) == list(MIXED.hyperparameters)
            assert {name: type(value) for name, value in config.items()} == {
                "learning_rate": float,
                "dropout": float,
                "batch_size": int,
                "padding": int,
                "optimizer": str,
                "hidden": str,
            }


@every_sampler
def test_three_tenths_of_the_first_round_look_in_the_whole_limits(sampler):
    configs = propose(MIXED, MIXED.start(), [], n=40, seed=1, sampler=sampler)
    assert all(config in MIXED.start() for config in configs[:28])
    assert all(config in MIXED.limits() for config in configs[28:])
    assert any(config not in MIXED.start() for config in configs[28:])


@every_sampler
def test_a_tenth_of_a_later_round_looks_in_the_whole_limits(sampler):
    configs = propose(MIXED, MIXED.start(), TRIALS, n=40, seed=1, sampler=sampler)
    assert all(config in MIXED.start() for config in configs[:36])
    assert all(config in MIXED.limits() for config in configs)
    assert any(config not in MIXED.start() for config in configs[36:])


@every_sampler
def test_where_the_box_is_the_limits_nothing_is_set_aside_for_them(sampler):
    trials = [result({"x": 0.5, "y": i / 20}, 0.5, i) for i in range(20)]
    one_more = propose(SQUARE, SQUARE.limits(), trials, n=21, seed=1, sampler=sampler)
    assert propose(SQUARE, SQUARE.limits(), trials, n=20, seed=1, sampler=sampler) == one_more[:20]


@every_sampler
def test_the_same_seed_gives_the_same_configs_and_another_gives_others(sampler):
    first = propose(MIXED, MIXED.start(), TRIALS, n=20, seed=1, sampler=sampler)
    assert propose(MIXED, MIXED.start(), TRIALS, n=20, seed=1, sampler=sampler) == first
    assert propose(MIXED, MIXED.start(), TRIALS, n=20, seed=2, sampler=sampler) != first


@every_sampler
def test_no_two_configs_of_a_round_are_the_same(sampler):
    configs = propose(SQUARE, SQUARE.start(), [], n=40, seed=1, sampler=sampler)
    assert len({tuple(config.values()) for config in configs}) == 40


@every_sampler
def test_the_global_random_numbers_neither_matter_nor_change(sampler):
    proposals = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - the global generator is what this is about
        proposals.append(propose(MIXED, MIXED.start(), TRIALS, n=20, seed=1, sampler=sampler))
        following = random.random(), np.random.random()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        assert following == (random.random(), np.random.random())  # noqa: NPY002
    assert proposals[0] == proposals[1]


@every_sampler
def test_trials_outside_the_box_do_not_matter_inside(sampler):
    box = Box({"x": Interval(0.0, 0.5), "y": Interval(0.0, 1.0)})
    inside = [result({"x": 0.4, "y": i / 20}, i / 20, i) for i in range(20)]
    outside = [result({"x": 0.9, "y": i / 20}, 1 - i / 20, 50 + i) for i in range(20)]
    alone = propose(SQUARE, box, inside, n=10, seed=1, sampler=sampler)
    assert propose(SQUARE, box, inside + outside, n=10, seed=1, sampler=sampler) == alone


@every_sampler
def test_a_box_of_single_values_is_proposed_as_it_is(sampler):
    one = space(padding=linear((0, 2), integer=True), optimizer=Categorical(("sgd", "adam")))
    box = Box({"padding": Interval(1, 1), "optimizer": ("adam",)})
    configs = propose(one, box, [], n=3, seed=1, sampler=sampler, warm=True)
    assert configs == [{"padding": 1, "optimizer": "adam"}] * 3


CHOICES = space(
    batch_norm=Categorical((False, True)),
    initialization=Categorical((0.01, "xavier", "he")),
    hidden=Categorical(("[5]",)),
)


def test_a_grid_is_every_combination_in_the_order_of_declaration_the_last_hyperparameter_fastest():
    configs = propose(CHOICES, CHOICES.start(), [], n=6, seed=1, sampler=GRID)
    assert configs == [
        {"batch_norm": norm, "initialization": first, "hidden": "[5]"}
        for norm in (False, True)
        for first in (0.01, "xavier", "he")
    ]
    assert [type(config["initialization"]) for config in configs[:3]] == [float, str, str]


def test_a_later_round_of_a_grid_is_the_same_grid_whatever_the_box_and_the_seed():
    box = Box({"batch_norm": (True,), "initialization": ("he",), "hidden": ("[5]",)})
    trials = [result(config, 0.5, i) for i, config in enumerate(CHOICES.grid())]
    assert propose(CHOICES, box, trials, n=6, seed=2, sampler=GRID) == CHOICES.grid()


def test_a_grid_of_nothing_is_one_empty_config_and_a_range_has_none():
    assert space().grid() == [{}]
    with pytest.raises(TypeError, match="x is numeric"):
        SQUARE.grid()


def unit_points(sampler: str, n: int, seed: int) -> np.ndarray:
    configs = propose(SQUARE, SQUARE.start(), [], n=n, seed=seed, sampler=sampler)
    return np.array([[config["x"], config["y"]] for config in configs])


@pytest.mark.parametrize("n", [5, 10, 20, 40])
def test_every_prefix_of_the_lattice_covers_the_box_more_evenly_than_random_draws(n):
    # Measured: at most .45 of the centred discrepancy of random points for these n.
    lattice = np.mean([qmc.discrepancy(unit_points("lattice", 40, seed)[:n]) for seed in range(20)])
    rng = np.random.default_rng(0)
    by_chance = np.mean([qmc.discrepancy(rng.random((n, 2))) for _ in range(200)])
    assert lattice < 0.6 * by_chance


def test_the_lattice_in_one_dimension_steps_by_the_golden_ratio():
    line = space(x=linear((0.0, 1.0)))
    x = np.array([config["x"] for config in propose(line, line.start(), [], n=30, seed=3, sampler="lattice")])
    golden = (math.sqrt(5) - 1) / 2
    assert np.diff(x) % 1 == pytest.approx(golden)


def test_the_lattice_in_two_dimensions_steps_by_the_plastic_number():
    plastic = 1.32471795724474602596  # the root of x^3 = x + 1
    points = unit_points("lattice", 30, 3)
    assert np.diff(points[:, 0]) % 1 == pytest.approx(1 / plastic)
    assert np.diff(points[:, 1]) % 1 == pytest.approx(1 / plastic**2)


@pytest.mark.parametrize("learner", [needs_its_packages(sampler) for sampler in ("tpe", CMAES)])
def test_samplers_that_learn_look_where_the_scores_are_good(learner):
    tried = propose(SQUARE, SQUARE.start(), [], n=30, seed=1, sampler="lattice")
    trials = [result(each, 1 - abs(each["x"] - 0.3) - abs(each["y"] - 0.6), i) for i, each in enumerate(tried)]
    near = {}
    for sampler in (learner, "random"):
        proposed = [
            config
            for seed in range(3)
            for config in propose(SQUARE, SQUARE.start(), trials, n=10, seed=seed, sampler=sampler)
        ]
        near[sampler] = np.mean([abs(each["x"] - 0.3) + abs(each["y"] - 0.6) < 0.3 for each in proposed])
    assert near["random"] < 0.4 < near[learner]


@pytest.mark.parametrize("sampler", [needs_its_packages("gp")])
def test_a_gaussian_process_proposes_the_same_few_near_the_best_from_the_same_seed(sampler):
    # Few, as every one takes it a second: it asks what is expected of all that were proposed before, together.
    tried = propose(SQUARE, SQUARE.start(), [], n=30, seed=1, sampler="lattice")
    trials = [result(each, 1 - abs(each["x"] - 0.3) - abs(each["y"] - 0.6), i) for i, each in enumerate(tried)]
    first = propose(SQUARE, SQUARE.start(), trials, n=3, seed=1, sampler=sampler)
    assert first == propose(SQUARE, SQUARE.start(), trials, n=3, seed=1, sampler=sampler)
    assert len({tuple(each.values()) for each in first}) == 3
    assert all(abs(each["x"] - 0.3) + abs(each["y"] - 0.6) < 0.3 for each in first)


@pytest.mark.parametrize("sampler", [needs_its_packages(CMAES)])
def test_cma_es_draws_from_the_distribution_of_the_best_tenth_of_the_earlier_rounds(sampler):
    # 100 trials on a ridge x = y, the best ten spread along it: alpha = .1 of prior beside their own spread.
    along = np.linspace(0.1, 0.9, 10)
    ridge = [result({"x": float(x), "y": float(x)}, 0.9, i) for i, x in enumerate(along)]
    rest = propose(SQUARE, SQUARE.start(), [], n=90, seed=1, sampler="lattice")
    trials = ridge + [result(each, 0.2, 10 + i) for i, each in enumerate(rest)]
    drawn = np.array(
        [list(c.values()) for c in propose(SQUARE, SQUARE.start(), trials, n=100, seed=2, sampler=sampler)]
    )
    assert drawn.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.1)
    assert np.corrcoef(drawn.T)[0, 1] > 0.6


@pytest.mark.parametrize("sampler", [needs_its_packages(CMAES)])
def test_cma_es_spreads_evenly_where_there_is_no_best_tenth_to_learn_from(sampler):
    few = [result({"x": 0.5, "y": i / 9}, 0.5, i) for i in range(9)]
    spread = propose(SQUARE, SQUARE.start(), few, n=20, seed=1, sampler="lattice")
    assert propose(SQUARE, SQUARE.start(), few, n=20, seed=1, sampler=sampler) == spread
    one_more = [*few, result({"x": 0.5, "y": 1.0}, 0.5, 9)]
    assert propose(SQUARE, SQUARE.start(), one_more, n=20, seed=1, sampler=sampler) != spread


@pytest.mark.parametrize("sampler", [needs_its_packages(CMAES)])
def test_cma_es_learns_in_one_dimension_and_beside_a_single_value_too(sampler):
    one = space(x=linear((0.0, 1.0)), padding=linear((0, 2), integer=True))
    box = Box({"x": Interval(0.0, 1.0), "padding": Interval(1, 1)})
    trials = [result({"x": x, "padding": 1}, 1 - abs(x - 0.2), i) for i, x in enumerate(np.linspace(0, 1, 40).tolist())]
    drawn = propose(one, box, trials, n=40, seed=1, sampler=sampler)[:36]
    assert {config["padding"] for config in drawn} == {1}
    assert np.mean([abs(config["x"] - 0.2) < 0.25 for config in drawn]) > 0.8


MANY = [
    result({"x": float(x), "y": float(y)}, float(1 - abs(x - 0.3) - abs(y - 0.6)), i)
    for i, (x, y) in enumerate(np.random.default_rng(5).random((ALL_ASKED + 200, 2)))
]


@pytest.fixture
def counts(monkeypatch) -> dict[str, int]:
    """Return how many trials Optuna was told of, and how many configs it was asked for."""
    found = {"told": 0, "asked": 0}
    tell, ask = optuna.Study.add_trial, optuna.Study.ask

    def counted_tell(study, trial):
        found["told"] += 1
        tell(study, trial)

    def counted_ask(study, fixed_distributions=None):
        found["asked"] += 1
        return ask(study, fixed_distributions)

    monkeypatch.setattr(optuna.Study, "add_trial", counted_tell)
    monkeypatch.setattr(optuna.Study, "ask", counted_ask)
    return found


learners = pytest.mark.parametrize("sampler", [needs_its_packages(sampler) for sampler in ("tpe", "gp", CMAES)])


@learners
def test_of_very_many_trials_and_configs_a_sampler_that_learns_is_told_and_asked_a_bounded_number(sampler, counts):
    configs = propose(SQUARE, SQUARE.limits(), MANY, n=ALL_ASKED + 300, seed=1, sampler=sampler)
    assert len(configs) == ALL_ASKED + 300
    assert all(config in SQUARE.limits() for config in configs)
    assert counts["told"] <= 400
    assert counts["asked"] <= 40


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_samplers_that_do_not_learn_need_no_more_than_one_trial_and_are_asked_a_bounded_number(sampler, counts):
    configs = propose(SQUARE, SQUARE.limits(), MANY, n=3 * ALL_ASKED, seed=1, sampler=sampler)
    assert len({tuple(config.values()) for config in configs}) == 3 * ALL_ASKED
    assert counts["told"] <= 1
    assert counts["asked"] == ALL_ASKED
    assert qmc.discrepancy(np.array([list(config.values()) for config in configs])) < 0.01


@pytest.mark.parametrize("sampler", [needs_its_packages(sampler) for sampler in ("tpe", CMAES)])
def test_up_to_the_bound_a_sampler_is_told_everything_and_asked_for_everything(sampler, counts):
    propose(SQUARE, SQUARE.limits(), MANY[:ALL_ASKED], n=45, seed=1, sampler=sampler)
    assert counts == {"told": ALL_ASKED, "asked": 45}


@pytest.mark.parametrize("sampler", [needs_its_packages(sampler) for sampler in ("tpe", CMAES)])
def test_a_very_large_round_looks_where_a_small_one_would(sampler):
    small = propose(SQUARE, SQUARE.limits(), MANY[:ALL_ASKED], n=40, seed=1, sampler=sampler)
    large = propose(SQUARE, SQUARE.limits(), MANY, n=2000, seed=1, sampler=sampler)
    near = [np.mean([abs(c["x"] - 0.3) + abs(c["y"] - 0.6) < 0.3 for c in configs]) for configs in (small, large)]
    assert near[1] > 0.9 * near[0] > 0.4
    assert len({tuple(config.values()) for config in large}) == 2000


@learners
def test_a_very_large_first_round_of_a_sampler_that_learns_is_spread_evenly(sampler):
    configs = propose(SQUARE, SQUARE.limits(), [], n=2 * ALL_ASKED, seed=1, sampler=sampler)
    assert qmc.discrepancy(np.array([list(config.values()) for config in configs])) < 0.005
