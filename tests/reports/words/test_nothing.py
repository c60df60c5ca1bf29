from pathlib import Path

import pytest

from hpo.record.results import load_results
from hpo.reports.words.nothing import advice, nothing_text
from hpo.storage.database import Database
from tests.support.databases import CURVE, SMALL, coordinator, open_study, queue_of, score, trials


def run_with_failures(database: Database, *stages: str) -> None:
    """Run the small study to its end, where all runs of these stages fail."""
    leader, queue = coordinator(database), queue_of(database)
    while not leader.step():
        found = trials(database)
        ready = [trial for trial in (*found.search, *found.final) if trial.ready]
        assert ready or leader.advanced
        for trial in ready:
            claimed = queue.claim([trial.id])
            assert claimed is not None
            if claimed.attributes.get("stage") in stages:
                queue.fail(claimed, "the disk is full")
            else:
                test = {"test_accuracy": 0.8} if claimed.attributes.get("stage") in ("full", "plain", "adopted") else {}
                queue.report(claimed, claimed.allowed, score(claimed, claimed.allowed), CURVE, test)


ON_ALL = ("full", "plain", "probe_lower", "probe_higher", "adopted")


@pytest.mark.parametrize("stages", [ON_ALL, ("race", "confirm", *ON_ALL)])
def test_no_verdict_is_made_of_runs_that_all_failed(tmp_path: Path, stages: tuple[str, ...]) -> None:
    with open_study(tmp_path / "study.db") as database:
        run_with_failures(database, *stages)
        results = load_results(database, SMALL.name)
    said = nothing_text(results)
    assert said.startswith("No value is recommended: all ")
    assert "on all of the data failed or diverged (the disk is full)" in said
    assert "%" not in said
    assert advice(results)[0] == "See evaluations.csv for runs that failed."
