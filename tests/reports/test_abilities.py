"""What a trainer can't do leaves its parts out of every output, and a sentence says so."""

from __future__ import annotations

import html
import io
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rich.console import Console

from hpo.definition.abilities import Abilities
from hpo.proof.estimates import Estimate
from hpo.record.results import StudyResults
from hpo.reports.dashboard.pages import pages
from hpo.reports.dashboard.study_note import final_name
from hpo.reports.files import report_files
from hpo.reports.terminal.search import ending
from hpo.reports.use import use_toml
from hpo.reports.words.certificate import certificate_note
from hpo.reports.words.ledger import ledger_text
from hpo.reports.words.luck import luck_note
from hpo.reports.words.verdict import conclusion, verdict
from hpo.searching.space import Config, SearchSpace
from tests.support.metrics import RMSE, in_metric
from tests.support.results import definition, study

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)
OWN = {"name": "own", "provenance": "the trainer's own data", "sha256": "", "complete": "yes"}


@dataclass(frozen=True)
class Stub:
    """A trainer of somebody else's, of which nothing but its abilities is known."""

    abilities: Abilities

    def tables(self) -> dict[str, Any]:
        return {"trainer": {"call": "train.py:train"}}

    def check(self, config: Config) -> None:
        pass

    def check_space(self, space: SearchSpace) -> None:
        pass

    def plain(self, config: Config) -> Mapping[str, Any]:
        return config

    def updates(self, config: Config, samples: int, epochs: int) -> int | None:
        return None


def of_a_trainer(**cannot: bool) -> StudyResults:
    """Return a study of rmse whose trainer lacks those abilities, with what such a study has of runs and curves."""
    abilities = Abilities(**cannot)
    found = in_metric(study(definition(final={"probe": False})), RMSE)
    of = replace(found.definition, trainer=Stub(abilities), space=found.definition.space)
    found = replace(found, definition=of, source=OWN, data={"pool": 1, "holdout": 0, "chance": None})
    if abilities.samples:
        found = replace(found, data={"pool": 900, "holdout": 100, "chance": None})
    full = [each for each in found.full if each.stage == "full"]
    if not (abilities.samples or abilities.test):
        full = []
    if not abilities.test:
        untested = {run.id: replace(run, test_accuracy=None) for run in found.runs}
        full = [replace(each, test=UNKNOWN, runs=tuple(untested[run.id] for run in each.runs)) for each in full]
        found = replace(found, ledger=[], runs=list(untested.values()))
    keep = ("race", "confirm", "full") if full else ("race", "confirm")
    return replace(found, full=full, runs=[run for run in found.runs if run.stage in keep])


def told(found: StudyResults) -> dict[str, str]:
    """Return what people read of a study, by where."""
    files = report_files(found, ("csv", "html"))
    text = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]*>", " ", files["report.html"].decode(), flags=re.DOTALL)
    screen = io.StringIO()
    for part in [*ending(found), *ending(found, whole=True)]:
        Console(file=screen, width=200).print(part)
    ids = {found.definition.name: 2, final_name(found): 1}
    notes = [note for page in pages(found, ids, []) for note in (page.note, *page.trial_notes.values())]
    return {"page": html.unescape(text), "terminal": screen.getvalue(), "notes": "\n".join(notes)}


def figures(found: StudyResults) -> set[str]:
    return {path.split("/")[1].removesuffix(".svg") for path in report_files(found, ("svg",)) if path.endswith(".svg")}


def test_without_a_test_set_nothing_is_said_of_it_and_the_ledger_says_why():
    found = of_a_trainer(test=False)
    assert re.search(r": rmse [\d.]+ in validation, trained on all of the data \(90 % int", conclusion(found))
    for where, text in told(found).items():
        assert "on the test" not in text, where
        assert "test (interval)" not in text, where
        assert "test - train" not in text, where
    assert "There is no test set: what is reached is known in validation alone." in verdict(found)
    assert ledger_text(found) == "There is no test set, so none was evaluated."
    assert "gaps" not in figures(found)
    use = tomllib.loads(use_toml(found).decode())
    assert (use["metric"], use["score_from"]) == ("validation rmse", "full")
    assert use["score"] == use["validation_rmse"]


def test_without_samples_nothing_is_said_of_a_subset_nor_of_all_of_the_data():
    found = of_a_trainer(samples=False)
    for where, text in told(found).items():
        for words in ("ll of the data", "subset against", "images", "training examples", "hpo certify"):
            assert words not in text, (where, words)
    assert certificate_note(found) == []
    assert "subset_against_full" not in figures(found)
    assert "there is no subset, and fresh runs alone confirm" in verdict(found)
    assert re.search(r": rmse [\d.]+ on the test set \(90 % interval", conclusion(found))
    assert "images" not in tomllib.loads(use_toml(found).decode())


def test_with_neither_the_confirmation_is_what_the_study_ends_with():
    found = of_a_trainer(samples=False, test=False)
    assert re.match(r"Use \S+ = \S+: rmse [\d.]+ in validation \(90 % interval: .*, 5 fresh runs\)", conclusion(found))
    text = told(found)
    assert "Not trained yet" not in text["terminal"]
    assert "confirmed" in text["terminal"]
    assert "What to use" in text["page"]
    assert "Validation rmse" in text["page"]


def test_without_a_seed_no_pairs_and_no_same_bits_are_promised():
    found = of_a_trainer(seed=False)
    texts = told(found)
    assert "bit for bit" not in texts["page"]
    assert "gives other numbers each time" in texts["page"]
    assert "The trainer takes no seed: no runs are paired" in verdict(found)
    assert not re.search(r"\d seeds?\b", texts["page"] + texts["terminal"] + texts["notes"])


def test_without_rungs_it_is_said_that_no_trial_was_stopped():
    found = of_a_trainer(rungs=False)
    whole = replace(found, trials=[replace(trial, stopped=False) for trial in found.trials])
    assert "no trial was stopped early" in verdict(whole)
    assert "no trial was stopped early" not in verdict(found)


def test_a_trainer_that_can_everything_has_nothing_to_excuse():
    text = verdict(of_a_trainer())
    assert "The trainer" not in text
    assert "no test set" not in text


@pytest.mark.parametrize("missing", ["train", "curves"])
def test_what_a_trainer_does_not_tell_is_not_drawn(missing):
    found = of_a_trainer()
    if missing == "curves":
        found = replace(found, curves={})
        assert "curves" not in figures(found)
    else:
        found = replace(
            found,
            full=[replace(each, train=replace(UNKNOWN, runs=3)) for each in found.full],
            raced=[replace(each, gap=math.inf) for each in found.raced],
        )
        assert "gaps" not in figures(found)
        for where, text in told(found).items():
            assert "nan" not in text.split(), where
            assert "gap: " not in text, where
            assert "Test - train" not in text, where


def test_curves_without_train_values_are_drawn_without_them():
    found = of_a_trainer()
    curves = {
        key: replace(each, points=tuple(replace(point, train_accuracy=None) for point in each.points))
        for key, each in found.curves.items()
    }
    assert "curves" in figures(replace(found, curves=curves))


def test_without_hits_fresh_runs_say_how_far_the_best_was_luck_in_the_metrics_units():
    (note,) = luck_note(of_a_trainer())
    assert re.match(
        r"The search's best rmse was [\d.]+; fresh runs of its config reached [\d.]+ on average, so", note
    ) or ("can't be said" in note)
