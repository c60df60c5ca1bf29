"""README.md keeps its word: its commands are real, its study file loads, and what it names is there."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from hpo import certify, look, report, run, serve, valley, work
from hpo.definition.files import load_definition, presets
from hpo.definition.study import read_definition
from hpo.studies import __main__ as studies
from tests.benchmarks.reports import write
from tests.conftest import ROOT
from tests.support.results import definition, study

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [command.strip() for line in LINES for command in line.split("&&") if command.strip()]
PARSERS = {
    "hpo.run": run.make_parser,
    "hpo.work": work.make_parser,
    "hpo.studies": studies.make_parser,
    "hpo.valley": valley.make_parser,
    "hpo.look": look.make_parser,
    "hpo.certify": certify.make_parser,
    "hpo.report": report.make_parser,
    "hpo.serve": serve.make_parser,
}


def test_the_three_lines_of_a_newcomer_stand_near_the_top() -> None:
    top = README.splitlines()[:25]
    for line in (
        "pip install -e . && python -m hpo.run --study mnist_wd",
        "pip install -e '.[test]' && pytest",
        "python -m hpo.serve",
    ):
        assert any(each.startswith(line) for each in top), line


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -m hpo.") and "--help" not in c])
def test_a_command_of_the_readme_is_understood(command: str) -> None:
    _, _, module, *arguments = shlex.split(command)
    parsed = PARSERS[module]().parse_args(arguments)
    if getattr(parsed, "study", None):
        load_definition(parsed.study, getattr(parsed, "changes", ()))


def test_every_other_command_of_the_readme_is_an_installed_program() -> None:
    known = ("pip install -e", "pytest", "export HPO_STORAGE=", "HPO_TOKEN=... python -m hpo.serve ", "python -m hpo.")
    assert [command for command in COMMANDS if not command.startswith(known)] == []


def test_the_study_files_of_the_readme_load() -> None:
    search, comparison = (
        read_definition("mine", tomllib.loads(text))
        for text in re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    )
    assert len(search.rounds) == 1
    assert comparison.comparison is not None
    assert len(comparison.space.grid()) == 2


def test_the_two_lines_for_a_notebook_show_the_trials_of_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    of = definition(name="mnist_wd", rounds=(8,))
    write("sqlite:///hpo.db", study(of))
    (lines,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    *before, shown = ast.parse(lines).body  # as a notebook does: the last line's value is what is seen
    assert (len(before), type(shown)) == (1, ast.Expr)
    names: dict[str, object] = {}
    exec(compile(ast.Module(before, []), "README", "exec"), names)
    table = eval(compile(ast.Expression(shown.value), "README", "eval"), names)
    assert len(table) == 8
    assert list(table["learning_rate"].notna()) == [True] * 8


def test_every_file_that_the_readme_links_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_presets_that_the_changelog_names_are_there() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n- ")
    listed = next(change for change in changes if change.startswith("Studies that come along"))
    assert set(re.findall(r"`(\w+)`", listed)) == set(presets())
