"""The small study that is disturbed: 22 to 28 trainings of about a twentieth of a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

NAME = "small"

TEXT = """
title = "a small study"
[data]
dataset = {blobs!r}
holdout = 900
validation = 300
confirmation = 400
[model]
network = "mlp"
hidden = [64]
[training]
batch_size = 20
[space.learning_rate]
log = true
start = [1e-4, 1e-2]
limits = [1e-5, 10.0]
[space.weight_decay]
log = true
start = [1e-6, 1e-2]
limits = [1e-8, 1.0]
[search]
groups = 2
[[rounds]]
trials = 8
samples = 200
epochs = 20
[[rounds]]
trials = 6
samples = 200
epochs = 20
[final]
good_values = 2
race_runs = 2
confirmation_runs = 2
seeds = 2
epochs = 3
"""


def write_study(folder: Path) -> Path:
    """Write the study and its data, five noisy prototypes of 8 x 8 pixels, into `folder`; return the study file."""
    rng = np.random.default_rng(7)
    prototypes = rng.integers(0, 256, (5, 8, 8))

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 5, n)
        return (prototypes[labels] + rng.normal(0, 260, (n, 8, 8))).clip(0, 255).astype(np.uint8), labels

    (x_train, y_train), (x_test, y_test) = draw(3000), draw(600)
    np.savez(folder / "blobs.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    path = folder / f"{NAME}.toml"
    path.write_text(TEXT.format(blobs=str(folder / "blobs.npz")), encoding="utf-8")
    return path
