import numpy as np
import pytest

import hpo
from hpo.definition.constructors import space_tables
from hpo.definition.spaces import read_space
from hpo.storage.errors import UserError

SPACE = {
    "learning_rate": hpo.log(1e-4, 1e-1, limits=(1e-6, 10), prior=0.01),
    "dropout": hpo.uniform(0, 0.5, step=0.1),
    "n": hpo.integer(1, 8, step=1, log=False),
    "optimizer": hpo.choice("sgd", "adam", prior="adam"),
    "momentum": hpo.uniform(0, 1, when={"optimizer": ["sgd"]}),
    "depth": hpo.choice(3, None, True, "auto"),
    "batch_size": hpo.fixed(64),
}


def test_a_space_in_python_is_the_one_that_a_study_file_declares():
    in_a_file = {
        "require": ["momentum <= 0.9"],
        "learning_rate": {"log": True, "start": [1e-4, 1e-1], "limits": [1e-6, 10], "prior": 0.01},
        "dropout": {"start": [0, 0.5], "step": 0.1},
        "n": {"type": "int", "start": [1, 8]},
        "optimizer": {"choices": ["sgd", "adam"], "prior": "adam"},
        "momentum": {"start": [0, 1], "when": {"optimizer": ["sgd"]}},
        "depth": {"choices": [3, None, True, "auto"]},
        "batch_size": {"value": 64},
    }
    made = read_space(space_tables(SPACE, require=["momentum <= 0.9"]), may_be_empty=False)
    assert made == read_space(in_a_file, may_be_empty=False)
    assert list(made.hyperparameters) == list(SPACE)[:-1]


def test_numbers_of_numpy_are_taken_as_python_has_them():
    made = space_tables({"a": hpo.integer(np.int64(1), np.int64(3)), "b": hpo.choice(np.float64(0.5), np.bool_(True))})
    assert made["a"]["start"] == [1, 3]
    assert [type(each) for each in made["b"]["choices"]] == [float, bool]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: hpo.log(1e-1, 1e-4), ["hpo.log", "0.1", "0.0001", "upside down"]),
        (lambda: hpo.log(0, 1), ["hpo.log", "above 0"]),
        (lambda: hpo.uniform(0, 1, limits=(0.5, 1)), ["hpo.uniform", "outside limits", "widen"]),
        (lambda: hpo.uniform(0, 1, step=0.3), ["hpo.uniform", "between two steps", "0.9"]),
        (lambda: hpo.integer(1, 2.5), ["hpo.integer", "whole numbers", "2.5"]),
        (lambda: hpo.integer(1, 64, step=3, log=True), ["hpo.integer", "step and log", "choices"]),
        (lambda: hpo.choice("sgd"), ["hpo.choice", "at least two"]),
        (lambda: hpo.choice(["sgd", "adam"]), ["one choice", "hpo.choice(*['sgd', 'adam'])"]),
        (lambda: space_tables({"a": 0.1}), ["space['a']", "hpo.fixed(0.1)"]),
        (lambda: space_tables({"a": object}), ["space['a']", "hpo.log"]),
        (lambda: space_tables({}), ["hpo.log"]),
        (lambda: space_tables([hpo.uniform(0, 1)]), ["a dict of hyperparameters"]),
        (lambda: space_tables({"a": hpo.fixed(1)}), ["nothing to search"]),
        (lambda: space_tables({"a": hpo.uniform(0, 1)}, require=3), ["require = 3", "list of texts"]),
        (lambda: space_tables({"a": hpo.uniform(0, 1)}, require=["b < 1"]), ["no hyperparameter b"]),
        (lambda: space_tables({"a": hpo.uniform(0, 1, when={"b": 1})}), ["space.a.when.b"]),
        (lambda: space_tables({"a": hpo.uniform(0, 1, prior=2)}), ["space.a.prior = 2", "outside the limits"]),
    ],
)
def test_a_mistake_is_one_sentence_that_says_what_to_write(make, words):
    with pytest.raises(UserError) as caught:
        make()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)
