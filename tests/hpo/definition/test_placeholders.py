"""What may stand in braces in a program's command."""

from pathlib import Path

import pytest

from hpo.definition.placeholders import (
    PLACEHOLDERS,
    argument,
    check_placeholders,
    filled,
    hyperparameters_named,
    named,
    trains_in_parts,
    unknown_hyperparameters,
)
from hpo.storage.errors import UserError


def test_everything_in_braces_gets_its_value_also_inside_a_word() -> None:
    command = ["train", "--seed={seed}", "{config.rate}", "{config.rate}-{seed}"]
    assert filled(command, {"seed": "7"}, {"rate": 0.1}) == ["train", "--seed=7", "0.1", "0.1-7"]


def test_other_braces_and_doubled_ones_stand_for_themselves() -> None:
    command = ["awk", "{ print $1 }", "{{seed}}", "{}", '{"a": 1}', "{1}"]
    assert not named(command)
    assert filled(command, {}, {}) == ["awk", "{ print $1 }", "{seed}", "{}", '{"a": 1}', "{1}"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-05, "1e-05"), (0.1 + 0.2, "0.30000000000000004"), (3, "3"), (True, "true"), (None, "null"), ("adam", "adam")],
)
def test_a_value_is_written_such_that_nothing_of_it_is_lost(value: object, text: str) -> None:
    assert argument(value) == text


def test_values_are_not_looked_through_for_placeholders_again() -> None:
    assert filled(["{config.name}"], {"seed": "7"}, {"name": "{seed}"}) == ["{seed}"]


def test_a_hyperparameter_that_a_config_lacks_is_null() -> None:
    assert filled(["{config.momentum}"], {}, {}) == ["null"]


def test_hyperparameters_that_do_not_exist_are_found() -> None:
    command = ["t", "{config.rate}", "{config.rat}"]
    assert hyperparameters_named(command) == {"rate", "rat"}
    assert unknown_hyperparameters(command, ["rate"]) == ["rat"]


@pytest.mark.parametrize(
    ("command", "with_data", "said"),
    [
        (["t", "{sed}"], False, r"\{sed\} is no placeholder; known ones are \{config\}, .*write \{\{sed\}\} for"),
        (["t", "{train}"], False, r"\{train\} has nothing to stand for, as the study has no \[data\]"),
        (["t", "{checkpoint}", "{seed}"], False, r"add \{percent\}, or \{config\}"),
    ],
)
def test_what_cannot_be_filled_is_refused(command: list[str], with_data: bool, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_placeholders(command, with_data=with_data)


def test_all_that_are_known_are_accepted() -> None:
    check_placeholders(["t", *(f"{{{name}}}" for name in PLACEHOLDERS), "{config.rate}"], with_data=True)


@pytest.mark.parametrize(("word", "expected"), [("{percent}", True), ("{checkpoint}", True), ("{config}", False)])
def test_a_program_trains_in_parts_where_it_is_told_how_far(word: str, expected: bool) -> None:
    assert trains_in_parts(["t", word]) == expected


def test_each_is_in_the_table_that_explains_them() -> None:
    text = (Path(__file__).parents[3] / "hpo/training/programs/README.md").read_text(encoding="utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `{")]
    assert set(named(table)) == {*PLACEHOLDERS, "config.NAME"}
