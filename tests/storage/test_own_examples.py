"""Examples that need not be images: what arrays and tables are taken for, and what is refused."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from hpo.storage.errors import UserError
from hpo.storage.example_check import check_test_examples, remarks
from hpo.storage.examples import load_examples
from hpo.storage.own_examples import Wanted, locate_examples
from hpo.storage.test_set import TestExamples, load_test
from tests.support.tables import houses, write

RNG = np.random.default_rng(5)


def load(path, **fields):
    located = locate_examples(Wanted(str(path), **fields))
    return located, load_examples(located)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("shape", [(), (7,), (6, 5), (3, 6, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64, np.bool_])
def test_arrays_are_loaded_as_they_were_saved(tmp_path, shape, dtype):
    x = (RNG.random((60, *shape)) * 100).astype(dtype)
    located, part = load(save(tmp_path / "own.npz", x_train=x, y_train=np.arange(60) % 3, x_test=x, y_test=[0] * 60))
    np.testing.assert_array_equal(part.x, x)
    assert part.x.dtype == dtype
    assert (part.classes, part.task) == (3, "classification")
    test = load_test(located, part)
    assert isinstance(test, TestExamples)
    np.testing.assert_array_equal(test.x, x)


def test_amounts_are_a_regression_and_are_said_to_be(tmp_path):
    y = RNG.normal(size=60)
    located, part = load(save(tmp_path / "own.npz", x=RNG.normal(size=(60, 4)), y=y))
    np.testing.assert_array_equal(part.y, y)
    assert (part.classes, part.task) == (0, "regression")
    assert "x (60, 4) as 60 examples of 4 values; a regression of y, from " in located.taken_for


def test_without_a_test_part_all_examples_train_and_none_is_tested(tmp_path):
    located, part = load(save(tmp_path / "own.npz", x=RNG.normal(size=(60, 4)), y=np.arange(60) % 2))
    assert (len(part.y), located.tested) == (60, False)
    assert "no test part, so nothing is tested in the end" in located.taken_for
    assert check_test_examples(located, part) == ()
    with pytest.raises(UserError, match="has no test part"):
        load_test(located, part)


def test_missing_values_are_allowed_in_x(tmp_path):
    x = RNG.normal(size=(60, 4))
    x[2, 1] = np.nan
    assert np.isnan(load(save(tmp_path / "own.npz", x=x, y=np.arange(60) % 2))[1].x[2, 1])


def test_text_in_x_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match="go into a CSV or Parquet table"):
        load(save(tmp_path / "own.npz", x=np.array([["a"], ["b"]] * 30), y=np.arange(60) % 2))


def test_x_and_y_must_be_of_one_length(tmp_path):
    with pytest.raises(UserError, match="50 targets in y for the 60 examples of x"):
        load(save(tmp_path / "own.npz", x=RNG.normal(size=(60, 4)), y=np.arange(50) % 2))


@pytest.mark.parametrize("name", ["houses.csv", "houses.tsv", "houses.parquet"])
def test_a_table_has_numbers_and_categories(tmp_path, name):
    located, part = load(write(houses(), tmp_path / name), target="price", ignore=("sold",))
    assert [str(dtype) for dtype in part.x.dtypes] == ["int64", "float64", "category", "int64"]
    assert list(part.x.town.cat.categories) == ["Bonn", "Kiel", "Ulm"]
    np.testing.assert_allclose(part.y, houses().price)
    assert located.taken_for.startswith(
        f"{name}: 120 rows of 4 columns, 3 of numbers and 1 of categories; a regression of 'price', from "
    )


def test_classes_of_a_table_keep_their_names(tmp_path):
    _, part = load(write(houses(), tmp_path / "houses.csv"), target="sold", ignore=("price",))
    assert (part.task, part.names) == ("classification", ("late", "soon"))
    assert [part.names[label] for label in part.y[:5]] == houses().sold[:5].tolist()


def test_csv_and_parquet_hold_the_same(tmp_path):
    fields = {"target": "price", "ignore": ("sold",)}
    csv = load(write(houses(), tmp_path / "houses.csv"), **fields)[1]
    parquet = load(write(houses(), tmp_path / "houses.parquet"), **fields)[1]
    pd.testing.assert_frame_equal(csv.x, parquet.x)
    np.testing.assert_array_equal(csv.y, parquet.y)


def test_a_table_is_known_by_the_hash_of_its_file(tmp_path):
    path = write(houses(), tmp_path / "houses.csv")
    located, _ = load(path, target="price")
    (tmp_path / "else").mkdir()
    moved = write(houses(), tmp_path / "else" / "houses.csv")
    assert load(moved, target="price")[0].sha256 == located.sha256
    write(houses(seed=1), path)
    with pytest.raises(UserError, match=r"has changed since it was located"):
        load_examples(located)
    assert load(path, target="price")[0].sha256 != located.sha256


def test_who_looks_for_a_hash_finds_it_in_the_data_folder(tmp_path):
    path = write(houses(), tmp_path / "houses.csv")
    wanted = Wanted(str(path), target="price")
    sha256 = locate_examples(wanted).sha256
    (tmp_path / "data").mkdir()
    copy = write(houses(), tmp_path / "data" / "houses.csv")
    write(houses(seed=1), path)
    assert locate_examples(wanted, data_dir=tmp_path / "data", sha256=sha256).paths == (copy,)


def test_missing_cells_are_nan_but_not_in_the_target(tmp_path):
    frame = houses()
    frame.loc[3, "area"] = np.nan
    frame.loc[4, "town"] = None
    part = load(write(frame, tmp_path / "houses.csv"), target="price")[1]
    assert np.isnan(part.x.area[3])
    assert part.x.town.isna()[4]
    frame.loc[[5, 8], "price"] = np.nan
    with pytest.raises(UserError, match=r"price lacks a usable value .* in rows 6 and 9 of 120"):
        load(write(frame, tmp_path / "houses.csv"), target="price")
    with pytest.raises(UserError, match=r"town lacks a usable value .* in row 5 of 120"):
        load(write(frame, tmp_path / "houses.csv"), target="town")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, 'say which column is to be predicted, such as target = "price"'),
        ({"target": "prize"}, r"no column 'prize' \(the target\); did you mean 'price'\?"),
        ({"target": "price", "ignore": ("towns",)}, r"no column 'towns' \(of ignore\); did you mean 'town'\?"),
        ({"target": "price", "test": "nowhere.csv"}, "there is no such file"),
        ({"target": "sold", "task": "regression"}, "which no regression predicts"),
    ],
)
def test_mistakes_about_a_table_are_named(tmp_path, fields, message):
    with pytest.raises(UserError, match=message):
        load(write(houses(), tmp_path / "houses.csv"), **fields)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "can't be read as a table"),
        (b"a,b\n", "has no rows"),
        (b"a,price,a\n1,2,3\n", "several columns named 'a'"),
        (b"a,price\n1,2\n1,2,3,4\n", "can't be read as a table"),
        (b"a,price\n\xff\xfe,2\n", "no UTF-8"),
        (b"price\n1\n2\n", "no column beside the target"),
    ],
)
def test_damaged_tables_are_refused_in_words(tmp_path, data, message):
    (tmp_path / "houses.csv").write_bytes(data)
    with pytest.raises(UserError, match=message):
        load(tmp_path / "houses.csv", target="price")


def test_a_damaged_parquet_table_is_refused_in_words(tmp_path):
    (tmp_path / "houses.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(UserError, match="can't be read as a Parquet table"):
        load(tmp_path / "houses.parquet", target="price")


def test_a_small_parquet_file_that_unpacks_to_gigabytes_is_refused_before_it_does(tmp_path, monkeypatch):
    monkeypatch.setattr("hpo.storage.limits.MOST_BYTES", 100_000)
    frame = pd.DataFrame({"a": np.zeros(50_000), "price": np.arange(50_000) % 2})
    path = write(frame, tmp_path / "zeros.parquet")
    assert path.stat().st_size < 100_000
    with pytest.raises(UserError, match="takes 800,000 bytes unpacked; at most 100,000 are read"):
        load(path, target="price")


def test_dates_are_refused_with_the_way_out(tmp_path):
    frame = houses().assign(built=pd.date_range("2000-01-01", periods=120))
    with pytest.raises(UserError, match=r"'built' holds dates or times.*ignore = \[\"built\"\]"):
        load(write(frame, tmp_path / "houses.parquet"), target="price")


def test_the_test_table_is_read_as_training_was(tmp_path):
    path, other = write(houses(), tmp_path / "houses.csv"), houses(30, seed=1)[::-1]
    other["town"] = other["town"].replace("Ulm", "Rom")
    test = write(other[["price", "town", "garden", "area", "rooms", "sold"]], tmp_path / "test.csv")
    located, part = load(path, target="sold", test=str(test), ignore=("price",))
    read = load_test(located, part)
    assert list(read.x.columns) == list(part.x.columns)
    assert (read.x.dtypes == part.x.dtypes).all()
    assert read.x.town.isna().sum() == (other.town == "Rom").sum()
    assert [part.names[label] for label in read.y] == other.sold.tolist()
    assert check_test_examples(located, part) == (
        "test values of 'town' that training lacks are taken as missing: 'Rom'.",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="area"), r"has no column 'area' \(which training has\)"),
        (lambda frame: frame.assign(area="large"), "'area' holds 'large' in rows 1, 2, 3, 4, 5 and 25 more"),
        (lambda frame: frame.assign(sold="never"), "holds the label never"),
        (lambda frame: frame.drop(columns="sold"), r"has no column 'sold' \(the target\)"),
    ],
)
def test_a_test_table_that_does_not_fit_is_refused_before_anything_runs(tmp_path, change, message):
    test = write(change(houses(30, seed=1)), tmp_path / "test.csv")
    located, part = load(write(houses(), tmp_path / "h.csv"), target="sold", test=str(test))
    with pytest.raises(UserError, match=message):
        check_test_examples(located, part)


def test_a_table_is_not_tested_on_itself(tmp_path):
    path = write(houses(), tmp_path / "houses.csv")
    with pytest.raises(UserError, match="is the same table as the dataset"):
        load(path, target="price", test=str(write(houses(), tmp_path / "test.csv")))


def test_codes_of_a_category_are_text_in_the_test_table_too(tmp_path):
    frame = houses().assign(code=["1", "2", "x"] * 40)
    test = write(houses(30, seed=1).assign(code=["1", "2"] * 15), tmp_path / "test.csv")
    located, part = load(write(frame, tmp_path / "houses.csv"), target="price", test=str(test))
    assert load_test(located, part).x.code.tolist() == ["1", "2"] * 15


def test_copies_are_kept_together_and_said(tmp_path):
    frame = pd.concat([houses(100), houses(100)[:20]])
    part = load(write(frame, tmp_path / "houses.csv"), target="price")[1]
    assert part.copies.tolist() == [*range(100), *range(20)]
    assert "of the 120 training rows, 100 are different" in remarks(part)[0]


def test_rows_that_repeat_as_they_have_few_values_are_no_copies(tmp_path):
    frame = pd.DataFrame({"a": [0, 1] * 60, "price": [1.5, 2.5] * 60})
    part = load(write(frame, tmp_path / "houses.csv"), target="price")[1]
    assert part.copies is None
    assert remarks(part) == ("only 2 of the 120 training rows are different.",)


def test_a_column_of_names_is_pointed_out(tmp_path):
    part = load(write(houses().assign(name=[f"n{i}" for i in range(120)]), tmp_path / "h.csv"), target="price")[1]
    assert "'name' has 120 different texts in 120 rows" in remarks(part)[0]


def test_a_location_is_a_value(tmp_path):
    wanted = Wanted(str(write(houses(), tmp_path / "houses.csv")), target="price")
    assert locate_examples(wanted) == locate_examples(wanted)
    assert dataclasses.replace(wanted, target="area") != wanted
