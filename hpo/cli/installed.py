"""Whether the packages that every front door needs are installed: outside the virtual environment they are not.

Asked before anything is imported, so that the answer is one message and no traceback.
"""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

NEEDED = (
    "numpy",
    "optuna",
    "optuna_dashboard",
    "sqlalchemy",
    "pandas",
    "matplotlib",
    "scipy",
    "rich",
    "jinja2",
    "pooch",
    "requests",
    "tqdm",
    "platformdirs",
    "threadpoolctl",
)
"""The modules that the front doors import, all of them dependencies in pyproject.toml."""

OLDEST = (3, 11)
MISTAKE = 2
"""As in hpo.engine.exit_codes, which cannot be imported where NumPy may be missing."""


def is_installed(name: str) -> bool:
    """Return whether the module `name` can be imported, without importing it."""
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


def missing() -> list[str]:
    """Return the names of the modules in NEEDED that are not installed for this Python."""
    return [name for name in NEEDED if not is_installed(name)]


def refuse_what_is_missing() -> None:
    """End the program with one message if this Python is too old or lacks a package; the message says what to do."""
    if sys.version_info[:2] < OLDEST:
        wanted, found = (".".join(map(str, version)) for version in (OLDEST, sys.version_info[:2]))
        _end(f"hpo needs Python {wanted} or newer; this is {found} ({sys.executable})")
    lacking = missing()
    if lacking:
        _end(
            f"this Python ({sys.executable}) does not have {_listed(lacking)}. "
            "Activate the virtual environment that hpo was installed in, or install what is missing:\n"
            f"  {_remedy(lacking)}"
        )


def _listed(names: list[str]) -> str:
    names = [name.replace("_", "-") for name in names]
    return f"the package {names[0]}" if len(names) == 1 else f"the packages {', '.join(names)}"


def _remedy(names: list[str]) -> str:
    """Return the command that installs what is missing: the whole project where this is its checkout."""
    checkout = Path(__file__).resolve().parents[2]
    wanted = [str(checkout)] if (checkout / "pyproject.toml").is_file() else [name.replace("_", "-") for name in names]
    return shlex.join([sys.executable, "-m", "pip", "install", *wanted])


def _end(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(MISTAKE)
