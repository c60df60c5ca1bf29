import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.engine.coordinator import Coordinator
from hpo.engine.progress import progress
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.reports.words.verdict import verdict
from hpo.searching import paying
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain, reaches_outward
from hpo.searching.proposing import propose
from hpo.searching.space import Box, Categorical, Interval
from hpo.searching.trials import TrialResult
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from tests.support.builders import definition, linear, result, space, tables
from tests.support.databases import (
    POOL,
    Killed,
    coordinator,
    mortal,
    open_study,
    outcome,
    run_to_the_end,
    train,
    trials,
)

WIDE = space(x=linear((0.0, 1.0)), y=linear((0.0, 1.0)))
LEFT = space(x=linear((0.0, 0.25), (0.0, 1.0)), y=linear((0.0, 1.0)))
NOISE = 0.01


def gains(of: Callable[[float, float], float], of_space=WIDE, rounds: int = 4, seed: int = 0) -> list[float]:
    """Return the gain that is expected of each round from the second on, of a search on the surface `of`."""
    trials: list[TrialResult] = []
    box, found = of_space.start(), []
    rng = np.random.default_rng(seed)
    for number in range(1, rounds + 1):
        configs = propose(of_space, box, trials, n=20, seed=number, sampler="lattice")
        for i, config in enumerate(configs):
            score = of(float(config["x"]), float(config["y"])) + NOISE * rng.standard_normal()
            trials.append(result(config, score, i, round_=number))
        following = narrow(of_space, box, trials, 0.1).box
        found.append(expected_gain(of_space, box, following, trials, seed))
        box = following
    return found


def peak(x: float, y: float) -> float:
    """Return a hill inside the box."""
    return 0.9 - (x - 0.55) ** 2 - (y - 0.5) ** 2


def test_on_a_flat_surface_another_round_is_expected_to_gain_no_more_than_the_noise():
    expected = [gains(lambda x, y: 0.7, rounds=2, seed=seed)[1] for seed in range(5)]
    assert all(each < NOISE or math.isinf(each) for each in expected)
    assert any(each < NOISE for each in expected)


def test_a_peak_inside_the_box_pays_less_and_less():
    expected = [each for each in gains(peak, rounds=5)[1:] if math.isfinite(each)]
    assert expected
    assert expected[-1] < 0.002
    assert expected[0] > expected[-1]


def test_a_peak_outside_the_box_always_pays_until_the_box_has_come_to_it():
    def ridge(x: float, y: float) -> float:
        return 0.9 - 0.6 * abs(x - 0.9)

    first, second, *_ = gains(ridge, LEFT)
    assert math.isinf(first)
    assert second > 0.05


def test_one_round_has_nothing_to_be_compared_with_and_no_trial_even_less():
    box = WIDE.limits()
    assert math.isinf(expected_gain(WIDE, box, box, [result({"x": 0.5, "y": 0.5}, 0.9)], 0))
    assert math.isinf(expected_gain(WIDE, box, box, [], 0))


scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=16)


@given(scores, st.integers(0, 9))
def test_a_gain_is_a_share_of_accuracy_and_the_same_for_the_same_seed(drawn, seed):
    trials = [result({"x": x, "y": y}, score, i, round_=1 + i % 2) for i, (x, y, score) in enumerate(drawn)]
    box = WIDE.limits()
    gain = expected_gain(WIDE, box, box, trials, seed)
    assert 0 <= gain <= 0.5
    assert gain == expected_gain(WIDE, box, box, trials, seed)


def test_a_last_round_of_nothing_but_failures_promises_nothing():
    early = [result({"x": i / 9, "y": i / 9}, 0.8, i) for i in range(10)]
    far = space(x=linear((0.0, 1.0), (-9.0, 1.0)), y=linear((0.0, 1.0)))
    late = [result({"x": -9.0, "y": 0.5}, 0.0, i, round_=2) for i in range(10)]
    assert expected_gain(far, far.start(), far.start(), early + late, 0) == 0


def test_whatever_a_box_holds_anew_is_outward():
    mixed = space(x=linear((0.2, 0.8), (0.0, 1.0)), optimizer=Categorical(("sgd", "adam")))
    old = mixed.start()
    assert not reaches_outward(old, Box({"x": Interval(0.3, 0.8), "optimizer": ("sgd",)}))
    assert reaches_outward(old, Box({"x": Interval(0.1, 0.5), "optimizer": ("sgd",)}))
    assert reaches_outward(old, Box({"x": Interval(0.3, 0.9), "optimizer": ("sgd",)}))
    assert reaches_outward(Box({**old.regions, "optimizer": ("sgd",)}), old)


ROUND = {"trials": 5, "samples": 400, "epochs": 10}
FINAL = {"good_values": 2, "race_runs": 2, "confirmation_runs": 2, "seeds": 1, "epochs": 5}
FIXED = {
    name: {"log": True, "start": limits, "limits": limits}
    for name, limits in {"learning_rate": [1e-4, 1.0], "weight_decay": [1e-6, 1e-1]}.items()
}


def study(rounds: Sequence[Mapping[str, Any]] = (ROUND,) * 5, min_gain: float = 0.9) -> StudyDefinition:
    """Return a study in a box that cannot reach outward at first; nobody gains as much as .9 from a round."""
    return definition(space=FIXED, rounds=list(rounds), final=FINAL, search={"min_gain": min_gain, "rungs": []})


EASY = study()


def lead_to_the_end(leader: Coordinator, database: Database) -> None:
    worker = mortal()
    while not leader.step():
        assert train(database, worker) or leader.advanced


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[str]]]:
    """Return a study that ended its search early and went on to its end, and what its coordinator said."""
    said: list[str] = []
    with open_study(tmp_path_factory.mktemp("stopped") / "hpo.db", EASY) as opened:
        lead_to_the_end(Coordinator(opened, EASY.name, said.append, mortal()), opened)
        yield opened, said


def test_a_search_that_another_round_would_not_pay_for_goes_on_to_its_final_part(stopped):
    database, _ = stopped
    record, results = StudyRecord(database, EASY.name), load_results(database, EASY.name)
    assert record.unopened is not None
    assert record.unopened.number == 4
    assert [each.number for each in results.rounds] == [1, 2, 3]
    assert Counter(trial.round for trial in results.trials) == {1: 5, 2: 5, 3: 5}
    assert results.state == "done"
    assert results.good
    assert results.full


def test_a_round_that_was_not_opened_is_spoken_of_with_the_figure(stopped):
    database, said = stopped
    results = load_results(database, EASY.name)
    assert results.unopened is not None
    (sentence,) = said
    number, gain = results.unopened.number, 100 * results.unopened.expected_gain
    assert sentence == (
        f"round {number} of 5 was not opened: another round of 5 trials was expected to gain {gain:.2g} points, "
        "less than the 90 asked for"
    )
    assert f"R{sentence[1:]}." in verdict(results)


def test_progress_does_not_wait_for_rounds_that_are_not_opened(stopped):
    database, _ = stopped
    leader = coordinator(database)
    leader.step()
    now = leader.progress()
    assert now.total == now.work < progress(EASY, leader.trials.search, leader.trials.final, POOL).total


def test_a_coordinator_that_dies_right_after_ending_the_search_changes_nothing(stopped, tmp_path):
    def die(text: str) -> None:
        raise Killed

    undisturbed, _ = stopped
    with open_study(tmp_path / "again.db", EASY) as again:
        leader = Coordinator(again, EASY.name, die, mortal())
        with pytest.raises(Killed):
            lead_to_the_end(leader, again)
        assert not trials(again).final
        run_to_the_end(again)
        assert outcome(again) == outcome(undisturbed)
        assert load_results(again, EASY.name).unopened == load_results(undisturbed, EASY.name).unopened


@pytest.mark.parametrize(
    "willing",
    [study([ROUND] * 4, min_gain=0.0), study([*[ROUND] * 3, {**ROUND, "samples": 800}])],
    ids=["no gain asked for", "a larger round to come"],
)
def test_then_every_round_is_opened(tmp_path, willing):
    with open_study(tmp_path / "hpo.db", willing) as database:
        leader, worker = coordinator(database), mortal()
        while not leader.step() and len(leader.record.rounds) < 4 and not leader.trials.final:
            train(database, worker)
        assert len(leader.record.rounds) == 4


def test_a_gain_is_asked_for_as_a_share():
    with pytest.raises(UserError, match=r"min_gain = 2\.0; it is a share of accuracy"):
        read_definition("small", tables(search={"min_gain": 2}))


def many_on_a_peak(n: int) -> list[TrialResult]:
    rng = np.random.default_rng(n)
    return [
        result({"x": float(x), "y": float(y)}, peak(x, y) + NOISE * luck, i, round_=1 + 4 * i // n)
        for i, (x, y, luck) in enumerate(zip(*rng.random((2, n)), rng.standard_normal(n), strict=True))
    ]


def test_of_very_many_trials_the_gain_is_what_a_look_at_each_of_them_finds(monkeypatch):
    trials = many_on_a_peak(paying.MOST + 800)
    bounded = expected_gain(WIDE, WIDE.limits(), WIDE.limits(), trials, 0)
    monkeypatch.setattr(paying, "MOST", len(trials))
    assert bounded == pytest.approx(expected_gain(WIDE, WIDE.limits(), WIDE.limits(), trials, 0), abs=1e-4)


@pytest.mark.parametrize("rounds", [2, 4])
def test_the_distances_between_very_many_trials_are_never_in_memory_all_at_once(monkeypatch, rounds):
    monkeypatch.setattr(paying, "MOST", 40)
    monkeypatch.setattr(paying, "AT_ONCE", 100)
    sizes, kernel = [], paying._kernel

    def counted(axes, some, others):
        sizes.append((len(some), len(others)))
        return kernel(axes, some, others)

    monkeypatch.setattr(paying, "_kernel", counted)
    trials = [trial for trial in many_on_a_peak(600) if trial.round <= rounds]
    expected_gain(WIDE, WIDE.limits(), WIDE.limits(), trials, 0)
    assert max(a * b for a, b in sizes) <= 40 * 100
    assert sum(a * b for a, b in sizes) <= 2 * 40 * len(trials)
