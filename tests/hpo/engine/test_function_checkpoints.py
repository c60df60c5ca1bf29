"""A function that saves itself goes on in another process where its worker was killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.functions import written
from tests.support.searches import Search, run, started, wait_for

TRAIN = """
import time

import numpy as np

import hpo


def train(config, run):
    saved, done, total = run.checkpoint / "state.npy", 0, 0.0
    if saved.exists():
        done, total = np.load(saved)
    for percent in run.rungs:
        while done < percent:
            time.sleep(0.002)
            total += np.random.default_rng([run.seed, int(done)]).random() * config["learning_rate"] ** 0.1 / 100
            done += 1
            with open(LOG, "a") as log:
                print(".", end="", file=log)
        beside = run.checkpoint / f"{percent}.part.npy"
        np.save(beside, [done, total])
        beside.rename(saved)
        yield hpo.Score(min(1.0, total + run.samples / 1e6), train=min(1.0, total))
    if run.test_allowed:
        yield hpo.Test(min(1.0, total))
"""

STUDY = """
[data]
dataset = {dataset!r}
[trainer]
call = "train.py:train"
checkpoints = "checkpoints"
[space.learning_rate]
log = true
start = [1e-4, 1e-2]
limits = [1e-5, 1.0]
[[rounds]]
trials = 8
samples = 200
[final]
good_values = 2
race_runs = 2
confirmation_runs = 2
seeds = 2
probe = false
"""


def saving_search(folder: Path, blobs: Path) -> tuple[Search, Path]:
    search, log = Search(folder, blobs), folder / "log"
    written(folder, TRAIN.replace("LOG", repr(str(log))))
    search.study = written(folder, STUDY.format(dataset=str(blobs)), "blob.toml")
    return search, log


def test_what_was_trained_before_a_kill_is_not_trained_again(tmp_path: Path, blobs: Path) -> None:
    quiet, quiet_log = saving_search(tmp_path / "quiet", blobs)
    run("run", *quiet.arguments, "--workers", "1")
    killed, log = saving_search(tmp_path / "killed", blobs)
    with started("run", *killed.arguments, "--workers", "1") as process:
        wait_for(lambda: killed.workers() and sum(trial.reached >= 50 for trial in killed.trials()) >= 2)
        workers = killed.workers()
        os.killpg(process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    run("run", *killed.arguments, "--workers", "1")
    assert killed.good_values() == quiet.good_values()
    again = len(log.read_text()) - len(quiet_log.read_text())
    assert again <= 50, "at most the way to one rung"
    stopped = sum(trial.reached < 100 for trial in killed.trials())
    assert len(list((killed.study.parent / "checkpoints").rglob("state.npy"))) <= stopped, "what has ended is deleted"
