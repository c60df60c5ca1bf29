"""What a trial asks of its worker: which images, for how long, where it is looked at, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hpo.certificate.plan import STAGE as CERTIFICATE
from hpo.definition.study import StudyDefinition
from hpo.proof.final_runs import ON_ALL_OF_THE_DATA
from hpo.proof.probing import PROBES
from hpo.searching.queued import QueuedTrial
from hpo.training.images import Fold, StudyData

EVALUATIONS = 8
"""Points of a learning curve. Evaluating costs about as much as four steps on a small subset, so not every epoch."""

TestUse = Literal["never", "at the end", "along the curve"]


@dataclass(frozen=True)
class Assignment:
    """How one trial is trained. `folds` has a network's images for each group of the config.

    `reports_progress`: whether a long training writes down how it stands on the way; where rungs decide it does not, as
    that would look like one. `test` says when the test set is evaluated, `purpose` what the ledger then says;
    `keep_network` whether the trained network is kept in the database.
    """

    folds: Sequence[Fold]
    epochs: int
    evaluations: int = EVALUATIONS
    reports_progress: bool = True
    test: TestUse = "never"
    purpose: str = ""
    keep_network: bool = False


def planned_size(definition: StudyDefinition, pool: int, attributes: Mapping[str, Any]) -> dict[str, int]:
    """Return on how many of `pool` training images a trial with these `attributes` trains, and for how many epochs.

    They become attributes of the trial themselves, for those who watch.
    """
    stage, comparison = attributes.get("stage"), definition.comparison
    if comparison is not None:
        samples, epochs = comparison.samples or pool, comparison.epochs
    elif stage in ON_ALL_OF_THE_DATA:
        samples, epochs = pool, definition.final.epochs
    else:
        each = definition.rounds[attributes["round"] - 1 if stage is None else -1]
        samples, epochs = each.samples, each.epochs
    return {"n_train": min(samples, pool), "epochs": epochs}


def assignment(definition: StudyDefinition, data: StudyData, trial: QueuedTrial) -> Assignment:
    """Return what `trial`, of the search, the final part, a comparison or a certificate, asks for.

    Race and confirmation take groups of images that no trial of the search has seen, as long as there are any. Of each
    config that is compared, or trained on all of the data, the network of the first run is kept.
    """
    stage, run = trial.attributes.get("stage"), int(trial.attributes.get("run", 0))
    if stage == CERTIFICATE:
        size, epochs = int(trial.attributes["n_train"]), int(trial.attributes["epochs"])
        within = tuple(trial.attributes["images"]) if "images" in trial.attributes else None
        return Assignment([data.certificate_fold(size, int(trial.attributes["size"]), run, within)], epochs)
    comparison = definition.comparison
    if comparison is not None:
        return Assignment(
            folds=[data.comparison_fold(comparison.samples, run)],
            epochs=comparison.epochs,
            evaluations=comparison.evaluations,
            test="along the curve",
            purpose=f"curve of run {run} of trial {trial.number}",
            keep_network=run == 0,
        )
    if stage in ON_ALL_OF_THE_DATA:
        return Assignment(
            folds=[data.full_fold()],
            epochs=definition.final.epochs,
            test="never" if stage in PROBES else "at the end",
            purpose=f"{stage} run {run} of trial {trial.attributes['source_trial']}",
            keep_network=stage in ("full", "adopted") and run == 0,
        )
    groups = definition.search.groups
    if stage is None:
        this_round = definition.rounds[trial.attributes["round"] - 1]
        folds = [data.search_fold(this_round.samples, group) for group in range(groups)]
        return Assignment(folds, this_round.epochs, reports_progress=False)
    last = definition.rounds[-1]
    if stage == "race":
        return Assignment([data.race_fold(last.samples, groups + run, run)], last.epochs)
    run += definition.final.race_runs
    return Assignment([data.confirmation_fold(last.samples, groups + run, run)], last.epochs)
