from hypothesis import given
from hypothesis import strategies as st

from hpo.reports.words.formatting import item_lines

ITEMS = st.lists(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12))


@given(ITEMS, st.integers(1, 20), st.sampled_from([", ", "  "]))
def test_items_are_broken_into_lines_between_items_only(items, width, separator):
    lines = item_lines(items, width, separator)
    assert [item for line in lines for item in line.split(separator)] == items
    assert all(len(line) <= width or separator not in line for line in lines)


def test_a_line_takes_as_many_items_as_fit():
    assert item_lines(["lr 0.1", "wd 0.2", "batch 50"], 14) == ["lr 0.1, wd 0.2", "batch 50"]
    assert item_lines([], 14) == []
