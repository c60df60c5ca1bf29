"""The facts of a report, as one frozen value: what every table, figure, sentence and file of a study reads.

What to use is decided here and nowhere else (hpo.proof.recommended).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpo.definition.rounds import comparable
from hpo.proof.final_runs import FullResult
from hpo.proof.recommended import Recommended, recommend, values_in_use
from hpo.record.results import StudyResults
from hpo.reports.facts.no_effect import names_without_effect
from hpo.reports.facts.once import once
from hpo.searching.space import Config, unpacked


@dataclass(frozen=True, slots=True)
class TrainedConfig:
    """A row of what was trained on all of the data: its values as they were used, and its results."""

    config: Config
    result: FullResult
    recommended: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a search found. `use` are the recommended values by the names of the settings, None if there are none.

    What the space fixes is among them.
    """

    recommended: Recommended
    use: Mapping[str, Any] | None
    no_effect: tuple[str, ...]
    trained: tuple[TrainedConfig, ...]

    @property
    def nothing(self) -> bool:
        """Whether trials were made, and none of them can be recommended."""
        return self.recommended.nothing not in (None, "untried")


@once
def facts_of(results: StudyResults) -> Facts:
    """Return the facts of a search as far as it is."""
    definition = results.definition
    known = comparable(definition, results.trials)
    recommended = recommend(definition, results.data, known, results.good, results.full)
    again = trained_again(results)
    trained = [
        TrainedConfig(
            config=values_in_use(definition, full, results.full),
            result=full,
            recommended=full is recommended.result,
        )
        for full in results.full
        if full is not again
    ]
    use = None if recommended.config is None else settings_of(definition.space.whole(recommended.config))
    return Facts(recommended, use, tuple(names_without_effect(results)), tuple(trained))


def trained_again(results: StudyResults) -> FullResult | None:
    """Return the neighbour of the winner that was adopted, and for that trained again, if one was."""
    adopted = next((full for full in results.full if full.stage == "adopted"), None)
    tried = [full for full in results.full if full.stage not in ("full", "adopted")]
    tried.sort(key=lambda full: full.plain)
    return next((full for full in tried if adopted and full.config == adopted.config), None)


def settings_of(config: Config) -> dict[str, Any]:
    """Return the settings that `config` gives values to: a choice that sets several stands for all of them."""
    settings: dict[str, Any] = {}
    for name, value in config.items():
        plain = unpacked(value)
        settings |= plain if isinstance(plain, dict) else {name: plain}
    return settings
