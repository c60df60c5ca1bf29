import shlex
import shutil

import pytest

from hpo.definition.files import FOLDER
from hpo.record.commands import certify_command, command_for, serve_command
from hpo.record.declared import DeclaredStudy
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.storage.database import Database
from tests.support.results import DATA, SOURCE


@pytest.mark.parametrize(
    ("study", "started_from", "named"),
    [
        ("mnist_wd", None, ["--study", "mnist_wd"]),
        ("mnist_wd", "mnist_wd", ["--study", "mnist_wd"]),
        ("검색 探索; rm", None, ["--study", "검색 探索; rm.toml"]),
        ("mine", "mine.toml", ["--study", "mine.toml"]),
        ("theirs", "mine.toml", ["--study", "mine.toml", "--name", "theirs"]),
        ("two words", "mnist_wd", ["--study", "mnist_wd", "--name", "two words"]),
    ],
)
def test_a_command_can_be_pasted_into_a_shell_and_names_the_file_and_the_name_of_a_study(study, started_from, named):
    assert shlex.split(command_for(study, started_from)) == ["hpo", "run", *named]
    assert shlex.split(certify_command(study, started_from)) == ["hpo", "certify", *named]


def test_a_study_knows_the_file_that_it_was_started_from_whatever_it_is_called(tmp_path):
    shutil.copy(FOLDER / "mnist_wd.toml", tmp_path / "mine.toml")
    study = DeclaredStudy.load(str(tmp_path / "mine.toml"), name="theirs")
    with Database(f"sqlite:///{tmp_path / 'hpo.db'}") as database:
        record = StudyRecord.create(database, study.definition, DATA, SOURCE, started_from=study.started_from)
        resumed = StudyRecord.create(database, study.definition, DATA, SOURCE, started_from="moved.toml")
        assert record.command == resumed.command == "hpo run --study mine.toml --name theirs"
        assert load_results(database, "theirs").command == record.command
        assert "mine.toml" not in str(record.definition.record())


def test_the_dashboard_is_opened_on_the_same_database_and_no_password_is_printed(monkeypatch):
    monkeypatch.setenv("HPO_STORAGE", "sqlite:///mine.db")
    assert serve_command("sqlite:///mine.db") == "hpo serve"
    assert serve_command("sqlite:///my other.db") == "hpo serve --storage 'sqlite:///my other.db'"
    assert "secret" not in serve_command("postgresql+psycopg://u:secret@host/db")
