"""The workers that one hpo.run starts: a crew, `python -m hpo.work --child` on this machine, looked after from here.

The crew's process is started first and told what to do later (`Prestarted`), so that it imports what workers need while
this one opens the database and looks at the data.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

from hpo.engine.exit_codes import DONE, INTERRUPTED, MISTAKE
from hpo.engine.interrupts import STOPPING
from hpo.engine.launchers.base import Launch, LaunchFor
from hpo.engine.launchers.restarts import Restarts
from hpo.storage.errors import UserError
from hpo.training.given import Given

IDLE_LINE, READY_LINE = "idle", "ready"
"""What a crew says on its standard output: a worker finds nothing to do, so that the next round is opened at once; all
workers are ready."""

LEAVING_SECONDS = 25.0
"""A little more than a crew gives its workers."""

LISTENING_SECONDS = 2.0

_UNSAID = ("Traceback", " ", "error: ", "waiting", STOPPING)
"""How lines of a crew begin that are not passed on: this process says them itself, or once the crew has ended. A crew
that is asked to stop while it still loads says so like any command."""


@dataclass(frozen=True)
class Ahead:
    """What a crew may load before its order comes: the data of a study that is about to begin."""

    name: str
    definition: dict[str, Any]
    data_dir: str | None


@dataclass(frozen=True)
class Order:
    """What a crew is to do. It is told as a line of JSON on its standard input, as Ahead is: a password must not stand
    in the list of processes."""

    study: str
    storage: str
    data_dir: str | None
    workers: int
    patience: float | None = None
    trainer: dict[str, Any] | None = None
    """The trainer that its workers are given, see hpo.training.kinds.Given; None where a study trains our networks."""


def line(told: Ahead | Order) -> str:
    """Return it as what `read` reads."""
    return json.dumps(asdict(told)) + "\n"


def read(file: int) -> Ahead | Order | None:
    """Return what comes first in `file`, a descriptor, and take nothing of what comes after; None at its end."""
    text = b""
    while not text.endswith(b"\n"):
        byte = os.read(file, 1)
        if not byte:
            return None
        text += byte
    told = json.loads(text)
    return Order(**told) if "study" in told else Ahead(**told)


class Prestarted:
    """A crew's process that was started ahead of its order; it ends with the context unless somebody took it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = start()

    def take(self) -> subprocess.Popen[str]:
        """Return the process, or a new one where it was taken before."""
        process, self._process = self._process, None
        return process or start()

    def tell(self, ahead: Ahead) -> None:
        """Let it load what will be needed, if nobody took it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended, which whoever takes it will see
                self._process.stdin.write(line(ahead))
                self._process.stdin.flush()

    def close(self) -> None:
        """End the process if nobody took it; it has begun nothing yet."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start() -> subprocess.Popen[str]:
    """Start the process of a crew, which then waits for its order."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "hpo.work", "--child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | same_package(),
        start_new_session=True,  # Ctrl-C reaches this process alone, which then asks its workers to stop
    )


Take: TypeAlias = Callable[[], "subprocess.Popen[str]"]
"""Gives the process of a crew that waits for its order."""


@dataclass
class _Crew:
    process: subprocess.Popen[str]
    said: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    listeners: list[threading.Thread] = field(default_factory=list)
    ready: bool = False

    def write(self, text: str) -> None:
        """Send it a line, unless it has ended, or is stopped and its pipe is full."""
        if self.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                os.write(self.process.stdin.fileno(), text.encode())

    def give_back(self) -> None:
        """Close what is left of a process that has ended; its listeners close their streams themselves."""
        with contextlib.suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        for listener in self.listeners:
            listener.join(LISTENING_SECONDS)

    @property
    def last_words(self) -> str:
        """What it said at last: its error, if it ended with one."""
        lines = list(self.said)
        for i, said in enumerate(lines):
            if said.startswith("error: "):
                return "\n".join(lines[i:]).removeprefix("error: ")
        return "\n".join(lines)


class Fleet:
    """A crew of `size` workers for one study; where it dies as a whole, another one takes its place."""

    def __init__(
        self,
        study: str,
        storage: str,
        size: int,
        *,
        data_dir: Path | None,
        announce: Callable[[str], None],
        take: Take = start,
        patience: float | None = None,
        given: Given | None = None,
    ) -> None:
        trainer = None if given is None else given.record()
        self._order = Order(study, storage, None if data_dir is None else str(data_dir), size, patience, trainer)
        self._announce = announce
        self._restarts = Restarts()
        self._idle = threading.Event()
        self._crew: _Crew | None = self._start(take)
        self._not_before = 0.0

    def wait(self, seconds: float) -> bool:
        """Wait until a worker has nothing to do, for at most `seconds`; say whether one has."""
        told = self._idle.wait(seconds)
        self._idle.clear()
        return told

    def nudge(self) -> None:
        """Tell the workers that there may be something to do, so that they need not ask the database all the time."""
        if self._crew is not None:
            self._crew.write("\n")

    def look_after(self) -> None:
        """Replace a crew that died. Raises UserError if it gave up on the user's input, or dies again and again."""
        if self._crew is None:
            if time.monotonic() >= self._not_before:
                self._crew = self._start(start)
            return
        crew, code = self._crew, self._crew.process.poll()
        if code in (None, DONE):
            return
        crew.give_back()  # and with it, its last words have been heard
        if code == MISTAKE:
            raise UserError(crew.last_words)
        if code == INTERRUPTED:
            cause = "a signal that asked it to stop"
            self._announce("the workers were asked to stop")
        else:
            cause = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._announce(f"the process of the workers died ({cause}); starting it again")
        self._crew = None
        self._not_before = time.monotonic() + self._restarts.pause(cause, crew.last_words, was_ready=crew.ready)
        self.look_after()

    def stop(self) -> None:
        """Ask all workers to stop, and end those that do not."""
        crew, self._crew = self._crew, None
        if crew is None:
            return
        if crew.process.poll() is None:
            crew.process.terminate()
        try:
            crew.process.wait(LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            crew.process.kill()
            crew.process.wait()
        crew.give_back()

    def _start(self, take: Take) -> _Crew:
        crew = _Crew(take())
        crew.write(line(self._order))
        if crew.process.stdin is not None:
            os.set_blocking(crew.process.stdin.fileno(), False)
        for target in (self._hear, self._note):
            crew.listeners.append(threading.Thread(target=target, args=(crew,), daemon=True))
            crew.listeners[-1].start()
        return crew

    def _hear(self, crew: _Crew) -> None:
        with crew.process.stdout or contextlib.nullcontext(()) as lines:
            for said in lines:
                if said.strip() == IDLE_LINE:
                    self._idle.set()
                elif said.strip() == READY_LINE:
                    crew.ready = True
                    self._restarts.ready()
        self._idle.set()

    def _note(self, crew: _Crew) -> None:
        with crew.process.stderr or contextlib.nullcontext(()) as lines:
            for said in lines:
                crew.said.append(said.rstrip())
                if not said.startswith(_UNSAID):
                    self._announce(said.rstrip())


def on_this_machine(
    storage: str,
    workers: int,
    data_dir: Path | None,
    take: Take = start,
    patience: float | None = None,
    *,
    given: Given | None = None,
) -> LaunchFor:
    """Return what starts `workers` processes here, which reach the database at `storage`; `take` gives the crew's.

    `patience` are the seconds for which they wait for a database that is gone; None for as long as is usual. `given` is
    the trainer that they may start, where a study trains something else than our networks.
    """

    def launch(study: str) -> Launch:
        return lambda announce: Fleet(
            study, storage, workers, data_dir=data_dir, announce=announce, take=take, patience=patience, given=given
        )

    return launch


def same_package() -> dict[str, str]:
    """Return the environment in which `python -P` finds the package that runs here.

    -P keeps a folder called hpo where the user stands from being taken for ours. Where ours was found just because the
    user stands beside it, the way to it has to be said.
    """
    beside = Path(__file__).parents[3]
    installed = [Path(entry) for entry in sys.path[1:] if entry]
    if beside in installed:
        return {}
    return {"PYTHONPATH": os.pathsep.join([str(beside), *filter(None, [os.environ.get("PYTHONPATH")])])}
