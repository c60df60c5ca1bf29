"""Whole studies of programs in Python, Node and C with real workers, however many there are and are killed."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hpo.training.programs.processes import all_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

EXAMPLES = Path(__file__).parent / "examples"
ROOT = Path(__file__).parents[4]

STUDY = """
[trainer]
command = {command}
checkpoints = "checkpoints"
{limits}
[metric]
name = "rmse"
guess = 1.0
[space.learning_rate]
type = "float"
log = true
start = [0.001, 0.1]
limits = [1e-5, 0.5]
[space.decay]
type = "float"
log = true
start = [1e-5, 1e-2]
limits = [1e-7, 0.1]
[[rounds]]
trials = 4
[[rounds]]
trials = 4
[final]
good_values = 2
race_runs = 2
confirmation_runs = 2
seeds = 2
probe = false
"""


class Bench:
    """A study file in a folder, its program beside it, and one database after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = folder.with_name("steps")

    def write(self, command: list[str], limits: str = "") -> None:
        text = STUDY.format(command=json.dumps(command), limits=limits)
        (self.folder / "line.toml").write_text(text)

    def python(self, limits: str = "") -> None:
        shutil.copy(EXAMPLES / "line.py", self.folder)
        self.write([sys.executable, "line.py", "{config}", str(self.steps), "{checkpoint}"], limits)

    def begin(self, database: str, workers: int = 2) -> "subprocess.Popen[str]":
        storage = f"sqlite:///{self.folder / database}"
        command = ["-m", "hpo.run", "--study", "line.toml", "--format", "csv", "--storage", storage]
        return subprocess.Popen(
            [sys.executable, *command, "--workers", str(workers)],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, database: str, workers: int = 2) -> tuple[int, str]:
        with self.begin(database, workers) as running:
            said, _ = running.communicate(timeout=120)
        return running.returncode, said

    def trials(self, database: str) -> list[tuple[object, ...]]:
        """Return what came out of each trial; nothing of when, where and how often it was trained."""
        with sqlite3.connect(self.folder / database) as connection:
            rows = connection.execute(
                "select part, piece, state, reached, score, config, rungs from hpo_trials order by part, piece, number"
            ).fetchall()
        connection.close()
        return rows

    def ended_well(self, database: str) -> bool:
        with sqlite3.connect(self.folder / database) as connection:
            states = connection.execute("select state from hpo_studies").fetchall()
        connection.close()
        return states == [("done",)] and all(row[2] in ("complete", "stopped") for row in self.trials(database))

    def processes(self, text: str = "") -> list[int]:
        """Return the processes of this study's programs."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if any(str(self.folder).encode() in word for word in words) and text.encode() in b" ".join(words):
                    found.append(int(entry.name))
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "study"
    folder.mkdir()
    yield Bench(folder)
    for process in Bench(folder).processes():
        os.kill(process, signal.SIGKILL)


def test_a_study_has_the_same_values_with_1_2_and_4_workers(bench: Bench) -> None:
    bench.python()
    for workers in (1, 2, 4):
        _, said = bench.run(f"{workers}.db", workers)
        assert bench.ended_well(f"{workers}.db"), said
    assert bench.trials("1.db") == bench.trials("2.db") == bench.trials("4.db")
    assert len(bench.trials("1.db")) > 8
    assert not list(bench.folder.glob("checkpoints/*")), "nothing is kept of a study that is done"
    assert not bench.processes()


def test_kills_change_no_value(bench: Bench) -> None:
    """Whatever runs a program is killed again and again: the program itself, its guard, the worker, then everything."""
    bench.python()
    bench.run("quiet.db")
    slow = (
        (EXAMPLES / "line.py").read_text().replace("saved.write_text", "__import__('time').sleep(.1); saved.write_text")
    )
    (bench.folder / "line.py").write_text(slow)
    with bench.begin("killed.db") as running:
        for _ in range(2):  # a third of one trial's would be taken for its own fault
            _kill_a_worker(bench)
        running.kill()  # with SIGKILL, so that its crew has to notice
        running.wait()
    assert all_gone(bench.processes("line.py"))
    _, said = bench.run("killed.db")
    assert bench.ended_well("killed.db"), said
    assert bench.trials("killed.db") == bench.trials("quiet.db")


def test_where_a_rung_was_reached_no_step_of_it_is_made_again(bench: Bench) -> None:
    """As many steps as the database says were trained, and those of what was killed in between beside them."""
    bench.python()
    bench.run("quiet.db", 4)
    trained = len(bench.steps.read_text())
    seen_again = 3 * 25  # to see whether it heeds its seed: twice with one, once with another
    assert trained == seen_again + sum(int(str(row[3])) for row in bench.trials("quiet.db"))


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_a_program_in_node_goes_on_from_its_checkpoint(bench: Bench) -> None:
    shutil.copy(EXAMPLES / "line.js", bench.folder)
    bench.write(["node", "line.js", "{config}", "{checkpoint}"])
    _, said = bench.run("node.db")
    assert bench.ended_well("node.db"), said


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler here")
def test_a_program_in_c_takes_its_values_as_arguments(bench: Bench) -> None:
    subprocess.run(["gcc", "-O1", "-o", bench.folder / "line", EXAMPLES / "line.c", "-lm"], check=True)
    bench.write(["./line", "{seed}", "{percent}", "{config.learning_rate}", "{config.decay}"])
    _, said = bench.run("c.db")
    assert bench.ended_well("c.db"), said


def test_a_program_with_examples_of_its_own_is_told_which_and_its_test_set_has_a_door(bench: Bench) -> None:
    shutil.copy(EXAMPLES / "own_data.py", bench.folder)
    words = ("{config.learning_rate}", "{seed}", "{percent}", "{train}", "{validation}", "{test}")
    bench.write([sys.executable, "own_data.py", *words])
    file = bench.folder / "line.toml"
    text = file.read_text().replace("[trainer]", "[data]\nexamples = 400\n[trainer]", 1)
    before, _, after = text.partition("[space.decay]")
    text = before + after[after.index("[[rounds]]") :].replace("trials = 4", "trials = 4\nsamples = 50")
    file.write_text(text)
    _, said = bench.run("own.db")
    assert bench.ended_well("own.db"), said
    with sqlite3.connect(bench.folder / "own.db") as connection:
        outcomes = connection.execute("select piece, outcome, attributes from hpo_trials").fetchall()
        opened = connection.execute("select count(*) from hpo_test_evaluations").fetchone()[0]
    connection.close()
    tested = {piece for piece, outcome, _ in outcomes if "test_accuracy" in json.loads(outcome)}
    assert tested == {piece for piece, *_ in outcomes if piece.split()[0] in ("full", "plain", "adopted")}
    assert opened == len(tested) > 0
    assert {json.loads(attributes)["n_train"] for piece, _, attributes in outcomes if piece in tested} == {300}


def test_a_worker_is_given_the_program_by_the_study_file_and_by_no_database(bench: Bench) -> None:
    bench.python()
    with bench.begin("given.db", 1) as running:
        end = time.monotonic() + 30
        while not bench.processes("line.py") and time.monotonic() < end:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    storage = f"sqlite:///{bench.folder / 'given.db'}"

    def work(*given: str) -> str:
        command = [sys.executable, "-m", "hpo.work", "--storage", storage, "--study", *given]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        try:
            done = subprocess.run(
                command, cwd=bench.folder, env=environment, capture_output=True, text=True, timeout=8, check=False
            )
        except subprocess.TimeoutExpired:
            return "worked"
        return " ".join(done.stderr.split())

    refused = work("line")
    assert "which this worker was not given" in refused
    assert "start it with the study file (--study FILE.toml), or with --trainer FILE.toml" in refused
    (bench.folder / "line.py").write_text((EXAMPLES / "line.py").read_text() + "# changed\n")
    assert "its program is not as it was: line.py has changed" in work("line.toml")
    shutil.copy(EXAMPLES / "line.py", bench.folder)
    assert work("line.toml") == "worked"


def test_a_program_that_hangs_does_not_hold_up_a_stop(bench: Bench) -> None:
    (bench.folder / "hangs.py").write_text("import signal; signal.signal(15, signal.SIG_IGN); signal.pause()")
    bench.write([sys.executable, "hangs.py", str(bench.folder), "{config}"])
    with bench.begin("hangs.db") as running:
        end = time.monotonic() + 30
        while len(bench.processes("hangs.py")) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert not bench.processes()
    assert {row[2] for row in bench.trials("hangs.db")} == {"ready"}, "they are back in the queue"


def test_a_program_that_stops_at_no_rung_is_trained_to_its_end_in_each_trial(bench: Bench) -> None:
    (bench.folder / "whole.py").write_text("import sys; print('{\"value\": %s}' % sys.argv[1])")
    bench.write([sys.executable, "whole.py", "{config.learning_rate}", "{config.decay}"])
    _, said = bench.run("whole.db")
    assert bench.ended_well("whole.db"), said
    assert {row[2:4] for row in bench.trials("whole.db")} == {("complete", 100)}


def test_why_a_trial_failed_is_kept(bench: Bench) -> None:
    (bench.folder / "hangs.py").write_text("import sys, time; print('loading', file=sys.stderr); time.sleep(600)")
    bench.write([sys.executable, "hangs.py", "{config}"], limits="minutes = 0.01")
    bench.run("hangs.db", 4)
    with sqlite3.connect(bench.folder / "hangs.db") as connection:
        outcomes = connection.execute("select outcome from hpo_trials where state = 'failed'").fetchall()
    connection.close()
    reason = "hangs.py was ended, as a training may take 0.01 minutes (trainer.minutes): loading"
    assert len(outcomes) >= 4
    assert {json.loads(outcome)["reason"] for (outcome,) in outcomes} == {reason}
    assert not bench.processes()


MISTAKES = {
    "a command that is no list": (
        '"node train.js"',
        'expected a list of the program and its arguments: ["node", "train.js"]',
    ),
    "an empty command": ("[]", "command is empty; name a program"),
    "a missing program": ('["nosuchprogram", "{config}"]', "there is no program 'nosuchprogram' on this machine"),
    "an unknown placeholder": ('["node", "{percents}"]', "{percents} is no placeholder; known ones are {config}"),
    "a hyperparameter that is none": ('["node", "{config.rate}"]', "{config.rate} is no hyperparameter; [space] has"),
    "a program that is told no values": ('["node", "{percent}"]', "the program is not told learning_rate, decay; add"),
    "data that are not there": ('["node", "{config}", "{train}"]', "{train} has nothing to stand for"),
    "two kinds": ('["node"]\ncall = "train.py:train"', "takes one of call, command"),
    "a word that is none": ('["node", 1]', "trainer.command.1 = 1; expected a text"),
    "a limit below zero": ('["node", "{config}"]\nminutes = -1', "minutes = -1.0; it must be a finite number above 0"),
    "an unknown key": ('["node", "{config}"]\nminuets = 1', "did you mean minutes?"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_in_one_sentence_before_anything_runs(bench: Bench, mistake: str) -> None:
    command, sentence = MISTAKES[mistake]
    (bench.folder / "line.toml").write_text(STUDY.format(command=command, limits=""))
    code, said = bench.run("none.db")
    assert code == 2
    assert sentence in " ".join(said.split())
    assert "Traceback" not in said


def _kill_a_worker(bench: Bench) -> None:
    """Kill the worker of a program that runs: the parent of its guard."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for process in bench.processes("line.py"):
            parents = [_parent(process), _parent(_parent(process))]
            if all(parents):
                os.kill(parents[1], signal.SIGKILL)
                time.sleep(0.5)
                return
        time.sleep(0.01)
    raise AssertionError("no program came up")


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
