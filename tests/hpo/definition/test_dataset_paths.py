"""Where a study's data lie: a path in a study file starts at the file, one given by hand at the current folder."""

from pathlib import Path

import pytest

from hpo.definition.files import load_definition, presets
from hpo.definition.settings import DATASETS
from hpo.storage.errors import UserError
from hpo.storage.sources import SOURCES

STUDY = """
[data]
dataset = {dataset!r}
[model]
network = "mlp"
hidden = [4]
[space.learning_rate]
log = true
start = [1e-3, 1e-1]
limits = [1e-5, 1.0]
[[rounds]]
trials = 2
samples = 20
epochs = 1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a study's data in it, and be in another one."""
    (tmp_path / "project" / "pets").mkdir(parents=True)
    (tmp_path / "project" / "pets.npz").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.npz").touch()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path.resolve() / "project"


def dataset(project: Path, written: str, *changes: str) -> str:
    (project / "own.toml").write_text(STUDY.format(dataset=written), encoding="utf-8")
    return load_definition("../project/own.toml", changes).data.dataset


@pytest.mark.parametrize("written", ["pets.npz", "pets", "pets/", "./pets.npz", "lost.npz", "data/lost"])
def test_a_relative_path_starts_at_the_study_file(project, written):
    assert dataset(project, written) == str(project / written)


@pytest.mark.parametrize("written", DATASETS)
def test_a_known_name_is_no_path_even_where_a_folder_is_called_so(project, written):
    (project / written).mkdir()
    assert dataset(project, written) == written


def test_whole_paths_stay_and_a_tilde_is_the_home(project, monkeypatch):
    monkeypatch.setenv("HOME", str(project))
    assert dataset(project, "/data/pets.npz") == "/data/pets.npz"
    assert dataset(project, "~/pets.npz") == str(project / "pets.npz")


def test_a_path_given_by_hand_starts_at_the_current_folder(project):
    assert dataset(project, "pets.npz", "data.dataset=mine.npz") == str(project.parent / "elsewhere" / "mine.npz")


def test_a_file_that_lies_in_the_current_folder_is_named_with_the_way_out(project):
    with pytest.raises(UserError, match=r"starts at the file's folder, so write '.*elsewhere/mine\.npz'"):
        dataset(project, "mine.npz")


def test_the_known_names_are_those_that_storage_knows_and_presets_use():
    assert set(DATASETS) == set(SOURCES)
    assert {load_definition(name).data.dataset for name in presets()} <= set(DATASETS)
