"""What the front doors print, and how they answer a user's mistakes: one message, exit code 2, no traceback."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hpo import audit, certify, look, new, report, run, serve, work
from hpo.definition.files import presets
from hpo.studies import __main__ as studies

Main = Callable[[list[str]], int]


def test_run_alone_says_what_it_does_and_lists_the_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in presets())
    assert "hpo run --study mnist_wd" in printed


@pytest.mark.parametrize(
    "main", [new.main, run.main, work.main, studies.main, certify.main, audit.main, report.main, serve.main, look.main]
)
def test_help_teaches_with_examples(
    main: Main, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:\n  hpo " in printed
    described, _, examples = printed.partition("examples:")
    assert max(map(len, described.splitlines())) <= 80
    assert max(map(len, examples.splitlines())) <= 110, "lines to paste stay whole"


@pytest.mark.parametrize("door", [new, run, work, certify, audit, report, serve, look], ids=lambda door: door.__name__)
def test_what_computes_has_one_blas_thread_from_the_first_import_on(door: ModuleType) -> None:
    body = ast.parse(Path(str(door.__file__)).read_text(encoding="utf-8")).body
    imports = [ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports[:2] == ["from __future__ import annotations", "import hpo.cli.one_thread"]


def mistake(main: Main, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a front door that must refuse, and return its one message."""
    assert main(list(arguments)) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "Traceback" not in said
    return said


def changed(study: Path, old: str, new: str) -> Path:
    text = study.read_text(encoding="utf-8")
    assert old in text
    study.write_text(text.replace(old, new, 1), encoding="utf-8")
    return study


def test_an_unknown_study_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    said = mistake(run.main, "--study", "mnist_wdd", capsys=capsys)
    assert "no study named 'mnist_wdd'" in said
    assert "did you mean mnist_wd?" in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("holdout", "holdot", "data.holdot: unknown key; did you mean holdout?"),
        ("start = [1e-4, 1e-2]", "start = [1e-2, 1e-4]", "upside down"),
        ("limits = [1e-5, 10.0]", "limits = [1e-3, 10.0]", "widen the limits"),
        ("epochs = 20", "epochs = 0", "rounds.0: epochs = 0"),
        ('network = "mlp"', 'network = "mlpp"', "known networks: mlp, convnet"),
        ("hidden = [64, 64]", "hidden = [64, -1]", "hidden"),
        ("samples = 200", "samples = 100_000", "set fewer samples"),
        ("holdout = 900", "holdout = 900_000", "set a smaller holdout"),
        ("[search]", "[search]\nsampler = 'annealing'", "known samplers: lattice, tpe, random, qmc"),
        ("title = ", "title ", "not valid TOML"),
        ("[space.learning_rate]", "[space.lerning_rate]", "did you mean learning_rate?"),
    ],
)
def test_a_mistake_in_a_study_file_is_named(
    blob_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, old: str, new: str, says: str
) -> None:
    study = changed(blob_study, old, new)
    said = mistake(run.main, "--study", str(study), "--storage", f"sqlite:///{tmp_path}/hpo.db", capsys=capsys)
    assert says in said


def test_a_network_that_does_not_fit_the_images_is_named(
    blob_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = changed(blob_study, 'network = "mlp"', 'network = "convnet"\nfilters = [4, 4, 4]')
    said = mistake(run.main, "--study", str(study), "--storage", f"sqlite:///{tmp_path}/hpo.db", capsys=capsys)
    assert "does not fit the images of blobs.npz" in said


def test_a_damaged_dataset_is_named(
    blob_study: Path, blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(blobs.read_bytes()[:5000])
    study = changed(blob_study, str(blobs), str(broken))
    said = mistake(run.main, "--study", str(study), "--storage", f"sqlite:///{tmp_path}/hpo.db", capsys=capsys)
    assert str(broken) in said


def test_images_with_nan_are_named(
    blob_study: Path, blobs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(blobs) as arrays:
        parts = dict(arrays)
    parts["x_train"] = parts["x_train"].astype(np.float32)
    parts["x_train"][17, 0, 0] = np.nan
    path = tmp_path / "nan.npz"
    np.savez(path, **parts)
    study = changed(blob_study, str(blobs), str(path))
    said = mistake(run.main, "--study", str(study), "--storage", f"sqlite:///{tmp_path}/hpo.db", capsys=capsys)
    assert "NaN" in said


def test_a_folder_that_cannot_be_written_is_told_before_the_search(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    said = mistake(run.main, "--study", "smoke", "--out", f"{tmp_path}/file/out", capsys=capsys)
    assert "name another folder" in said


def test_no_workers_are_too_few(capsys: pytest.CaptureFixture[str]) -> None:
    assert "at least one worker" in mistake(run.main, "--study", "smoke", "--workers", "0", capsys=capsys)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--study", "smoke", "--configs", "4"], "--configs 4: a certificate needs at least 8"),
        (["--study", "smoke", "--seeds", "2"], "--seeds 2: a certificate needs at least 3"),
        (["--study", "smoke", "--largest", "200"], "--largest 200 is no more than that"),
        (["--study", "smokee"], "did you mean smoke?"),
        (["--study", "book_convnet"], "picks no config"),
    ],
)
def test_what_cannot_be_certified_is_said_with_the_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, arguments: list[str], says: str
) -> None:
    where = ["--storage", f"sqlite:///{tmp_path}/hpo.db", "--out", f"{tmp_path}/out"]
    assert says in mistake(certify.main, *arguments, *where, capsys=capsys)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "there is no database"),
        (["--read-only"], "there is no database"),
        (["--host", "0.0.0.0"], "give a --token"),
        (["--host", "0.0.0.0", "--token", "short"], "at least 8"),
    ],
)
def test_a_dashboard_that_cannot_be_served_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, arguments: list[str], says: str
) -> None:
    assert says in mistake(serve.main, *arguments, "--storage", f"sqlite:///{tmp_path}/hpo.db", capsys=capsys)


def test_a_worker_without_a_database_or_a_study_says_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/hpo.db"
    assert "there is no database" in mistake(work.main, "--study", "smoke", "--storage", url, capsys=capsys)
    assert studies.main(["--storage", url]) == 0
    assert "no studies in the database yet" in " ".join(capsys.readouterr().out.split())


def test_the_storage_comes_from_the_environment_if_not_from_the_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///optuna.db")
    assert run.make_parser().parse_args([]).storage == "sqlite:///optuna.db"
    monkeypatch.setenv("HPO_STORAGE", "sqlite:///mine.db")
    assert run.make_parser().parse_args([]).storage == "sqlite:///mine.db"
    assert run.make_parser().parse_args(["--storage", "sqlite:///line.db"]).storage == "sqlite:///line.db"
    monkeypatch.delenv("HPO_STORAGE")
    monkeypatch.delenv("OPTUNA_STORAGE")
    assert run.make_parser().parse_args([]).storage == "sqlite:///hpo.db"


@pytest.mark.parametrize(
    ("formats", "told"),
    [("csv,pdf", "--format 'pdf'; known formats: csv, parquet"), (" , ", "--format names none; known formats: csv")],
)
@pytest.mark.parametrize("door", [run, report], ids=["run", "report"])
def test_a_format_that_is_not_known_is_refused_before_anything_runs(tmp_path, capsys, door, formats, told):
    assert door.main(["--study", "smoke", "--storage", f"sqlite:///{tmp_path}/hpo.db", "--format", formats]) == 2
    assert told in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
