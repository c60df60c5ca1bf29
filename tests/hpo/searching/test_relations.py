import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.relations import LONGEST, read_relation
from hpo.storage.errors import UserError


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("b <= a", {"a": 2, "b": 2}, True),
        ("b <= a", {"a": 1, "b": 2}, False),
        ("0 < a < b", {"a": 1, "b": 2}, True),
        ("0 < a < b", {"a": 0, "b": 2}, False),
        ("leaves <= 2 ** depth", {"leaves": 32, "depth": 5}, True),
        ("leaves <= 2 ** depth", {"leaves": 33, "depth": 5}, False),
        ("width % heads == 0", {"width": 12, "heads": 5}, False),
        ("a + 2 * b - 1 >= -c / 2", {"a": 1, "b": 0, "c": 2}, True),
        ('optimizer != "adam" or lr <= 0.1', {"optimizer": "adam", "lr": 0.5}, False),
        ('optimizer != "adam" or lr <= 0.1', {"optimizer": "sgd", "lr": 0.5}, True),
        ('optimizer in ["sgd", "adam"] and not a == 1', {"optimizer": "adam", "a": 2}, True),
        ("depth == none", {"depth": None}, True),
        ("bias == true", {"bias": False}, False),
        ("a / b > 1", {"a": 1, "b": 0}, False),
        ("a ** 0.5 > 0", {"a": -1}, False),
        ("9.0 ** 9 ** 9 ** a > 0", {"a": 9}, False),
    ],
)
def test_a_relation_says_what_it_would_say_in_python(text, values, holds):
    assert read_relation(text).holds(values) is holds


@given(
    st.integers(-5, 5), st.integers(-5, 5), st.sampled_from(["a < b", "a + b > 0", "a * a <= b or a == b", "not a > b"])
)
def test_comparisons_and_arithmetic_are_those_of_python(a, b, text):
    assert read_relation(text).holds({"a": a, "b": b}) == bool(eval(text, {}, {"a": a, "b": b}))


def test_what_mentions_an_inactive_hyperparameter_holds():
    assert read_relation("hidden_2 <= hidden_1").holds({"hidden_1": 8})
    assert read_relation("hidden_2 <= hidden_1").names == ("hidden_2", "hidden_1")


def test_it_goes_to_another_process_and_is_equal_there():
    relation = read_relation("b <= a * 2")
    again = pickle.loads(pickle.dumps(relation))
    assert again == relation
    assert again.holds({"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('true') == 0", ["none of comparisons"]),
        ("open('x') == 1", ["none of comparisons"]),
        ("a.real > 0", ["a.real", "none of comparisons"]),
        ("a[0] > 0", ["none of comparisons"]),
        ("(lambda: 1)() == a", ["none of comparisons"]),
        ("[x for x in a] == 1", ["none of comparisons"]),
        ("a if b else c", ["none of comparisons"]),
        ("f'{a}' == 'x'", ["none of comparisons"]),
        ("a is b", ["none of comparisons"]),
        ("a @ b > 1", ["none of comparisons"]),
        ("a << 99 > 1", ["none of comparisons"]),
        ("a in b", ['after "in" stands a list']),
        ("a + b", ["neither true nor false"]),
        ("a", ["neither true nor false"]),
        ("1 < 2", ["names no hyperparameter"]),
        ("a = b", ["== compares"]),
        ("a <=", ["cannot be read"]),
        ("a < b\nb < c", ["cannot be read"]),
        ("", ["not a relation"]),
        (3, ["not a relation"]),
        ("c < 1", ["no hyperparameter c", "a, b"]),
        ("-" * 400 + "a < 1", ["nested too deeply"]),
        ("a < 1 and " * 60 + "a < 1", [f"{LONGEST} letters"]),
    ],
)
def test_whatever_else_is_refused_with_a_sentence_that_says_what_may_stand_there(text, words):
    with pytest.raises(UserError) as caught:
        read_relation(text, ("a", "b"))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["a <= b", "a + 1 > 0", "-a < 1"])
def test_ordering_or_calculating_with_what_is_no_number_is_a_mistake_and_does_not_hold(text):
    values = {"a": "wide", "b": 2}
    assert not read_relation(text).holds(values)
    with pytest.raises(UserError, match="only numbers can be ordered"):
        read_relation(text).check_kinds(values)
