"""The documents keep their word: commands are real, study files load, what they link is there, nothing is left out."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import hpo
from hpo.__main__ import main
from hpo.cli.doors import GROUPS, doors
from hpo.definition.files import load_definition, presets
from hpo.definition.reading import read_definition
from tests.benchmarks.reports import write
from tests.conftest import ROOT
from tests.support.documents import Document, documents, executed, notebook_cells
from tests.support.results import definition, study
from tests.test_architecture import RULES

README, TUTORIAL = Document(ROOT / "README.md"), Document(ROOT / "hpo" / "TUTORIAL.md")
ALL = documents()
COMMANDS = [pytest.param(command, id=f"{each}: {command}") for each in ALL for command in each.commands()]
each_document = pytest.mark.parametrize("document", ALL, ids=str)

OWN_FILES = {"mine.toml": README, "shapes.toml": TUTORIAL}
"""Study files that a reader writes, and the document that shows what is in them."""

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PROGRAMS = ("pip", "pytest", "export", "eval", "python", "python3", "ruff", "mypy", "pre-commit", ".", "hpo")
QUICK = ("--help", "help", "--version", "studies", "completion")
CHANGING = ("--delete", "--rename")
"""Options that take a database with studies in it: lines with them are read, not run."""

SMALL = ("trials=4", "epochs=4")


def is_program(module: str) -> bool:
    """Say whether `python -m module` runs something: a file, or a folder with a __main__."""
    place = ROOT / module.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def test_the_three_lines_of_a_newcomer_stand_near_the_top() -> None:
    top = README.text.splitlines()[:25]
    for line in (
        "pip install -e . && hpo run --study mnist_wd",
        "pip install -e '.[test]' && pytest",
        "hpo serve",
    ):
        assert any(each.startswith(line) for each in top), line


def test_the_readme_is_short_and_so_is_its_sample() -> None:
    assert len(README.text.splitlines()) < 150
    samples = re.findall(r"^```\n(.*?)^```", README.text, flags=re.DOTALL | re.MULTILINE)
    assert all(len(sample.splitlines()) <= 25 for sample in samples)


def words(command: str) -> list[str]:
    """Return the words of a command line, without what is set for it and where its output goes."""
    split = shlex.split(command)
    while split and re.fullmatch(r"[A-Z_]+=.*", split[0]):
        del split[0]
    return split[: split.index(">")] if ">" in split else split


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_is_understood(command: str) -> None:
    program, *arguments = words(command)
    assert program in PROGRAMS
    if program == "pip" and (extras := re.search(r"\[([\w,]+)\]", command)):
        assert set(extras[1].split(",")) <= set(PROJECT["optional-dependencies"])
    if program in ("python", "python3") and arguments[:1] == ["-m"]:
        assert arguments[1] == "venv" or is_program(arguments[1])
    if program != "hpo":
        return
    if any(word in QUICK for word in arguments[:2]) and not set(CHANGING) & set(arguments):
        with pytest.raises(SystemExit) as ended:  # --help of argparse ends the program
            raise SystemExit(main(arguments))
        assert ended.value.code == 0
        return
    door, *options = arguments
    parsed = doors()[door].make_parser().parse_args(options)
    for name in [parsed.study] if isinstance(getattr(parsed, "study", None), str) else []:
        if name not in OWN_FILES:
            load_definition(name.removesuffix("-certificate"), getattr(parsed, "changes", ()))


@each_document
def test_what_looks_like_a_command_in_the_text_is_one(document: Document) -> None:
    for named in re.findall(r"`hpo ([a-z]+)", document.text):
        assert named in {*(door.name for group in GROUPS.values() for door in group), "help"}, f"hpo {named}"
    assert "python -m hpo.run" not in document.text.replace("`python -m hpo.run`", ""), "the command is hpo run"
    for named in re.findall(r"python -m tests\.benchmarks\.([a-z_]+)", document.text):
        assert is_program(f"tests.benchmarks.{named}"), named


@each_document
def test_every_study_file_loads(document: Document) -> None:
    for text in document.blocks("toml"):
        tables = tomllib.loads(text)
        if "title" in tables:
            made = read_definition("mine", tables)
            assert made.rounds or made.comparison is not None
        else:  # a few lines of a table that the text names
            assert tables


@each_document
def test_every_link_and_every_picture_is_there(document: Document) -> None:
    for file, heading in document.links():
        target = document.path.parent / file if file else document.path
        assert target.exists(), file
        if heading:
            assert heading in Document(target).headings(), f"{file}#{heading}"


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {
        option
        for action in parser._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith("--")
    }


@pytest.mark.parametrize("name", doors())
def test_every_command_and_every_option_is_documented(name: str) -> None:
    told = "\n".join(each.text for each in ALL)
    assert f"| `hpo {name}` |" in README.text, "README.md has a table of commands"
    for option in sorted(options_of(doors()[name].make_parser())):
        assert re.search(rf"{option}\b", told), (
            f"no document says what {option} of hpo {name} does; hpo/README.md lists all"
        )


@each_document
def test_the_lines_of_python_run(document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if document.path == TUTORIAL.path:
        pytest.skip("runs as a whole below")
    monkeypatch.chdir(tmp_path)
    blocks = document.blocks("python")
    if any("hpo.db" in block for block in blocks):
        write("sqlite:///hpo.db", study(definition(name="mnist_wd", rounds=(8,))))
    for block in blocks:
        shown = executed(block, {}, where=str(document))
        if isinstance(shown, pd.DataFrame):
            assert len(shown) == 8
            assert list(shown["learning_rate"].notna()) == [True] * 8


def small() -> list[str]:
    """Return the options that make the tutorial's study so small that it takes a few seconds."""
    rounds = [f"rounds.{i}.{field}" for i in range(2) for field in SMALL]
    changes = [*rounds, "final.good_values=1", "final.seeds=2", "final.epochs=1", "final.probe=false"]
    return [word for change in changes for word in ("--set", change)]


def test_the_tutorial_leads_from_nothing_to_a_report(tmp_path: Path) -> None:
    save, use = TUTORIAL.blocks("python")
    study_file = TUTORIAL.blocks("toml")[0]
    (tmp_path / "shapes.toml").write_text(study_file, encoding="utf-8")

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(sys.executable, "-c", save)
    assert "hpo run --study shapes.toml" in TUTORIAL.commands()
    printed = run(sys.executable, "-m", "hpo.run", "--study", "shapes.toml", "--format", "html", *small())
    assert "the report: out/shapes/report.html" in printed
    assert (tmp_path / "out" / "shapes" / "report.html").is_file()
    values, classes = run(sys.executable, "-c", use).splitlines()
    assert values == "None" or "learning_rate" in values
    assert len(re.findall(r"\d", classes)) == 5


def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    shown = [executed(cell, names, where="tutorial.ipynb") for cell in notebook_cells(ROOT / "reports/tutorial.ipynb")]
    study_in_notebook = names["study"]
    assert isinstance(study_in_notebook, hpo.Study)
    assert study_in_notebook.done
    tables = [each for each in shown if isinstance(each, pd.DataFrame)]
    assert len(tables) == 3
    assert all(len(table) for table in tables)


def test_the_presets_that_the_changelog_names_are_there() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n- ")
    listed = next(change for change in changes if change.startswith("Studies that come along"))
    assert set(re.findall(r"`(\w+)`", listed)) == set(presets())


def test_the_changelog_begins_with_this_version_and_its_date() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", changes, flags=re.MULTILINE)
    assert re.fullmatch(rf"{re.escape(hpo.__version__)} \(\d{{4}}-\d\d-\d\d\)", versions[0])


def test_contributing_says_of_every_room_what_it_may_import() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z, ]+) \| .* \|$", text, flags=re.MULTILINE)
    assert set(RULES) <= {room for row in rows for room in row.split(", ")}


def test_contributing_names_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:hpo|models|storage|reports|tests|\.ci|\.github)/[^`]*)`", text)
    assert named
    for path in named:
        assert (ROOT / path.replace("NAME.py", "").replace("NAME.toml", "")).exists(), path
