"""The public names of the package: there, documented, and imported only when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hpo


def loaded(code: str, folder: Path) -> set[str]:
    """Return the names of the packages that a fresh Python has loaded after `code`, but the standard library's."""
    printing = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-P", "-c", printing], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    bare = subprocess.run(
        [sys.executable, "-P", "-c", "import sys\nprint(*{name.partition('.')[0] for name in sys.modules})"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    new = set(done.stdout.split()) - set(bare.stdout.split()) - sys.stdlib_module_names
    return {name for name in new if "cython" not in name}  # what NumPy's compiled parts leave there


@pytest.mark.parametrize("name", hpo.__all__)
def test_a_public_name_is_there_listed_and_documented(name: str) -> None:
    assert getattr(hpo, name) is not None
    assert name in dir(hpo)
    assert f"`{name}" in str(hpo.__doc__)


def test_what_is_not_public_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="module 'hpo' has no attribute 'load_definitions'"):
        _ = hpo.load_definitions  # type: ignore[attr-defined]


def test_a_preset_is_loaded_through_the_face() -> None:
    definition = hpo.load_definition("smoke", ["rounds.0.trials=3"], seed=5)
    assert isinstance(definition, hpo.StudyDefinition)
    assert (definition.rounds[0].trials, definition.seed) == (3, 5)
    assert "smoke" in hpo.presets()
    with pytest.raises(hpo.UserError, match="did you mean smoke"):
        hpo.load_definition("smok")


def test_importing_the_package_loads_nothing_else(tmp_path: Path) -> None:
    assert loaded("import hpo", tmp_path) == {"hpo"}


def test_importing_the_models_loads_numpy_and_nothing_else(tmp_path: Path) -> None:
    assert loaded("import hpo.models", tmp_path) == {"hpo", "numpy"}
