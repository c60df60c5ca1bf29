"""Whole certificates on a real SQLite file, with invented scores instead of networks, and processes that die."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo.certificate.plan import trial_key, wanted_trials
from hpo.certificate.ranking import Certificate, Size
from hpo.definition.study import StudyDefinition
from hpo.engine.certifier import Certifier
from hpo.engine.queue import TrialQueue
from hpo.record.certificate import CertificateRecord, load_certificate, load_findings
from hpo.record.names import study_names
from hpo.record.results import load_results
from hpo.record.study import StudyRecord
from hpo.record.trials import trials_of
from hpo.searching.queued import QueuedTrial
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.holders import Holder
from tests.support.builders import definition
from tests.support.databases import CURVE, Killed, killed_before_write, mortal, score

STUDY: StudyDefinition = definition(
    rounds=[{"trials": 8, "samples": 100, "epochs": 8}], final={"good_values": 2, "seeds": 1, "epochs": 5}
)
DATA = {"pool": 400, "chance": 0.1}
SOURCE = {"provenance": "made up", "sha256": "0", "complete": "yes"}
TRIALS = 2 * 8 * 3


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as opened:
        yield opened


def begin(database: Database, study: StudyDefinition = STUDY, **asked: int | None) -> CertificateRecord:
    return CertificateRecord.open(database, study, [], DATA, SOURCE, **{"configs": 8, **asked})


def certifier(database: Database) -> Certifier:
    return Certifier(database, STUDY.name, lambda text: None, mortal())


def queue_of(database: Database) -> TrialQueue:
    return TrialQueue(database, CertificateRecord(database, STUDY.name).id, mortal())


def train(database: Database, order: Callable[[list[Any]], None] = lambda trials: None) -> int:
    """Train every trial that is ready, in whatever `order` makes of the queue; return how many there were."""
    queue = queue_of(database)
    ready = [trial for trial in trials(database) if trial.ready]
    order(ready)
    for trial in ready:
        claimed = queue.claim([trial.id])
        assert claimed is not None
        assert queue.report(claimed, 100, score(claimed, 100), CURVE, {})
    return len(ready)


def run_to_the_end(
    database: Database, begun: object = None, order: Callable[[list[Any]], None] = lambda trials: None
) -> None:
    leader = certifier(database)
    while not leader.step():
        assert train(database, order) or leader.advanced


def trials(database: Database) -> list[QueuedTrial]:
    return trials_of(database, CertificateRecord(database, STUDY.name)).search


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a certificate that nothing disturbed."""
    path = tmp_path_factory.mktemp("calm") / "study.db"
    with Database(f"sqlite:///{path}") as database:
        begin(database)
        run_to_the_end(database)
    return path


@pytest.fixture
def done(finished: Path, tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{shutil.copy(finished, tmp_path / 'done.db')}") as opened:
        yield opened


@pytest.fixture(scope="module")
def undisturbed(finished: Path) -> Certificate:
    with Database(f"sqlite:///{finished}") as database:
        found = load_certificate(database, STUDY)
    assert found is not None
    return found


def test_a_certificate_judges_every_size_but_the_largest(undisturbed):
    assert [each.size for each in undisturbed.sizes] == [Size(100, 8)]
    assert undisturbed.reference == Size(400, 2)
    assert (undisturbed.configs, undisturbed.seeds) == (8, 3)


def test_progress_grows_from_nothing_to_all_there_is(database, done):
    begin(database)
    leader = certifier(database)
    leader.step()
    first = leader.progress()
    assert (first.trials_done, first.trials_in_phase, first.work) == (0, TRIALS, 0)
    leader = certifier(done)
    assert leader.step()
    last = leader.progress()
    assert (last.trials_done, last.work, last.total) == (TRIALS, first.total, first.total)


def test_one_whose_only_process_is_killed_time_and_again_goes_on_from_there_in_another_order(tmp_path, undisturbed):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    for write in (5, 30, 70):  # while it is created, while trials are enqueued, while they are trained
        with Database(url) as database:
            killed = killed_before_write(database, write)
            with pytest.raises(Killed), killed:
                run_to_the_end(database, begin(database))
    with Database(url) as again:
        run_to_the_end(again, begin(again), order=random.Random(1).shuffle)
        assert load_certificate(again, STUDY) == undisturbed
        assert sorted(trial_key(trial.attributes) for trial in trials(again)) == sorted(
            trial_key(attributes) for _, attributes in wanted_trials(begin(again).plan, STUDY.seed)
        )


def test_a_worker_that_died_and_another_who_leads_change_nothing(database, undisturbed):
    begin(database)
    one, other = (Certifier(database, STUDY.name, lambda text: None, Holder()) for _ in range(2))
    one.step()
    assert len(trials(database)) == TRIALS
    lost = queue_of(database).claim()
    assert lost is not None  # and its worker is never heard of again
    train(database)
    assert not other.step()
    one.release()
    assert not other.step()
    assert train(database) == 1
    assert other.step()
    assert one.step()
    assert load_certificate(database, STUDY) == undisturbed


def test_nothing_is_known_before_the_last_trial_and_nothing_of_another_question(database, done, undisturbed):
    assert load_certificate(database, STUDY) is None
    begin(database)
    assert load_certificate(database, STUDY) is None
    wider = definition(training={"batch_size": 50}, rounds=[{"trials": 8, "samples": 100, "epochs": 8}])
    assert load_certificate(done, wider) is None
    longer = definition(rounds=[{"trials": 30, "samples": 400, "epochs": 2}] * 4)
    assert load_certificate(done, longer) == undisturbed


def test_a_certificate_stands_beside_its_study_and_changes_nothing_in_it(done, undisturbed):
    StudyRecord.create(done, STUDY, DATA, SOURCE)
    assert (study_names(done), done.study_names()) == (["small"], ["small", "small-certificate", "small-final"])
    results = load_results(done, "small")
    assert (results.state, list(results.queued), results.certificate) == ("running", [], undisturbed)


def test_what_was_begun_goes_on_as_planned_and_another_plan_is_refused_with_ways_out(database):
    first = begin(database)
    assert begin(database, configs=None).plan == first.plan
    for asked, says in (({"configs": 12}, "configs: 8 -> 12"), ({"largest": 300}, "largest: 400 -> 300")):
        with pytest.raises(UserError, match=says):
            begin(database, **asked)
    other = definition(training={"batch_size": 50}, rounds=[{"trials": 8, "samples": 150, "epochs": 8}])
    with pytest.raises(UserError, match=r"(?s)batch_size: 100 -> 50.*150 images x 8 epochs is none of .*--storage"):
        begin(database, other)


def test_the_findings_hold_the_scores_that_were_judged(done, undisturbed):
    findings = load_findings(done, STUDY)
    assert findings is not None
    assert findings.certificate == undisturbed
    by_place = {trial_key(trial.attributes): trial.score for trial in trials(done)}
    for rung, size in enumerate(findings.plan.sizes):
        assert findings.scores[size].tolist() == [[by_place[rung, i, run] for run in range(3)] for i in range(8)]
