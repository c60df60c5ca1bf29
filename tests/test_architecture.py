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
DECISIONS = (*PURE, "auditing")
"""The pure rooms; what a search decides does not hang on audits, so the others do not reach those."""
RULES = {
    "models": ("models",),
    "storage": ("storage",),
    "searching": ("searching", "storage.errors"),
    "auditing": ("searching", "auditing", "storage.errors"),
    "definition": ("searching", "definition", "models", "storage.errors"),
    "proof": (*PURE, "models.bounds", "storage.errors"),
    "certificate": (*PURE, "models.bounds", "storage.errors"),
    "record": (*PURE, "auditing", "models", "storage", "record"),
    "training": (*PURE, "models", "storage", "training"),
    "engine": (*PURE, "models", "storage", "record", "training", "engine"),
    "cli": (*PURE, "models", "storage", "record", "training", "engine", "reports.kinds", "cli"),
    "web": (*PURE, "models", "storage", "record", "training", "engine", "reports", "web"),
    "reports": (*PURE, "auditing", "models", "storage", "record", "reports"),
}
"""What each room may reach, by folder."""

ANY_TRAINER = ("hpo.definition.study", "hpo.training.protocol", "hpo.training.cuts", "hpo.training.assignments")
"""What a study is, and what it asks of a trainer, beside the rooms that decide: whoever trains, they are the same."""

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
    "audit_files": ("facts", "words", "tables", "figures", "sheets", "page", "writing", "kinds"),
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


@pytest.mark.parametrize("module", [*in_room("searching", "proof", "certificate"), *ANY_TRAINER])
def test_what_decides_and_what_is_asked_of_a_trainer_know_no_network_and_no_training(module: str) -> None:
    """Then they are the same whoever trains. Of the networks they have only the bounds of a declared field."""
    ours = {name for name in reached(module) if lies_in(name, "hpo.models") and name != "hpo.models.bounds"}
    assert not ours, f"{module} reaches {', '.join(sorted(ours))}"
    if room_of(module) != "training":
        assert not [name for name in reached(module) if lies_in(name, "hpo.training")]


@pytest.mark.parametrize("module", in_room("models"))
def test_models_know_numpy_the_standard_library_and_nothing_else(module: str) -> None:
    others = {name for name in outside(module) if name.split(".")[0] not in {"numpy", *sys.stdlib_module_names}}
    assert not others, f"{module} reaches {', '.join(sorted(others))}"


DATABASES = {"sqlalchemy", "sqlite3", "optuna.storages"}
CLOCKS = {"time", "sched"}
CHANCE = {"random", "secrets", "uuid"}
PROCESSES = {"os", "subprocess", "threading", "multiprocessing", "concurrent", "asyncio", "signal", "ctypes"}
SOCKETS = {"socket", "socketserver", "selectors", "ssl", "http", "urllib", "wsgiref", "ftplib", "smtplib"}
FILES = {"pathlib", "io", "tempfile", "shutil", "glob", "zipfile", "tarfile", "gzip", "mmap", "logging"}
PACKAGES = {
    "searching": ("numpy", "scipy", "optuna"),
    "proof": ("numpy", "scipy", "optuna"),
    "certificate": ("numpy",),
    "auditing": ("numpy", "scipy"),
}
"""What the pure rooms use that is neither ours nor Python's; `definition` uses none. Of Optuna: samplers, and types."""


def of(packages: set[str], name: str) -> bool:
    """Whether `name` is one of `packages`, or lies in one."""
    return any(lies_in(name, package) for package in packages)


@pytest.mark.parametrize("module", in_room(*DECISIONS))
def test_decisions_reach_no_database_no_clock_no_dice_no_process_and_no_socket(module: str) -> None:
    """What they reach in other rooms, in models and storage.errors, is held to that by tests of its own."""
    own = {each for each in (module, *reached(module)) if room_of(each) in DECISIONS}
    effects = DATABASES | CLOCKS | CHANCE | PROCESSES | SOCKETS
    found = {name for each in own for name in imported(each) if of(effects, name)}
    assert not found, f"{module} reaches {', '.join(sorted(found))}"
    assert not of_a_clock(module), f"{module} asks what time it is"


def of_a_clock(module: str) -> set[str]:
    """Return how `module` reads the clock by a class that it may have for its type: `datetime.now()` and the like."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    return called & {"now", "utcnow", "today"}


@pytest.mark.parametrize("module", in_room(*DECISIONS))
def test_decisions_read_no_file_except_that_a_definition_reads_its_study_file(module: str) -> None:
    files = {name for name in imported(module) if of(FILES, name)}
    assert not files or (room_of(module) == "definition" and {name.split(".")[0] for name in files} == {"pathlib"}), (
        files
    )


@pytest.mark.parametrize("module", in_room(*DECISIONS))
def test_decisions_use_no_other_packages_than_they_are_known_to(module: str) -> None:
    known = {"hpo", *sys.stdlib_module_names, *PACKAGES.get(room_of(module), ())}
    assert {name.split(".")[0] for name in imported(module)} <= known


@pytest.mark.parametrize("module", in_room("models"))
def test_models_start_no_process_and_only_checkpoints_are_files(module: str) -> None:
    found = {name for name in imported(module) if of(DATABASES | PROCESSES | SOCKETS | {"pathlib", "tempfile"}, name)}
    assert not found or module == "hpo.models.checkpoint", f"{module} imports {', '.join(sorted(found))}"


def test_the_errors_that_every_room_may_raise_import_nothing() -> None:
    assert not imported("hpo.storage.errors") - {"__future__", "__future__.annotations"}


def test_the_face_of_the_package_imports_nothing_of_it_until_it_is_asked_for() -> None:
    statements = ast.parse(MODULES["hpo"].read_text(encoding="utf-8")).body
    names = set()
    for node in statements:  # what stands inside `if TYPE_CHECKING` or a function is not run by `import hpo`
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("hpo" if node.level else node.module or "")
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_no_module_imports_itself_through_others() -> None:
    def within(module: str) -> set[str]:
        return {name for name in imported(module) if name in MODULES and name not in ("hpo", module)}

    circles = {module for module in MODULES if any(module in reached(name) for name in within(module))}
    assert not circles


def test_the_rooms_are_imported_as_parts_of_hpo_only() -> None:
    """By their folders' names they would be loaded a second time, with errors and types that equal no others."""
    files = [*MODULES.values(), *(ROOT / "tests").rglob("*.py")]
    bare = set(FOLDERS) - {"hpo"}
    found = {
        path.relative_to(ROOT)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in bare for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] in bare)
    }
    assert not found


def test_no_room_reaches_a_front_door() -> None:
    doors = set(in_room("doors")) - {"hpo"}
    assert not {module for module in in_room(*RULES) if doors & reached(module)}


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
    strangers = {
        each for each in users_of("matplotlib") if not each.startswith(("hpo.reports.figures", "hpo.reports.look"))
    }
    assert not strangers


def users_of(package: str) -> set[str]:
    return {module for module in MODULES if any(lies_in(name, package) for name in imported(module))}


def test_the_test_set_has_one_door_that_only_the_worker_goes_through() -> None:
    assert users_of("hpo.storage.test_set") == {"hpo.training.test_set_access"}
    assert users_of("hpo.training.test_set_access") == {"hpo.engine.worker"}
    assert users_of("hpo.storage.test_check") == {"hpo.storage.test_set", "hpo.cli.data"}, "it returns only mistakes"
    assert users_of("hpo.storage.example_check") == {"hpo.cli.data"}, "it returns only mistakes, too"
    assert users_of("hpo.storage.test_examples") == {"hpo.storage.test_set", "hpo.storage.example_check"}


def test_the_rooms_are_all_there() -> None:
    assert {room_of(module) for module in MODULES} == {*RULES, "doors"}
    assert {module.split(".")[2] for module in in_room("reports") if module.count(".") > 1} == set(REPORTS)
