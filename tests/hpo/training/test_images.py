"""How the images of a study are cut: by numbers that are given, or that follow from how many there are."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hpo.definition.reading import read_definition
from hpo.definition.settings import DataSettings, HeldOut
from hpo.record.differences import differences
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.training.images import StudyData
from tests.support.builders import TABLES
from tests.support.dataset_files import small_arrays


def cut(path: Path, *, images: int = 200, copies: int = 1, **data: int) -> StudyData:
    arrays = small_arrays(n_train=images // copies, n_test=10)
    arrays |= {part: np.repeat(arrays[part], copies, axis=0) for part in ("x_train", "y_train")}
    np.savez(path, **arrays)
    rounds = [{"trials": 2, "samples": 20, "epochs": 1}]
    definition = read_definition("own", TABLES | {"data": {"dataset": str(path), **data}, "rounds": rounds})
    located = locate(str(path), announce=print)
    return StudyData.build(definition, located, load_training_part(located))


@pytest.mark.parametrize(
    ("images", "numbers"),
    [
        (60_000, (10_000, 500, 2_000)),
        (100_000, (10_000, 500, 2_000)),
        (50_000, (8_333, 500, 2_000)),
        (10_000, (2_500, 500, 2_000)),
        (1_000, (250, 125, 125)),
        (200, (50, 25, 25)),
        (50, (20, 10, 10)),
    ],
)
def test_the_numbers_follow_from_how_many_images_there_are(images, numbers):
    assert DataSettings("own").held_out(images) == HeldOut(*numbers)


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ({"holdout": 10_000}, (10_000, 500, 2_000)),
        ({"holdout": 100}, (100, 50, 50)),
        ({"validation": 30}, (250, 30, 220)),
        ({"confirmation": 200}, (250, 50, 200)),
        ({"validation": 300, "confirmation": 300}, (600, 300, 300)),
        ({"holdout": 300, "validation": 100, "confirmation": 50}, (300, 100, 50)),
    ],
)
def test_what_is_given_stays_and_the_rest_fits_it(given, numbers):
    assert DataSettings("own", **given).held_out(1_000) == HeldOut(*numbers)


def test_in_a_comparison_all_of_the_holdout_scores():
    assert DataSettings("own", confirmation=0).held_out(1_000) == HeldOut(250, 250, 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"holdout": 900_000}, "holdout = 900000, validation = 500, confirmation = 2000 do not fit the 200 training"),
        ({"validation": 150, "confirmation": 150}, "holdout = 300, validation = 150, confirmation = 150 do not fit"),
        ({"holdout": 15}, "holdout = 15, validation = 10, confirmation = 10 do not fit"),
    ],
)
def test_one_error_names_all_three_with_numbers_that_work(tmp_path, given, said):
    with pytest.raises(UserError, match=said) as raised:
        cut(tmp_path / "own.npz", **given)
    works = "holdout = 50, validation = 25, confirmation = 25"
    assert works in str(raised.value)
    assert cut(tmp_path / "own.npz", holdout=50, validation=25, confirmation=25).settings == HeldOut(50, 25, 25)


def test_too_few_images_are_told(tmp_path):
    with pytest.raises(UserError, match="12 training images in 3 classes; at least 26 are needed"):
        cut(tmp_path / "own.npz", images=12)


def test_the_numbers_are_recorded_and_resuming_without_them_is_no_change(tmp_path):
    path = tmp_path / "own.npz"
    cut_data = cut(path)
    tables = TABLES | {"data": {"dataset": str(path)}, "rounds": [{"trials": 2, "samples": 20, "epochs": 1}]}
    written = read_definition("own", tables)
    begun = cut_data.settled(written)
    assert begun.record()["data"] == {"dataset": str(path), "holdout": 50, "validation": 25, "confirmation": 25}
    moved = dataclasses.replace(written, data=DataSettings("elsewhere/own.npz"))
    assert not differences(begun.record(), moved.on_the_data_of(begun).record())
    changed = dataclasses.replace(written, data=DataSettings(str(path), holdout=60))
    assert differences(begun.record(), changed.on_the_data_of(begun).record()) == ["data.holdout: 50 -> 60"]


def test_mnists_stand_in_keeps_the_numbers_of_all_of_mnist_in_its_record():
    located = locate("mnist", offline=True, announce=lambda _: None)
    definition = read_definition("own", TABLES | {"data": {"dataset": "mnist"}})
    data = StudyData.build(definition, located, load_training_part(located))
    assert data.settled(definition).data == DataSettings("mnist", 10_000, 500, 2_000)
    assert data.settings == HeldOut(1_000, 500, 500)


def test_copies_of_a_picture_train_or_validate(tmp_path):
    data = cut(tmp_path / "own.npz", copies=4)
    rows = data.part.images.reshape(200, -1)
    pool, holdout = ({rows[i].tobytes() for i in indices} for indices in (data.split.pool, data.split.holdout))
    assert len(data.split.holdout) == 50
    assert not pool & holdout
