"""The figure of what mattered: a bar for each hyperparameter, hatched where its effect may be chance."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hpo.record.results import StudyResults
from hpo.reports.facts.importance import Importances, importances
from hpo.reports.figures.framing import HATCHED, add_legend
from hpo.reports.figures.palette import FAINT, GREY, INK, PAPER, VALIDATION
from hpo.reports.figures.rows import rows_figure
from hpo.reports.words.formatting import count_text, region_text
from hpo.reports.words.no_effect import MARK, names_without_effect
from hpo.searching.relevance import Relevance

_RIGHT = 0.35
_ON_PAPER: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}


def importance_figure(results: StudyResults) -> Figure | None:
    """Return the importances as bars; `~` and hatching mark what showed no effect where it was tried."""
    found = importances(results)
    if found is None:
        return None
    no_effect, tested = names_without_effect(results), {each.name: each for each in results.relevance}
    labels = [f"{MARK if name in no_effect else ''}{name}\n{_tried(tested.get(name))}" for name in found.shares]
    detail = f"what sets {_best(found)} apart (importance by PED-ANOVA)"
    rows = rows_figure(results, detail, labels, columns=1, right=_RIGHT)
    axes = rows.panels[0]
    for (name, share), y in zip(found.shares.items(), rows.middles, strict=True):
        look = HATCHED if name in no_effect else {"color": VALIDATION}
        axes.barh(y, 100 * share, height=0.2, zorder=2, **look)
        test = tested.get(name)
        said = f"{100 * share:.0f} %" + (f", {_verdict(test)}" if test is not None else "")
        _say(axes, said, 100 * share, y, no_effect=name in no_effect)
    axes.set_xlim(0, 100)
    axes.axvline(0, color=FAINT, linewidth=0.8)
    axes.set_xlabel("importance, %", fontsize=8.5, color=INK)
    handles: list[Patch] = []
    if any(name not in no_effect for name in found.shares):
        handles.append(Patch(color=VALIDATION, label="importance"))
    if any(name in no_effect for name in found.shares):
        label = f"{MARK} no effect detected: may be chance"
        handles.append(Patch(label=label, **HATCHED))
    add_legend(rows.figure, handles)
    return rows.figure


def importance_alt(results: StudyResults) -> str:
    """Return the importances in words."""
    found = importances(results)
    if found is None:
        return "Too few trials to tell what mattered."
    no_effect, tested = names_without_effect(results), {each.name: each for each in results.relevance}
    said = []
    for name, share in found.shares.items():
        verdict = "no effect detected" if name in no_effect else _verdict(tested.get(name))
        said.append(f"{name} {100 * share:.0f} %" + (f", {verdict}" if verdict else ""))
    return f"Bars of what sets {_best(found)} apart: {'; '.join(said)}."


def _say(axes: Axes, text: str, end: float, y: float, *, no_effect: bool) -> None:
    """Write `text` beside a bar, or into it where it reaches far."""
    inside = end > 55
    axes.annotate(
        text,
        (end, y),
        (-6 if inside else 5, 0),
        textcoords="offset points",
        va="center",
        ha="right" if inside else "left",
        fontsize=8.5,
        color=GREY if no_effect else PAPER if inside else INK,
        bbox=_ON_PAPER if inside and no_effect else None,
    )


def _best(found: Importances) -> str:
    return f"the best {found.best} of {count_text(found.trials, 'trial')}"


def _tried(found: Relevance | None) -> str:
    return "" if found is None else region_text(found.tried)


def _verdict(found: Relevance | None) -> str:
    if found is None:
        return ""
    if found.verdict == "too few trials to tell":
        return found.verdict
    return f"{'an effect' if found.verdict == 'relevant' else 'no effect'} detected (p = {found.p:.2g})"
