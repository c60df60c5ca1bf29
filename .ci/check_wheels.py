"""Check that two wheels, one built from the checkout and one from the sdist, hold the same, and all that belongs there.

Usage: python .ci/check_wheels.py FROM_CHECKOUT.whl FROM_SDIST.whl
"""

import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]


def contents(wheel: str) -> dict[str, int]:
    """Return the checksum of every file of a wheel, but RECORD, which lists them."""
    with ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist() if not each.filename.endswith("/RECORD")}


def expected() -> set[str]:
    """Return the files that users need beside Python's: the presets, the report's templates, and data."""
    found = {f"hpo/studies/{path.name}" for path in (ROOT / "hpo" / "studies").glob("*.toml")}
    found |= {f"hpo/reports/page/templates/{path.name}" for path in (ROOT / "reports/page/templates").iterdir()}
    found |= {f"hpo/storage/data/{path.name}" for path in (ROOT / "storage" / "data").glob("*")}
    return found | {"hpo/py.typed", "hpo/models/__init__.py", "hpo/storage/__init__.py", "hpo/reports/__init__.py"}


def main(from_checkout: str, from_sdist: str) -> str:
    """Return what is wrong, or nothing."""
    ours, theirs = contents(from_checkout), contents(from_sdist)
    tops = {name.partition("/")[0] for name in ours if ".dist-info/" not in name}
    if tops != {"hpo"}:
        return f"the wheel has {sorted(tops)} at its top, not hpo alone"
    if lacking := sorted(expected() - set(ours)):
        return f"the wheel lacks {', '.join(lacking)}"
    if different := sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)):
        return f"the wheels differ in {', '.join(different)}"
    print(f"one package, {len(ours)} files, the same from the sdist")
    return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
