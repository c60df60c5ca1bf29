"""A search for a function of your own, from a script or a notebook.

>>> import hpo
>>> study = hpo.search(train, {"learning_rate": hpo.log(1e-4, 1e-1)}, data="digits.npz", rounds=4, trials=20)
>>> study.use, study.interval
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from hpo.definition.constructors import space_tables
from hpo.definition.metrics import metric_record
from hpo.definition.naming import check_study_name
from hpo.definition.reading import read_definition
from hpo.definition.settings import DATASETS
from hpo.record.commands import IN_PYTHON
from hpo.record.declared import DeclaredStudy
from hpo.searching.metric import Metric
from hpo.storage.errors import UserError
from hpo.storage.given_arrays import kept_arrays
from hpo.study import Study, run_declared
from hpo.training.functions.handed import handed, name_of


def search(
    train: Callable[..., Any],
    space: Mapping[str, Any],
    *,
    data: str | Path | tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    metric: str | Mapping[str, Any] | Metric = "accuracy",
    rounds: int = 4,
    trials: int = 20,
    samples: int | None = None,
    epochs: int | None = None,
    rungs: Sequence[float] | None = None,
    sampler: str | None = None,
    constraints: Sequence[Mapping[str, Any]] = (),
    require: str | Sequence[str] = (),
    final: Mapping[str, Any] | None = None,
    examples: int | None = None,
    seed: int = 0,
    storage: str | None = None,
    name: str | None = None,
    workers: int | None = None,
    data_dir: str | Path | None = None,
    checkpoints: str | Path | None = None,
    accept_source: bool = False,
    announce: Callable[[str], None] = print,
) -> Study:
    """Search for the best config of `train(config, run)`, prove it, and return the study.

    `train` yields an hpo.Score at each percent of `run.rungs`, or returns a number. `space` says between which values
    each hyperparameter is searched: hpo.log, hpo.uniform, hpo.integer, hpo.choice, or a table as in a study file.
    `data` is a dataset's name or path, or arrays (x, y), with `test` beside them; None where the function has its own,
    of which `examples` says how many there are, if `run.split` is to give it a subset. `samples` and `epochs` are those
    of each trial of the search (default: all examples, and 1). `rungs`, `sampler`, `final`, `constraints` and `require`
    are what a study file calls so. `checkpoints` is a folder for `run.checkpoint`.

    The same call again goes on where it was stopped, or returns what it found. Raises UserError for what is wrong.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if samples and data is None and examples is None and test is None:
        raise UserError(
            f"samples = {samples}, but nothing says how many examples there are to take them from; give "
            "examples=len(x) where run.split divides your own, or data=(x, y); or leave samples out"
        )
    given = handed(train)
    folder = None if checkpoints is None else str(checkpoints)
    function = replace(given.trainer.function, checkpoints=folder)  # type: ignore[attr-defined]
    given = replace(given, trainer=replace(given.trainer, function=function))  # type: ignore[type-var]
    round_of = {"trials": trials, "samples": samples or 0, "epochs": epochs or 1}
    asked: dict[str, Any] = {"rungs": rungs and list(rungs), "sampler": sampler}
    tables: dict[str, Any] = {
        "title": f"hpo.search of {name_of(train)}",
        "seed": seed,
        "data": _data(data, test, examples),
        **given.trainer.tables(),
        "metric": metric_record(metric) if isinstance(metric, Metric) else metric,
        "space": space_tables(space, require),
        "search": {key: value for key, value in asked.items() if value is not None},
        "rounds": [round_of] * rounds,
        "final": dict(final or {}),
    }
    if constraints:
        tables["constraints"] = [dict(each) for each in constraints]
    definition = read_definition(check_study_name(name or name_of(train)), tables)
    return run_declared(
        replace(DeclaredStudy.of(definition), started_from=IN_PYTHON),
        given,
        storage,
        workers=workers,
        data_dir=data_dir,
        accept_source=accept_source,
        announce=announce,
    )


def _data(data: Any, test: tuple[Any, Any] | None, examples: int | None) -> dict[str, Any]:
    """Return the table [data]; arrays are kept in a file of the user's cache."""
    counted = {} if examples is None else {"examples": examples}
    if data is None or isinstance(data, str | Path):
        if test is not None:
            raise UserError("test = (x, y) goes with data = (x, y); a dataset has its test examples with it")
        if data is None:
            return counted
        known = isinstance(data, str) and data in DATASETS
        return {"dataset": data if known else str(Path(data).expanduser().absolute()), **counted}
    return {"dataset": str(kept_arrays(data, test)), **counted}
