import shlex

import pytest

from hpo.record.commands import command_for, serve_command


@pytest.mark.parametrize(
    ("study", "command"),
    [
        ("mnist_wd", ["hpo", "run", "--study", "mnist_wd"]),
        ("mnist_wd-certificate", ["hpo", "certify", "--study", "mnist_wd"]),
        ("검색 探索; rm", ["hpo", "run", "--study", "검색 探索; rm.toml"]),
    ],
)
def test_a_command_can_be_pasted_into_a_shell_and_names_the_file_of_a_study_of_ones_own(study, command):
    assert shlex.split(command_for(study)) == command


def test_the_dashboard_is_opened_on_the_same_database_and_no_password_is_printed(monkeypatch):
    monkeypatch.setenv("HPO_STORAGE", "sqlite:///mine.db")
    assert serve_command("sqlite:///mine.db") == "hpo serve"
    assert serve_command("sqlite:///my other.db") == "hpo serve --storage 'sqlite:///my other.db'"
    assert "secret" not in serve_command("postgresql+psycopg://u:secret@host/db")
