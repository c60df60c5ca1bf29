"""How a command ends where it cannot go on, and what it loads before it begins."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpo.cli.running import run_command
from hpo.engine.exit_codes import FAILED
from tests.conftest import ROOT


def test_output_to_a_full_disk_is_one_line() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "hpo.studies"],
            cwd=ROOT,
            text=True,
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == FAILED
    assert done.stderr.startswith("error: nothing more can be written: ")
    assert len(done.stderr.splitlines()) == 1


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk() -> None:
    def work() -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        run_command(work)


@pytest.mark.parametrize("door", ["run", "work", "certify", "report", "studies", "new"])
def test_a_front_door_loads_nothing_for_its_help_that_only_reports_and_downloads_need(door: str) -> None:
    late = ["requests", "pooch", "jinja2", "matplotlib", "pandas", "hpo.reports.files"]
    code = f"""
import importlib, sys
from hpo.cli.doors import doors
importlib.import_module(doors()[{door!r}].module)
print([name for name in {late} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"
