"""What some samplers and formats need beside the dependencies: optional packages, asked for before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec

from hpo.storage.errors import UserError, to_install

NEEDS: Mapping[str, tuple[str, ...]] = {"gp": ("torch", "scipy"), "cmaes": ("cmaes",)}
"""The packages of each sampler that needs some, which is also the name of the extra that installs them."""

FORMAT_NEEDS: Mapping[str, tuple[str, ...]] = {"parquet": ("pyarrow",)}
"""The same for the formats of tables."""


def _installed(name: str) -> bool:
    return find_spec(name) is not None


def check_format(kind: str, *, installed: Callable[[str], bool] = _installed) -> None:
    """Raise UserError, naming the extra to install, if the format `kind` needs a package that is not there."""
    _check(f"--format {kind}", kind, FORMAT_NEEDS, "format", installed)


def check_installed(sampler: str, *, installed: Callable[[str], bool] = _installed) -> None:
    """Raise UserError, naming the extra to install, if `sampler` needs a package that is not there."""
    _check(f"search.sampler = {sampler!r}", sampler, NEEDS, "sampler", installed)


def _check(
    given: str, name: str, needs: Mapping[str, tuple[str, ...]], kind: str, installed: Callable[[str], bool]
) -> None:
    missing = [package for package in needs.get(name, ()) if not installed(package)]
    if missing:
        raise UserError(
            f"{given} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            f"{to_install(name)}, or take another {kind}"
        )
