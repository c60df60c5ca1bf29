"""The plan of the house: an import runs downwards only. Read from the source, so that nothing has to run for it.

A room is a folder. What a room may reach counts all that its imports import in turn, inside functions, too.
"""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"hpo": "hpo", "models": "hpo.models", "storage": "hpo.storage", "reports": "hpo.reports"}


def _module(folder: str, path: Path) -> str:
    parts = path.relative_to(ROOT / folder).with_suffix("").parts
    return ".".join([FOLDERS[folder], *parts]).removesuffix(".__init__")


MODULES = {
    _module(folder, path): path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not any(parent.is_symlink() for parent in path.parents)
}

PURE = ("searching", "definition", "proof", "certificate")
RULES = {
    "models": ("models",),
    "storage": ("storage",),
    "searching": ("searching", "storage.errors"),
    "definition": ("searching", "definition", "models", "storage.errors"),
    "proof": (*PURE, "models", "storage.errors"),
    "certificate": (*PURE, "models", "storage.errors"),
    "record": (*PURE, "models", "storage", "record"),
    "training": (*PURE, "models", "storage", "training"),
    "engine": (*PURE, "models", "storage", "record", "training", "engine"),
    "cli": (*PURE, "models", "storage", "record", "training", "engine", "reports.kinds", "cli"),
    "web": (*PURE, "models", "storage", "record", "training", "engine", "reports", "web"),
    "reports": (*PURE, "models", "storage", "record", "reports"),
}
"""What each room may reach, by folder."""

REPORTS = {
    "writing": (),
    "kinds": (),
    "facts": (),
    "words": ("facts", "writing"),
    "tables": ("facts", "words", "writing"),
    "look": ("figures", "words", "writing"),
    "figures": ("facts", "words", "tables", "writing"),
    "sheets": ("facts", "words", "tables", "writing"),
    "use": ("facts", "words", "writing"),
    "terminal": ("facts", "words", "tables", "sheets", "writing"),
    "dashboard": ("facts", "words", "tables", "figures", "sheets", "writing"),
    "page": ("facts", "words", "tables", "figures", "sheets", "writing"),
    "certificate_files": ("facts", "words", "tables", "figures", "writing"),
    "files": ("facts", "words", "tables", "figures", "sheets", "terminal", "page", "writing", "kinds", "use"),
}
"""The floors of the reports: what each part may reach beside itself."""


def room_of(module: str) -> str:
    """Return the folder below hpo that `module` lies in; `doors` for what lies in hpo itself, and in hpo.studies."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in RULES else "doors"


def lies_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@cache
def imported(module: str) -> frozenset[str]:
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
    return frozenset(found)


@cache
def reached(module: str) -> frozenset[str]:
    """Return the project's modules that `module` imports, and all that those import; not `hpo`, the lazy face."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in imported(waiting.pop()):
            if name in MODULES and name != "hpo" and name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found - {module})


def outside(module: str) -> set[str]:
    """Return what `module` and all that it reaches import from elsewhere."""
    return {name for each in (module, *reached(module)) for name in imported(each) if not lies_in(name, "hpo")}


def in_room(*rooms: str) -> list[str]:
    return [module for module in MODULES if room_of(module) in rooms]


@pytest.mark.parametrize("module", in_room(*RULES))
def test_a_room_reaches_only_the_rooms_below_it(module: str) -> None:
    allowed = RULES[room_of(module)]
    upwards = {name for name in reached(module) if not any(lies_in(name, f"hpo.{room}") for room in allowed)}
    assert not upwards, f"{module} reaches {', '.join(sorted(upwards))}"


@pytest.mark.parametrize("module", [module for module in in_room("reports") if module != "hpo.reports"])
def test_reports_are_built_from_facts_upwards(module: str) -> None:
    part = module.split(".")[2]
    allowed = (part, *REPORTS[part])
    upwards = {
        name
        for name in reached(module)
        if lies_in(name, "hpo.reports") and not any(lies_in(name, f"hpo.reports.{each}") for each in allowed)
    }
    assert not upwards - {"hpo.reports"}, f"{module} reaches {', '.join(sorted(upwards))}"


@pytest.mark.parametrize("module", in_room("models"))
def test_models_know_numpy_the_standard_library_and_nothing_else(module: str) -> None:
    others = {name for name in outside(module) if name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}}
    assert not others, f"{module} reaches {', '.join(sorted(others))}"


EFFECTS = {"sqlalchemy", "sqlite3", "time", "os", "subprocess", "threading", "multiprocessing", "random", "socket"}


@pytest.mark.parametrize("module", in_room(*PURE))
def test_decisions_reach_no_database_no_clock_no_process_and_no_socket(module: str) -> None:
    own = {each for each in (module, *reached(module)) if room_of(each) in PURE}
    found = {name for each in own for name in imported(each) if name.split(".")[0] in EFFECTS}
    assert not found, f"{module} reaches {', '.join(sorted(found))}"


@pytest.mark.parametrize(("package", "users"), [("argparse", ("cli", "doors")), ("rich", ("cli", "doors", "reports"))])
def test_the_command_line_and_the_terminal_stay_in_their_rooms(package: str, users: tuple[str, ...]) -> None:
    strangers = {
        module
        for module in MODULES
        if any(lies_in(name, package) for name in imported(module) if not lies_in(name, "rich.cells"))
        and not (
            room_of(module) in users and (room_of(module) != "reports" or module.startswith("hpo.reports.terminal"))
        )
    }
    assert not strangers


def test_matplotlib_stays_where_figures_are_drawn() -> None:
    users = {module for module in MODULES if any(lies_in(name, "matplotlib") for name in imported(module))}
    assert all(module.startswith(("hpo.reports.figures", "hpo.reports.look")) for module in users), users


def test_the_test_set_has_one_door_that_only_the_worker_goes_through() -> None:
    users = {module for module in MODULES if any(lies_in(name, "hpo.storage.test_set") for name in imported(module))}
    assert users == {"hpo.training.test_door"}
    users = {module for module in MODULES if any(lies_in(name, "hpo.training.test_door") for name in imported(module))}
    assert users == {"hpo.engine.worker"}


def test_the_rooms_are_all_there() -> None:
    assert {room_of(module) for module in MODULES} == {*RULES, "doors"}
    assert {module.split(".")[2] for module in in_room("reports") if module.count(".") > 1} == set(REPORTS)
