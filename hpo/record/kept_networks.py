"""The trained network that a study leaves behind, and the same network as it was before its training."""

from __future__ import annotations

from dataclasses import dataclass

from hpo import models
from hpo.definition.trainers.networks import networks_of
from hpo.record.results import StudyResults
from hpo.record.untrusted import using
from hpo.searching.seeds import training_rng
from hpo.searching.space import Config
from hpo.storage.database import Database
from hpo.storage.records import load_network_bytes


@dataclass(frozen=True)
class KeptNetwork:
    """`after` is the trained network, `before` the one that its training began with."""

    before: models.Network
    after: models.Network


def kept_network(database: Database, results: StudyResults) -> KeptNetwork | None:
    """Return the network of the first run of the best config, by validation, or None if there is none yet.

    A search's is the winner's, trained on all of the data.
    """
    chosen = _chosen(results)
    if chosen is None:
        return None
    trial_id, seed, config = chosen
    with using(results.definition.name):
        content = load_network_bytes(database.engine, trial_id)
        if content is None:
            return None
        description, _ = networks_of(results.definition).settings(results.definition.space.whole(config))
        shape, classes = tuple(results.data["image_shape"]), int(results.data["classes"])
        before = models.build_network(description, shape, classes, training_rng(seed, group=0))
        return KeptNetwork(before, after=models.network_from_bytes(content))


def _chosen(results: StudyResults) -> tuple[int, int, Config] | None:
    """Return the database id, the seed and the config of the run whose network is shown."""
    if results.compared:
        best = max(results.compared, key=lambda each: each.validation.mean)
        first = next((run for run in best.runs if run.run == 0), None)
        return None if first is None else (first.id, first.seed, best.config)
    if results.full:
        winner = next((run for run in results.full[0].runs if run.run == 0), None)
        return None if winner is None else (winner.id, winner.seed, {**winner.config, **winner.overrides})
    return None
