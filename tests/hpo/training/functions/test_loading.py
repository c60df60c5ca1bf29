"""Finding and importing the function that a study file names, and what tells its source from a changed one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo.definition.trainers.calls import find
from hpo.definition.trainers.sources import changed, digest
from hpo.storage.errors import UserError
from hpo.training.functions.loading import load
from tests.support.functions import written


@pytest.fixture(autouse=True)
def imports_as_before() -> Iterator[None]:
    """Forget what the tests import."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def loaded(call: str, folder: Path) -> object:
    return load(find(call, folder))({}, None)


def test_a_file_is_found_beside_the_study_file_with_what_it_imports_from_its_folder(tmp_path: Path) -> None:
    written(tmp_path, "VALUE = 3\n", "code/helping.py")
    written(tmp_path, "from helping import VALUE\ndef train(config, run): return VALUE\n", "code/train.py")
    assert loaded("code/train.py:train", tmp_path) == 3


def test_two_files_of_one_name_are_two(tmp_path: Path) -> None:
    for i in (1, 2):
        written(tmp_path, f"def train(config, run): return {i}\n", f"{i}/train.py")
    assert [loaded(f"{i}/train.py:train", tmp_path) for i in (1, 2)] == [1, 2]


def test_a_module_beside_the_study_file_is_found(tmp_path: Path) -> None:
    written(tmp_path, "", "mine/__init__.py")
    written(tmp_path, "def train(config, run): return 4\n", "mine/fitting.py")
    assert loaded("mine.fitting:train", tmp_path) == 4


def test_a_dataclass_in_the_file_works(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    written(tmp_path, text + "@dataclass\nclass A:\n    x: int = 5\ndef train(config, run): return A().x\n")
    assert loaded("train.py:train", tmp_path) == 5


WRONG = [
    ("train.py", "def train(c, r): pass", "train.py:trian", "train.py has no function trian; did you mean train?"),
    ("train.py", "def train(c, r): pass", "train.py:other", "train.py has no function other; it has train"),
    ("train.py", "train = 3", "train.py:train", "train in train.py is no function, but int"),
    ("train.py", "x = 1\ndef train(:", "train.py:train", "train.py, line 2: invalid syntax: def train(:"),
    ("train.py", "import no_such", "train.py:train", "No module named 'no_such' (train.py, line 1)"),
    (
        "train.py",
        "def f():\n  1/0\nf()",
        "train.py:train",
        "division by zero (train.py, line 2 in f)",
    ),
    ("train.py", "import sys\nsys.exit()", "train.py:train", 'put that under if __name__ == "__main__":'),
    ("train.py", "", "trian.py:train", "trian.py; did you mean train.py?"),
    ("train.py", "", "nowhere/train.py:train", "there is no file"),
    ("train.py", "", "train.py", 'write the file and the function in it, such as "train.py:train"'),
    ("train.py", "", "train.py:", 'write the file and the function in it, such as "train.py:train"'),
    ("train.py", "", "no_such.module:train", 'for a file write "no_such/module.py:train"'),
    ("train.py", "", "math:sin", "there is no module math, neither in"),
]


@pytest.mark.parametrize(("name", "text", "call", "sentence"), WRONG, ids=[each[3][:40] for each in WRONG])
def test_what_is_wrong_with_a_call_is_one_sentence(
    name: str, text: str, call: str, sentence: str, tmp_path: Path
) -> None:
    written(tmp_path, text, name)
    with pytest.raises(UserError) as caught:
        load(find(call, tmp_path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_source_is_the_file_and_the_users_own_modules_that_it_imports(tmp_path: Path) -> None:
    train = written(tmp_path, "import numpy\nfrom pack.one import f\ndef train(c, r):\n    import late\n", "a/train.py")
    written(tmp_path, "", "a/pack/__init__.py")
    written(tmp_path, "from . import two\nf = 1\n", "a/pack/one.py")
    written(tmp_path, "x = 1\n", "a/pack/two.py")
    written(tmp_path, "x = 1\n", "a/late.py")
    written(tmp_path, "x = 1\n", "a/unused.py")
    where = find("a/train.py:train", tmp_path)
    before = where.sources()
    assert set(before) == {"train.py", "late.py", "pack/__init__.py", "pack/one.py", "pack/two.py"}
    written(tmp_path, "x = 2\n", "a/unused.py")
    assert digest(where.sources()) == digest(before)
    written(tmp_path, "x = 2\n", "a/pack/two.py")
    assert digest(where.sources()) != digest(before)
    assert changed(before, where.sources()) == "pack/two.py has changed"
    train.write_text("def train(c, r): pass\n")
    assert changed(before, where.sources()) == (
        "train.py has changed, late.py is gone, pack/__init__.py is gone, pack/one.py is gone, pack/two.py is gone"
    )


def test_the_same_files_in_another_folder_are_the_same_source(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        written(tmp_path, "def train(c, r): pass\n", f"{folder}/train.py")
    one, two = (find(f"{folder}/train.py:train", tmp_path).sources() for folder in ("a", "b"))
    assert digest(one) == digest(two)


def test_a_file_that_changes_at_once_is_read_anew(tmp_path: Path) -> None:
    written(tmp_path, "def train(c, r): return 1\n")
    assert loaded("train.py:train", tmp_path) == 1
    for name in [name for name in sys.modules if name.startswith("_hpo_trainer_")]:
        del sys.modules[name]
    written(tmp_path, "def train(c, r): return 2\n")
    assert loaded("train.py:train", tmp_path) == 2
