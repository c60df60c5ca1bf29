from pathlib import Path

import pytest

from hpo.definition.files import FOLDER, load_definition, presets, study_path
from hpo.definition.trainers.networks import networks_of
from hpo.storage.errors import UserError

STUDY = """
title = "mine"
[data]
dataset = "mnist"
[model]
network = "mlp"
hidden = [20, 10]
[space.learning_rate]
log = true
start = [1e-4, 1e-2]
[[rounds]]
trials = 20
samples = 100
epochs = 3
[[rounds]]
trials = 10
samples = 100
epochs = 3
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(STUDY, encoding="utf-8")
    return str(path)


def mistake(study: str, *changes: str) -> str:
    with pytest.raises(UserError) as caught:
        load_definition(study, changes)
    return str(caught.value)


def test_every_preset_has_a_title():
    assert presets()
    assert all(presets().values())


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_named_like_its_file(name):
    assert load_definition(name).name == name
    assert study_path(name) == FOLDER / f"{name}.toml"


def test_a_file_is_a_study_named_like_it(mine):
    loaded = load_definition(mine)
    assert (loaded.name, loaded.title) == ("mine", "mine")
    assert networks_of(loaded).network.hidden == (20, 10)


def test_a_users_own_study_may_have_the_name_of_a_folder_it_lies_in(tmp_path, mine, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_definition("mine.toml") == load_definition(mine)


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31m", "..", "a\\b", "n" * 201])
def test_a_file_whose_name_is_none_for_a_study_is_refused(tmp_path, name):
    path = tmp_path / f"{name}.toml"
    path.write_text(STUDY, encoding="utf-8")
    assert "a study cannot be named" in mistake(str(path))


def test_an_unknown_study_suggests_the_nearest_name_and_lists_all():
    said = mistake("mnist_wdd")
    assert "no study named 'mnist_wdd'" in said
    assert "did you mean mnist_wd?" in said
    assert all(name in said for name in presets())


def test_a_name_like_no_other_gets_the_list_without_a_guess():
    said = mistake("zzz")
    assert "did you mean" not in said
    assert "mnist_wd" in said


@pytest.mark.parametrize("name", ["../studies/mnist_wd", "", ".", "/etc/passwd", "a\0b"])
def test_a_name_is_no_path(name):
    assert "no study named" in mistake(name)


def test_a_file_that_is_not_there_is_named(tmp_path):
    said = mistake(str(tmp_path / "none.toml"))
    assert str(tmp_path / "none.toml") in said
    assert "existing .toml file" in said


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text('title = "x"\n[data\n', encoding="utf-8")
    said = mistake(str(path))
    assert f"{path} is not valid TOML" in said
    assert "line 2" in said


def test_a_file_of_another_encoding_is_told_how_to_be_saved(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is UTF-16 text, and a study file is UTF-8" in mistake(str(path))


def test_a_mistake_inside_says_which_study_it_is_in(mine):
    said = mistake(mine, "rounds.0.trials=none")
    assert mine in said
    assert "rounds.0.trials = 'none'" in said


def test_a_table_that_is_missing_is_said_once_with_the_study(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text('title = "x"', encoding="utf-8")
    assert mistake(str(path)).count("study") == 1


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("seed=3", lambda d: d.seed == 3),
        ("title=a short one", lambda d: d.title == "a short one"),
        ("title = 'quoted'", lambda d: d.title == "quoted"),
        ("title=a=b", lambda d: d.title == "a=b"),
        ("rounds.0.trials=5", lambda d: [each.trials for each in d.rounds] == [5, 10]),
        ("rounds.1.trials=5", lambda d: [each.trials for each in d.rounds] == [20, 5]),
        ("model.hidden=[50, 40, 30]", lambda d: networks_of(d).network.hidden == (50, 40, 30)),
        ("model.hidden.1=7", lambda d: networks_of(d).network.hidden == (20, 7)),
        ("training.learning_rate=1e-2", lambda d: networks_of(d).training.learning_rate == 0.01),
        ("search.sampler=tpe", lambda d: d.search.sampler == "tpe"),
        ("search.rungs=[]", lambda d: d.search.rungs == ()),
        ("space.learning_rate.limits=[1e-6, 1]", lambda d: d.space.limits().interval("learning_rate").high == 1),
        ("space.dropout.start=[0, 0.5]", lambda d: list(d.space.hyperparameters) == ["learning_rate", "dropout"]),
    ],
)
def test_set_changes_one_field(mine, change, read):
    assert read(load_definition(mine, [change]))


def test_later_changes_come_after_earlier_ones(mine):
    assert load_definition(mine, ["seed=3", "seed=4"]).seed == 4


def test_the_seed_on_the_command_line_is_the_last_word(mine):
    assert load_definition(mine, ["seed=3"], seed=5).seed == 5
    assert load_definition(mine, ["seed=3"]).seed == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("rounds.0.trials", ["'rounds.0.trials'", "KEY=VALUE"]),
        ("=3", ["'=3'", "KEY=VALUE"]),
        ("rounds..trials=3", ["KEY=VALUE"]),
        ("rounds.2.trials=3", ["rounds.2", "'2' is not an index of a list of 2", "indices start at 0"]),
        ("rounds.-1.trials=3", ["'-1' is not an index of a list of 2"]),
        ("rounds.first.trials=3", ["'first' is not an index of a list of 2"]),
        ("rounds.2=3", ["'2' is not an index of a list of 2"]),
        ("rounds.²=3", ["'²' is not an index of a list of 2"]),
        ("title.x=3", ["title is a value, not a table"]),
        ("model.hidden.0.x=3", ["model.hidden.0 is a value, not a table"]),
        ("roundz.0.trials=3", ["roundz: unknown key", "did you mean rounds?"]),
        ("training.learnin_rate=3", ["training.learnin_rate: unknown key", "did you mean learning_rate?"]),
        ("rounds=3", ["at least one [[rounds]] table"]),
    ],
)
def test_a_change_that_fits_nowhere_is_named(mine, change, words):
    said = mistake(mine, change)
    for word in words:
        assert word in said
