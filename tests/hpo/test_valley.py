"""Four optimizers on the book's valley: the paths are those of the recurrences, and the files hold them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from hpo import valley
from hpo.reports.figures.valley import Descent, valley_figure
from hpo.valley import LEARNING_RATES, LOW, STEPS, descend


def test_sgd_walks_as_its_recurrence_says() -> None:
    k = np.arange(STEPS + 1)
    path = descend("sgd", 0.95).path
    assert path[:, 0] == pytest.approx(-7 * (1 - 0.95 / 10) ** k)
    assert path[:, 1] == pytest.approx(2 * (1 - 2 * 0.95) ** k)


def test_momentum_walks_as_its_recurrence_says() -> None:
    position, speed = np.array([-7.0, 2.0]), np.zeros(2)
    for point in descend("momentum", 0.1).path[1:]:
        speed = 0.9 * speed - 0.1 * position * np.array([0.1, 2.0])
        position = position + speed
        assert point == pytest.approx(position)


def test_first_steps_of_adagrad_and_adam_are_one_learning_rate_long_in_each_direction() -> None:
    assert descend("adagrad", 1.5).path[1] == pytest.approx([-5.5, 0.5], abs=1e-5)
    assert descend("adam", 0.3).path[1] == pytest.approx([-6.7, 1.7], abs=1e-5)


def test_sgd_zigzags_and_the_others_do_not() -> None:
    turns = {
        name: int((np.diff(np.sign(descend(name, rate).path[:, 1])) != 0).sum())
        for name, rate in LEARNING_RATES.items()
    }
    assert turns["sgd"] == STEPS
    assert max(turns[name] for name in ("momentum", "adagrad", "adam")) <= 4


def test_a_descent_knows_its_heights_and_when_it_was_low() -> None:
    descent = Descent("sgd", 1.0, np.array([[-7.0, 2.0], [1.0, 0.0], [0.4, 0.0], [2.0, 0.0]]))
    assert descent.heights == pytest.approx([49 / 20 + 4, 0.05, 0.008, 0.2])
    assert descent.steps_until(LOW) == 2
    assert descent.steps_until(0.001) is None


def test_the_command_prints_a_table_and_writes_the_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "valley"
    assert valley.main(["--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.split() and line.split()[0] in LEARNING_RATES}
    x, y = -7 * (1 - 0.95 / 10) ** STEPS, 2 * (1 - 2 * 0.95) ** STEPS
    assert rows["sgd"] == ["0.95", f"{x:.3f}", f"{y:.3f}", f"{x**2 / 20 + y**2:.2g}", "-"]
    assert rows["adagrad"][-1] == str(descend("adagrad", 1.5).steps_until(LOW))
    assert max(map(len, lines[:-1])) <= 80
    with (out / "valley.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 4 * (STEPS + 1)
    adam = [(float(row["x"]), float(row["y"])) for row in table if row["optimizer"] == "adam"]
    assert np.array_equal(adam, descend("adam", 0.3).path)
    assert (out / "valley.png").read_bytes().startswith(b"\x89PNG")


def test_the_figure_draws_each_path_whole() -> None:
    descents = [descend(name, rate) for name, rate in LEARNING_RATES.items()]
    figure = valley_figure(descents)
    for axes, each in zip(figure.axes, descents, strict=True):
        (path,) = [line for line in axes.lines if len(line.get_xdata()) == STEPS + 1]
        assert np.array_equal(np.array(path.get_data()).T, each.path)
        assert axes.get_title(loc="left") == f"{each.optimizer}, learning rate {each.learning_rate:g}"
        assert axes.get_xlim()[0] < each.path[:, 0].min() < each.path[:, 0].max() < axes.get_xlim()[1]
        assert axes.get_ylim()[0] < each.path[:, 1].min() < each.path[:, 1].max() < axes.get_ylim()[1]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert valley.main(["--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot create the folder" in capsys.readouterr().err


def test_help_teaches_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        valley.main(["--help"])
    assert "examples:\n  hpo valley" in capsys.readouterr().out
