"""Torch's random numbers, which a training has for itself, too, even where it is the first to import it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("torch")

PROGRAM = """
import json, sys
{first}
from dataclasses import replace
from tests.support.functions import SEARCH, started

def train(config, run):
    import torch
    for _ in run.rungs:
        yield torch.rand(()).item()

trainings = [started(train, replace(SEARCH, seed=seed)) for seed in (1, 2)]
for percent in (25, 50, 100):
    scores = [training.advance(percent) for training in trainings]
print(json.dumps([[point.value for point in score.points] for score in scores]))
"""


@pytest.mark.parametrize("first", ["", "import torch"])
def test_torchs_random_numbers_are_the_trainings_own_whoever_imports_it_first(first: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    import torch  # noqa: PLC0415 - slow to load

    from hpo.searching.seeds import child_seed, split_seed  # noqa: PLC0415

    for seed, values in zip((1, 2), found, strict=True):
        torch.manual_seed(split_seed(child_seed(seed, 0), 3)[2])
        assert values == [torch.rand(()).item() for _ in range(3)]
