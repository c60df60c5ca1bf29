"""Where paused trainings of programs are kept, so that another worker, here or elsewhere, goes on with them.

Each group of a training has a folder, and in it one for the last rung that it has reached: how it stands there, and
what the program saved. The next rung begins with a copy of that, and takes its place in one step when it is reached.
So a kill costs what was trained since the last rung, whatever the program was writing; and two workers that train the
same by mistake write the same twice.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORGOTTEN_DAYS = 30
"""How long the trainings of a study are kept when none of them begins or ends."""

_OF_A_STUDY = re.compile("[0-9a-f]{32}")
"""What the folder of a study is called: by the key that its database made up."""

_SAVED, _STAND, _UNFINISHED = "saved", "stand.json", "unfinished-"


@dataclass(frozen=True, slots=True)
class Stand:
    """How one group's training stands: reached percent, seconds spent, and the lines with its scores."""

    percent: int = 0
    seconds: float = 0.0
    lines: tuple[tuple[float, Mapping[str, Any]], ...] = ()


class Checkpoints:
    """The folder of one group of one training."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def last(self) -> Stand:
        """Return how it stands at the last rung that was reached; what cannot be read was never reached."""
        return max((self._read(rung) for rung in self._reached()), key=lambda stand: stand.percent, default=Stand())

    def begin(self) -> tuple[Path, Stand]:
        """Return a folder of its own for the way to the next rung, with a copy of what was saved at the last, and that.

        Raises OSError where it cannot be made.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        rung = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        while True:
            stand = self.last()
            if not stand.percent:
                saved_in(rung).mkdir()
                return rung, stand
            try:
                shutil.copytree(saved_in(self._folder / str(stand.percent)), saved_in(rung), symlinks=True)
                return rung, stand
            except OSError:
                if self.last().percent <= stand.percent:  # else somebody has just gone on with it
                    raise
                shutil.rmtree(saved_in(rung), ignore_errors=True)

    def reach(self, rung: Path, stand: Stand) -> None:
        """Let what is in `rung` be where the next one begins, in place of all before."""
        (rung / _STAND).write_text(json.dumps(asdict(stand)), encoding="utf-8")
        place = self._folder / str(stand.percent)
        try:
            rung.rename(place)
        except OSError:  # somebody else has been as far
            if self._read(place).percent == stand.percent:
                shutil.rmtree(rung, ignore_errors=True)
            else:
                shutil.rmtree(place, ignore_errors=True)
                rung.rename(place)
        for each in self._reached():
            if int(each.name) < stand.percent:
                shutil.rmtree(each, ignore_errors=True)

    def remove(self) -> None:
        """Delete all of it: the training is over."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):  # others are in the study's folder
            self._folder.parent.rmdir()

    def _reached(self) -> list[Path]:
        with suppress(OSError):
            return [each for each in self._folder.iterdir() if each.name.isdigit()]
        return []

    def _read(self, rung: Path) -> Stand:
        try:
            told = json.loads((rung / _STAND).read_text(encoding="utf-8"))
            lines = tuple((percent, line) for percent, line in told["lines"])
            return Stand(int(told["percent"]), float(told["seconds"]), lines)
        except (OSError, ValueError, KeyError, TypeError):
            return Stand()


def saved_in(rung: Path) -> Path:
    """Return the folder that the program saves itself in."""
    return rung / _SAVED


def remove_forgotten(folder: Path, days: float = FORGOTTEN_DAYS) -> None:
    """Delete the trainings of studies below `folder` that were left alone for so long, and nothing else there."""
    before = time.time() - days * 86_400
    with suppress(OSError), os.scandir(folder) as studies:
        for each in studies:
            with suppress(OSError):
                ours = _OF_A_STUDY.fullmatch(each.name) and each.is_dir(follow_symlinks=False)
                if ours and each.stat().st_mtime < before:
                    shutil.rmtree(each.path, ignore_errors=True)
