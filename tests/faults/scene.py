"""One disturbed search: a folder, a database, the processes that were started, and all that was wrong with them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.faults import processes, reading
from tests.faults.lab import INSIDE, LEASE_SECONDS, Lab, run_command
from tests.faults.processes import Process
from tests.faults.registry import POSTGRESQL, SkippedError, StoppedError, WrongError
from tests.faults.study import NAME

DEADLINE = 100.0
"""Seconds until a search that nobody disturbs any more must have ended."""

LEFT_OVER_SECONDS = 10.0


@dataclass
class Started:
    """A command that was started, and the codes that it may end with."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    codes: tuple[int, ...]
    out: Path | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def printed(self) -> str:
        """All it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


class Scene:
    """Where one fault happens. `random` decides all that is left to chance, from the seed."""

    def __init__(self, lab: Lab, database: str, seed: int) -> None:
        self.lab, self.database, self.seed = lab, database, seed
        self.random = random.Random(seed)
        self.mark = f"s{uuid.uuid4().hex[:12]}"
        self.folder = lab.folder / self.mark
        self.folder.mkdir()
        self.started: list[Started] = []
        self.wrongs: list[str] = []
        self.environment: dict[str, str] = {}
        """What every command of this scene gets beside the usual."""
        self.study_seed = 0
        """The seed that the study is run with in the end."""
        self.mirrored = True
        """Whether Optuna's tables are to say the same in the end."""
        self.failed = ""
        """The piece of work that is to fail; then the rest may come out otherwise, too."""
        self._server = lab.server() if database == POSTGRESQL else None
        if self._server is not None:
            self._server.start()
            self.url = self._server.create_database(self.mark)
        else:
            (self.folder / "data").mkdir()
            self.url = f"sqlite:///{self.file}"
        self._at_the_end: list[Callable[[], object]] = []

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.folder / "data" / "hpo.db"

    @property
    def server(self) -> Any:
        """The PostgreSQL server."""
        return self._server

    def at_the_end(self, action: Callable[[], object]) -> None:
        """Do this when the scene is over, whatever became of it."""
        self._at_the_end.append(action)

    # Starting and waiting

    def run(self, *, workers: int = 2, seed: int = 0, out: Path | None = None, **how: Any) -> Started:
        """Start `hpo run` of the study."""
        out = out or self.folder / "out"
        started = self.start("run", run_command(self.lab.study, self.url, out, workers=workers, seed=seed), **how)
        started.out = out
        return started

    def work(self, **how: Any) -> Started:
        """Start `hpo work` of the study."""
        command = [sys.executable, "-m", "hpo.work", "--study", NAME, "--storage", self.url]
        return self.start("work", command, **how)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        codes: tuple[int, ...] = (0,),
        before: Sequence[str] = (),
        moments: Sequence[Mapping[str, Any]] = (),
        environment: Mapping[str, str] = {},
    ) -> Started:
        """Start a command in a session of its own; `moments` are what inside/sitecustomize.py does to it."""
        path = os.pathsep.join([str(INSIDE), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        whole = {name: value for name, value in os.environ.items() if not name.endswith("_STORAGE")}
        whole |= {
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
            "HPO_LEASE_SECONDS": str(LEASE_SECONDS),
            "HPO_FAULT_STACKS": str(self.folder / "stacks.txt"),
            "XDG_CACHE_HOME": str(self.lab.folder / "cache"),
            processes.MARK: self.mark,
            **({"HPO_FAULT_MOMENTS": json.dumps(list(moments))} if moments else {}),
            **self.environment,
            **environment,
        }
        log = self.folder / f"{len(self.started)}-{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*before, *command],
                cwd=ROOT,
                env=whole,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(Started(name, process, log, codes))
        return self.started[-1]

    def sleep(self, seconds: float) -> None:
        """Wait so long, unless the campaign is asked to stop."""
        if self.lab.stop.wait(max(0.0, seconds)):
            raise StoppedError

    def until(self, what: Callable[[], Any], seconds: float = DEADLINE, step: float = 0.02) -> bool:
        """Wait until `what()` is true, and say whether it came to that in time."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            self.sleep(step)
        return True

    def ended(self, *which: Started, seconds: float = DEADLINE) -> None:
        """Wait until these (or all) commands have ended by themselves. Raises WrongError if one does not."""
        for each in which or self.started:
            if not self.until(lambda each=each: each.process.poll() is not None, seconds):  # type: ignore[misc]
                self.write_stacks()
                raise WrongError(f"hpo {each.name} had not ended {seconds:.0f} s after the fault")

    def resume(self, **how: Any) -> None:
        """Run the study to its end with the same command."""
        self.ended(self.run(**how))

    # Moments

    def somewhere(self, *, most: float = 0.95) -> None:
        """Wait until a random share of the pieces of work is over, and then a random tenth of a second."""
        pieces = len(self.lab.undisturbed(self.study_seed).reading.pieces)
        count = self.random.randrange(int(most * pieces))
        step = 0.02 if self._server is None else 0.06  # each look at a server is a connection
        self.until(lambda: reading.finished(self.url) >= count or not self.running(), step=step)
        self.sleep(self.random.uniform(0, 0.1))

    def moment(self, role: str, at: str, do: str, *, match: str = "", most: int = 1, **more: Any) -> dict[str, Any]:
        """Return a moment inside a process, one of the first `most` of its kind; `reached` waits for it."""
        flag = str(self.folder / f"moment-{uuid.uuid4().hex[:8]}")
        count = self.random.randint(1, most)
        return {"role": role, "at": at, "do": do, "match": match, "count": count, "flag": flag, **more}

    def reached(self, moment: Mapping[str, Any]) -> int:
        """Wait until a process has reached `moment`, and return its id; leave the fault out if none ever did."""
        flag = Path(moment["flag"])
        self.until(lambda: (flag.exists() and flag.read_text()) or not self.running())
        if not flag.exists():
            raise SkippedError("the search ended before that moment")
        return int(flag.read_text())

    # Processes

    def running(self) -> bool:
        """Say whether any command has not ended."""
        return any(each.process.poll() is None for each in self.started)

    def processes(self) -> list[Process]:
        """Return all processes of this scene that live."""
        return processes.of_scene(self.mark)

    def workers(self) -> list[Process]:
        """Return those that train."""
        return processes.workers(self.processes())

    def kill_all(self) -> None:
        """Kill every process, as a power cut does."""
        for _ in range(100):
            found = self.processes()
            processes.send(signal.SIGKILL, found)
            for each in self.started:
                each.process.poll()
            if not found:
                return
            time.sleep(0.01)

    def check_left_over(self) -> None:
        """Note it if processes are left once all commands have ended."""
        if not self.until(lambda: not self.processes(), LEFT_OVER_SECONDS, 0.1):
            self.write_stacks()
            left = ", ".join(process.command[-60:] for process in self.processes())
            self.wrongs.append(f"processes are left running: {left}")
            self.kill_all()

    def write_stacks(self) -> None:
        """Let every process write down where it is, in stacks.txt: where it hangs is the first thing to know."""
        for each in self.processes():
            with (self.folder / "stacks.txt").open("a", encoding="utf-8") as file:
                state = Path(f"/proc/{each.pid}/wchan").read_text(encoding="ascii")
                file.write(f"\n== {each.pid}, child of {each.parent}, in {state}: {each.command[-120:]}\n")
            if "python" in each.command:
                processes.send(signal.SIGUSR1, [each])
                time.sleep(0.2)

    def skip(self, why: str) -> None:
        """Leave this fault out."""
        raise SkippedError(why)

    def close(self, *, keep: bool) -> None:
        """End all there is; keep the folder if something was wrong."""
        processes.send(signal.SIGCONT, self.processes())
        self.kill_all()
        for action in reversed(self._at_the_end):
            with contextlib.suppress(Exception):
                action()
        if self._server is not None:
            self._server.start()
            self._server.drop_database(self.mark)
        if keep:
            self.lab.kept.mkdir(parents=True, exist_ok=True)
            shutil.move(self.folder, self.lab.kept / self.mark)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
