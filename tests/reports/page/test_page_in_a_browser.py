"""The report as a browser shows it: narrow, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hpo.reports.page.page import report_html
from tests.support.browsing import browser
from tests.support.comparison_results import comparison
from tests.support.results import MIXED, definition, study

PAGE = 267
"""Millimetres from top to bottom of what may be printed on A4, between margins of 15."""
REPORTS = {
    "two hyperparameters": study,
    "five": lambda: study(definition(MIXED)),
    "a long word": lambda: study(definition(title="W" * 80)),
    "running": lambda: study(finish=False, unfinished=3),
    "comparison": comparison,
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a function that opens a report in a page of a browser, and returns it."""
    folder = tmp_path_factory.mktemp("pages")
    with browser() as started:
        page = started.new_page()

        def visit(name: str) -> Any:
            path = folder / f"{name}.html"
            if not path.exists():
                path.write_text(report_html([REPORTS[name]()]), encoding="utf-8")
            page.emulate_media(media="screen")
            page.goto(path.as_uri())
            return page

        yield visit


@pytest.mark.parametrize("name", REPORTS)
def test_a_narrow_page_does_not_scroll_sideways(opened, name):
    page = opened(name)
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    beyond = page.evaluate(
        """[...document.querySelectorAll('body *')].filter((each) => !each.closest('.scroll')
        && each.getBoundingClientRect().right > 401).map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert beyond == []


def test_a_figure_is_seen_whole_on_a_narrow_page_and_large_once_it_is_tapped(opened):
    page = opened("five")
    page.set_viewport_size({"width": 400, "height": 800})
    wide = "(box) => box.scrollWidth - box.clientWidth"
    boxes = page.locator(".picture .scroll").all()
    assert [box.evaluate(wide) for box in boxes] == [0] * len(boxes)
    boxes[0].click()
    assert boxes[0].evaluate(wide) > 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("name", REPORTS)
def test_on_paper_nothing_that_stays_whole_is_so_high_that_it_leaves_half_a_page_empty(opened, name):
    page = opened(name)
    page.set_viewport_size({"width": round(180 / 25.4 * 96), "height": 1000})
    page.emulate_media(media="print")
    heights = page.evaluate(
        """[...document.querySelectorAll('figure.picture, table')].map((each) => [
        each.matches('.tall') || getComputedStyle(each).breakInside !== 'avoid',
        each.getBoundingClientRect().height / 96 * 25.4, each.textContent.trim().slice(0, 60)])"""
    )
    assert heights
    assert [each for each in heights if not each[0] and each[1] > 0.36 * PAGE] == []
    tall = page.evaluate("[...document.querySelectorAll('.tall')].map((each) => each.getBoundingClientRect().height)")
    assert all(each / 96 * 25.4 < 0.54 * PAGE for each in tall)
