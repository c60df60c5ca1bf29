"""A study file of one's own: it loads, it is the study it began as, and what it shows as defaults are the defaults."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from hpo import new
from hpo.certificate.auto_samples import AUTO
from hpo.definition.files import load_definition, load_tables, presets
from hpo.definition.reading import read_definition
from hpo.definition.template import study_text
from hpo.definition.trainers.networks import networks_of
from hpo.models.bounds import declared
from tests.support.builders import tables

LEFT_OUT = re.compile(r"^# (\w+ = .*)$", re.MULTILINE)


@pytest.mark.parametrize("preset", presets())
def test_the_new_file_is_the_study_it_began_as(preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my.toml"
    assert new.main([str(path), "--from", preset]) == 0
    assert f"hpo run --study {path}" in capsys.readouterr().out
    assert dataclasses.replace(load_definition(str(path)), name=preset) == load_definition(preset)
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 140


@pytest.mark.parametrize("preset", presets())
def test_whoever_takes_a_hash_away_gets_the_default_that_held_before(preset: str) -> None:
    text = study_text(load_tables(preset), preset)
    assert LEFT_OUT.search(text)
    assert read_definition(preset, tomllib.loads(LEFT_OUT.sub(r"\1", text))) == load_definition(preset)


@pytest.mark.parametrize("preset", ["mnist_wd", "mnist_convnet"])
def test_every_field_that_a_search_has_stands_in_the_file_with_what_it_is_for(preset: str) -> None:
    text, made = study_text(load_tables(preset), preset), load_definition(preset)
    for settings in (
        made.data,
        networks_of(made).network,
        networks_of(made).training,
        made.search,
        made.rounds[0],
        made.final,
    ):
        for name, field in declared(type(settings)).items():
            assert re.search(rf"^(# )?{name}( =|: not set)", text, re.MULTILINE), name
            assert " ".join(field.says.split()) in " ".join(text.split()), name


def test_names_and_texts_that_need_quotes_come_back() -> None:
    made = tables(
        title='say "hi" \\ \x7f ü\n', space={"a method of mine": {"choices": [{"optimizer": "sgd"}, {"momentum": 0.5}]}}
    )
    assert tomllib.loads(study_text(made, "odd"))["title"] == made["title"]
    assert tomllib.loads(study_text(made, "odd"))["space"] == made["space"]


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "my.toml"
    path.write_text("mine", encoding="utf-8")
    assert new.main([str(path)]) == 2
    assert "is there already, and is not overwritten; name another file" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"


def test_changes_are_written_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    assert new.main([str(path), "--from", "smoke", "--set", f"rounds.0.samples={AUTO}", "--seed", "3"]) == 0
    assert load_tables(str(path))["rounds"][0]["samples"] == AUTO
    assert load_tables(str(path))["seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["my"], "ends in .toml"),
        (["--", "-x.toml"], "ends in .toml"),
        (["nowhere/my.toml"], "cannot be written"),
        (["null\0.toml"], "cannot be written"),
        (["~nosuchuser/my.toml"], "write the path out"),
        (["my.toml", "--from", "smokee"], "did you mean smoke?"),
        (["my.toml", "--set", "dropout=0.1"], "did you mean model.dropout?"),
    ],
)
def test_what_cannot_be_written_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new.main(arguments) == 2
    assert says in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
