"""A training function: what it is given, what it may give back, and what is said where that is wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.engine.interrupts import Interrupted
from hpo.searching.metric import ACCURACY, Metric
from hpo.storage.errors import UserError
from hpo.training.cuts import Cut
from hpo.training.functions.examples import OwnExamples
from hpo.training.functions.scores import Score, Test
from hpo.training.protocol import TrainingFailedError
from tests.support.functions import FULL, SEARCH, examples, scored, started, trainer, with_groups

LOSS = Metric("loss", "minimize", low=None, high=None, is_share=False)


def nearest_mean(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    means = np.stack([x[y == c].mean(axis=0) for c in (0, 1)])
    return ((at[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


def honest(config: dict[str, Any], run: Any) -> Iterator[Any]:
    """A seeded training that uses all that there is."""
    x, y = run.train
    rng = np.random.default_rng(run.seed)
    for percent in run.rungs:
        seen = slice(0, max(2, len(x) * percent // 100))
        noise = config["x"] * rng.normal(size=x[seen].shape)
        at, labels = run.validation
        hit = (nearest_mean(x[seen] + noise, y[seen], at) == labels).mean()
        yield Score(hit, train=(nearest_mean(x[seen], y[seen], x) == y).mean(), latency_ms=3)
    if run.test_allowed:
        at, labels = run.test
        yield Test((nearest_mean(x, y, at) == labels).mean())


def test_a_generator_is_scored_at_each_rung_and_left_alone_between() -> None:
    told: list[int] = []

    def train(config: dict[str, Any], run: Any) -> Iterator[Score]:
        for percent in run.rungs:
            told.append(percent)
            yield Score(percent / 200, train=percent / 100)

    training = started(train)
    assert told == [], "nothing is called before it is asked for"
    first = training.advance(25)
    assert (first.value, first.train, told, training.percent) == (0.125, 0.25, [25], 25)
    assert training.advance(30).value == 0.25, "a function stops at its rungs alone"
    assert training.advance(50).value == 0.25
    last = training.advance(100)
    assert (last.value, told) == (0.5, [25, 50, 100])
    assert [(point.step, point.epoch, point.value) for point in last.points] == [
        (25, 1.0, 0.125),
        (50, 2.0, 0.25),
        (100, 4.0, 0.5),
    ]


def test_the_score_does_not_depend_on_whether_a_training_was_left_alone() -> None:
    whole = scored(honest)
    training = started(honest)
    parts = [training.advance(percent) for percent in (25, 50, 100)]
    assert (parts[-1].value, parts[-1].train) == (whole.value, whole.train)
    assert whole.others == {"latency_ms": 3.0}


def test_it_trains_and_is_scored_on_the_examples_of_its_cut() -> None:
    given = {}
    data = examples()

    def train(config: dict[str, Any], run: Any) -> float:
        given["train"], given["validation"] = run.train, run.validation
        run.train[0][:] = 0  # a copy, or the next one would find it so
        assert (run.samples, run.epochs, run.stage) == (40, 4, "search")
        return 0.5

    scored(train, examples=data)
    np.testing.assert_array_equal(given["train"][0], data.x[data.split.pool[:40]])
    np.testing.assert_array_equal(given["validation"][1], data.y[data.split.holdout[:20]])
    assert data.x.any(axis=1).all()


def test_several_groups_are_calls_of_their_own_with_seeds_of_their_own_and_the_score_is_their_mean() -> None:
    seeds = []

    def train(config: dict[str, Any], run: Any) -> Score:
        seeds.append(run.seed)
        return Score(len(seeds) / 10, size=len(seeds))

    score = scored(train, with_groups(3))
    assert len(set(seeds)) == 3
    assert score.value == pytest.approx(0.2)
    assert score.others == {"size": 2.0}
    assert scored(lambda config, run: run.seed / 2**31, with_groups(1)).value == seeds[0] / 2**31


@pytest.mark.parametrize("give", [0.5, 1, np.float32(0.5), np.array(0.5), np.array([0.5]), Score(0.5)])
def test_a_plain_function_returns_a_number_in_whatever_way(give: object) -> None:
    score = scored(lambda config, run: give)
    assert score.value in (0.5, 1.0)
    assert type(score.value) is float


def test_a_plain_function_may_take_the_config_alone() -> None:
    assert scored(lambda config: config["x"]).value == 0.5


def test_a_function_that_takes_something_else_is_told_so() -> None:
    def train(a: int, b: int, c: int) -> float:
        return 0.0

    with pytest.raises(UserError, match=r"train\(a, b, c\) cannot be called as train\(config, run\)"):
        scored(train)


def test_a_config_has_the_values_that_a_person_wrote() -> None:
    found = {}
    scored(lambda config, run: found.update(config) or 0.5, config={"sizes": "[50, 20]", "x": 1})
    assert found["x"] == 1


def yields(*values: object) -> Callable[[dict[str, Any], Any], Iterator[object]]:
    def train(config: dict[str, Any], run: Any) -> Iterator[object]:
        yield from values

    return train


WRONG: list[tuple[Callable[..., Any], str]] = [
    (lambda c, r: None, "train returned nothing; return the accuracy, or yield hpo.Score at each of run.rungs"),
    (lambda c, r: "0.9", "what train returned is '0.9'; expected a number, or hpo.Score(number)"),
    (lambda c, r: float("nan"), "accuracy is nan, which is no finite number"),
    (lambda c, r: (1, 2, 3), "train returned 3 values, (1, 2, 3); expected one number"),
    (lambda c, r: np.zeros(3), "what train returned has several numbers; expected one"),
    (lambda c, r: True, "what train returned is True; expected a number"),
    (lambda c, r: 97.0, "accuracy is 97, outside its bounds 0 .. 1; give a share from 0 to 1, not percent"),
    (lambda c, r: Score(0.5, train=97), "train: accuracy is 97, outside its bounds"),
    (lambda c, r: Test(0.5), "train returned an hpo.Test; return hpo.Score(value, test=...)"),
    (lambda c, r: Score("high"), "TypeError: the value of hpo.Score is 'high'; expected a number"),
    (lambda c, r: Score(0.5, latency_ms=None), "latency_ms of hpo.Score is nothing (None); expected a number"),
    (yields(Score(0.1)), "train yielded 1 score and ended; it must yield one hpo.Score at each of run.rungs (25, 50"),
    (yields(), "train yielded no scores and ended; it must yield one"),
    (yields(0.1, 0.2, 0.3, 0.4), "train yielded 0.4 after the score at 100 percent; it must yield one"),
    (yields(None), "train yielded nothing; yield hpo.Score(value) at each of run.rungs"),
    (yields((0.1, 0.2)), "train yielded 2 values, (0.1, 0.2); expected one number"),
    (yields(0.1, 0.2, 0.3, Test(0.4)), "train gave a score on the test set in the stage 'search', where it may not be"),
    (lambda c, r: r.test, "run.test: the test set may not be opened in the stage 'search'; ask for it"),
]


@pytest.mark.parametrize(("function", "sentence"), WRONG, ids=[sentence[:40] for _, sentence in WRONG])
def test_what_is_wrong_with_a_function_is_one_sentence(function: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(TrainingFailedError) as caught:
        scored(function)
    reason = str(caught.value)
    assert sentence in reason
    assert "\n" not in reason


def test_an_async_function_is_told_so() -> None:
    async def train(config: dict[str, Any], run: Any) -> float:
        return 0.5

    with pytest.raises(TrainingFailedError, match="train is an async function; write it with def"):
        scored(train)


def test_an_error_of_the_users_is_a_reason_with_its_place_and_the_whole_traceback_is_kept() -> None:
    def train(config: dict[str, Any], run: Any) -> float:
        print("epoch 1")
        return inner(np.zeros((3, 4)))

    def inner(x: np.ndarray) -> float:
        return float(np.linalg.inv(x).sum())

    with pytest.raises(TrainingFailedError) as caught:
        scored(train)
    place = f"(test_trainer.py, line {inner.__code__.co_firstlineno + 1} in inner)"
    assert str(caught.value) == f"LinAlgError: Last 2 dimensions of the array must be square {place}"
    assert caught.value.details.startswith("Traceback")
    assert "hpo/training" not in caught.value.details.replace("tests/hpo/training", "")
    assert caught.value.details.endswith("printed before:\nepoch 1")


def test_a_function_that_ends_the_program_fails_its_trial() -> None:
    def train(config: dict[str, Any], run: Any) -> float:
        raise SystemExit(3)

    with pytest.raises(TrainingFailedError, match=r"SystemExit: 3 \(test_trainer.py, line \d+ in train\)"):
        scored(train)


def test_what_a_function_prints_is_not_the_workers_own_output(capfd: pytest.CaptureFixture[str]) -> None:
    def train(config: dict[str, Any], run: Any) -> float:
        print("idle")
        return 0.5

    scored(train)
    assert capfd.readouterr().out == ""


def test_a_request_to_stop_passes_through_a_function_that_goes_on_after_any_error() -> None:
    def train(config: dict[str, Any], run: Any) -> Iterator[Score]:
        try:
            raise Interrupted
        except Exception:
            yield Score(0.1)

    with pytest.raises(Interrupted):
        scored(train)


def test_the_test_set_is_opened_when_it_is_asked_for_and_its_score_comes_beside() -> None:
    opened: list[str] = []
    data = examples(seed=1)

    def door() -> tuple[np.ndarray, np.ndarray]:
        opened.append("ledger")
        return data.x, data.y

    training = started(honest, FULL, open_test=door)
    score = training.advance(100)
    assert opened == ["ledger"]
    assert score.test is not None
    assert 0.5 < score.test <= 1
    assert scored(yields(0.5, Test(0.25)), FULL).test == 0.25
    assert scored(lambda c, r: Score(0.5, test=0.25), FULL).test == 0.25


def test_a_score_on_a_test_set_of_the_functions_own_goes_to_the_ledger_too() -> None:
    opened: list[str] = []
    scored(yields(0.5, Test(0.25)), FULL, open_test=lambda: opened.append("ledger"))
    assert opened == ["ledger"]


def test_two_scores_on_the_test_set_are_refused() -> None:
    with pytest.raises(TrainingFailedError, match="two scores on the test set"):
        scored(yields(0.5, Test(0.25), Test(0.5)), FULL)


def test_a_test_set_that_cannot_be_opened_is_no_fault_of_the_functions() -> None:
    class DatabaseGoneError(Exception):
        pass

    def door() -> None:
        raise DatabaseGoneError

    with pytest.raises(DatabaseGoneError):
        scored(lambda c, r: r.test, FULL, open_test=door)


def test_without_data_it_is_told_where_to_take_them_from() -> None:
    with pytest.raises(TrainingFailedError, match=r"run.train: this study has no \[data\]; name some, or divide"):
        scored(lambda c, r: r.train, examples=None)


def test_own_examples_are_divided_by_the_cut_the_same_way_every_time() -> None:
    own = OwnExamples(3)
    labels = np.array(["a", "b"] * 100)

    def split(cut: Cut, **more: Any) -> tuple[np.ndarray, np.ndarray]:
        found: list[tuple[np.ndarray, np.ndarray]] = []
        scored(lambda c, r: found.append(r.split(200, **more)) or 0.5, replace(SEARCH, cuts=(cut,)), own=own)
        return found[0]

    train, validation = split(Cut(40), labels=labels)
    assert (len(train), len(np.unique(train)), len(validation)) == (40, 40, 25)
    assert not set(train) & set(validation)
    assert (labels[train] == "a").sum() == 20
    np.testing.assert_array_equal(train, split(Cut(40), labels=labels)[0])
    fresh = split(Cut(40, 1, scorers="race"), labels=labels)
    assert not set(fresh[0]) & set(train)
    assert not set(fresh[1]) & set(validation)
    whole = split(Cut(None, scorers="holdout"), labels=labels)
    assert len(whole[0]) + len(whole[1]) == 200


def test_other_examples_than_before_are_refused() -> None:
    own = OwnExamples(3)
    scored(lambda c, r: r.split(200)[0].size / 200, own=own)
    for wrong, sentence in [
        (lambda r: r.split(199), r"run.split\(199\) after run.split\(200\)"),
        (lambda r: r.split(200, labels=[0, 1] * 100), "run.split: other labels than before"),
        (lambda r: r.split(200, labels=[0, 1]), r"labels have the shape \(2,\); expected \(200,\)"),
        (lambda r: r.split(200, labels=np.linspace(0, 1, 200)), "200 different labels for 200 examples"),
        (lambda r: r.split("all"), r"run.split\('all'\): expected how many examples"),
        (lambda r: r.split(200.0), r"run.split\(200.0\): expected how many examples"),
    ]:
        with pytest.raises(TrainingFailedError, match=sentence):
            scored(lambda c, r, wrong=wrong: wrong(r), own=own)


def draws(config: dict[str, Any], run: Any) -> Iterator[float]:
    """A careless training: it draws from whatever is there."""
    for _ in run.rungs:
        yield (random.random() + np.random.rand()) / 2  # noqa: NPY002 - it is careless


def test_trainings_that_take_turns_each_draw_their_own_random_numbers() -> None:
    alone = [scored(draws, replace(SEARCH, seed=seed)).points for seed in (1, 2)]
    mixed = [started(draws, replace(SEARCH, seed=seed)) for seed in (1, 2)]
    for percent in (25, 50, 100):
        for training in mixed:
            np.random.rand()  # noqa: NPY002 - somebody else does, too
            last = training.advance(percent)
    assert [point.value for point in last.points] == [point.value for point in alone[1]]
    values = [[point.value for point in points] for points in alone]
    assert values[0] != values[1]


def test_the_process_draws_what_it_would_have_drawn_without_a_training() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - it is this
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    scored(draws)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


def test_a_training_that_saves_itself_goes_on_in_another_process(tmp_path: Path) -> None:
    trained: list[int] = []

    def train(config: dict[str, Any], run: Any) -> Iterator[Score]:
        saved = run.checkpoint / "done"
        done, state = map(int, saved.read_text().split()) if saved.exists() else (0, run.seed)
        for percent in run.rungs:
            if percent > done:
                trained.append(percent)
                state = (state * 31 + percent) % 1000
                saved.write_text(f"{percent} {state}")
            yield Score(state / 1000)

    expected = scored(train, checkpoints=tmp_path / "one").value
    trained.clear()
    started(train, checkpoints=tmp_path / "two").advance(50)
    assert started(train, checkpoints=tmp_path / "two").advance(100).value == expected
    assert trained == [25, 50, 100]
    assert not list((tmp_path / "two").iterdir()), "what has ended needs no checkpoint"


def test_without_a_folder_there_is_no_checkpoint() -> None:
    assert scored(lambda c, r: 0.5 if r.checkpoint is None else 0.0).value == 0.5


def test_values_keep_the_metrics_own_direction() -> None:
    assert scored(lambda c, r: 12.5, metric=LOSS).value == 12.5
    assert ACCURACY.fault(12.5)


def test_closing_ends_the_generator() -> None:
    ended = []

    def train(config: dict[str, Any], run: Any) -> Iterator[float]:
        try:
            for _ in run.rungs:
                yield 0.5
        finally:
            ended.append(True)

    training = started(train)
    training.advance(25)
    training.close()
    assert ended == [True]
    trainer(train).close()
