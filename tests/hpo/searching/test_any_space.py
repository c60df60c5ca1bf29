"""What holds of every config that is proposed, whatever the space, the sampler and the round."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.definition.space_record import space_record
from hpo.definition.spaces import read_space
from hpo.searching.candidates import candidates
from hpo.searching.narrowing import narrow
from hpo.searching.paying import expected_gain
from hpo.searching.proposing import CMAES, GRID, SAMPLERS, propose
from hpo.searching.relevance import relevance
from hpo.searching.space import Config, Numeric, SearchSpace
from hpo.searching.trials import TrialResult
from hpo.searching.warm_start import warm_box, warm_configs
from tests.hpo.searching.test_proposing import needs_its_packages
from tests.support.builders import result
from tests.support.spaces import everything, faults, spaces

FEW = settings(max_examples=20, deadline=None)


def scored(config: Config, index: int, round_: int = 1) -> TrialResult:
    """Return a trial with a score that is arbitrary, and the same everywhere."""
    return result(config, zlib.crc32(repr(sorted(config.items())).encode()) / 2**32, index, round_=round_)


def check_two_rounds(space: SearchSpace, sampler: str, seed: int, n: int = 16) -> None:
    box, trials = space.start(), []
    for number in (1, 2):
        configs = propose(space, box, trials, n=n, seed=seed + number, sampler=sampler)
        assert len(configs) == n
        assert configs == propose(space, box, trials, n=n, seed=seed + number, sampler=sampler)
        for config in configs:
            assert not faults(space, space.limits(), config), config
        trials = trials + [scored(config, i, number) for i, config in enumerate(configs)]
        box = narrow(space, box, trials, 0.1).box
        for name, each in space.hyperparameters.items():
            if isinstance(each, Numeric) and each.every is not None:
                ends = box.interval(name)
                assert [each.from_axis(end) for end in (ends.low, ends.high)] == [ends.low, ends.high]


@FEW
@given(spaces(), st.sampled_from(["lattice", "random"]), st.integers(0, 99))
def test_a_config_has_what_is_active_on_its_steps_inside_the_limits_and_relations_hold(space, sampler, seed):
    check_two_rounds(space, sampler, seed)


@pytest.mark.parametrize("sampler", [needs_its_packages(each) for each in SAMPLERS if each not in (GRID, CMAES, "gp")])
def test_so_it_is_with_every_sampler(sampler):
    check_two_rounds(everything(), sampler, 1, n=30)


@pytest.mark.parametrize("sampler", [needs_its_packages(each) for each in (CMAES, "gp")])
def test_so_it_is_with_those_that_look_at_numbers_together(sampler):
    tables = {
        "require": ["b <= a"],
        "n": {"type": "int", "start": [1, 2], "limits": [1, 3]},
        "a": {"start": [0.0, 1.0]},
        "b": {"start": [0.0, 1.0], "step": 0.1},
        "c": {"start": [0.1, 1.0], "log": True, "when": {"n": [2, 3]}},
    }
    check_two_rounds(read_space(tables, may_be_empty=False), sampler, 1, n=14)


@FEW
@given(spaces(), st.integers(0, 99))
def test_what_is_not_drawn_wide_lies_in_the_box_of_the_round(space, seed):
    trials = [
        scored(config, i)
        for i, config in enumerate(propose(space, space.start(), [], n=20, seed=seed, sampler="lattice"))
    ]
    box = narrow(space, space.start(), trials, 0.1).box
    configs = propose(space, box, trials, n=20, seed=seed + 1, sampler="lattice")
    assert sum(bool(faults(space, box, config)) for config in configs) <= 2


@FEW
@given(spaces())
def test_a_record_is_read_back_as_the_same_space_and_its_start_holds_only_values_that_may_be(space):
    record = space_record(space)
    again = read_space(record, may_be_empty=False)
    assert again == space
    assert list(again.hyperparameters) == list(space.hyperparameters)
    assert space_record(again) == record


@FEW
@given(spaces(), spaces(), st.integers(0, 99))
def test_a_warm_start_from_any_other_space_gives_configs_that_may_be(space, other, seed):
    sources = propose(other, other.start(), [], n=5, seed=seed, sampler="lattice")
    for config in warm_configs(space, sources):
        assert not faults(space, space.limits(), config)
    assert all(warm_box(space, sources)[name] is not None for name in space.hyperparameters)


@FEW
@given(spaces(), st.integers(0, 99))
def test_every_decision_takes_trials_that_have_different_hyperparameters(space, seed):
    trials = [
        scored(config, i)
        for i, config in enumerate(propose(space, space.start(), [], n=16, seed=seed, sampler="lattice"))
    ]
    later = [
        scored(config, i, 2)
        for i, config in enumerate(propose(space, space.start(), trials, n=16, seed=seed, sampler="random"))
    ]
    box = narrow(space, space.start(), trials + later, 0.1).box
    assert candidates(space, box, trials + later, 4)
    assert expected_gain(space, space.start(), box, trials + later, seed) >= 0
    found = relevance(space, {1: space.start(), 2: space.start()}, trials + later, seed=seed)
    active = {name: sum(name in trial.config for trial in trials + later) for name in space.hyperparameters}
    assert {each.name: each.trials for each in found} == active


def test_what_no_trial_had_keeps_its_box_and_is_never_called_without_effect():
    space = everything()
    trials = [
        scored({name: value for name, value in config.items() if name != "momentum"} | {"optimizer": "sgd"}, i)
        for i, config in enumerate(propose(space, space.start(), [], n=30, seed=1, sampler="lattice"))
    ]
    assert narrow(space, space.start(), trials, 0.1).box["momentum"] == space.start()["momentum"]
    found = {each.name: each for each in relevance(space, {1: space.start()}, trials, seed=1)}
    assert found["momentum"].verdict == "too few trials to tell"


def test_narrowing_a_conditional_hyperparameter_goes_by_the_trials_that_had_it():
    # All of the best trials have no momentum; those with it are best near .8, and that is where its box goes.
    tables = {
        "optimizer": {"choices": ["adam", "momentum"]},
        "momentum": {"start": [0.0, 1.0], "when": {"optimizer": ["momentum"]}},
    }
    space = read_space(tables, may_be_empty=False)
    drawn = propose(space, space.start(), [], n=80, seed=1, sampler="lattice")
    trials = [result(c, 0.5 - abs(c["momentum"] - 0.8) / 2 if "momentum" in c else 0.9, i) for i, c in enumerate(drawn)]
    box = narrow(space, space.start(), trials, 0.1).box
    assert 0.8 in box.interval("momentum")
    assert 0.2 not in box.interval("momentum")


def test_a_grid_has_each_config_once_and_only_those_that_may_be():
    tables = {
        "require": ["b <= a"],
        "optimizer": {"choices": ["sgd", "adam"]},
        "a": {"choices": [1, 2]},
        "b": {"choices": [1, 2], "when": {"optimizer": ["adam"]}},
    }
    space = read_space(tables, may_be_empty=False)
    assert space.grid() == [
        {"optimizer": "sgd", "a": 1},
        {"optimizer": "sgd", "a": 2},
        {"optimizer": "adam", "a": 1, "b": 1},
        {"optimizer": "adam", "a": 2, "b": 1},
        {"optimizer": "adam", "a": 2, "b": 2},
    ]
    assert space.grid_size() == 5
