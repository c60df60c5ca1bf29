"""What is understood of a program's output, whatever it writes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.searching.metric import ACCURACY, KNOWN, Metric
from hpo.training.programs.output import LONGEST_LINE, MOST_LINES, Output, Tail
from hpo.training.programs.scores import WrongLineError, read_points, read_score

LOSS = Metric("loss", **KNOWN["loss"])


def output_of(text: str | bytes, asked: int = 25) -> Output:
    output = Output(("value", "accuracy"), asked)
    output.add(text.encode() if isinstance(text, str) else text)
    output.end()
    return output


def test_the_last_line_for_the_percent_that_was_asked_for_counts() -> None:
    output = output_of('{"percent": 25, "value": 0.1}\n{"percent": 25, "value": 0.2}\n{"percent": 50, "value": 0.9}\n')
    assert output.score is not None
    assert output.score.told["value"] == 0.2


def test_a_line_without_percent_is_for_the_one_that_was_asked_for() -> None:
    output = output_of('{"accuracy": 0.2}')
    assert output.score is not None
    assert output.score.percent == 25


def test_other_lines_are_passed_over_and_their_end_is_kept() -> None:
    output = output_of('epoch 1\n  {"value": 0.3}  \r\n[1]\nbye')
    assert output.score is not None
    assert not output.misread
    assert output.tail.text().endswith("bye")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{'value': 0.3}", "no JSON: {'value': 0.3}"),
        ('{"value": ', "no JSON"),
        ("{" * 100_000, "no JSON"),
        ('{"loss": 0.3}', "without 'value' or 'accuracy'"),
        ('{"percent": "25", "value": 0.3}', "a percent that is no number from 0 to 100"),
        ('{"percent": 250, "value": 0.3}', "a percent that is no number from 0 to 100"),
        ('{"percent": NaN, "value": 0.3}', "a percent that is no number from 0 to 100"),
        ('{"value": 0.3, "x": "\x1b[31m\\"', "\\x1b[31m"),
    ],
)
def test_a_line_in_braces_that_is_not_understood_is_named(line: str, said: str) -> None:
    output = output_of(line)
    assert output.score is None
    assert said in output.misread


def test_what_it_prints_for_itself_does_no_harm_beside_a_score() -> None:
    assert output_of('{"value": 0.3}\n{ epoch: 3 }\n').score is not None


def test_bytes_that_are_no_text_are_passed_over() -> None:
    assert output_of(b'\xff\xfe\x00\n{"value": 0.5}\n').score is not None


def test_an_endless_line_is_not_kept_and_what_comes_after_it_is_read() -> None:
    output = Output(("value",), 100)
    for _ in range(3):
        output.add(b'{"value": ' + b"9" * LONGEST_LINE)
    assert len(output._rest) <= LONGEST_LINE
    assert "a line of more than 1,024 kB" in output.misread
    output.add(b'}\n{"value": 0.5}\n')
    assert output.score is not None


def test_a_million_scores_are_thinned_and_the_last_is_kept() -> None:
    output = Output(("value",), 100)
    for step in range(5_000):
        output.add(b'{"percent": %f, "value": 0.5}\n' % (step / 50))
    output.add(b'{"value": 0.9}\n')
    assert len(output.lines) <= MOST_LINES
    assert output.score is not None


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 7))
def test_it_does_not_matter_in_which_pieces_output_comes(lines: list[bytes], size: int) -> None:
    whole = b"\n".join([*lines, b'{"value": 0.25}'])
    at_once, in_pieces = output_of(whole), Output(("value", "accuracy"), 25)
    for start in range(0, len(whole), size):
        in_pieces.add(whole[start : start + size])
    in_pieces.end()
    assert (in_pieces.lines, in_pieces.misread, in_pieces.tail.text()) == (
        at_once.lines,
        at_once.misread,
        at_once.tail.text(),
    )


def test_a_tail_is_the_end_of_what_was_said() -> None:
    tail = Tail()
    for number in range(10_000):
        tail.add(b"%d\n" % number)
    assert len(tail.text()) <= 4096
    assert tail.last_line() == "9999"


def read(told: dict[str, object], metric: Metric = ACCURACY):
    score = output_of(json.dumps(told)).score
    assert score is not None
    return read_score(score, metric)


def test_the_metrics_own_name_and_further_metrics_are_read() -> None:
    told = read({"accuracy": 0.5, "train": 0.75, "latency_ms": 3, "epoch": 4, "note": "fine", "ok": True})
    assert (told.value, told.train, told.test, told.others) == (0.5, 0.75, None, {"latency_ms": 3.0})


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"value": 97}, "97.*accuracy is 97, outside its bounds 0 .. 1; give a share from 0 to 1, not percent"),
        ({"value": "0.97"}, "value = '0.97', which is no number"),
        ({"value": [0.97]}, r"value = \[0.97\], which is no number"),
        ({"value": True}, "which is no number"),
        ({"value": 0.5, "train": 50}, "gave train = 50"),
        ({"value": 0.5, "test": "good"}, "gave test = 'good', which is no number"),
    ],
)
def test_a_value_that_is_none_of_the_metrics_is_said(told: dict[str, object], said: str) -> None:
    with pytest.raises(WrongLineError, match=said):
        read(told)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, 10**400])
def test_a_training_that_diverged_has_the_worst_value_where_there_is_one(value: object) -> None:
    told = read({"value": value})
    assert told.value == 0.0
    assert told.diverged is not None
    assert told.diverged.startswith("accuracy is ")
    with pytest.raises(WrongLineError, match="no finite number"):
        read({"value": value}, LOSS)


def test_a_curve_has_the_points_that_can_be_read() -> None:
    lines = output_of(
        '{"percent": 5, "value": 0.5}\n{"percent": 10, "value": 50}\n{"percent": 25, "value": 0.7, "epoch": 3}\n'
    ).lines
    points = read_points(lines, ACCURACY, group=1, epochs=20, seconds=10.0)
    assert [(each.group, each.step, each.epoch, each.value, each.seconds) for each in points] == [
        (1, 5, 1.0, 0.5, 2.0),
        (1, 25, 3.0, 0.7, 10.0),
    ]
