"""The campaign of faults in its short form, and that it would see what is wrong."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults import checking, files
from tests.faults.__main__ import main, make_parser
from tests.faults.campaign import Tally, Try, attempt, plan, run_campaign
from tests.faults.lab import SHORT, Lab
from tests.faults.registry import BOTH, FAULTS, POSTGRESQL, SQLITE, Fault
from tests.faults.scene import Scene
from tests.faults.table import WIDTH, as_json, table, wrongs

QUICK = [("kill_worker", SQLITE), ("kill_all", SQLITE), ("ctrl_c", SQLITE), ("kill_worker", POSTGRESQL)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab(SHORT)
    yield made
    made.close()


def test_quick_faults_change_nothing(lab: Lab) -> None:
    planned = ((FAULTS[name], database, seed) for seed, (name, database) in enumerate(QUICK))
    tally = run_campaign(lab, planned, most=None, minutes=None, jobs=2, on_try=lambda done, so_far: None)
    assert not tally.wrong, wrongs(tally)
    assert len(tally.tries) == len(QUICK)


def test_a_file_that_differs_is_seen_and_seconds_are_not(lab: Lab, tmp_path: Path) -> None:
    undisturbed = lab.undisturbed().folder
    copy = tmp_path / "out"
    shutil.copytree(undisturbed, copy)
    trials = (copy / "trials.csv").read_text(encoding="utf-8").splitlines()
    column = trials[0].split(",").index("seconds")
    cells = trials[1].split(",")
    cells[column] = "123.0"
    (copy / "trials.csv").write_text("\n".join([trials[0], ",".join(cells), *trials[2:], ""]), encoding="utf-8")
    assert not files.differences(copy, undisturbed)
    cells[0] = "99"
    (copy / "trials.csv").write_text("\n".join([trials[0], ",".join(cells), *trials[2:], ""]), encoding="utf-8")
    (copy / "use.json").unlink()
    (copy / "more.csv").write_text("", encoding="utf-8")
    assert files.differences(copy, undisturbed) == [
        "use.json is missing",
        "more.csv is there, but not undisturbed",
        "trials.csv differs from line 1 on",
    ]


def test_doubled_missing_and_different_pieces_of_work_are_seen(lab: Lab) -> None:
    found = lab.undisturbed().reading
    first, second, third = found.pieces[:3]
    changed = dataclasses.replace(third, outcome="another", state="failed")
    ours = dataclasses.replace(found, pieces=(first, first, changed, *found.pieces[3:]))
    assert checking.pieces(ours, found) == [
        f"{first.key} is there 2 times",
        f"missing: {second.key}",
        f"came out otherwise: {third.key} ended as failed",
    ]
    assert not checking.pieces(found, found)


def test_a_ledger_with_a_line_too_few_or_twice_is_seen(lab: Lab) -> None:
    found = lab.undisturbed().reading
    one, two = found.ledger[:2]
    ours = dataclasses.replace(found, ledger=(two, two, *found.ledger[2:]))
    assert checking.ledger(ours, found) == [f"not in the ledger: {one}", f"in the ledger 2 times: {two}"]


def test_a_mistake_of_the_campaign_itself_is_told_and_kept(lab: Lab) -> None:
    def mistaken(scene: Scene) -> None:
        raise KeyError("nothing")

    done = attempt(lab, Fault("mistaken", BOTH, mistaken), SQLITE, 1)
    assert done.wrongs[0].startswith("the campaign itself failed: KeyError in test_faults.py")
    shutil.rmtree(done.kept)


def test_a_seed_stands_for_the_first_fault_of_a_plan() -> None:
    fault, database, seed = next(plan([FAULTS["kill_all"]], [POSTGRESQL], 7))
    assert (fault.name, database, seed) == ("kill_all", POSTGRESQL, 7)


def test_the_table_fits_a_terminal_and_says_how_to_repeat_what_was_wrong() -> None:
    wrong = Try("kill_inside_a_transaction", SQLITE, 12, 3.0, wrongs=("it is " + "very " * 30 + "wrong",), kept="/x")
    tally = Tally([wrong, Try("power_cut", SQLITE, 13, 3.0, skipped="there is no C compiler")])
    text = table(tally, BOTH)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "--only kill_inside_a_transaction --database sqlite --seed 12 --faults 1" in wrongs(tally)
    assert (as_json(tally)["tried"], as_json(tally)["wrong"]) == (1, 1)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_says_in_a_line_what_it_does(name: str) -> None:
    assert FAULTS[name].sentence.endswith(".")
    assert len(name) <= 33, "the table has no more room"


def test_the_help_teaches_and_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert "power_cut" in capsys.readouterr().out
    help_ = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--help"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout
    assert "examples:" in help_
    assert make_parser().parse_args([]).faults is None
