"""The cells of a comparison's table, a row for each config."""

from __future__ import annotations

from hpo.proof.comparison import ComparedConfig
from hpo.reports.words.numbers import difference_interval, difference_mean, interval_text, mean_text
from hpo.searching.metric import Metric

HEADERS = ("train", "validation", "test (interval)", "gap (interval)")


def cells(metric: Metric, compared: ComparedConfig) -> list[str]:
    """Return the cells of a config under HEADERS."""
    texts = [
        mean_text(metric, compared.train),
        mean_text(metric, compared.validation),
        f"{mean_text(metric, compared.test)} ({interval_text(metric, compared.test)})",
        f"{difference_mean(metric, compared.gap)} ({difference_interval(metric, compared.gap)})",
    ]
    return [text.removesuffix(" (-)") for text in texts]
