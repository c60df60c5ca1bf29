"""What a trial asks of whoever trains it, by its stage: which examples, for how long, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hpo.certificate.plan import STAGE as CERTIFICATE
from hpo.definition.study import StudyDefinition
from hpo.searching.queued import QueuedTrial
from hpo.training.cuts import Cut, Scorers
from hpo.training.protocol import Assignment, TestUse

EVALUATIONS = 8
"""Points of a learning curve. Evaluating costs about as much as four steps on a small subset, so not every epoch."""

CERTIFICATE_STREAM = 10_000
"""Where the draws of validation images of a certificate begin: behind those of any race or confirmation."""

COMPARISON = "comparison"

Size = Literal["of its round", "of the last round", "all of the data", "its own", "of the comparison"]
"""Where the numbers of samples and epochs come from: its own are in the trial's attributes."""

Behind = Literal["nothing", "the search", "the race"]
"""Whose groups and draws come before those of a stage, which has none of them: it starts at fresh examples."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the trials of one stage have in common.

    `judged`: rungs decide about them. `test`: when the test set is evaluated; `purpose` what the ledger then says, with
    {stage}, {run}, {source} and {number}. `keeps`: the model of the first run is kept.
    """

    size: Size
    scorers: Scorers
    behind: Behind = "nothing"
    judged: bool = False
    test: TestUse = "never"
    purpose: str = ""
    keeps: bool = False


_PURPOSE = "{stage} run {run} of trial {source}"

STAGES: Mapping[str, Stage] = {
    "search": Stage("of its round", "search", judged=True),
    "race": Stage("of the last round", "race", behind="the search"),
    "confirm": Stage("of the last round", "confirmation", behind="the race"),
    "full": Stage("all of the data", "holdout", test="at the end", purpose=_PURPOSE, keeps=True),
    "adopted": Stage("all of the data", "holdout", test="at the end", purpose=_PURPOSE, keeps=True),
    "plain": Stage("all of the data", "holdout", test="at the end", purpose=_PURPOSE),
    "probe_lower": Stage("all of the data", "holdout"),
    "probe_higher": Stage("all of the data", "holdout"),
    CERTIFICATE: Stage("its own", "confirmation"),
    COMPARISON: Stage(
        "of the comparison",
        "holdout",
        test="along the curve",
        purpose="curve of run {run} of trial {number}",
        keeps=True,
    ),
}


def stage_of(definition: StudyDefinition, attributes: Mapping[str, Any]) -> str:
    """Return the name of the stage of a trial with these `attributes`."""
    if definition.comparison is not None:
        return COMPARISON
    return str(attributes.get("stage") or "search")


def planned_size(definition: StudyDefinition, pool: int, attributes: Mapping[str, Any]) -> dict[str, int]:
    """Return on how many of `pool` training examples a trial with these `attributes` trains, and for how many epochs.

    They become attributes of the trial themselves, for those who watch.
    """
    size, comparison = STAGES[stage_of(definition, attributes)].size, definition.comparison
    if size == "its own":
        return {"n_train": int(attributes["n_train"]), "epochs": int(attributes["epochs"])}
    if comparison is not None:
        samples, epochs = comparison.samples or pool, comparison.epochs
    elif size == "all of the data":
        samples, epochs = pool, definition.final.epochs
    else:
        each = definition.rounds[attributes["round"] - 1 if size == "of its round" else -1]
        samples, epochs = each.taken(pool), each.epochs
    return {"n_train": min(samples, pool), "epochs": epochs}


def assignment(definition: StudyDefinition, pool: int, trial: QueuedTrial) -> Assignment:
    """Return what `trial`, of the search, the final part, a comparison or a certificate, asks for.

    Race and confirmation take groups of examples that no trial of the search has seen, as long as there are any.
    """
    name, run = stage_of(definition, trial.attributes), int(trial.attributes.get("run", 0))
    stage, comparison = STAGES[name], definition.comparison
    size = planned_size(definition, pool, trial.attributes)
    names = {"stage": name, "run": run, "number": trial.number, "source": trial.attributes.get("source_trial")}
    allowed = definition.abilities.test
    return Assignment(
        stage=name,
        run=run,
        seed=int(trial.attributes["seed"]),
        samples=size["n_train"] if definition.abilities.samples else 0,
        epochs=size["epochs"],
        cuts=_cuts(definition, stage, size["n_train"], run, trial.attributes),
        rungs=definition.percents,
        test=stage.test if allowed else "never",
        purpose=stage.purpose.format(**names) if allowed else "",
        evaluations=EVALUATIONS if comparison is None else comparison.evaluations,
        judged=stage.judged,
        keeps=stage.keeps and run == 0,
    )


def _cuts(
    definition: StudyDefinition, stage: Stage, samples: int, run: int, attributes: Mapping[str, Any]
) -> tuple[Cut, ...]:
    """Return which examples each group of a trial trains on, and which score it."""
    groups = definition.search.groups
    whole = stage.size == "all of the data" or (definition.comparison is not None and not definition.comparison.samples)
    if whole or not definition.abilities.samples:
        draw = run + (definition.final.race_runs if stage.behind == "the race" else 0)
        return (Cut(None, scorers=stage.scorers, draw=draw),)
    if stage.judged:
        return tuple(Cut(samples, group, scorers=stage.scorers) for group in range(groups))
    if stage.size == "its own":
        within = attributes.get("images")
        draw = CERTIFICATE_STREAM * (1 + int(attributes["size"])) + run
        return (Cut(samples, run, None if within is None else (within[0], within[1]), stage.scorers, draw),)
    if stage.behind == "nothing":
        return (Cut(samples, run, scorers=stage.scorers),)
    draw = run + (definition.final.race_runs if stage.behind == "the race" else 0)
    return (Cut(samples, groups + draw, scorers=stage.scorers, draw=draw),)
