"""Every peer of the search benchmark spends its budget in its box, silently, and the same way for the same seed."""

import subprocess
import sys
from pathlib import Path

import pytest

from hpo.searching.space import Box, Interval
from tests.benchmarks.peers import COSTLY, PEERS
from tests.benchmarks.peers.problem import Evaluation, Problem, Spent, recommended, run
from tests.benchmarks.peers.synthetic import FOUR, TWO, synthetic, truth

ROOT = Path(__file__).parents[1]
CONFIG = {"learning_rate": 0.1, "weight_decay": 1e-3}
BOX = Box(
    {
        "learning_rate": Interval(1e-3, 0.5),
        "weight_decay": Interval(1e-5, 1e-2),
        "dropout": Interval(0.1, 0.5),
        "batch_size": Interval(40, 200),
    }
)


EARLIER = [[({**CONFIG, "learning_rate": 0.02 * k, "dropout": k / 10, "batch_size": 50 * k}, 0.8)] for k in (1, 2, 3)]

TRIALS = {"SMAC3": 6, "SMAC3 multi-fidelity": 4}
"""For the slowest a few trainings; the others go beyond the ten or so that they draw at random first."""


def searched(name: str, seed: int) -> Problem:
    """Return a problem after the peer `name` searched part of its limits; skip where the peer is not installed."""
    if PEERS[name].missing:
        pytest.skip(f"{', '.join(PEERS[name].missing)} is not installed; pip install -e '.[peers]' installs it")
    problem = synthetic(TRIALS.get(name, 14), seed, FOUR)
    problem.box, problem.earlier = BOX, EARLIER
    run(PEERS[name], problem, seed)
    return problem


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_spends_its_budget_in_its_box_silently_and_the_same_for_the_same_seed(name, capfd):
    problem = searched(name, seed=3)
    assert problem.n_trials - 1 < problem.spent <= problem.n_trials
    assert all(each.config in BOX for each in problem.evaluations)
    assert searched(name, seed=3).evaluations == problem.evaluations
    assert searched(name, seed=4).evaluations != problem.evaluations
    assert capfd.readouterr() == ("", "")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert PEERS["optuna GP"].missing == ("torch",)
    assert PEERS["random"].missing == ()


def test_the_costly_are_among_the_peers():
    assert set(PEERS) > COSTLY


def test_listing_the_peers_imports_none_of_them():
    packages = sorted({package for peer in PEERS.values() for package in peer.packages})
    code = f"import sys, tests.benchmarks.peers; print(*(p for p in {packages} if p in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_training_taken_up_again_costs_the_difference():
    problem = synthetic(1, 0, TWO)
    training = problem.start(CONFIG)
    early, late = training.advance(25), training.advance(75)
    assert (early, late) != (training.advance(25), early)
    assert [each.spent for each in problem.evaluations] == [0.25, 0.75, 0.75]
    with pytest.raises(Spent):
        problem.evaluate(CONFIG)
    training.advance(100)
    with pytest.raises(Spent):
        training.advance(100)


def test_another_training_of_a_config_is_paid_anew_and_has_luck_of_its_own():
    problem = synthetic(2, 0, TWO)
    assert problem.evaluate(CONFIG) != problem.evaluate(CONFIG)
    assert problem.spent == 2


def test_a_value_outside_the_box_is_refused_and_a_rounding_error_is_not():
    problem = synthetic(1, 0, FOUR)
    inside = {**CONFIG, "dropout": 0.6 + 1e-12, "batch_size": 400.0}
    assert problem.start(inside).config == {**CONFIG, "dropout": 0.6, "batch_size": 400}
    for name, value in [("learning_rate", 3.01), ("dropout", -0.01), ("batch_size", 31), ("batch_size", 99.5)]:
        with pytest.raises(ValueError, match=name):
            problem.start({**inside, name: value})


def seen() -> Problem:
    """Return a problem with seven looks, the config of each named by its number."""
    looks = [(25, 0.5), (25, 0.4), (50, 0.3), (25, 0.9), (100, 0.6), (100, 0.7), (100, 0.65)]
    problem = synthetic(10, 0, TWO)
    problem.evaluations += [Evaluation({"number": i}, *look, spent=i) for i, look in enumerate(looks)]
    return problem


def test_recommended_is_the_highest_score_among_the_farthest_trained():
    assert [config["number"] for config in recommended(seen())] == [0, 0, 2, 2, 4, 5, 5]


def test_recommended_is_what_the_tool_says_from_where_it_says_so():
    problem = seen()
    problem.recommendations = {3: {"number": 1}, 6: {"number": 6}}
    assert [config["number"] for config in recommended(problem)] == [0, 0, 1, 1, 1, 6, 6]
    problem.recommend(CONFIG)
    assert recommended(problem)[-1] == CONFIG


def test_the_bounding_box_spans_the_best_of_the_earlier_searches_and_asks_for_them():
    problem = searched("Syne Tune bounding box", seed=0)
    for name, ends in {"learning_rate": (0.02, 0.06), "dropout": (0.1, 0.3), "batch_size": (50, 150)}.items():
        assert all(each.config[name] in Interval(*ends) for each in problem.evaluations), name
    with pytest.raises(ValueError, match="earlier"):
        run(PEERS["Syne Tune bounding box"], synthetic(1, 0, FOUR), seed=0)


def test_the_synthetic_truth_is_the_mean_of_what_is_scored():
    edge = {"learning_rate": 0.6, "weight_decay": 1e-3}
    for config in (CONFIG, edge):
        problem = synthetic(1000, 0, TWO)
        mean = sum(problem.evaluate(config) for _ in range(1000)) / 1000
        assert mean == pytest.approx(truth(config), abs=0.03)
