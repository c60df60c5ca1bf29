"""Finds good hyperparameter values on little data, and proves them on all of it.

What a program may rely on, beside the command line:

- `load_definition(study, changes=(), seed=None)`: the checked definition of a preset or of a study file
- `StudyDefinition`: what it returns: the space, the rounds, the network, the data
- `presets()`: the names and titles of the studies that come along
- `UserError`: a mistake that the user can put right; its text says how
- `run_study(study, storage=None, ...)`: a study run to its end, or gone on with, in processes of this machine
- `search(train, space, ...)`: the same for a Python function of your own, from a script or a notebook
- `open_study(name=None, storage=None)`: a study in a database: what to use, how sure that is, its report
- `Study`: what both return
- `log`, `uniform`, `integer`, `choice`, `fixed`: what a hyperparameter is, for a space in Python
- `Score`, `Test`, `Run`: what a training function gives back, and what it is given: `train(config, run)`
- `hpo.models`: layers, networks, optimizers and training, on NumPy alone
- `hpo.reports.tables`: a study's tables as pandas DataFrames
- `__version__`

Names are imported when they are first asked for, so that `import hpo` costs nothing and `import hpo.models` loads NumPy
and nothing else. Whatever is not listed here may change in any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo.definition.constructors import choice, fixed, integer, log, uniform
    from hpo.definition.files import load_definition, presets
    from hpo.definition.study import StudyDefinition
    from hpo.searches import search
    from hpo.storage.errors import UserError
    from hpo.study import Study, open_study, run_study
    from hpo.training.functions.run import Run
    from hpo.training.functions.scores import Score, Test

__version__ = "0.3.0"

_HOMES = {
    "load_definition": "hpo.definition.files",
    "presets": "hpo.definition.files",
    "StudyDefinition": "hpo.definition.study",
    "UserError": "hpo.storage.errors",
    "Study": "hpo.study",
    "open_study": "hpo.study",
    "run_study": "hpo.study",
    "log": "hpo.definition.constructors",
    "uniform": "hpo.definition.constructors",
    "integer": "hpo.definition.constructors",
    "choice": "hpo.definition.constructors",
    "fixed": "hpo.definition.constructors",
    "search": "hpo.searches",
    "Run": "hpo.training.functions.run",
    "Score": "hpo.training.functions.scores",
    "Test": "hpo.training.functions.scores",
}
"""Where each public name lives."""

__all__ = [
    "Run",
    "Score",
    "Study",
    "StudyDefinition",
    "Test",
    "UserError",
    "__version__",
    "choice",
    "fixed",
    "integer",
    "load_definition",
    "log",
    "open_study",
    "presets",
    "run_study",
    "search",
    "uniform",
]


if not TYPE_CHECKING:  # a type checker that saw it would take any name for a public one

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'hpo' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
