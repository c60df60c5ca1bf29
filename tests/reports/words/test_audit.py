"""What an audit says: in the metric's own units and direction, and in points only of a share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpo.auditing.again import Again
from hpo.auditing.audit import Audit, audit
from hpo.auditing.luck import Luck
from hpo.reports.page.audit import audit_page
from hpo.reports.page.page import page_html
from hpo.reports.words.audit import (
    again_text,
    between_text,
    difference_text,
    duplicates_text,
    edges_texts,
    effects_texts,
    gain_text,
    luck_text,
    score_text,
    ties_text,
)
from hpo.searching.metric import ACCURACY, Metric
from tests.hpo.auditing.searches import hill, searched

RMSE = Metric("rmse", "minimize", low=0.0, high=None, is_share=False)


@pytest.fixture(scope="module")
def plain() -> Audit:
    return audit(searched(lambda config: 3 - 2 * hill(0.5)(config), metric=RMSE, noise=0.02))


@pytest.fixture(scope="module")
def share() -> Audit:
    return audit(searched(hill(-2.0)))


def everything(found: Audit) -> str:
    texts = [luck_text(found), ties_text(found), gain_text(found), again_text(found), duplicates_text(found)]
    return " ".join([*texts, *edges_texts(found), *effects_texts(found)])


def test_an_unknown_metric_is_shown_in_plain_values(plain: Audit) -> None:
    told = everything(plain).replace("90 %", "").replace("outer 15 %", "")
    told = told.replace(f"{100 * plain.again.chance:.0f} % probability", "")
    assert "%" not in told
    assert "point" not in told
    assert f"{float(f'{-plain.best.score:.4g}'):g} (trial {plain.best.number})" in told


def test_where_less_is_better_scores_fall_towards_an_end_and_the_lowest_mean_wins(plain: Audit) -> None:
    assert "scores still fall towards there" in " ".join(edges_texts(plain))
    assert "take the one with the lowest mean" in again_text(plain)


def test_a_share_is_told_in_percent_and_points(share: Audit) -> None:
    assert "points too good" in luck_text(share)
    assert score_text(ACCURACY, 0.7634) == "76.3 %"
    assert difference_text(ACCURACY, 0.01) == "1.0 point"
    assert between_text(ACCURACY, 0.7, 0.8) == "70.0 to 80.0 %"
    assert between_text(RMSE, -3.0, -2.0) == "2 to 3", "the smaller value first"


@pytest.mark.parametrize(
    ("luck", "says"),
    [
        (Luck("told", 0.02, 0.01, 0.03, 0.01), "is probably 2.0 points too good"),
        (Luck("told", 0.0002, -0.004, 0.004, 0.01), "Next to nothing of the best score"),
        (Luck("unsure", 0.02, 0.0, 0.06, 0.01), "can't be pinned down"),
        (Luck("no noise", 0.0, 0.0, 0.0, 0.0), "No luck shows"),
        (Luck("all equal"), "All finished trials scored the same"),
        (Luck("too few trials"), "80 finished trials are too few"),
    ],
)
def test_each_verdict_has_its_sentence(share: Audit, luck: Luck, says: str) -> None:
    assert says in luck_text(replace(share, luck=luck))


def test_a_plan_that_is_not_enough_says_so(share: Audit) -> None:
    poor = replace(share.again, runs=30, chance=0.6)
    assert isinstance(poor, Again)
    assert "even then" in again_text(replace(share, again=poor))


def test_what_a_stranger_wrote_is_no_part_of_the_page(share: Audit) -> None:
    named = replace(share, search=replace(share.search, name="<script>alert(1)</script>"))
    page = page_html(audit_page(named, []))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_sentences_hold_no_number_that_is_none(share: Audit, plain: Audit) -> None:
    for found in (share, plain, audit(searched(hill(-2.0), count=5)), audit(searched(lambda _: 1.0, noise=0.0))):
        assert "nan" not in everything(found).lower() if found.again else "nan" not in luck_text(found)
    assert np.isfinite(share.luck.luck)
