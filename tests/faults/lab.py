"""What all scenes of a campaign share: the study, its undisturbed runs, a server, and how long things take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.faults import reading
from tests.faults.native import compiled
from tests.faults.server import Server
from tests.faults.study import NAME, write_study

LEASE_SECONDS = 5.0
"""Short, and still more than twice what a leader waits at most between two looks: one that looks again later than half
a lease takes its machine to have been suspended, and nobody for dead."""

INSIDE = Path(__file__).parent / "inside"


class UndisturbedError(Exception):
    """Not even the run that nobody disturbs came to its end."""


@dataclass(frozen=True)
class Durations:
    """How long a fault lasts, in seconds."""

    down: float = 60.0
    locked: float = 70.0
    past_the_lease: float = LEASE_SECONDS + 2.5


SHORT = Durations(down=4.0, locked=4.0)


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody disturbed."""

    folder: Path
    reading: reading.Reading


class Lab:
    """Everything that is made once. Threads may share it."""

    def __init__(self, durations: Durations, keep: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hpo-faults-"))
        self.durations = durations
        self.kept = keep or self.folder / "wrong"
        self.study = write_study(self.folder)
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._undisturbed: dict[int, Undisturbed] = {}
        self._servers: dict[int, Server] = {}
        self._native: dict[str, Path] = {}

    def undisturbed(self, seed: int = 0) -> Undisturbed:
        """Return the undisturbed run of the study with `seed`; made when it is first asked for."""
        with self._lock:
            if seed not in self._undisturbed:
                self._undisturbed[seed] = self._run_undisturbed(seed)
            return self._undisturbed[seed]

    def _run_undisturbed(self, seed: int) -> Undisturbed:
        folder = self.folder / f"undisturbed-{seed}"
        folder.mkdir()
        url = f"sqlite:///{folder / 'hpo.db'}"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_STORAGE")}
        command = run_command(self.study, url, folder / "out", workers=1, seed=seed)
        done = subprocess.run(
            command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False, start_new_session=True
        )
        if done.returncode:
            raise UndisturbedError(f"the undisturbed run ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return Undisturbed(folder / "out", reading.read(url, NAME))

    def server(self) -> Server:
        """Return the PostgreSQL server of this thread."""
        with self._lock:
            mine = threading.get_ident()
            if mine not in self._servers:
                self._servers[mine] = Server()
            return self._servers[mine]

    def native(self, name: str) -> Path:
        """Return the library compiled from native/NAME.c."""
        with self._lock:
            if name not in self._native:
                self._native[name] = compiled(name, self.folder)
            return self._native[name]

    def close(self) -> None:
        """Remove all but what was kept of wrong ends."""
        for server in self._servers.values():
            server.close()
        for path in self.folder.iterdir():
            if path != self.kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


def run_command(study: Path, url: str, out: Path, *, workers: int, seed: int) -> list[str]:
    """Return the command that runs the study, with all tables and no figures, which take seconds."""
    options = ["--study", study, "--storage", url, "--out", out, "--format", "csv,json", "--workers", workers]
    return [sys.executable, "-m", "hpo.run", *map(str, options), "--seed", str(seed)]
