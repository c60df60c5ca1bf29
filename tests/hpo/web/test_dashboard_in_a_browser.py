"""The dashboard in a real browser: every page that people look at is filled, and its console is clean."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hpo import serve
from hpo.storage.database import Database
from hpo.web.access import Access
from tests.support.browsing import browser
from tests.support.clients import Client, served, uploaded
from tests.support.databases import open_study, run_to_the_end

PATIENCE = 60_000  # milliseconds: the program of the pages has 6 MB, and the machine other things to do
BETWEEN = 6  # pixels that tell the letters of two texts apart
Open = Callable[[str], Any]


@pytest.fixture(scope="module")
def page(dashboard: Client) -> Iterator[Any]:
    """Return a page of a browser that the tests of this file share; what its console complains of is in `.errors`."""
    with browser() as started:
        page = started.new_page(viewport={"width": 1280, "height": 1800})
        page.set_default_timeout(PATIENCE)
        page.errors = []
        page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("response", lambda answer: page.errors.append(answer.url) if answer.status >= 400 else None)
        yield page


@pytest.fixture
def open_page(page: Any, dashboard: Client) -> Iterator[Open]:
    """Return a function that opens a path of the dashboard; afterwards the console must be empty."""
    page.errors.clear()

    def visit(path: str) -> Any:
        page.goto(dashboard.origin + path)
        return page

    yield visit
    assert page.errors == []


@pytest.fixture(scope="module")
def study(dashboard: Client) -> dict[str, Any]:
    """Return what the API says of the finished search."""
    listed = json.loads(dashboard.ask("GET", "/api/studies")[2])["study_summaries"]
    number = next(each["study_id"] for each in listed if each["study_name"] == "blob")
    return json.loads(dashboard.ask("GET", f"/api/studies/{number}?after=0")[2]) | {"study_id": number}


def drawn(page: Any, plot: str, least: int = 1) -> None:
    """Wait until plotly has drawn so many points or bars into the element `plot`."""
    page.wait_for_function(
        "([plot, least]) => document.querySelectorAll(`${plot} .point`).length >= least", arg=[plot, least]
    )


def test_it_opens_on_what_the_studies_found_and_leads_to_the_note(open_page):
    page = open_page("/")
    assert page.locator("article").count() == 2  # blob and versus, each with its parts
    page.get_by_text(re.compile("^Use learning_rate = ")).wait_for()
    assert page.locator("button").count() == 0
    page.locator("article", has_text="blob").locator("h2 a").click()
    page.get_by_role("heading", name="Good values").wait_for()


@pytest.mark.parametrize("width", [400, 1280])
def test_the_start_page_does_not_scroll_sideways(open_page, width):
    page = open_page("/")
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(before)


def test_the_way_home_leads_to_the_start_page(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}/note")
    page.get_by_role("heading", name="Good values").wait_for()
    page.get_by_title("Return to the top page").click()
    page.get_by_role("heading", name="Studies").wait_for()


def test_the_dashboards_own_list_has_no_buttons_that_the_server_refuses(open_page):
    page = open_page("/dashboard/compare-studies")
    page.get_by_text("Compare Studies (").wait_for()
    page.evaluate(  # as the browser's way back does it: no link is clicked
        "history.pushState({}, '', '/dashboard/'); dispatchEvent(new PopStateEvent('popstate', {state: {}}))"
    )
    page.get_by_text(re.compile(r"^\d+\. blob$")).wait_for()
    page.get_by_role("button", name="Reload").wait_for()
    for name in ("rename study", "delete study", "Create"):
        assert not any(each.is_visible() for each in page.get_by_role("button", name=name).all())
    assert page.get_by_text(re.compile(r"^\d+\. blob-final$")).count() == 0


def test_no_panel_calls_the_luckiest_trial_the_best(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}")
    drawn(page, "#graph-hyperparameter-importances", 2)
    assert not any(each.is_visible() for each in page.get_by_text("Best Trial").all())
    page = open_page(f"/dashboard/studies/{study['study_id']}/trials")
    page.get_by_text("Trial 0").first.wait_for()
    assert not any(each.is_visible() for each in page.get_by_text("Best Trial").all())


def test_a_study_shows_its_history_its_importances_and_our_figures(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}")
    drawn(page, "#plot-history", 4)
    drawn(page, "#graph-hyperparameter-importances", 2)
    for figure, title in (
        ("where-the-search-looked", "Where the search looked"),
        ("good-values", "The good values"),
        ("subset-and-all-data", "The subset's scores"),
    ):
        drawn(page, f"[id='user-defined-plot:{figure}']", 1)
        assert title in page.locator(f"[id='user-defined-plot:{figure}'] .gtitle").text_content()


def test_the_title_of_an_axis_keeps_off_its_ticks(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}")
    plot = "[id='user-defined-plot:where-the-search-looked']"
    drawn(page, plot, 1)
    title = page.locator(f"{plot} .ytitle").bounding_box()
    ticks = [each.bounding_box() for each in page.locator(f"{plot} .ytick text").all()]
    assert len(ticks) >= 3
    assert all(title["x"] + title["width"] + BETWEEN <= tick["x"] for tick in ticks)


def test_slices_and_contours_are_drawn(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}/analytics")
    drawn(page, "#plot-slice", 4)
    drawn(page, "#graph-contour")


def test_the_note_is_rendered_and_none_of_its_marks_are_seen(open_page, study):
    page = open_page(f"/dashboard/studies/{study['study_id']}/note")
    page.get_by_role("heading", name="Good values").wait_for()
    assert page.locator("table").count() >= 3
    text = page.inner_text("body")
    assert "Use learning_rate = " in text
    assert "[//]" not in text
    assert "end of hpo" not in text


def test_a_good_value_has_its_note_and_a_network_to_download(open_page, study):
    good = next(trial for trial in study["trials"] if trial["note"]["body"])
    page = open_page(f"/dashboard/studies/{study['study_id']}/trials?numbers={good['number']}")
    page.get_by_role("heading", name="Good value").wait_for()
    link = page.locator("a[download$='network.npz']")
    link.wait_for()
    with page.expect_download() as downloading:
        link.click()
    assert downloading.value.suggested_filename == f"blob-trial{good['number']}-all-data-network.npz"
    with open(downloading.value.path(), "rb") as file:  # noqa: PTH123 - Playwright's own path
        assert file.read(2) == b"PK"


def test_an_uploaded_page_is_saved_and_never_shown(page, study, dashboard):
    path = uploaded(dashboard, study["study_id"], "page.html", b"<script>document.title = 'it ran'</script>")
    other = page.context.browser.new_page()
    with other.expect_download() as downloading, contextlib.suppress(Exception):
        other.goto(dashboard.origin + path)  # raises, for it goes nowhere
    assert downloading.value.url.endswith(path)
    for hidden in (path.replace("/artifacts", "/%ffartifacts"), path.replace("/artifacts", "/artifacts%ff")):
        assert other.goto(dashboard.origin + hidden).status == 400
        assert other.title() == "Refused"
    other.close()


def test_an_uploaded_picture_is_shown_in_a_page(page, study, dashboard):
    path = uploaded(dashboard, study["study_id"], "dot.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="7"/>')
    other = page.context.browser.new_page()
    other.goto(f"{dashboard.origin}/dashboard")
    width = "path => new Promise(done => Object.assign(new Image(), {src: path, onload() { done(this.naturalWidth) }}))"
    assert other.evaluate(width, path) == 7
    other.close()


def test_a_note_is_written_in_the_page_and_ours_stays_below_it(open_page, study, dashboard):
    page = open_page(f"/dashboard/studies/{study['study_id']}/note")
    page.get_by_role("heading", name="Good values").wait_for()
    page.locator("button:has([data-testid='EditIcon'])").first.click()
    editor = page.locator("textarea").first
    editor.fill("my own words\n\n" + editor.input_value())
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Success to save the note").wait_for()
    page.get_by_text("my own words", exact=True).wait_for()
    body = json.loads(dashboard.ask("GET", f"/api/studies/{study['study_id']}?after=0")[2])["note"]["body"]
    assert body.startswith("my own words\n\n[//]: # (hpo ")


def test_where_nothing_can_be_written_nothing_offers_to_write(page, tmp_path):
    path = tmp_path / "hpo.db"
    with open_study(path) as opened:
        run_to_the_end(opened)
    page.errors.clear()
    with Database(f"sqlite:///{path}", read_only=True) as reading:
        number = reading.optuna.get_study_id_from_name("small")
        application = serve.guarded(reading, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            for part in ("", "/note", "/trials?numbers=0"):
                page.goto(f"http://127.0.0.1:{port}/dashboard/studies/{number}{part}")
                ways = page.locator("[data-testid='EditIcon'], [data-testid='UploadFileIcon']")
                ways.first.wait_for(state="attached")
                assert not any(each.is_visible() for each in ways.all())
    assert page.errors == []
