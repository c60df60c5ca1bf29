"""The figure of where the time went: a bar of clock time for each round and stage, and how much of it was training."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from hpo.record.results import StudyResults
from hpo.reports.facts.timing import StageTime, stage_times
from hpo.reports.figures.drawing import people_text
from hpo.reports.figures.framing import HATCHED, add_legend
from hpo.reports.figures.palette import FAINT, INK, VALIDATION
from hpo.reports.figures.rows import rows_figure
from hpo.reports.words.formatting import count_text

_RIGHT = 2.0
"""Inches right of the panel, for the times in words."""


def time_figure(results: StudyResults) -> Figure | None:
    """Return a bar for each round and stage: its training, shared by the workers, and the rest of its clock time."""
    stages = stage_times(results)
    if not stages:
        return None
    labels = [f"{each.name}\n{count_text(each.trials, 'trial')}" for each in stages]
    rows = rows_figure(results, _total(stages), labels, columns=1, right=_RIGHT)
    axes = rows.panels[0]
    longest = max(each.training if each.clock is None else each.clock for each in stages)
    unit, seconds = ("h", 3600) if longest >= 7200 else ("min", 60) if longest >= 120 else ("s", 1)
    for each, y in zip(stages, rows.middles, strict=True):
        busy = each.training / each.workers if each.busy is None else each.busy
        axes.barh(y, busy / seconds, height=0.22, color=VALIDATION, linewidth=0, zorder=3)
        if each.rest:
            axes.barh(y, each.rest / seconds, left=busy / seconds, height=0.22, zorder=2, **HATCHED)
        style = people_text(va="center", fontsize=8.5, color=INK, annotation_clip=False)
        axes.annotate(_said(each), (1, y), (8, 0), ("axes fraction", "data"), "offset points", **style)
    axes.set_xlim(0, 1.02 * longest / seconds or 1)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.set_xlabel(f"time on the clock, {unit}", fontsize=8.5, color=INK)
    workers = stages[0].workers
    shared = f"training, shared by {count_text(workers, 'worker')}" if workers > 1 else "training"
    handles = [Patch(color=VALIDATION, label=shared)]
    if any(each.rest for each in stages):
        rest = "waiting for other trials or in the queue, starting up, breaks"
        handles.append(Patch(label=rest, **HATCHED))
    add_legend(rows.figure, handles)
    return rows.figure


def time_alt(results: StudyResults) -> str:
    """Return the times in words."""
    stages = stage_times(results)
    said = [f"{each.name}: {count_text(each.trials, 'trial')}, {' '.join(_said(each).split())}" for each in stages]
    return f"Bars of the time on the clock by round and stage: {_total(stages)}. {'; '.join(said)}."


def duration_text(seconds: float) -> str:
    """Return a duration as people say it: `8.3 s`, `12 min`, `2.5 h`."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.995 * size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"


def _said(stage: StageTime) -> str:
    training = f"training {duration_text(stage.training)}"
    if stage.clock is None:
        return f"{training};\nclock time not known"
    return f"{duration_text(stage.clock)} on the clock;\n{training} in all"


def _total(stages: list[StageTime]) -> str:
    training = duration_text(sum(each.training for each in stages))
    if any(each.clock is None for each in stages):
        return f"{training} of training"
    clock = duration_text(sum(each.clock or 0.0 for each in stages))
    return f"{clock} on the clock, {training} of training by at most {count_text(stages[0].workers, 'worker')} at once"
