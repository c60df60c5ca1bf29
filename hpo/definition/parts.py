"""How the Optuna studies are called that belong to another one."""

from __future__ import annotations

FINAL_SUFFIX = "-final"

CERTIFICATE_SUFFIX = "-certificate"

PARTS = (FINAL_SUFFIX, CERTIFICATE_SUFFIX)
"""How the Optuna studies are called that belong to another one."""


def queues_of(study: str) -> tuple[str, ...]:
    """Return the Optuna studies whose trials a worker of `study` trains, the first one first."""
    return (study,) if study.endswith(CERTIFICATE_SUFFIX) else (study, study + FINAL_SUFFIX)
