"""Study files as people have them on their disks, and KEY=VALUE texts as they type them."""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.definition.files import load_definition, load_tables
from hpo.definition.overrides import read_text, set_field
from hpo.definition.text import MOST_BYTES, decoded, parsed
from hpo.storage.errors import UserError
from tests.support.builders import tables

STUDY = """title = "größer"
[data]
dataset = "mnist"
[model]
network = "mlp"
[space.learning_rate]
start = [1e-3, 1e-1]
[[rounds]]
trials = 3
samples = 100
epochs = 5
"""


def refused(path: Path | str) -> str:
    """Return the one sentence that is said of the study file `path`."""
    with pytest.raises(UserError) as caught:
        load_definition(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "study.toml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_file_from_any_editor_that_writes_utf8_is_read(tmp_path: Path, mark: bytes, ends: str) -> None:
    path = written(tmp_path, mark + STUDY.replace("\n", ends).encode())
    assert load_definition(str(path)).title == "größer"


FOREIGN = {
    "utf-16": (STUDY.encode("utf-16"), ["UTF-16", "UTF-8", "Notepad"]),
    "utf-16 without a mark": (STUDY.encode("utf-16-le"), ["UTF-16 without a mark", "UTF-8"]),
    "utf-32": (STUDY.encode("utf-32"), ["UTF-32", "save it as UTF-8"]),
    "latin-1": (STUDY.encode("latin-1"), ["not UTF-8", "line 1", "0xf6", "save it as UTF-8"]),
    "cp949": (STUDY.replace("größer", "한국어").encode("cp949"), ["not UTF-8", "line 1", "save it as UTF-8"]),
    "binary": (bytes(range(256)) * 4, ["no text", "name a TOML file"]),
    "huge": (b"#" * (MOST_BYTES + 1), ["larger than 1,000,000 bytes", "name another file"]),
    "empty": (b"", ["[model] is missing", "[trainer]"]),
    "no toml": (b"trials: 3", ["not valid TOML", "line 1"]),
    "brackets": (b"x = " + b"[" * 100_000, ["not valid TOML"]),
    "nested tables": (b"x." * 50 + b"x = 1", ["more than 12 deep"]),
    "nested lists": (b"x = " + b"[" * 40 + b"]" * 40, ["more than 12 deep"]),
    "a long number": (b"seed = " + b"9" * 5_000, ["not valid TOML", "more than 4,300 digits"]),
    "a longer number": (b"seed = 0x" + b"f" * 5_000, ["is missing"]),
}


@pytest.mark.parametrize(("content", "words"), FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_no_study_is_told_what_it_is_and_what_to_do(
    tmp_path: Path, content: bytes, words: list[str]
) -> None:
    said = refused(written(tmp_path, content))
    for word in words:
        assert word in said


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    assert "is a folder or a device" in refused(folder)
    assert "no study file" in refused(tmp_path / "nowhere.toml")
    assert "no study file" in refused(f"{'x' * 10_000}.toml")
    assert "no study file" in refused("null\0byte.toml")
    assert "no home folder of ~nosuchuser is known; write the path out" in refused("~nosuchuser/study.toml")
    assert "no name begins with -" in refused(tmp_path / "-x.toml")
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    assert "is a folder or a device" in refused(tmp_path / "endless.toml")


@pytest.mark.parametrize("study", ["", ".", "/", "..", "../smoke", "x" * 10_000, "\0", "~nosuchuser/x"])
def test_a_name_that_is_no_preset_is_told_the_known_ones(study: str) -> None:
    assert "known studies: " in refused(study)


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, STUDY.encode())
    path.chmod(0)
    assert "check the path and its permissions" in refused(path)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, STUDY.encode())
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_definition("~/study.toml").name == "study"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text("[]{}=.#'\"\\\n\r x1-", max_size=60).map(str.encode))
def test_any_bytes_are_tables_or_a_sentence(content: bytes) -> None:
    try:
        assert isinstance(parsed(decoded(content, Path("x.toml")), Path("x.toml")), dict)
    except UserError as error:
        assert str(error).startswith("x.toml")  # noqa: PT017 - either outcome is right


def changed(change: str) -> dict[str, Any]:
    made = tables()
    set_field(made, change)
    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("5.", 5.0),
        ("1_000", 1000),
        ("true", True),
        ("adam", "adam"),
        ('"adam"', "adam"),
        ("50,50,50", [50, 50, 50]),
        ("[50,50,50]", [50, 50, 50]),
        (" 50, 50 ", [50, 50]),
        ("50,", [50]),
        ("[50],[50,50]", [[50], [50, 50]]),
        ("'sgd','adam'", ["sgd", "adam"]),
        ("sgd, adam", "sgd, adam"),
        ("1\nx = 2", "1\nx = 2"),
        ("9" * 5_000, "9" * 5_000),
        ("[" * 5_000, "[" * 5_000),
    ],
)
def test_a_value_is_toml_or_a_list_without_its_brackets_or_a_text(text: str, value: object) -> None:
    assert read_text(text) == value


def test_a_list_of_texts_needs_no_quotes_where_a_list_was() -> None:
    assert changed("space.x.choices=sgd,adam")["space"]["x"] == {"choices": "sgd,adam"}
    made = tables(space={"optimizer": {"choices": ["sgd", "momentum"]}})
    set_field(made, "space.optimizer.choices=sgd,adam")
    assert made["space"]["optimizer"]["choices"] == ["sgd", "adam"]


def test_single_places_of_lists_are_set() -> None:
    assert changed("rounds.1.trials=10")["rounds"][1]["trials"] == 10
    assert changed("model.hidden=50,50,50")["model"]["hidden"] == [50, 50, 50]
    assert changed(" rounds . 1 . trials = 10 ")["rounds"][1]["trials"] == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model.dropout", ["there is no = in it", "KEY=VALUE"]),
        ("=3", ["expected KEY=VALUE"]),
        ("model..dropout=3", ["expected KEY=VALUE"]),
        ("title=", ["no value after the =", '""']),
        ("title.x=3", ["title is a value, not a table"]),
        ("rounds.7.trials=3", ["'7' is not an index of a list of 2", "indices start at 0"]),
        ("rounds.-1.trials=3", ["'-1' is not an index"]),
        ("rounds.\u0663.trials=3", ["is not an index"]),
        (f"rounds.{'9' * 5_000}.trials=3", ["is not an index of a list of 2"]),
    ],
)
def test_a_change_that_sets_nothing_is_named_with_the_way_out(change: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        changed(change)
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("dropout=0.2", "dropout: unknown key; did you mean model.dropout?"),
        ("learning_rate=0.2", "did you mean training.learning_rate?"),
        ("epochs=3", "did you mean rounds.0.epochs or final.epochs or comparison.epochs?"),
        ("sampler=tpe", "did you mean search.sampler?"),
        ("modle.dropout=0.2", "modle: unknown key; did you mean model?"),
        ("model.dropuot=0.2", "model.dropuot: unknown key; did you mean dropout?"),
        ("model.hidden=50", "model.hidden = 50; expected a list, such as [50]"),
        ("model.hidden=[50", "model.hidden = '[50'; expected a list"),
        ("training.learning_rate=fast", "training.learning_rate = 'fast'; expected a number"),
        ("model.batch_norm=True", "model.batch_norm = 'True'; expected true or false"),
        (f"{'a.' * 3_000}b=1", "more than 12 deep"),
    ],
)
def test_a_change_of_what_is_not_there_is_answered_with_what_is(change: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        load_definition("smoke", [change])
    assert says in str(caught.value)


def test_the_tables_of_a_study_can_be_changed_before_they_are_checked() -> None:
    assert load_tables("smoke", ["rounds.0.samples=auto"], seed=3)["seed"] == 3
