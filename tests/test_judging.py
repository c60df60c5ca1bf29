"""What replays are judged by: answers off grids, real confirmation runs, searches on all of the data, live searches."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from hpo import models
from hpo.certificate.plan import CONFIGS, SEEDS
from hpo.proof.estimates import estimate
from hpo.storage.datasets import Located, TrainingPart
from hpo.training.images import StudyData
from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.carrying import best_on_all, reached
from tests.benchmarks.certifying import certified
from tests.benchmarks.confirming import Confirmed, coverage, read
from tests.benchmarks.effects import called
from tests.benchmarks.live import Trainings
from tests.benchmarks.recorded.designs import DESIGNS, Size
from tests.benchmarks.recorded.surrogate import MARGIN, Surrogate
from tests.benchmarks.recorded.tables import RecordedTable

GRID = RecordedTable.named("fashion_mlp", FOLDER)


def hill(points: np.ndarray) -> np.ndarray:
    return 0.9 * np.exp(-(((points[:, 0] - 0.6) / 0.3) ** 2))  # the other axes do nothing


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    rng = np.random.default_rng(0)
    points = rng.random((60, 3))
    runs = [value + 0.01 * rng.standard_normal((4, 1)) for value in hill(points)]
    runs[0] = runs[0][:1]
    return Surrogate(points, runs)


def test_a_surrogate_finds_a_hill_and_which_axis_it_lies_on(surrogate: Surrogate) -> None:
    new = np.random.default_rng(1).random((200, 3))
    assert np.sqrt(np.mean((surrogate.means(new)[:, 0] - hill(new)) ** 2)) < 0.02
    assert surrogate.lengths[0] < surrogate.lengths[1:].min()


def test_a_surrogate_answers_with_noise_that_its_runs_have(surrogate: Surrogate) -> None:
    point = np.array([0.6, 0.5, 0.5])
    answers = np.array([surrogate.run(point, which)[0] for which in (0.1, 0.3, 0.6, 0.9)])
    assert answers.mean() == pytest.approx(surrogate.means(point[None])[0, 0])
    assert 0.002 < answers.std(ddof=1) < 0.05


def test_a_surrogate_does_not_swing_beyond_what_was_recorded_beside_a_cliff() -> None:
    points = np.linspace(0, 1, 12)[:, None]
    cliff = Surrogate(points, [np.array([[0.1 if x > 0.5 else 0.8]]) for x in points[:, 0]])
    means = cliff.means(np.linspace(0, 1, 300)[:, None])
    assert means.min() >= 0.1
    assert means.max() <= 0.8 + MARGIN


def test_a_surrogate_of_single_runs_answers_without_noise() -> None:
    points = np.linspace(0, 1, 8)[:, None]
    single = Surrogate(points, [np.array([[x]]) for x in points[:, 0]])
    assert single.run(points[3], 0.2) == single.run(points[3], 0.9) == single.means(points[3:4])[0]


def test_normal_runs_are_covered_as_often_as_the_interval_says() -> None:
    found = coverage(list(np.random.default_rng(0).normal(0.8, 0.01, 2_000)), np.random.default_rng(1), orders=6)
    assert found.covered == pytest.approx(0.9, abs=0.02)
    assert found.covered + found.above + found.below == pytest.approx(1)
    assert found.below > 3 * found.above, "most of what misses lies below: intervals reach further down"
    assert found.fives == 400


def test_runs_of_two_kinds_are_covered_less_often_and_the_measure_shows_it() -> None:
    luck = np.random.default_rng(0).random(2_000)
    scores = list(np.where(luck < 0.1, 0.2, 0.8) + 1e-4 * luck)
    assert coverage(scores, np.random.default_rng(1), orders=2).covered < 0.75


def test_the_width_is_that_of_the_products_interval() -> None:
    scores = [0.80, 0.81, 0.79, 0.82, 0.78]
    found = coverage(scores * 2, np.random.default_rng(0))
    assert 0 < found.width < 3 * (estimate(scores).high - estimate(scores).low)


def test_recorded_confirmations_are_read_up_to_the_last_whole_line(tmp_path: Path) -> None:
    one = {"table": "t", "seed": 1, "config": {"learning_rate": 0.1}, "scores": [0.5, 0.6]}
    (tmp_path / "c").write_text(json.dumps(one) + "\n" + json.dumps(one)[:20])
    assert read(tmp_path / "c") == [Confirmed(**one)]
    assert read(tmp_path / "none") == []


def test_what_is_taken_on_all_of_the_data_is_the_best_on_validation_or_beside_it() -> None:
    good, bad = GRID.optimum, {"learning_rate": 3e-4, "weight_decay": 1.0}
    taken = best_on_all(GRID, [bad, good], seed=0)
    assert taken["weight_decay"] == good["weight_decay"]
    assert float(taken["learning_rate"]) / float(good["learning_rate"]) in (0.5, 1.0, 2.0)


def test_a_search_on_all_of_the_data_repeats_itself() -> None:
    assert reached("fashion_mlp", FOLDER, 24, 3) == reached("fashion_mlp", FOLDER, 24, 3)


def test_an_effect_is_seen_where_there_is_one_and_not_where_there_is_none() -> None:
    seen = [called("fashion_convnet", FOLDER, False, seed) for seed in range(8)]
    assert sum(each.rate for each in seen) >= 7
    assert sum(each.idle + each.idle_later for each in seen) <= 4


def test_a_certificate_loses_what_the_first_on_its_size_is_below_the_best() -> None:
    found = [certified("mnist_mlp", FOLDER, True, seed) for seed in range(6)]
    for each in found:
        assert each.lost == each.losses[-1 if each.passed is None else each.passed]
        assert max(each.losses) < 1
    cheapest = CONFIGS * SEEDS * sum(size.samples * size.epochs for size in GRID.design.sizes)
    assert min(each.cost for each in found) > cheapest / (100 * 0.5 * 250_000), "the certificate itself is paid for"
    assert certified("mnist_mlp", FOLDER, True, 0) == found[0]


def test_a_live_training_answers_as_a_table_does() -> None:
    design = dataclasses.replace(DESIGNS["mnist_mlp"], sizes=(Size(samples=400, epochs=10, seeds=1),))
    labels = np.arange(11_000) % 10
    images = np.zeros((11_000, 28, 28), np.uint8)
    images[np.arange(11_000), labels, :] = 255  # each class is a bright row of its own
    located = Located("mnist", "made for this test", "here", (), complete=True)
    data = StudyData.build(design.definition, located, TrainingPart(images, labels, classes=10))
    live = Trainings(design, data, models.Examples(images[:100], labels[:100]))
    config = {"learning_rate": 0.05, "weight_decay": 1e-4}
    answer = live.run(config, 0, seed=5)
    assert list(answer.validation) == list(answer.train) == [6, 12, 25, 50, 75, 100]
    assert answer.validation[100] > 0.9
    assert answer.confirmation > 0.9
    diverged = live.run({**config, "learning_rate": 1e4}, 0, seed=5)
    assert diverged.confirmation == diverged.validation[100] == 0
