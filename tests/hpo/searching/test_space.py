import json
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hpo.definition.spaces import read_hyperparameter
from hpo.searching.space import Box, Categorical, Interval, Numeric, SearchSpace
from hpo.storage.errors import UserError
from tests.support.builders import linear, log_scaled

SHARES = st.floats(0, 1)
AXES = st.floats(-300, 300)


WHOLE = st.integers(1, 2000)
FINE = st.floats(1e-12, 1e12)


@st.composite
def numerics(draw: st.DrawFn) -> Numeric:
    """Any float or integer hyperparameter, on a log axis or not, whose start lies in its limits."""
    integer, log = draw(st.booleans()), draw(st.booleans())
    ends = sorted(draw(st.lists(WHOLE if integer else FINE, min_size=4, max_size=4, unique=True)))
    if not log:
        ends = [end - 1000 for end in ends]
    assume(ends[0] < ends[1] < ends[2] < ends[3])
    return Numeric(Interval(*ends[1:3]), Interval(ends[0], ends[3]), log=log, integer=integer)


@given(numerics(), SHARES)
def test_a_value_survives_the_way_to_the_axis_and_back(numeric, share):
    value = numeric.at(numeric.limits, share)
    assert numeric.from_axis(numeric.to_axis(value)) == (value if numeric.integer else pytest.approx(value, rel=1e-9))


@given(numerics(), SHARES)
def test_a_share_of_an_interval_is_a_value_inside_it(numeric, share):
    value = numeric.at(numeric.start, share)
    assert value in numeric.start
    assert isinstance(value, int) is numeric.integer


@given(numerics())
def test_the_shares_0_and_1_are_the_ends_of_the_interval(numeric):
    ends = [numeric.at(numeric.start, 0.0), numeric.at(numeric.start, 1.0)]
    assert ends == [pytest.approx(numeric.start.low, rel=1e-9), pytest.approx(numeric.start.high, rel=1e-9)]


@given(numerics(), SHARES, SHARES)
def test_a_larger_share_is_never_a_smaller_value(numeric, one, other):
    less, more = sorted((one, other))
    assert numeric.at(numeric.start, less) <= numeric.at(numeric.start, more)


def test_half_of_a_log_interval_is_its_geometric_mean():
    assert log_scaled((1e-4, 1e-2)).at(Interval(1e-4, 1e-2), 0.5) == pytest.approx(1e-3)


def test_every_integer_of_an_interval_ends_included_is_drawn_equally_often():
    numeric = linear((2, 6), integer=True)
    drawn = Counter(numeric.at(Interval(2, 6), (i + 0.5) / 1000) for i in range(1000))
    assert drawn == dict.fromkeys((2, 3, 4, 5, 6), 200)


def test_integers_on_a_log_axis_are_drawn_about_as_often_as_one_by_their_size():
    numeric = Numeric(Interval(1, 64), Interval(1, 64), log=True, integer=True)
    drawn = Counter(numeric.at(Interval(1, 64), (i + 0.5) / 10_000) for i in range(10_000))
    for value in (2, 8, 32, 64):
        assert drawn[value] / drawn[1] == pytest.approx(1 / value, rel=0.15), value


@given(numerics(), AXES, AXES)
def test_a_clipped_interval_lies_inside_the_limits(numeric, one, other):
    clipped = numeric.clip(min(one, other), max(one, other))
    assert numeric.limits.low <= clipped.low <= clipped.high <= numeric.limits.high


@given(numerics())
def test_what_reaches_beyond_the_limits_is_clipped_to_exactly_the_limits(numeric):
    low, high = numeric.axis(numeric.limits)
    assert numeric.clip(low - 1, high + 1) == numeric.limits


@given(numerics(), SHARES, SHARES)
def test_a_clipped_interval_keeps_every_value_between_its_ends(numeric, one, other):
    low, high = sorted((one, other))
    bottom, top = numeric.axis(numeric.limits)
    kept = numeric.from_axis(bottom + (low + high) / 2 * (top - bottom))
    clipped = numeric.clip(bottom + low * (top - bottom) - 1e-6, bottom + high * (top - bottom) + 1e-6)
    assert kept in clipped


def test_a_step_is_a_decade_or_a_quarter_of_a_linear_range_or_at_least_one_integer():
    assert log_scaled((1e-4, 1e-2)).step == 1.0
    assert linear((0.0, 0.8)).step == pytest.approx(0.2)
    assert linear((0, 40), integer=True).step == 10
    assert linear((0, 2), integer=True).step == 1


CHOICES = st.lists(
    st.one_of(st.sampled_from(["relu", "[50]", ""]), st.integers(0, 9).map(float)), min_size=2, max_size=6, unique=True
)


@given(CHOICES, SHARES)
def test_a_share_of_the_choices_is_one_of_them(choices, share):
    assert Categorical(tuple(choices)).at(tuple(choices), share) in choices


@given(CHOICES)
def test_every_choice_has_the_same_share(choices):
    n = len(choices)
    drawn = [Categorical(tuple(choices)).at(tuple(choices), (i + 0.5) / n) for i in range(n)]
    assert drawn == choices


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    hyperparameters = st.one_of(numerics(), CHOICES.map(tuple).map(Categorical))
    return SearchSpace(dict(zip("abcd", draw(st.lists(hyperparameters, min_size=1, max_size=4)), strict=False)))


@settings(max_examples=40)
@given(spaces())
def test_a_box_comes_back_from_its_record_through_json(space):
    for box in (space.start(), space.limits()):
        assert space.box(json.loads(json.dumps(box.record()))) == box


@settings(max_examples=40)
@given(spaces(), SHARES)
def test_what_is_drawn_from_the_start_is_in_the_start_and_in_the_limits(space, share):
    config = {
        name: each.at(space.start()[name], share)  # type: ignore[arg-type]
        for name, each in space.hyperparameters.items()
    }
    assert config in space.start()
    assert config in space.limits()


@settings(max_examples=40)
@given(spaces())
def test_optunas_distributions_span_the_limits(space):
    for name, distribution in space.distributions().items():
        region = space.limits()[name]
        if isinstance(region, Interval):
            assert (distribution.low, distribution.high) == (region.low, region.high)
        else:
            assert distribution.choices == region


def test_a_config_with_one_value_outside_is_not_in_the_box():
    box = Box({"a": Interval(1, 2), "b": ("x", "y")})
    assert {"a": 2, "b": "x"} in box
    assert {"a": 2.1, "b": "x"} not in box
    assert {"a": 2, "b": "z"} not in box


def test_asking_a_box_for_the_wrong_kind_of_region_says_which_it_is():
    box = Box({"a": Interval(1, 2), "b": ("x", "y")})
    with pytest.raises(TypeError, match="b is categorical"):
        box.interval("b")
    with pytest.raises(TypeError, match="a is numeric"):
        box.choices("a")


def test_a_table_says_a_float_an_integer_or_choices():
    assert read_hyperparameter("a", {"start": [1, 2], "log": True}) == log_scaled((1.0, 2.0))
    assert read_hyperparameter("a", {"type": "int", "start": [1, 2]}) == linear((1, 2), integer=True)
    wide = read_hyperparameter("a", {"start": [0.1, 0.2], "limits": [0, 1]})
    assert wide == linear((0.1, 0.2), (0.0, 1.0))
    assert read_hyperparameter("a", {"choices": ["relu", 3, True]}) == Categorical(("relu", 3, True))


def test_a_choice_that_is_a_list_travels_as_its_json_text():
    assert read_hyperparameter("hidden", {"choices": [[50], [100, 50]]}) == Categorical(("[50]", "[100, 50]"))


MISTAKES = {
    "no table": (0.1, ["space.a: expected a table", "0.1", "start = ["]),
    "a list": ([1, 2], ["space.a: expected a table", "[1, 2]"]),
    "start upside down": ({"start": [2, 1]}, ["space.a.start = [2, 1]", "upside down", "low must be less than high"]),
    "start empty": ({"start": [1, 1]}, ["space.a.start = [1, 1]", "low must be less than high"]),
    "limits upside down": ({"start": [1, 2], "limits": [9, 0]}, ["space.a.limits = [9, 0]", "upside down"]),
    "log at zero": ({"log": True, "start": [0, 1]}, ["space.a.start = [0, 1]", "above 0", "log = false"]),
    "log limits below zero": (
        {"log": True, "start": [1, 2], "limits": [-1, 9]},
        ["space.a.limits = [-1, 9]", "above 0", "log = false"],
    ),
    "start below limits": (
        {"start": [1, 3], "limits": [2, 4]},
        ["space.a: start 1 .. 3 reaches outside limits 2 .. 4", "widen the limits"],
    ),
    "start above limits": (
        {"start": [3, 5], "limits": [2, 4]},
        ["space.a: start 3 .. 5 reaches outside limits 2 .. 4", "widen the limits"],
    ),
    "no start": ({"log": True}, ["space.a: start = [low, high] is missing", "round 1"]),
    "one number": ({"start": [1]}, ["space.a.start = [1]", "[low, high]"]),
    "three numbers": ({"start": [1, 2, 3]}, ["space.a.start = [1, 2, 3]", "[low, high]"]),
    "a number": ({"start": 1}, ["space.a.start = 1", "[low, high]"]),
    "texts": ({"start": ["1", "2"]}, ["space.a.start = ['1', '2']", "two numbers"]),
    "bool as number": ({"start": [False, True]}, ["space.a.start = [False, True]", "two numbers"]),
    "bool as integer": ({"type": "int", "start": [False, True]}, ["space.a.start", "two whole numbers"]),
    "not a number": ({"start": [float("nan"), 1]}, ["space.a.start = [nan, 1]", "two numbers"]),
    "infinite": ({"start": [0, 1], "limits": [0, float("inf")]}, ["space.a.limits = [0, inf]", "two numbers"]),
    "larger than any float": ({"start": [0, 10**400]}, ["space.a.start", "two numbers"]),
    "half an integer": ({"type": "int", "start": [1, 2.5]}, ["space.a.start = [1, 2.5]", "two whole numbers"]),
    "log a text": ({"log": "yes", "start": [1, 2]}, ["space.a.log = 'yes'", "true or false"]),
    "unknown type": ({"type": "real", "start": [1, 2]}, ["space.a.type = 'real'", '"float", "int" or "categorical"']),
    "type a list": ({"type": ["int"], "start": [1, 2]}, ["space.a.type = ['int']", '"float"']),
    "unknown key": ({"start": [1, 2], "limit": [0, 3]}, ["space.a.limit: unknown key", "did you mean limits?"]),
    "start of choices": ({"choices": [1, 2], "start": [1, 2]}, ["space.a.start: unknown key", "choices"]),
    "choices missing": ({"type": "categorical"}, ["space.a.choices = None", "at least two"]),
    "choices a text": ({"choices": "relu"}, ["space.a.choices = 'relu'", "a list"]),
    "one choice": ({"choices": ["relu"]}, ["space.a.choices = ['relu']", "at least two"]),
    "duplicate choices": ({"choices": ["x", "y", "x"]}, ["space.a.choices", "twice", "['x', 'y', 'x']"]),
    "duplicate lists": ({"choices": [[1], [2], [1]]}, ["space.a.choices", "twice"]),
    "equal numbers": ({"choices": [1, 1.0]}, ["space.a.choices", "twice", "[1, 1.0]"]),
    "tables beside others": ({"choices": [{"x": 1}, 2]}, ["space.a.choices = [{'x': 1}, 2]", "either all choices"]),
    "a table in a table": ({"choices": [{"x": {"y": 1}}, {}]}, ["space.a.choices holds {'x': {'y': 1}}", "a table of"]),
    "a text like a table": ({"choices": ["{x", "y"]}, ["space.a.choices holds '{x'", "without quotes"]),
    "a text like a list": ({"choices": ["[1", "x"]}, ["space.a.choices holds '[1'", "without quotes"]),
    "a list of tables": ({"choices": [[{1, 2}], 2]}, ["space.a.choices holds [{1, 2}]", "a choice is"]),
}


@pytest.mark.parametrize(("table", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_table_is_named_with_its_place_its_value_and_the_way_out(table, words):
    with pytest.raises(UserError) as caught:
        read_hyperparameter("a", table)
    for word in words:
        assert word in str(caught.value)
