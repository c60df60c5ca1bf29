"""The worker processes that one hpo.run starts: `python -m hpo.work` on this machine, looked after until they leave."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hpo.engine.exit_codes import DONE, INTERRUPTED, MISTAKE
from hpo.engine.launchers.base import Launch, LaunchFor
from hpo.storage.errors import UserError

IDLE_LINE = "idle"
"""What a worker says on its standard output when it finds nothing to do, so that the next round is opened at once."""

MOST_RESTARTS = 5
PATIENCE_SECONDS = 20.0
LISTENING_SECONDS = 2.0


@dataclass
class _Member:
    process: subprocess.Popen[str]
    said: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    listeners: list[threading.Thread] = field(default_factory=list)

    def give_back(self) -> None:
        """Close what is left of a process that has ended; its listeners close their streams themselves."""
        with contextlib.suppress(OSError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        for listener in self.listeners:
            listener.join(LISTENING_SECONDS)


class Fleet:
    """`size` worker processes for one study; a worker that crashes is replaced, a few times."""

    def __init__(
        self, study: str, storage: str, size: int, *, data_dir: Path | None, announce: Callable[[str], None]
    ) -> None:
        self._command = [sys.executable, "-P", "-m", "hpo.work", "--child", "--study", study]
        if data_dir is not None:
            self._command += ["--data-dir", str(data_dir)]
        # The URL travels in the environment: a password must not stand in the list of processes.
        self._environment = os.environ | same_package() | {"HPO_STORAGE": storage}
        self._announce = announce
        self._restarts = 0
        self._idle = threading.Event()
        self._members = [self._start() for _ in range(size)]

    def wait(self, seconds: float) -> None:
        """Wait until a worker has nothing to do, for at most `seconds`."""
        self._idle.wait(seconds)
        self._idle.clear()

    def nudge(self) -> None:
        """Tell the workers that there may be something to do, so that they need not ask the database all the time."""
        for member in self._members:
            if member.process.stdin is not None:
                with contextlib.suppress(OSError):  # it is leaving; look_after will see to it
                    member.process.stdin.write("\n")
                    member.process.stdin.flush()

    def look_after(self) -> None:
        """Replace workers that died. Raises UserError if a worker gave up on the user's input, or too many died."""
        for i, member in enumerate(self._members):
            code = member.process.poll()
            if code in (None, DONE):
                continue
            member.give_back()  # and with it, its last words have been heard
            last_words = "\n".join(member.said)
            if code == MISTAKE:
                raise UserError(last_words.removeprefix("error: "))
            if code == INTERRUPTED:
                self._announce("a worker was asked to stop")
            else:
                cause = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
                self._announce(f"a worker died ({cause}); starting another one")
            self._restarts += 1
            if self._restarts > MOST_RESTARTS:
                raise UserError(
                    f"{self._restarts} workers died, the last with exit code {code}: giving up. Finished trials are "
                    f"kept; the same command goes on. Its last words:\n{last_words}"
                )
            self._members[i] = self._start()

    def stop(self) -> None:
        """Ask all workers to stop, and end those that do not."""
        for member in self._members:
            if member.process.stdin is not None:
                with contextlib.suppress(OSError):
                    member.process.stdin.close()
            if member.process.poll() is None:
                member.process.terminate()
        for member in self._members:
            try:
                member.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
            member.give_back()

    def _start(self) -> _Member:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then asks its workers to stop
        )
        member = _Member(process)
        for target in (self._hear, self._note):
            member.listeners.append(threading.Thread(target=target, args=(member,), daemon=True))
            member.listeners[-1].start()
        return member

    def _hear(self, member: _Member) -> None:
        with member.process.stdout or contextlib.nullcontext(()) as lines:
            for line in lines:
                if line.strip() == IDLE_LINE:
                    self._idle.set()
        self._idle.set()

    def _note(self, member: _Member) -> None:
        with member.process.stderr or contextlib.nullcontext(()) as lines:
            for line in lines:
                member.said.append(line.rstrip())
                if not line.startswith(("Traceback", " ", "error: ", "waiting")):
                    self._announce(line.rstrip())


def on_this_machine(storage: str, workers: int, data_dir: Path | None) -> LaunchFor:
    """Return what starts `workers` processes here, which reach the database at `storage`."""

    def launch(study: str) -> Launch:
        return lambda announce: Fleet(study, storage, workers, data_dir=data_dir, announce=announce)

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
