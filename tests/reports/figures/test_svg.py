"""A figure in a page follows the page's colours, keeps its ids to itself, and leaves the headline to the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from hpo.reports.figures.boxes import boxes_figure
from hpo.reports.figures.comparisons.overfitting_figure import overfitting_figure
from hpo.reports.figures.importance import importance_figure
from hpo.reports.figures.palette import COLOURS, COLOURS_CSS
from hpo.reports.figures.svg import inline_svg, svg
from tests.support.comparison_results import comparison
from tests.support.results import definition, study

BOXES = svg(boxes_figure(study(definition(rounds=(20,), title="50 % < $5 & more --> 제목"))))
HATCHED = svg(importance_figure(study(definition(rounds=(20,)))))
OVERFITTING = svg(overfitting_figure(comparison()))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=[BOXES, OVERFITTING, HATCHED], ids=["boxes", "overfitting", "hatched"])
def drawn(request):
    return request.param


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """Return the contrast ratio of WCAG 2.1."""
    lower, higher = sorted((luminance(a), luminance(b)))
    return (higher + 0.05) / (lower + 0.05)


def test_a_figure_is_the_same_file_whenever_it_is_drawn():
    assert svg(overfitting_figure(comparison())) == OVERFITTING


def test_the_file_is_svg_without_a_date(drawn):
    assert ET.fromstring(drawn).tag == f"{SVG}svg"
    assert b"date" not in drawn
    assert b"<!--" not in drawn


def test_a_part_of_a_page_is_an_image_with_a_text_and_as_wide_as_it_is_let(drawn):
    root = ET.fromstring(inline_svg(drawn, prefix="a", alt='good < bad & "so"'))
    title = root.find(f"{SVG}title")
    assert root.get("role") == "img"
    assert root.get("width") == "100%"
    assert root.get("height") is None
    assert title is not None
    assert title.text == 'good < bad & "so"'
    assert root.get("aria-labelledby") == title.get("id")


def test_two_figures_in_a_page_share_no_id_and_every_reference_is_answered(drawn):
    parts = [inline_svg(drawn, prefix=prefix, alt="") for prefix in ("a", "b")]
    ids = [set(re.findall(r'\bid="([^"]+)"', part)) for part in parts]
    assert len(re.findall(r'\bid="', parts[0])) == len(ids[0])
    assert not ids[0] & ids[1]
    for part, own in zip(parts, ids, strict=True):
        assert set(re.findall(r"(?:href=\"|url\()#([^\")]+)", part)) <= own


def test_nothing_of_it_reaches_the_rest_of_the_page(drawn):
    part = inline_svg(drawn, prefix="a", alt="")
    assert not re.search(r"<style|<\?xml|<!|http://(?!www.w3.org)", part)


def test_the_page_has_the_headline(drawn):
    width, height = map(float, re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn).groups())
    part = inline_svg(drawn, prefix="a", alt="")
    left, top, wide, high = map(float, re.search(r'viewBox="([^"]+)"', part)[1].split())
    assert (left, wide, top + high) == (0, width, height)
    assert 30 < top < 60
    written = [float(y) for y in re.findall(r"translate\([\d.]+ ([\d.]+)\) scale", part)]
    assert min(written) > top


def test_every_colour_is_a_variable_but_those_of_the_scale():
    for drawn in (OVERFITTING, HATCHED):
        assert not re.findall(r"[\": ]#[0-9a-f]{6}\b", inline_svg(drawn, prefix="a", alt=""))
    for part in (inline_svg(OVERFITTING, prefix="a", alt=""), inline_svg(BOXES, prefix="a", alt="")):
        used = set(re.findall(r"var\((--[a-z-]+)\)", part))
        assert {"--ink", "--grid"} <= used
        assert all(COLOURS_CSS.count(f"{name}: #") == 2 for name in used)


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_colours_stand_out_from_the_page(shade):
    colours = {colour.name: getattr(colour, shade) for colour in COLOURS}
    paper = colours.pop("paper")
    assert all(contrast(colours[name], paper) > 4.5 for name in ("ink", "grey"))
    assert all(contrast(colour, paper) > 3 for name, colour in colours.items() if name not in ("grid", "faint"))
