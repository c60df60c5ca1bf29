"""What a certificate says, on the terminal, in files, in a figure and in the verdict of its study."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from hpo.certificate.plan import make_plan
from hpo.certificate.ranking import Certificate, Size, SizeVerdict
from hpo.record.certificate import Findings
from hpo.reports.certificate_files import write_certificate
from hpo.reports.tables.certificate import certificate_table
from hpo.reports.terminal.certificate import certificate_panel
from hpo.reports.words.certificate import certificate_note, cost_text
from hpo.reports.words.verdict import verdict
from tests.support import results as factory

FIRST, SECOND, LARGEST = Size(500, 40), Size(2000, 10), Size(8000, 3)
PASSES = SizeVerdict(FIRST, tau=0.714, tau_low=0.553, loss=0.0004, loss_high=0.004, cost=1 / 13)
FAILS = SizeVerdict(FIRST, tau=0.3, tau_low=-0.3, loss=0.0123, loss_high=0.03, cost=20 / 24)
PASSING = Certificate(LARGEST, (PASSES, replace(PASSES, size=SECOND)), 0.8, 16, 3)
SECOND_PASSES = Certificate(LARGEST, (FAILS, replace(PASSES, size=SECOND)), 0.8, 16, 3)
NONE_PASSES = Certificate(LARGEST, (FAILS, replace(FAILS, size=SECOND)), 0.8, 16, 3)
STUDY = factory.definition()


def findings(certificate: Certificate) -> Findings:
    rng = np.random.default_rng(0)
    plan = make_plan(STUDY, [], 50_000)
    scores = {size: rng.uniform(0.1, 0.9, (16, 3)) for size in plan.sizes}
    return Findings(STUDY, factory.SOURCE, plan, scores, certificate)


def printed(found: Findings, width: int = 400) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(certificate_panel(found))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def note(certificate: Certificate | None, **changes: Any) -> str:
    (told,) = certificate_note(replace(factory.just_begun(), certificate=certificate, **changes))
    return told


def test_a_subset_that_passes_is_said_to_rank_with_its_tau_and_its_cost():
    assert note(PASSING) == (
        "500 images rank the better half like 8000 do: Kendall's tau 0.71, at least 0.55 (noise allows 0.80); "
        "1/13 of the cost."
    )


def test_a_subset_that_does_not_pass_is_said_not_to_and_what_would():
    says = "500 images do not rank the better half like 8000 do: Kendall's tau 0.30, at least -0.30 "
    says += "(noise allows 0.80), 1.2 points lost, at most 3.0; "
    assert note(SECOND_PASSES) == says + "2000 do."
    assert note(NONE_PASSES) == says + "nor does any other number that was tried."


def test_without_a_certificate_the_note_says_how_to_make_one():
    assert note(None).endswith("To check: hpo certify --study mnist_wd")
    elsewhere = replace(NONE_PASSES, sizes=(replace(FAILS, size=SECOND),))
    assert "We don't know yet whether" in note(elsewhere)


def test_a_choice_that_a_certificate_made_is_said_to_be_one():
    assert note(PASSING, chosen={"passed": True, "samples": 500}).endswith('So the "auto" rounds took them.')
    reference = replace(NONE_PASSES, reference=FIRST, sizes=(replace(FAILS, size=Size(100, 200)),))
    assert note(reference, chosen={"passed": False, "samples": 500}) == (
        "No number of images up to 100 ranks the better half like 500 do. "
        'So the "auto" rounds took the largest number tried, 500.'
    )


@pytest.mark.parametrize("results", [factory.study(), factory.study(finish=False), factory.just_begun()])
def test_every_verdict_of_a_search_ends_with_the_certificate(results):
    assert verdict(replace(results, certificate=PASSING)).endswith(note(PASSING))
    assert verdict(results).endswith("hpo certify --study mnist_wd")


def test_the_panel_says_where_sizes_share_training_images():
    shared = findings(PASSING)
    disjoint = replace(shared, plan=replace(shared.plan, images=(((0, 400),) * 3, ((400, 2000),) * 3)))
    shared = replace(shared, plan=replace(shared.plan, images=()))
    assert "share training images" in " ".join(printed(shared).split())
    assert "share training images" not in " ".join(printed(disjoint).split())


def test_costs_read_as_fractions():
    assert [cost_text(cost) for cost in (1.0, 20 / 24, 0.25, 1 / 12.7)] == [
        "the same cost",
        "83 % of the cost",
        "1/4 of the cost",
        "1/13 of the cost",
    ]


@pytest.mark.parametrize("certificate", [PASSING, SECOND_PASSES, NONE_PASSES])
def test_the_panel_fits_the_terminal_and_has_a_line_for_each_size(certificate):
    text = printed(findings(certificate), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii() or "─" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("500 ", "2000 ", "8000 "))]
    assert [row[0] for row in rows[:3]] == ["500", "2000", "8000"]
    assert [row[-1] for row in rows[:2]] == ["yes" if each.passes else "no" for each in certificate.sizes]


def test_the_file_has_the_numbers_of_the_table(tmp_path):
    table, figure = write_certificate(findings(SECOND_PASSES), tmp_path)
    read = pd.read_csv(table)
    assert read.columns.tolist() == certificate_table(SECOND_PASSES).columns.tolist()
    assert read["samples"].tolist() == [500, 2000, 8000]
    assert read["tau"].tolist() == [0.3, 0.714, 0.8]
    assert read["passes"].tolist()[:2] == [False, True]
    assert figure.read_bytes().startswith(b"\x89PNG")
