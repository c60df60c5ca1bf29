"""Impossible and hostile study files: every number has a bound, every text a length, and one sentence says so."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo import models
from hpo.definition.effort import MOST_TRAININGS, most_trainings
from hpo.definition.files import load_definition, presets
from hpo.definition.reading import read_definition
from hpo.definition.settings import ComparisonSettings, DataSettings, FinalSettings, RoundSettings, SearchSettings
from hpo.models.bounds import declared
from hpo.storage.errors import UserError
from tests.support.builders import comparison_tables, definition, tables

SETTINGS = [DataSettings, SearchSettings, RoundSettings, FinalSettings, ComparisonSettings, models.TrainingSettings]
SETTINGS += [kind.description for kind in models.NETWORKS.values()]
OF_THEIR_OWN = {"rungs", "keep", "initialization", "padding"}
"""Fields whose class checks them itself: shares in 0 .. 1, a text or a number, a number or a list."""


@pytest.mark.parametrize("cls", SETTINGS, ids=lambda cls: cls.__name__)
def test_every_field_says_what_it_is_for_and_every_number_has_a_bound(cls: type) -> None:
    hints = get_type_hints(cls)
    for name, field in declared(cls).items():
        assert field.says, name
        kinds = {hints[name], *get_args(hints[name])}
        if kinds & {int, float} and name not in OF_THEIR_OWN:
            assert field.rule is not None, name
            assert field.rule.broken(10**30 if int in kinds else 1e300), name


ENORMOUS = {
    "trials": {"rounds": [{"trials": 10**6, "samples": 9, "epochs": 9}]},
    "trials, trillions": {"rounds": [{"trials": 10**12, "samples": 9, "epochs": 9}]},
    "samples": {"rounds": [{"trials": 1, "samples": 10**9, "epochs": 9}]},
    "epochs": {"rounds": [{"trials": 1, "samples": 9, "epochs": 10**9}]},
    "groups": {"search": {"groups": 10**9}},
    "min_gain": {"search": {"min_gain": math.nan}},
    "keep": {"search": {"keep": math.nan}},
    "max_gap": {"search": {"max_gap": math.inf}},
    "rungs": {"search": {"rungs": [math.nan]}},
    "seeds": {"final": {"seeds": 10**9}},
    "confirmation_runs": {"final": {"confirmation_runs": 10**9}},
    "race_runs": {"final": {"race_runs": 10**9}},
    "candidates": {"final": {"candidates": 10**9}},
    "good_values": {"final": {"good_values": 10**9, "candidates": 0}},
    "epochs of the final part": {"final": {"epochs": 10**9}},
    "holdout": {"data": {"holdout": 10**12}},
    "validation": {"data": {"validation": 10**12}},
    "batch_size": {"training": {"batch_size": 10**9}},
    "patience": {"training": {"patience": 10**9}},
    "shift": {"training": {"shift": 10**9}},
    "learning_rate": {"training": {"learning_rate": 1e300}},
    "weight_decay": {"training": {"weight_decay": math.inf}},
    "momentum": {"training": {"momentum": math.nan}},
    "hidden": {"model": {"hidden": [10**9]}},
    "hidden, layers": {"model": {"hidden": [1] * 10**6}},
    "initialization": {"model": {"initialization": 1e300}},
    "seed": {"seed": 10**30},
    "seed, negative": {"seed": -1},
    "seed, a truth": {"seed": True},
    "seed of 5,000 digits": {"seed": 16**5000},
    "title": {"title": "x" * 10_000_000},
    "dataset": {"data": {"dataset": "x" * 10_000}},
    "rounds": {"rounds": [{"trials": 1, "samples": 9, "epochs": 9}] * 1_000},
    "space": {"space": {f"learning_rate{i}": {"start": [0.1, 1.0]} for i in range(65)}},
    "choices": {"space": {"batch_size": {"choices": list(range(1, 1_002))}}},
    "choices of 5,000 digits": {"space": {"hidden": {"choices": [[16**5000], [1]]}}},
    "choices, not numbers": {"space": {"dropout": {"choices": [math.nan, 0.1]}}},
    "batch_size, limits": {"space": {"batch_size": {"type": "int", "start": [1, 16**5000]}}},
    "dropout, no number": {"space": {"dropout": {"start": [0.0, math.nan]}}},
    "hidden of the space": {"space": {"hidden": {"choices": [[10], [10**9]]}}},
    "hidden, nested": {"space": {"hidden": {"choices": [[[1]], [[2]]]}}},
}


@pytest.mark.parametrize("changes", ENORMOUS.values(), ids=ENORMOUS)
def test_what_nobody_can_train_is_refused_at_once_in_a_short_sentence_that_names_the_field(
    changes: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    field = request.node.callspec.id.partition(",")[0].partition(" of ")[0]
    started = time.perf_counter()
    with pytest.raises(UserError, match=field) as caught:
        definition(**changes)
    assert time.perf_counter() - started < 5
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["samples", "epochs", "seeds", "evaluations"])
@pytest.mark.parametrize("value", [10**9, -1, True, 1.5, math.nan, "many"])
def test_a_comparisons_numbers_are_bounded_too(name: str, value: object) -> None:
    with pytest.raises(UserError, match=name):
        read_definition("versus", comparison_tables(comparison={name: value}))


def test_a_convnet_of_a_billion_anything_is_refused() -> None:
    for field in ("filters", "convolutions", "kernel", "stride", "padding", "pool_size", "pool_stride"):
        model = {"network": "convnet", field: [10**9] if field == "filters" else 10**9}
        with pytest.raises(UserError, match=field):
            read_definition("conv", tables() | {"model": model})


def test_numbers_that_are_allowed_each_may_be_too_many_together() -> None:
    rounds = [{"trials": 10_000, "samples": 9, "epochs": 9}] * 11
    with pytest.raises(UserError, match=r"would train 110,\d+ networks, more than 100,000; set fewer trials"):
        definition(rounds=rounds)
    with pytest.raises(UserError, match=r"set fewer trials, search\.groups"):
        definition(rounds=rounds[:1], search={"groups": 11})
    with pytest.raises(UserError, match=r"final\.candidates"):
        definition(final={"candidates": 1_000, "race_runs": 1_000})


def test_a_sampler_that_learns_gets_no_more_trials_than_it_can_learn_from() -> None:
    rounds = [{"trials": 501, "samples": 9, "epochs": 9}] * 2
    assert definition(rounds=rounds, search={"sampler": "tpe"})
    with pytest.raises(UserError, match=r"'gp' .* at most 1,000 of them, and this one has 1,002; set fewer trials"):
        definition(rounds=rounds, search={"sampler": "gp"})


def test_a_grid_is_counted_and_never_made_if_it_is_too_large() -> None:
    names = ["dropout", "momentum", "averaging", "rotation", "weight_decay", "learning_rate"]
    space = {name: {"choices": [(i + 1) / 1_001 for i in range(1_000)]} for name in names}
    with pytest.raises(UserError, match=r"would train 2,000,000,000,000,000,000 networks.*fewer choices or seeds"):
        read_definition("versus", comparison_tables(space=space))


def test_the_trainings_of_a_study_are_counted() -> None:
    made = definition()
    # 32 trials, 3 configs in 3 race runs, 3 good values with 2 + 2 runs, and 2 seeds of plain and adopted values.
    assert most_trainings(made) == 32 + 9 + 12 + 4
    assert most_trainings(definition(search={"groups": 3})) == 96 + 9 + 12 + 4
    assert most_trainings(definition(final={"probe": True})) == 32 + 9 + 12 + 8
    assert most_trainings(read_definition("versus", comparison_tables())) == 4


@pytest.mark.parametrize("name", presets())
def test_every_preset_stays_far_below_the_bound(name: str) -> None:
    assert most_trainings(load_definition(name)) * 10 < MOST_TRAININGS


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.builds(lambda: 16**5000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [(table, field) for table, fields in tables().items() if isinstance(fields, dict) for field in fields]
PLACES += [("rounds", 0, field) for field in ("trials", "samples", "epochs")]
PLACES += [("space", "learning_rate", key) for key in ("log", "start", "limits", "type", "choices")]
PLACES += [(key,) for key in tables()]


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_anything_anywhere_in_a_study_is_taken_or_refused_in_a_sentence(place: tuple[Any, ...], value: object) -> None:
    given_tables: Any = tables()
    target = given_tables
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with suppress(UserError):
        assert most_trainings(read_definition("small", given_tables)) <= MOST_TRAININGS
