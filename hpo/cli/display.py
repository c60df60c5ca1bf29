"""What a running search shows: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from hpo.cli.pace import Moment, seconds_left
from hpo.definition.printable import printable
from hpo.engine.progress import Progress
from hpo.searching.metric_text import name_of

PLAIN_EVERY_SECONDS = 15.0
SECONDS_UNTIL = 120
FEW = 8
"""With no more trials than these, a finished one may be minutes away: their epochs are counted, too."""


class Display:
    """A context in which `update` shows the progress and `say` prints a line above it.

    `afterwards` are the seconds from the end of the work that is shown to the end of the command.
    """

    def __init__(self, console: Console, afterwards: float = 0.0) -> None:
        self._console, self._afterwards = console, afterwards
        self._seen: list[Moment] = []
        self._last_phase, self._last_line = "", 0.0
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[trials]}  {task.fields[best]}  {task.fields[left]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=1.0, trials="", best="", left="")

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(printable(text), markup=False, highlight=False)

    def update(self, now: Progress) -> None:
        """Show `now`."""
        best = "" if now.best is None else f"best {name_of(now.metric)}so far {now.best_text}"
        left = self._time_left(now)
        trials = f"{now.trials_done}/{now.trials_in_phase} trials"
        if now.trials_in_phase <= FEW and now.epochs_in_phase:
            trials += f", {now.epochs_done:.0f}/{now.epochs_in_phase:.0f} epochs"
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                description=now.phase,
                total=now.total,
                completed=now.work,
                trials=trials,
                best=best,
                left=left,
            )
            return
        due = time.monotonic() - self._last_line >= PLAIN_EVERY_SECONDS
        if now.trials_in_phase and (now.phase != self._last_phase or due):
            self.say(", ".join(part for part in (now.phase, trials, best, left) if part))
            self._last_phase, self._last_line = now.phase, time.monotonic()

    def _time_left(self, now: Progress) -> str:
        """Return the time left at the pace seen here; a resumed study's old work took no time here.

        A certificate before a study is another work with another end.
        """
        if self._seen and now.work < self._seen[-1][1]:
            self._seen.clear()
        if now.training or self._seen:
            self._seen.append((time.monotonic(), now.work))
        left = seconds_left(self._seen, now.total)
        return "" if left is None else f"about {spoken(left + self._afterwards)} left"


def spoken(seconds: float) -> str:
    """Return a time left as people say it; a minute and a half is neither one nor two, so it is said in seconds."""
    if seconds < SECONDS_UNTIL:
        return f"{max(1, round(seconds))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
