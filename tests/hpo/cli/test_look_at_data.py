"""What a user reads of the data before anything runs."""

import numpy as np
import pytest

from hpo import models
from hpo.cli.data import data_dir_of_workers, look_at_data
from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.definition.trainers.networks import networks_of
from hpo.storage.errors import UserError
from hpo.training.cuts import Cut
from tests.support.builders import TABLES
from tests.support.dataset_files import small_arrays

ROUNDS = [{"trials": 2, "samples": 20, "epochs": 1}]
CONVNET = {"network": "convnet", "filters": [3], "kernel": 3, "padding": 1, "hidden": [5]}


def study(path, *, model=None, **changed) -> StudyDefinition:
    arrays = small_arrays(n_train=60, n_test=12, shape=(8, 8, 3)) | changed
    np.savez(path, **arrays)
    tables = TABLES | {"data": {"dataset": str(path)}, "rounds": ROUNDS}
    return read_definition("own", tables | ({"model": model} if model else {}))


@pytest.mark.parametrize("model", [None, CONVNET], ids=["mlp", "convnet"])
def test_colour_images_with_channels_last_train_and_are_named_in_one_line(tmp_path, capsys, model):
    definition = study(tmp_path / "own.npz", model=model)
    looked = look_at_data(definition, None)
    data = looked.data
    assert data is not None
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "own.npz: x_train (60, 8, 8, 3) as colour images, channels last; labels 0..2 as 3 classes",
    ]
    assert looked.source["provenance"] == "own.npz"
    fold = data.fold(Cut(20))
    rng = np.random.default_rng(0)
    network = models.build_network(networks_of(definition).network, data.image_shape, data.part.classes, rng)
    training = networks_of(definition).training
    results = list(models.fit(network, fold.train, fold.validation, training, epochs=1, rng=rng, evaluate_at=[1]))
    assert results[-1].step >= 1
    assert data.image_shape == (3, 8, 8)


def test_a_mistake_in_the_test_part_ends_the_command_before_the_search(tmp_path):
    with pytest.raises(UserError, match="9 labels for the 12 images of x_test"):
        look_at_data(study(tmp_path / "own.npz", y_test=np.zeros(9, dtype=int)), None)


def test_copies_and_floats_up_to_255_are_said(tmp_path, capsys):
    arrays = small_arrays(n_train=30, n_test=12, shape=(8, 8))
    look_at_data(
        study(
            tmp_path / "own.npz",
            x_train=np.repeat(arrays["x_train"], 2, axis=0).astype(float),
            y_train=np.repeat(arrays["y_train"], 2),
            x_test=arrays["x_test"].astype(float),
        ),
        None,
    )
    said = capsys.readouterr().out
    assert "of the 60 training images, 30 are different. Copies of one image are all used" in said
    assert "floats up to 255 and are used as they are" in said


def test_workers_are_told_where_the_data_lie_now(tmp_path):
    definition = study(tmp_path / "own.npz")
    assert data_dir_of_workers(definition, None) == tmp_path / "own.npz"
    (tmp_path / "own.npz").unlink()
    assert data_dir_of_workers(definition, tmp_path) == tmp_path
