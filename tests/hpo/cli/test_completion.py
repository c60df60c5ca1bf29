"""TAB completes commands, options and studies; asked of a real bash, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hpo.cli.completion import SHELLS
from hpo.completion import main
from hpo.definition.files import presets

TRY = """
source {script}
words=({words} "")
COMP_WORDS=("${{words[@]:0:{count}}}")
COMP_CWORD=$(({count} - 1))
COMPREPLY=()
_shtab_hpo
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    assert main(["bash"]) == 0
    script = tmp_path / "hpo.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    return script


def completed(script: Path, *words: str) -> set[str]:
    """Return what bash offers for the last of `words`."""
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["bash", "-c", TRY.format(script=script, words=quoted, count=len(words))],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return set(done.stdout.split())


def test_a_study_is_completed_with_what_comes_along_and_the_study_files_of_the_folder(bash: Path) -> None:
    (bash.parent / "mine.toml").touch()
    (bash.parent / "mine.txt").touch()
    assert completed(bash, "hpo", "run", "--study", "") == {*presets(), "mine.toml"}
    assert completed(bash, "hpo", "run", "--study", "smo") == {"smoke"}
    assert "smoke" in completed(bash, "hpo", "report", "--study", "smo")


def test_commands_and_options_are_completed(bash: Path) -> None:
    assert completed(bash, "hpo", "cert") == {"certify"}
    assert completed(bash, "hpo", "run", "--warm") == {"--warm-start"}
    assert "--child" not in completed(bash, "hpo", "work", "--")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([shell]) == 0
    printed = capsys.readouterr().out
    assert "_hpo_study_names" in printed
    assert "mnist_wd" in printed
