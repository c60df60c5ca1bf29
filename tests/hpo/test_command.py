"""The command `hpo`: it lists the front doors, opens the one that is asked for, and imports nothing of the others."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import hpo
from hpo.__main__ import main
from hpo.cli.doors import GROUPS, doors

HERE = [sys.executable, "-P", "-m"]


def said(*arguments: str, folder: Path, code: int = 0) -> str:
    """Run `python -P -m ...` from `folder`, and return all it printed."""
    done = subprocess.run([*HERE, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_help_lists_every_command_with_a_line_that_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for door in doors().values():
        assert f"  {door.name} " in printed
        assert door.does in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [[], ["-h"], ["help"]])
def test_alone_it_says_what_it_can_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    assert "begin with: hpo run --study mnist_wd" in capsys.readouterr().out


def test_help_on_a_command_is_that_command_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["help", "run"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: hpo run ")


def test_the_version_comes_from_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hpo {hpo.__version__}\n"


def test_an_unknown_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rnu"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: no command 'rnu'; did you mean run?")
    assert "certify" in told


def test_every_front_door_in_the_package_s_root_is_a_command() -> None:
    folder = Path(hpo.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "def make_parser(" in path.read_text(encoding="utf-8")}
    assert modules | {"studies"} == set(doors()), "a front door is listed in hpo/cli/doors.py"


@pytest.mark.parametrize("name", ["run", "studies"])
def test_a_command_and_its_module_say_the_same(name: str, tmp_path: Path) -> None:
    printed = said("hpo", name, "--help", folder=tmp_path)
    assert printed == said(f"hpo.{name}", "--help", folder=tmp_path)
    assert printed.startswith(f"usage: hpo {name} ")


@pytest.mark.parametrize("name", doors())
def test_every_command_can_be_run_as_a_module_too(name: str) -> None:
    door = doors()[name]
    assert door.make_parser().prog == f"hpo {name}"
    last = ast.parse(Path(str(import_module(door.module).__file__)).read_text(encoding="utf-8")).body[-1]
    assert ast.unparse(last) == "if __name__ == '__main__':\n    sys.exit(main())"


def test_listing_the_commands_imports_none_of_them(tmp_path: Path) -> None:
    heavy = "numpy", "optuna", "sqlalchemy", "pandas", "matplotlib", "hpo.run", "hpo.serve"
    code = (
        f"import sys; from hpo.__main__ import main; main(['--help']); print([x for x in {heavy} if x in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.endswith("\n[]\n")


def test_a_folder_with_packages_of_the_same_names_is_not_taken_for_ours(tmp_path: Path) -> None:
    for name in ("hpo", "models", "storage", "reports"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('somebody else')\n", encoding="utf-8")
    command = Path(sys.executable).with_name("hpo")
    if not command.exists():
        pytest.skip("the command is not installed beside this Python")
    done = subprocess.run([command, "studies"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "mnist_wd" in done.stdout


def test_the_groups_name_each_door_once() -> None:
    names = [door.name for group in GROUPS.values() for door in group]
    assert len(names) == len(set(names))
