"""Studies run from Python: no command line, no terminal."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hpo.engine.launchers.base import Announce, Launcher
from hpo.engine.launchers.processes import Fleet
from hpo.engine.progress import Progress
from hpo.engine.running import run_study
from hpo.record.declared import DeclaredStudy
from hpo.record.results import load_results
from hpo.storage.database import Database
from hpo.storage.datasets import load_training_part, locate
from hpo.training.images import StudyData
from tests.conftest import write_blob_study


class Listening:
    """A watcher that keeps what it is told; it asks for a stop at the first progress, where it is to."""

    def __init__(self, *, stops: bool = False) -> None:
        self.said: list[str] = []
        self.seen: list[Progress] = []
        self._stops = stops

    def say(self, text: str) -> None:
        self.said.append(text)

    def update(self, now: Progress) -> None:
        self.seen.append(now)
        if self._stops:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_study_is_run_from_python_to_its_end_stopped_and_gone_on_with(
    tmp_path: Path, blobs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    study = DeclaredStudy.load(str(write_blob_study(tmp_path / "blob.toml", blobs)), name="mine")
    located = locate(study.definition.data.dataset, offline=True, announce=print)
    data = StudyData.build(study.definition, located, load_training_part(located)).summary()
    url = f"sqlite:///{tmp_path / 'hpo.db'}"

    def launch(name: str) -> object:
        def start(announce: Announce) -> Launcher:
            return Fleet(name, url, 1, data_dir=None, announce=announce)

        return start

    published: list[str] = []
    with Database(url) as database:
        how = {"data": data, "source": located.record(), "launch": launch, "publish": published.append}
        stopped = Listening(stops=True)
        assert not run_study(database, study, watcher=stopped, **how)
        assert load_results(database, "mine").command == "hpo run --study blob.toml --name mine"
        listening = Listening()
        assert run_study(database, study.definition, watcher=listening, **how)
        assert run_study(database, study, **how), "a study that is done is only looked at"
        results = load_results(database, "mine")
    assert stopped.said[-1] == "stopping; finished trials are kept"
    assert (results.state, results.definition) == ("done", study.definition)
    assert results.good
    assert listening.said[0] == f"mine: {study.definition.title}"
    assert listening.seen[-1].work == pytest.approx(listening.seen[-1].total)
    assert set(published) == {"mine"}
    assert capfd.readouterr() == ("", "")
