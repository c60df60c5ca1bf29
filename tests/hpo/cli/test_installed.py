"""Outside the virtual environment: one message that says what is missing and how to install it, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hpo.cli.doors import doors
from hpo.cli.installed import NEEDED, missing
from tests.conftest import ROOT

BLOCK = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
import runpy
sys.argv = {argv!r}
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def without(blocked: set[str], *argv: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a module as `python -m` does, where the packages `blocked` cannot be imported."""
    code = BLOCK.format(blocked=blocked, argv=list(argv))
    return subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("argv", [("hpo.run", "--study", "smoke"), ("hpo", "run", "--study", "smoke"), ("hpo",)])
def test_a_door_without_a_package_names_it_and_says_how_to_install_it(argv: tuple[str, ...], tmp_path: Path) -> None:
    done = without({"optuna"}, *argv, folder=tmp_path)
    assert done.returncode == 2
    assert "does not have the package optuna" in done.stderr
    assert "-m pip install " in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", doors())
def test_no_door_needs_more_to_say_so_than_python_has(name: str, tmp_path: Path) -> None:
    module = "hpo.studies.__main__" if name == "studies" else f"hpo.{name}"
    done = without(set(NEEDED), module, folder=tmp_path)
    assert done.returncode == 2
    assert "does not have the packages numpy, optuna" in done.stderr
    assert "Traceback" not in done.stderr


def test_here_nothing_is_missing() -> None:
    assert missing() == []


def test_what_the_doors_import_at_their_start_is_asked_for_and_comes_with_the_package(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies = {each.partition(">=")[0].replace("-", "_") for each in project["dependencies"]}
    modules = [door.module for door in doors().values()]
    code = f"import sys, importlib; [importlib.import_module(name) for name in {modules}]; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert set(done.stdout.split()) & dependencies <= set(NEEDED) <= dependencies


def test_torch_comes_only_with_the_extras_that_need_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]

    def brings_torch(requirements: list[str]) -> bool:
        for each in requirements:
            if each.startswith("torch"):
                return True
            if each.startswith("hpo-service["):
                inner = each.partition("[")[2].partition("]")[0].split(",")
                if any(brings_torch(extras[name]) for name in inner):
                    return True
        return False

    assert not brings_torch(project["dependencies"])
    assert {name for name, requirements in extras.items() if brings_torch(requirements)} == {"gp", "benchmark", "peers"}
