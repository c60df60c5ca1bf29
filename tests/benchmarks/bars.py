"""What our training is asked to reach: how many times as fast as each peer, one thread each."""

from __future__ import annotations

ASKED: dict[str, dict[str, float]] = {
    "trial": {"plain": 7, "eager": 2, "best": 1.7},
    "mlp_sgd": {"plain": 5.5, "eager": 1.8, "best": 1.7},
    "mlp_adam": {"plain": 4.8, "eager": 2.0, "best": 1.5},
    "mlp_wide": {"plain": 3.5, "eager": 1.0, "best": 0.8},
    "convnet": {"plain": 14, "eager": 2.5, "best": 1.5},
    "convnet_eval": {"plain": 20, "eager": 6},
    "deep_convnet": {"plain": 18, "eager": 1.35, "best": 1.0},
}
