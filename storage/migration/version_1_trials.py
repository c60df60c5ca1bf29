"""The rows that trials of version 1 become, and those of trials that were not in the queue yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.trial import TrialState

from hpo.storage.migration.version_1 import DONE, OldTrial
from hpo.storage.schema import CLAIMED, COMPLETE, FAILED, PAUSED, PLANNED, READY, STOPPED

SEARCH, FINAL = "search", "final"
ENDED = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: STOPPED, TrialState.FAIL: FAILED}
PUT_WITH = ("round", "index", "run", "seed", "stage", "source", "source_trial", "overrides", "n_train", "epochs")
"""Attributes that a trial was put into the queue with, beside those of certificates:"""
OF_CERTIFICATES = ("images", "size")
FOUND = ("train_accuracy", "test_accuracy", "seconds", "worker", "reason")
"""Attributes that its training found."""

TRIAL, COMPARE, CERTIFY = 0, 5, 100
"""What seeds were derived for."""

Row = dict[str, Any]
Wanted = tuple[Mapping[str, Any], Mapping[str, Any]]
"""A trial to be: its config, and the attributes that it is put into the queue with."""

_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Round:
    """A round that was opened: its row, and the configs that it tries."""

    number: int
    box: Any
    why: Any
    configs: Sequence[Mapping[str, Any]]


def rungs_of(definition: Mapping[str, Any]) -> tuple[int, ...]:
    """Return where trials of a search are judged, in percent; those of a comparison are not judged."""
    if "comparison" in definition:
        return (DONE,)
    shares = definition.get("search", {}).get("rungs", (0.25, 0.5))
    return (*(max(1, round(100 * share)) for share in shares), DONE)


def _piece(attributes: Mapping[str, Any]) -> str:
    stage = attributes.get("stage")
    if stage is None:
        return f"round {attributes['round']} place {attributes['index']}"[:_LONGEST]
    source = attributes["source"] if "source" in attributes else f"{attributes['size']}.{attributes['index']}"
    return f"{stage} {source} run {attributes['run']}"[:_LONGEST]


def rows_of(found: Sequence[OldTrial], part: str, rungs: Sequence[int], *, worked_on: bool) -> Iterator[Row]:
    """Yield a row for each piece of work: of one that was put into the queue twice the first counts.

    Where nothing is judged before the end, workers noted scores on the way, which are none of a rung. Unless the
    database is `worked_on`, workers that had a trial are gone.
    """
    pieces: set[str] = set()
    for each in found:
        piece = _piece(each.attributes)
        if piece in pieces:
            continue
        pieces.add(piece)
        scores = {step: score for step, score in sorted(each.scores.items()) if step in rungs}
        if each.state not in ENDED:
            scores.pop(DONE, None)  # its worker died between its last report and its end: it is trained once more
        reached = max(scores, default=0)
        state = ENDED.get(each.state) or (READY if reached < each.allowed else PAUSED)
        claimed = worked_on and each.state == TrialState.RUNNING
        yield {
            "id": each.id,
            "part": part,
            "piece": piece,
            "number": each.number,
            "state": CLAIMED if claimed else state,
            "config": json.dumps(each.config),
            "attributes": json.dumps(_some(each.attributes, (*PUT_WITH, *OF_CERTIFICATES))),
            "distributions": json.dumps(each.distributions),
            "allowed": each.allowed,
            "reached": reached,
            "on_the_way": each.on_the_way if claimed else 0,
            "rungs": json.dumps(scores),
            "score": each.value if state == COMPLETE else None,
            "outcome": json.dumps(_some(each.attributes, FOUND)),
            "deaths": _deaths(each) if state == FAILED else 0,
            "claimed_at": each.started,
            "ended_at": each.ended,
            "optuna_id": each.id,
        }


def twins(found: Sequence[OldTrial]) -> list[int]:
    """Return Optuna's numbers of trials that are in the queue for a second time and have not ended."""
    firsts: dict[str, int] = {}
    for each in found:
        firsts.setdefault(_piece(each.attributes), each.id)
    return [each.id for each in found if firsts[_piece(each.attributes)] != each.id and each.state not in ENDED]


def _some(attributes: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: attributes[name] for name in names if name in attributes}


def _deaths(trial: OldTrial) -> int:
    """Return how many workers a trial failed for: the last one was not counted in its attributes."""
    blamed = str(trial.attributes.get("reason")).startswith("its worker died")
    return int(trial.attributes.get("worker_deaths", 0)) + 1 if blamed else 0


def planned(one: OldTrial, there: Iterable[OldTrial], wanted: Iterable[Wanted], allowed: int) -> Iterator[Row]:
    """Yield rows for those `wanted` trials that their coordinator had not put into the queue; `one` is like them."""
    pieces = {_piece(each.attributes) for each in there}
    for config, attributes in wanted:
        piece = _piece(attributes)
        if piece not in pieces:
            yield {
                "part": SEARCH,
                "piece": piece,
                "state": PLANNED,
                "config": json.dumps(config),
                "attributes": json.dumps(attributes),
                "distributions": json.dumps(one.distributions),
                "allowed": allowed,
            }


def wanted_in(definition: Mapping[str, Any], opened: Round, pool: int) -> Iterator[Wanted]:
    """Yield the trials of a round."""
    seed, comparison = definition["seed"], definition.get("comparison")
    if comparison is None:
        told = definition["rounds"][opened.number - 1]
        samples, runs = told["samples"], 1
    else:
        told = comparison
        samples, runs = told.get("samples") or pool, told["seeds"]
    for run in range(runs):
        for place, config in enumerate(opened.configs):
            index = run * len(opened.configs) + place
            attributes = {"round": opened.number, "index": index}
            if comparison is None:
                attributes["seed"] = derived_seed(seed, TRIAL, opened.number, index)
            else:
                attributes |= {"run": run, "seed": derived_seed(seed, COMPARE, run)}
            yield config, {**attributes, "n_train": min(samples, pool), "epochs": told["epochs"]}


def wanted_by(definition: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[Wanted]:
    """Yield the trials of a certificate."""
    for run in range(plan["seeds"]):
        for number, (samples, epochs) in enumerate(plan["sizes"]):
            for index, config in enumerate(plan["configs"]):
                attributes = {"stage": "certificate", "size": number, "index": index, "run": run}
                attributes["seed"] = derived_seed(definition["seed"], CERTIFY, number, run)
                attributes |= {"n_train": samples, "epochs": epochs}
                if plan.get("images"):
                    attributes["images"] = plan["images"][number][run]
                yield config, attributes


def derived_seed(study_seed: int, purpose: int, *place: int) -> int:
    """Return the seed for `purpose` at `place`, as it was derived then."""
    words = np.random.SeedSequence([study_seed, purpose, *place]).generate_state(2, np.uint32)
    return (int(words[0]) << 21) | (int(words[1]) >> 11)
