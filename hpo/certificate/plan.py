"""What a certificate measures: which configs, on how many images, how often. And what came out, read off its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpo.certificate.images import Range, disjoint, image_ranges
from hpo.certificate.ranking import LEAST_CONFIGS, Certificate, Floats, Size, certify
from hpo.definition.rounds import RoundRecord
from hpo.definition.study import StudyDefinition
from hpo.searching.extremes import failed_score
from hpo.searching.lattice import lattice
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.queued import QueuedTrial, score_of
from hpo.searching.seeds import CERTIFY, derived_seed
from hpo.searching.space import Box, Categorical, Config, Interval, Numeric, Region, SearchSpace
from hpo.storage.errors import UserError

STAGE = "certificate"
CONFIGS, SEEDS = 16, 3
FACTOR, LARGEST = 4, 16
"""From one size of the ladder to the next, and from the first to the last, unless another was asked for."""


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """The trials of a certificate: every config on every size (the smallest first) with every seed.

    `where` says where the configs were drawn, `images` which training images each size's runs take, see
    `image_ranges`. It is empty in certificates that older versions began: there run k of a size takes the k-th group of
    the pool, so sizes share images.
    """

    sizes: tuple[Size, ...]
    configs: tuple[Config, ...]
    seeds: int
    where: str
    images: tuple[tuple[Range, ...], ...] = ()

    @property
    def sizes_are_disjoint(self) -> bool:
        """Whether no two sizes share a training image; where they do, tau may be too high."""
        return disjoint(self.images)

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON-able tables."""
        return {
            "sizes": [[size.samples, size.epochs] for size in self.sizes],
            "seeds": self.seeds,
            "where": self.where,
            "configs": [dict(config) for config in self.configs],
            "images": [[list(each) for each in runs] for runs in self.images],
        }

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> CertificatePlan:
        """Return the plan that `record` wrote down."""
        sizes = tuple(Size(*each) for each in record["sizes"])
        images = tuple(tuple((first, last) for first, last in runs) for runs in record.get("images", []))
        return cls(sizes, tuple(record["configs"]), record["seeds"], record["where"], images)


def make_plan(
    definition: StudyDefinition,
    rounds: Sequence[RoundRecord],
    pool: int,
    *,
    configs: int = CONFIGS,
    seeds: int = SEEDS,
    largest: int | None = None,
) -> CertificatePlan:
    """Return what to measure for a study that has opened `rounds` so far and has `pool` images to train on.

    The configs are a lattice in the region that matters: the last round's box, widened by half a step (half a decade on
    a log axis) on each side, or the start while no round has moved it. Raises UserError where a comparison is to be
    certified, the images do not suffice for two sizes, or the space has too few different configs.
    """
    if definition.comparison is not None:
        raise UserError(
            f"{definition.name} is a comparison, which picks no config, so there is no ranking to certify; "
            "name a study with [[rounds]]"
        )
    moved = len(rounds) > 1
    box = widened(definition.space, rounds[-1].box) if moved else definition.space.start()
    where = f"the box of round {rounds[-1].number}, widened" if moved else "the start"
    seed = derived_seed(definition.seed, CERTIFY)
    drawn = lattice(definition.space, box, configs, seed)
    different = list({tuple(config.items()): config for config in drawn}.values())
    if len(different) < LEAST_CONFIGS:
        raise UserError(
            f"{len(different)} different configs were drawn in {where}, and a certificate needs at least "
            f"{LEAST_CONFIGS}; ask for more with --configs, or give the space more choices"
        )
    sizes = ladder(smallest_round(definition), pool, largest)
    images = image_ranges([size.samples for size in sizes], seeds, pool)
    return CertificatePlan(sizes, tuple(different), seeds, where, images)


def smallest_round(definition: StudyDefinition) -> Size:
    """Return the size of the round that trains on the fewest images."""
    sizes = [Size(each.samples, each.epochs) for each in definition.rounds if each.samples]
    if not sizes or not definition.abilities.samples:
        raise UserError(
            f"{definition.name} has no subset to certify: its trials train on all of the data; set samples "
            "in [[rounds]]"
        )
    return min(sizes, key=lambda size: size.samples)


def ladder(first: Size, pool: int, largest: int | None = None) -> tuple[Size, ...]:
    """Return the sizes n, 4n, 16n, ... from `first` on, the last `largest` images (16n) or all of the `pool`.

    Raises UserError where that leaves a single size.
    """
    last = min(FACTOR**2 * first.samples if largest is None else largest, pool)
    if last <= first.samples:
        limit = f"--largest {largest} is" if largest is not None and largest <= pool else f"{pool} training images are"
        raise UserError(
            f"the study trains on {first.samples} images, and {limit} no more than that: a certificate compares "
            "with more images than the study takes; set fewer samples, or add images"
        )
    samples, rungs = first.samples, []
    while samples < last:
        rungs.append(samples)
        samples *= FACTOR
    return tuple(same_updates(first, n) for n in (*rungs, last))


def same_updates(first: Size, samples: int) -> Size:
    """Return `samples` images trained on for as many updates as `first`, not for as many epochs.

    The best learning rate is driven by the number of updates, so sizes are compared at the same one: the fewest whole
    epochs that make at least as many.
    """
    return Size(samples, -(-first.cost // samples))


def widened(space: SearchSpace, box: Box) -> Box:
    """Return `box` with half a step more on each side of every interval, inside the limits."""
    regions: dict[str, Region] = {}
    for name, hyperparameter in space.hyperparameters.items():
        if isinstance(hyperparameter, Categorical):
            regions[name] = box.choices(name)
            continue
        low, high = hyperparameter.axis(box.interval(name))
        regions[name] = _widened(hyperparameter, low, high)
    return Box(regions)


def _widened(numeric: Numeric, low: float, high: float) -> Interval:
    return numeric.clip(low - numeric.step / 2, high + numeric.step / 2)


def wanted_trials(plan: CertificatePlan, seed: int) -> list[tuple[Config, dict[str, Any]]]:
    """Return the trials of a certificate with their attributes: first run 0 of all, the smallest size first.

    `seed` is the study's. Run k of a size has the same seed, images and validation images in every config. Another
    size has other seeds, other images as long as there are enough, and validation images that are drawn anew: what
    agrees between two sizes is then the configs' doing.
    """
    return [
        (
            config,
            {
                "stage": STAGE,
                "size": number,
                "index": index,
                "run": run,
                "seed": derived_seed(seed, CERTIFY, number, run),
                "n_train": size.samples,
                "epochs": size.epochs,
                **({"images": list(plan.images[number][run])} if plan.images else {}),
            },
        )
        for run in range(plan.seeds)
        for number, size in enumerate(plan.sizes)
        for index, config in enumerate(plan.configs)
    ]


def trial_key(attributes: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return what a trial of a certificate is known by: size, config and run."""
    return int(attributes["size"]), int(attributes["index"]), int(attributes["run"])


def scores(plan: CertificatePlan, trials: Iterable[QueuedTrial], metric: Metric = ACCURACY) -> dict[Size, Floats]:
    """Return the scores by size, (configs, seeds); a failed trial has the worst score, one to come is nan.

    Without a worst score that is the worst of its size (see `hpo.searching.extremes`).
    """
    found = {size: np.full((len(plan.configs), plan.seeds), np.nan) for size in plan.sizes}
    for trial in reversed([trial for trial in trials if trial.finished]):  # of twins, the first counts
        number, index, run = trial_key(trial.attributes)
        score = score_of(trial, metric)
        found[plan.sizes[number]][index, run] = -np.inf if score is None else score
    for table in found.values():
        table[np.isneginf(table)] = failed_score(metric, table[np.isfinite(table)].tolist())
    return found


def certificate(
    plan: CertificatePlan, trials: Iterable[QueuedTrial], seed: int, metric: Metric = ACCURACY
) -> Certificate | None:
    """Return the certificate, or None as long as trials are to come; `seed` is the study's."""
    found = scores(plan, trials, metric)
    if any(np.isnan(table).any() for table in found.values()):
        return None
    return certify(found, seed=derived_seed(seed, CERTIFY), metric=metric)
