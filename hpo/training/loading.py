"""Find and load the data that a study's trainer takes: images with classes, or examples of any shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from hpo.definition.settings import DATASETS
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import NetworkTrainer
from hpo.searching.metric import Metric
from hpo.storage.datasets import TrainingPart, load_training_part, locate
from hpo.storage.errors import UserError
from hpo.storage.examples import ExamplePart, load_examples
from hpo.storage.located import Located
from hpo.storage.own_examples import Wanted, locate_examples
from hpo.storage.targets import Task

TrainingData = TrainingPart | ExamplePart
"""Everything that a search may see, of either kind; both have x, y, task, classes, strata and take(indices)."""

_OF_CLASSES = ("accuracy", "balanced_accuracy", "f1", "auc", "average_precision", "error_rate", "log_loss")
_OF_AMOUNTS = ("rmse", "mse", "mae", "r2")


def locate_data(
    definition: StudyDefinition,
    *,
    data_dir: Path | None = None,
    offline: bool = False,
    announce: Callable[[str], None],
    sha256: str | None = None,
) -> Located:
    """Return where the data of `definition` lie, as its trainer takes them.

    Our networks take images with classes. For any other trainer a table or the arrays of an .npz file are examples as
    they were saved; known names and folders of pictures are images here, too. Raises UserError if nothing is found or
    it does not fit, saying what to do; ValueError where the trainer brings its own data.
    """
    data = definition.data
    if data.dataset is None:
        raise ValueError("no data to locate: the trainer has its own")
    networks = trains_networks(definition)
    if networks and data.is_table:
        raise UserError(
            f"data.dataset = {data.dataset!r} is a table, and our networks take images with classes; name another "
            'trainer for it, such as [trainer] estimator = "sklearn.ensemble:HistGradientBoostingClassifier"'
        )
    if networks and data.task == "regression":
        raise UserError(
            'data.task = "regression": our networks tell classes apart; name another [trainer], or remove it'
        )
    if not networks and data.dataset not in DATASETS and not _is_folder(data.dataset, data_dir):
        wanted = Wanted(
            data.dataset,
            data.target,
            data.test,
            data.ignore or (),
            cast("Task | None", data.task),
            _likely(definition.metric),
        )
        return locate_examples(wanted, data_dir=data_dir, known=DATASETS, sha256=sha256)
    return locate(data.dataset, data_dir=data_dir, offline=offline, announce=announce, sha256=sha256)


def load_data(located: Located) -> TrainingData:
    """Return the training part of `located`, after checking its SHA-256; never reads a test example."""
    return load_training_part(located) if located.of_images else load_examples(located)


def trains_networks(definition: StudyDefinition) -> bool:
    """Say whether our own networks are trained."""
    return isinstance(definition.trainer, NetworkTrainer)


def _is_folder(dataset: str, data_dir: Path | None) -> bool:
    try:
        path = Path(dataset).expanduser()
        return path.is_dir() or (data_dir is not None and not path.exists() and (data_dir / path.name).is_dir())
    except (OSError, RuntimeError, ValueError):
        return False


def _likely(metric: Metric) -> Task | None:
    """Return the task that goes with `metric`; None where it says nothing."""
    if metric.name in _OF_AMOUNTS:
        return "regression"
    return "classification" if metric.name in _OF_CLASSES else None
