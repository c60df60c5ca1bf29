"""Our part of a note and what people wrote beside it: no word of theirs is lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.reports.dashboard.block import merged

WORDS = st.text(alphabet="ab []/#()-\n|한", max_size=60)
OURS = st.lists(st.sampled_from(["## verdict", "use 0.1", "| a | b |", "---", "~"]), min_size=1).map("\n\n".join)

MARKS = st.lists(
    st.sampled_from(
        ["[//]: # (hpo 0123456789ab: kept)", "[//]: # (hpo x:)", "[//]: # (end of hpo)", "\n\n", "\n", "a", ")", " "]
    ),
    max_size=12,
).map("".join)


def merged_by_one_pattern(note: str, ours: str) -> str:
    """Return what `merged` is to return, found in the plain way, which takes the square of the note's length."""
    pattern = r"\[//\]: # \(hpo [0-9a-f]{12}:[^\n]{0,100}\)\n\n(.*?)\n\n\[//\]: # \(end of hpo\)"
    block, before = merged("", ours), re.search(pattern, note, re.DOTALL)
    if before is None:
        theirs = re.sub(r"\[//\]: # \((?:hpo [0-9a-f]{12}:[^\n]{0,100}|end of hpo)\)\n*", "", note).strip()
        return f"{theirs}\n\n---\n\n{block}" if theirs else block
    kept = "" if before[0] == merged("", before[1]) else f"\n\n---\n\n{before[1]}"
    return note[: before.start()] + block + kept + note[before.end() :]


@given(MARKS, OURS, OURS)
def test_it_is_what_one_pattern_finds(note, first, second):
    for each in (note, merged(note, first), f"{note}{merged('', first)}{note}"):
        assert merged(each, second) == merged_by_one_pattern(each, second)


@pytest.mark.parametrize(
    "repeated",
    [
        "[//]: # (hpo 0123456789ab: kept)\n\n",
        "[//]: # (hpo 0123456789ab:",
        "[//]: # (hpo 0123456789ab: kept)",
        "[//]: # (end of hpo)",
        "[//]: # (",
        "\n",
    ],
)
def test_a_note_full_of_marks_takes_no_longer_than_its_length_explains(repeated):
    note = "x" + repeated * (300_000 // len(repeated)) + "x"
    began = time.thread_time()
    merged(note, "use 0.1")
    assert time.thread_time() - began < 1, "the square of the length would take many seconds"


def test_half_a_letter_inside_of_ours_is_an_edit_like_any_other():
    edited = merged("", "use 0.1").replace("use 0.1", "use \ud83d 0.1")
    again = merged(merged(edited, "use 0.2"), "use \udc00 0.3")
    assert "use \ud83d 0.1" in again
    assert "use 0.2" not in again


@given(WORDS, OURS)
def test_merging_twice_is_merging_once(note, ours):
    once = merged(note, ours)
    assert merged(once, ours) == once


@given(WORDS, OURS, OURS)
def test_a_new_one_replaces_ours_and_nothing_else(note, first, second):
    both = merged(merged(note, first), second)
    assert both == merged(note, second)
    assert note.strip() in both


@given(WORDS, WORDS, OURS, OURS)
def test_what_people_write_around_ours_stays_where_it_is(above, below, first, second):
    edited = f"{above}{merged('', first)}{below}"
    new = merged(edited, second)
    assert new.startswith(above)
    assert new.endswith(below)


def test_a_part_of_ours_that_was_edited_stays_below_the_new_one_and_is_never_touched_again():
    edited = merged("", "use 0.1").replace("use 0.1", "use 0.1, I tried it on the other data, too")
    again = merged(merged(edited, "use 0.2"), "use 0.3")
    assert "use 0.1, I tried it on the other data, too" in again
    assert "use 0.3" in again
    assert "use 0.2" not in again


def test_ours_comes_back_below_the_rest_if_it_was_deleted():
    assert merged("my own words", "use 0.2").startswith("my own words\n")
    assert "use 0.2" in merged("my own words", "use 0.2")


def test_half_of_our_marks_are_no_block_and_do_not_pile_up():
    half = merged("", "use 0.1").split("\n\n[//]: # (end")[0]
    assert "use 0.1" in merged(half, "use 0.2")
    assert merged(half, "use 0.2").count("[//]: #") == 2
