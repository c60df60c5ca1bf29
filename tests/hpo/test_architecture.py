"""The plan of the house: an import runs downwards only. Read from the source, so that nothing has to run for it."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "storage", "hpo", "reports")
FRONT_DOORS = (
    "hpo.run",
    "hpo.work",
    "hpo.report",
    "hpo.serve",
    "hpo.studies.__main__",
    "hpo.valley",
    "hpo.look",
    "hpo.certify",
)
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
}


def imported(module: str) -> set[str]:
    """Return the full names of all that `module` imports, anywhere in it; a from-import names each of its names too."""
    path = MODULES[module]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
                origin = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return found


def lies_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def forbidden(module: str) -> tuple[str, ...]:
    """Return what `module` must not import."""
    room = module.split(".", maxsplit=1)[0]
    if module in FRONT_DOORS:
        return ()
    return {
        "models": ("hpo", "storage", "reports"),
        "storage": ("hpo", "models", "reports"),
        "hpo": ("reports", *FRONT_DOORS),
        "reports": FRONT_DOORS,
    }[room]


@pytest.mark.parametrize("module", MODULES)
def test_an_import_runs_downwards_only(module):
    upwards = {name for name in imported(module) if lies_in(name, forbidden(module))}
    assert not upwards, f"{module} imports {', '.join(sorted(upwards))}"


@pytest.mark.parametrize("module", [module for module in MODULES if lies_in(module, ("models",))])
def test_models_know_numpy_the_standard_library_and_nothing_else(module):
    others = {
        name
        for name in imported(module)
        if not lies_in(name, ("models", "numpy", "__future__")) and name.split(".")[0] not in sys.stdlib_module_names
    }
    assert not others, f"{module} imports {', '.join(sorted(others))}"


def test_only_the_evaluation_opens_the_test_set():
    door = ("storage.test_set",)
    assert {module for module in MODULES if any(lies_in(name, door) for name in imported(module))} == {"hpo.evaluation"}


def test_only_workers_evaluate_on_the_test_set():
    door = ("hpo.evaluation",)
    assert {module for module in MODULES if any(lies_in(name, door) for name in imported(module))} == {"hpo.workers"}


DECISIONS = (
    "bias_correction",
    "space",
    "narrowing",
    "proposing",
    "stopping",
    "selecting",
    "racing",
    "dunnett",
    "transfer",
    "trials",
)


@pytest.mark.parametrize(
    "module", [f"hpo.{name}" for name in (*DECISIONS, "seeds", "certificate", "certificate_plan", "auto_samples")]
)
def test_decisions_know_no_database_no_clock_no_process_and_no_file(module):
    effects = (
        "storage",
        "sqlalchemy",
        "sqlite3",
        "time",
        "datetime",
        "os",
        "pathlib",
        "subprocess",
        "threading",
        "random",
    )
    found = {name for name in imported(module) if lies_in(name, effects) and not lies_in(name, ("storage.errors",))}
    assert not found, f"{module} imports {', '.join(sorted(found))}"


def test_the_rooms_are_all_there():
    assert {module.split(".")[0] for module in MODULES} == set(ROOMS)
    assert {"hpo.run", "hpo.work"} <= set(MODULES)
