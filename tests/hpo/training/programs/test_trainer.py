"""A Python script as a program that trains: what it is told, and what becomes of what it says."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo.definition.settings import HeldOut
from hpo.definition.trainers.programs import ProgramCall, ProgramTrainer, program_sources
from hpo.searching.metric import ACCURACY
from hpo.storage.errors import UserError
from hpo.storage.splits import partition
from hpo.training.cuts import Cut
from hpo.training.programs import process
from hpo.training.programs.runs import Data
from hpo.training.programs.trainer import Programs
from hpo.training.protocol import Assignment, Saves, Score, TestUse, TrainingFailedError
from tests.hpo.training.programs.processes import TREE, all_gone, pids_in

CONFIG = {"rate": 0.25, "name": "adam"}

LEARN = """
import json, os, sys
seed, until, folder, count = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
path = os.path.join(folder, "state.json")
state = json.load(open(path)) if folder and os.path.exists(path) else {"step": 0, "x": seed}
while state["step"] < until:
    state = {"step": state["step"] + 1, "x": (state["x"] * 1103515245 + 12345) % 2**31}
    with open(count, "a") as file: file.write("x")
    if folder: json.dump(state, open(path, "w"))
print(json.dumps({"percent": until, "value": state["x"] / 2**31}))
"""
"""Trains a hundred steps, counts each in a file, and saves itself after each where it is given a folder."""


def assignment(test: TestUse = "never", cuts: int = 1, seed: int = 2**52 + 1, stage: str = "search") -> Assignment:
    whole = tuple(Cut(5, group) for group in range(cuts))
    return Assignment(stage, 0, seed, 5, 10, whole, (25, 50, 100), test=test)


class Bench:
    """Programs in a folder, of which trainings are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "study"
        self.folder.mkdir(exist_ok=True)
        self.count = folder / "count"
        self.opened = 0
        self.trainers: list[Programs] = []

    def trainer(self, *command: str, data: Data | None = None, **limits: Any) -> Programs:
        settings = ProgramTrainer(ProgramCall(command, **limits), tuple(program_sources(command, self.folder).items()))
        trainer = Programs(
            settings, ACCURACY, folder=self.folder, checkpoints=self.folder / "checkpoints", scope="study", data=data
        )
        self.trainers.append(trainer)
        return trainer

    def script(self, code: str, *arguments: str, data: Data | None = None, **limits: Any) -> Programs:
        (self.folder / "train.py").write_text(code)
        return self.trainer(sys.executable, "train.py", *arguments, data=data, **limits)

    def score(self, trainer: Programs, percent: int = 100, of: Assignment | None = None) -> Score:
        training = trainer.start(CONFIG, of or assignment(), self.open)
        try:
            return training.advance(percent)
        finally:
            training.close()

    def open(self) -> None:
        self.opened += 1

    def trained(self) -> int:
        return len(self.count.read_text())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for trainer in bench.trainers:
        trainer.close()


def said(bench: Bench, trainer: Programs, **asked: Any) -> str:
    """Return what a program sees, which it tells by failing."""
    with pytest.raises(TrainingFailedError) as caught:
        bench.score(trainer, **asked)
    return caught.value.details


def test_a_program_is_told_the_config_and_all_that_is_known_of_the_run(bench: Bench) -> None:
    trainer = bench.script("import sys; sys.exit(open(sys.argv[1]).read())", "{config}")
    told = json.loads(said(bench, trainer, percent=50).partition("\n")[2])
    assert told["config"] == CONFIG
    assert (told["stage"], told["samples"], told["epochs"], told["rungs"]) == ("search", 5, 10, [25, 50, 100])
    assert (told["from"], told["until"], told["test_allowed"], told["metric"]) == (0, 100, False, "accuracy")
    assert 0 <= told["seed"] < 2**31
    assert told["data"] is told["train"] is told["validation"] is told["checkpoint"] is None


def test_single_values_can_be_arguments(bench: Bench) -> None:
    trainer = bench.script(
        "import sys; sys.exit(' '.join(sys.argv[1:]))", "{config.rate}", "{config.name}", "{percent}", "{test}"
    )
    assert said(bench, trainer, percent=50).endswith("0.25 adam 50 0")


def test_each_group_gets_the_indices_of_its_examples_and_a_seed_of_its_own(bench: Bench) -> None:
    split = partition(np.arange(40) % 2, holdout=10, seed=0)
    data = Data("/the/data.npz", split, HeldOut(10, 5, 3))
    code = (
        "import json, sys; lines = lambda path: [int(line) for line in open(path)]\n"
        "seen = [sys.argv[1], lines(sys.argv[2]), lines(sys.argv[3]), sys.argv[4]]\n"
        "open('seen', 'a').write(json.dumps(seen) + '\\n')\n"
        "print(json.dumps({'value': .25 if len(open('seen').readlines()) == 1 else .75, 'size': 3}))"
    )
    trainer = bench.script(code, "{data}", "{train}", "{validation}", "{seed}", data=data)
    score = bench.score(trainer, of=assignment(cuts=2))
    seen = [json.loads(line) for line in (bench.folder / "seen").read_text().splitlines()]
    assert [each[0] for each in seen] == ["/the/data.npz"] * 2
    assert [each[1] for each in seen] == [split.group(5, k).tolist() for k in range(2)]
    assert [each[2] for each in seen] == [split.validation(5).tolist()] * 2
    assert seen[0][3] != seen[1][3]
    assert (score.value, score.others) == (0.5, {"size": 3.0})
    assert [point.group for point in score.points] == [0, 1]
    assert trainer.abilities.samples


def test_its_abilities_are_what_it_is_told_of(bench: Bench) -> None:
    able = bench.trainer("true", "{percent}", "{seed}").abilities
    assert (able.seed, able.rungs, able.samples, able.test) == (True, True, False, False)
    assert bench.trainer("true", "{test}").abilities.test


def test_without_a_checkpoint_each_rung_trains_from_the_beginning(bench: Bench) -> None:
    trainer = bench.script(LEARN, "{seed}", "{percent}", "", str(bench.count))
    training = trainer.start(CONFIG, assignment(), bench.open)
    assert training.percent == 0
    for rung in (25, 50, 100):
        training.advance(rung)
        assert training.percent == rung
    assert bench.trained() == 175


def test_with_a_checkpoint_a_rung_goes_on_where_the_one_before_ended_also_elsewhere(bench: Bench) -> None:
    command = ("{seed}", "{percent}", "{checkpoint}", str(bench.count))
    at_once = bench.score(bench.script(LEARN, "{seed}", "{percent}", "", str(bench.count.with_name("other"))))
    for rung in (25, 50, 100):  # each in what might be another process
        training = bench.script(LEARN, *command).start(CONFIG, assignment(), bench.open)
        score = training.advance(rung)
    assert bench.trained() == 100
    assert score.value == at_once.value
    assert [point.step for point in score.points] == [25, 50, 100]
    training.close()
    assert isinstance(training, Saves)
    training.forget()
    assert not list((bench.folder / "checkpoints").iterdir()), "nothing is kept of a training that is over"


def test_workers_may_take_turns_with_one_training(bench: Bench) -> None:
    trainer = bench.script(LEARN, "{seed}", "{percent}", "{checkpoint}", str(bench.count))
    first, second = (trainer.start(CONFIG, assignment(), bench.open) for _ in range(2))
    first.advance(25)
    second.advance(50)
    first.advance(100)
    assert bench.trained() == 100
    assert second.advance(50).value != second.advance(100).value == first.advance(100).value
    assert bench.trained() == 100


def test_what_was_half_written_when_it_was_killed_is_not_gone_on_from(bench: Bench) -> None:
    """The script writes its state in place, and is killed in the middle: the rung begins again where it began."""
    broken = LEARN.replace(
        "    if folder: json",
        "    if state['step'] == 40: open(path, 'w').write('{'); os.kill(os.getpid(), 9)\n    if folder: json",
    )
    command = ("{seed}", "{percent}", "{checkpoint}", str(bench.count))
    of = assignment()
    trainer = bench.script(broken, *command)
    training = trainer.start(CONFIG, of, bench.open)
    training.advance(25)
    with pytest.raises(TrainingFailedError, match="SIGKILL"):
        training.advance(50)
    (bench.folder / "train.py").write_text(LEARN)
    again = trainer.start(CONFIG, of, bench.open)
    assert again.percent == 25
    again.advance(50)
    assert bench.trained() == 25 + 15 + 25
    assert len(list(next((bench.folder / "checkpoints" / "study").iterdir()).iterdir())) == 1


def test_trainings_that_differ_in_anything_share_no_checkpoint(bench: Bench) -> None:
    command = ("{seed}", "{percent}", "{checkpoint}", str(bench.count))
    trainer = bench.script(LEARN, *command)
    trainer.start(CONFIG, assignment(), bench.open).advance(25)
    assert trainer.start(CONFIG, assignment(), bench.open).percent == 25
    assert trainer.start(CONFIG | {"rate": 0.5}, assignment(), bench.open).percent == 0
    assert trainer.start(CONFIG, assignment(seed=1), bench.open).percent == 0
    assert trainer.start(CONFIG, assignment(stage="race"), bench.open).percent == 0
    assert bench.script(LEARN + "\n", *command).start(CONFIG, assignment(), bench.open).percent == 0


def test_a_program_that_is_told_no_percent_is_started_once(bench: Bench) -> None:
    trainer = bench.script(
        "open('starts', 'a').write('x'); print('{\"percent\": 50, \"value\": 0.1}\\n{\"value\": 0.5}')", "{seed}"
    )
    training = trainer.start(CONFIG, assignment(), bench.open)
    assert training.advance(25).value == training.advance(100).value == 0.5
    assert training.percent == 100
    assert (bench.folder / "starts").read_text() == "x"
    assert [point.step for point in training.advance(100).points] == [50, 100]


def test_the_test_set_is_opened_before_a_program_may_look_at_it(bench: Bench) -> None:
    code = "import sys; print('{\"value\": 0.5, \"test\": 0.25}' if sys.argv[1] == '1' else '{\"value\": 0.5}')"
    trainer = bench.script(code, "{test}", "{percent}")
    training = trainer.start(CONFIG, assignment(test="at the end"), bench.open)
    assert training.advance(50).test is None
    assert bench.opened == 0
    assert training.advance(100).test == 0.25
    assert bench.opened == 1


def test_a_program_that_looks_at_the_test_set_unasked_fails(bench: Bench) -> None:
    trainer = bench.script('print(\'{"value": 0.5, "test": 0.25}\')', "{test}")
    with pytest.raises(TrainingFailedError, match='in the stage "search", where it may not be opened; do that only'):
        bench.score(trainer)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("pass", r"^train.py gave no score: it printed nothing; it has to print a line such as {\"percent\": 100, "),
        ("print('all is well')", "gave no score: what it printed ended with: all is well"),
        ("print({'accuracy': .9})", "gave no score, and it printed a line that is no JSON: {'accuracy': 0.9}"),
        ('print(\'{"percent": 50, "value": 0.5}\')', "gave no score for 100 %, but for 50 %"),
        ("print('{\"accuracy\": 97}')", "gave accuracy = 97, but .* outside its bounds 0 .. 1; give a share"),
        ("raise ValueError('too hot')", "^train.py ended with exit code 1: ValueError: too hot$"),
        ("import os; os.kill(os.getpid(), 9)", r"was ended by SIGKILL \(somebody killed it, or .* memory ran out\)$"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("raise SystemExit(139)", "exit code 139, as after SIGSEGV"),
        ("print('{\"value\": 0.5}'); raise SystemExit(2)", "ended with exit code 2"),
    ],
)
def test_why_there_is_no_score_is_said_in_one_sentence(bench: Bench, code: str, reason: str) -> None:
    with pytest.raises(TrainingFailedError, match=reason) as caught:
        bench.score(bench.script(code))
    assert "\n" not in str(caught.value)


def test_the_end_of_what_it_said_is_kept(bench: Bench) -> None:
    with pytest.raises(TrainingFailedError) as caught:
        bench.score(bench.script("print('chatter'); raise ValueError('too hot')"))
    assert "Traceback" in caught.value.details
    assert "standard output, the end of it:\nchatter" in caught.value.details


def test_a_program_that_prints_nan_has_diverged(bench: Bench) -> None:
    score = bench.score(bench.script("print('{\"accuracy\": NaN}')"))
    assert (score.value, score.reason) == (0.0, "group 1: accuracy is nan")


def test_the_time_limit_is_for_the_whole_training_wherever_it_ran(bench: Bench) -> None:
    code = "import time; time.sleep(.7); print('{\"value\": 0.5}')"
    trainer = bench.script(code, "{percent}", "{checkpoint}", minutes=1.2 / 60)
    trainer.start(CONFIG, assignment(), bench.open).advance(25)
    with pytest.raises(TrainingFailedError, match=r"may take 0.02 minutes \(trainer.minutes\)"):
        trainer.start(CONFIG, assignment(), bench.open).advance(50)


def test_a_memory_limit_is_said_with_its_number(bench: Bench) -> None:
    trainer = bench.script("import time; held = b'x' * 300_000_000; time.sleep(60)", memory_gb=0.2)
    with pytest.raises(TrainingFailedError, match=r"took 0.\d+ GB of memory and may take 0.2 GB \(trainer.memory_gb\)"):
        bench.score(trainer)


def test_closing_a_training_ends_its_program(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.3)
    pids_folder = bench.folder / "pids"
    pids_folder.mkdir()
    training = bench.script(TREE, str(pids_folder)).start(CONFIG, assignment(), bench.open)
    pids: list[int] = []

    def close() -> None:
        pids.extend(pids_in(pids_folder, 3))
        training.close()

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(TrainingFailedError, match="was stopped"):
        training.advance(100)
    thread.join()
    assert all_gone(pids, 0)


def test_a_paused_training_goes_on_elsewhere_after_its_worker_is_killed(bench: Bench) -> None:
    """Killed in the middle of the second rung, it costs what was trained of that."""
    slow = LEARN.replace(
        "    if folder: json",
        "    if os.environ.get('SLOW') and until > 25: __import__('time').sleep(.05)\n    if folder: json",
    )
    command = ("{seed}", "{percent}", "{checkpoint}", str(bench.count))
    trainer = bench.script(slow, *command)
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.hpo.training.programs.test_trainer import *\n"
        "bench = Bench(Path(sys.argv[1]).parent)\n"
        "trainer = bench.trainer(sys.executable, 'train.py', *sys.argv[2:])\n"
        "training = trainer.start(CONFIG, assignment(), bench.open)\n"
        "training.advance(25); training.advance(50)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code, str(bench.folder), *command],
        env=os.environ | {"SLOW": "1"},
        cwd=Path(__file__).parents[4],
    )
    end = time.monotonic() + 30
    while (not bench.count.exists() or bench.trained() < 30) and time.monotonic() < end:
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    settled = -1
    while settled != bench.trained():  # its guard ends it
        settled = bench.trained()
        time.sleep(0.3)
    assert 30 <= settled < 50
    training = trainer.start(CONFIG, assignment(), bench.open)
    assert training.percent == 25
    training.advance(100)
    assert bench.trained() == settled + 75


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("nosuchprogram",), "there is no program 'nosuchprogram' on this machine; install it, or give its path"),
        (("train",), 'the one in the study\'s folder is "./train"'),
        (("./other",), "there is no program .*other; a path starts at the folder of the study file"),
        (("./train",), r"cannot be executed; make it so \(chmod \+x ./train\)"),
        (("./",), "cannot be executed"),
    ],
)
def test_a_program_that_cannot_be_run_is_refused_at_once(bench: Bench, command: tuple[str, ...], said: str) -> None:
    (bench.folder / "train").write_text("#!/bin/sh\n")
    with pytest.raises(UserError, match=said):
        bench.trainer(*command)


def test_a_file_that_is_no_program_fails_as_it_is_started(bench: Bench) -> None:
    (bench.folder / "train").write_bytes(b"\0" * 8)
    (bench.folder / "train").chmod(0o755)
    with pytest.raises(TrainingFailedError, match=r"^train did not run, as it cannot be started \(Exec format error\)"):
        bench.score(bench.trainer("./train"))


def test_a_program_that_never_heard_of_a_test_set_is_told_how_to_ask(bench: Bench) -> None:
    trainer = bench.script('print(\'{"value": 0.5, "test": 0.25}\')', "{config}")
    with pytest.raises(TrainingFailedError, match=r"was not asked for; add {test} to its command .* test = true in \["):
        bench.score(trainer, of=assignment(test="at the end"))
    assert bench.opened == 0


def test_a_program_may_say_that_it_has_a_test_set(bench: Bench) -> None:
    code = "import json, sys; print('{\"value\": 0.5, \"test\": %d}' % json.load(open(sys.argv[1]))['test_allowed'])"
    trainer = bench.script(code, "{config}", test=True)
    assert bench.score(trainer, of=assignment(test="at the end")).test == 1
    assert bench.opened == 1


def test_only_what_was_forgotten_for_long_and_is_ours_is_deleted(bench: Bench) -> None:
    long_ago = time.time() - 31 * 86_400
    names = {"0" * 32: long_ago, "1" * 32: time.time(), "the users own": long_ago}
    for name, when in names.items():
        folder = bench.folder / "checkpoints" / name
        folder.mkdir(parents=True)
        os.utime(folder, (when, when))
    bench.script(LEARN, "{seed}", "{percent}", "{checkpoint}", str(bench.count))
    assert {each.name for each in (bench.folder / "checkpoints").iterdir()} == {"1" * 32, "the users own"}


def test_a_folder_that_cannot_be_written_to_fails_the_trial(bench: Bench) -> None:
    (bench.folder / "checkpoints").write_text("in the way")
    trainer = bench.script(LEARN, "{seed}", "{percent}", "{checkpoint}", str(bench.count))
    with pytest.raises(TrainingFailedError, match=r"train.py was not run: .*checkpoints"):
        bench.score(trainer)
