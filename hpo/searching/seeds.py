"""Seeds that are derived, never drawn: the study's seed, what it is for, and where in the study."""

from __future__ import annotations

import numpy as np

TRIAL, PROPOSAL, RACE, CONFIRM, FULL, COMPARE, LUCK, RELEVANCE = range(8)
REPRODUCE = 200
CERTIFY, PAYING, RERUN = 100, 101, 102


def derived_seed(study_seed: int, purpose: int, *place: int) -> int:
    """Return the seed for `purpose` at `place` (round and index, or run): a whole number below 2**53, JSON-safe."""
    words = np.random.SeedSequence([study_seed, purpose, *place]).generate_state(2, np.uint32)
    return (int(words[0]) << 21) | (int(words[1]) >> 11)


def training_rng(trial_seed: int, group: int) -> np.random.Generator:
    """Return the random numbers of a trial's training on one of its groups; the first weights are drawn first."""
    return np.random.default_rng([trial_seed, group])


def split_seed(seed: int, parts: int) -> tuple[int, ...]:
    """Return `parts` seeds, below 2**32, for what one derived seed is to decide apart."""
    return tuple(int(word) for word in np.random.SeedSequence(seed).generate_state(parts))


def child_seed(trial_seed: int, group: int) -> int:
    """Return the seed of a trial's training on one of its groups, for trainers that are not ours: below 2**31.

    Any library takes such a seed.
    """
    return int(np.random.SeedSequence([trial_seed, group]).generate_state(1, np.uint32)[0]) >> 1
