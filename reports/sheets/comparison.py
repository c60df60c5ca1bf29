"""The cells of a comparison's table, a row for each config."""

from __future__ import annotations

from hpo.proof.comparison import ComparedConfig
from hpo.reports.words.formatting import interval_percent, interval_points, percent, points_text

HEADERS = ("train", "validation", "test (interval)", "gap (interval)")


def cells(compared: ComparedConfig) -> list[str]:
    """Return the cells of a config under HEADERS."""
    texts = [
        percent(compared.train.mean),
        percent(compared.validation.mean),
        f"{percent(compared.test.mean)} ({interval_percent(compared.test)})",
        f"{points_text(compared.gap.mean)} ({interval_points(compared.gap)})",
    ]
    return [text.removesuffix(" (-)") for text in texts]
