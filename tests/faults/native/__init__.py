"""Small C libraries that are loaded into a disturbed process, where there is a compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.faults.registry import SkippedError


def compiled(name: str, folder: Path) -> Path:
    """Return the library made of NAME.c, for LD_PRELOAD."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SkippedError("there is no C compiler; on Debian: apt-get install gcc")
    made = folder / f"{name}.so"
    source = Path(__file__).parent / f"{name}.c"
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"],
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SkippedError(f"the C compiler could not make {name}.c: {done.stderr.strip()[:200]}")
    return made
