"""What a study is: the frozen StudyDefinition, everything that decides its result."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo.definition.abilities import Abilities
from hpo.definition.constraints import constraint_record
from hpo.definition.metrics import metric_record
from hpo.definition.settings import (
    ComparisonSettings,
    DataSettings,
    FinalSettings,
    RoundSettings,
    SearchSettings,
)
from hpo.definition.space_record import space_record
from hpo.definition.trainers.base import TrainerSettings
from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.searching.constraints import GAP, Constraint
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.space import Config, SearchSpace


@dataclass(frozen=True)
class StudyDefinition:
    """Everything that decides a study's result. Two equal definitions on equal data give equal good values.

    A study searches in `rounds` and a final part, or it is a `comparison` and has neither.
    """

    name: str
    title: str
    data: DataSettings
    trainer: TrainerSettings
    space: SearchSpace
    rounds: tuple[RoundSettings, ...]
    search: SearchSettings = field(default_factory=SearchSettings)
    final: FinalSettings = field(default_factory=FinalSettings)
    seed: int = 0
    comparison: ComparisonSettings | None = None
    metric: Metric = ACCURACY
    constraints: tuple[Constraint, ...] = ()
    """Those of [[constraints]]; `bounds` has all."""

    @property
    def bounds(self) -> tuple[Constraint, ...]:
        """All constraints, of which `search.max_gap` is the one on the gap, written in short."""
        short = () if self.search.max_gap is None else (Constraint(GAP, at_most=self.search.max_gap),)
        return (*short, *self.constraints)

    @property
    def max_gap(self) -> float | None:
        """What the gap may be at most, wherever that is written."""
        return min(
            (each.at_most for each in self.bounds if each.metric == GAP and each.at_most is not None), default=None
        )

    @property
    def rounds_to_open(self) -> int:
        """How many rounds there are in all; a comparison opens one, with the whole grid."""
        return len(self.rounds) or 1

    def same_size_from(self, number: int) -> bool:
        """Say whether the rounds from `number` (from 1) on take as many samples and epochs as the one before them."""
        return len({(each.samples, each.epochs) for each in self.rounds[number - 2 :]}) == 1

    def on_the_data_of(self, begun: StudyDefinition) -> StudyDefinition:
        """Return the same as it would have been written when `begun` was: with its path, and its numbers of images.

        Another path to the same images is no change, nor is what is left to be derived: data are known by their
        SHA-256, and how an estimator is trained on follows from its class.
        """
        data = dataclasses.replace(self.data.completed(begun.data), dataset=begun.data.dataset)
        if data.test is not None and begun.data.test is not None:
            data = dataclasses.replace(data, test=begun.data.test)
        trainer = self.trainer
        if isinstance(trainer, EstimatorTrainer):
            trainer = trainer.completed(begun.trainer)
        return dataclasses.replace(self, data=data, trainer=trainer)

    @property
    def abilities(self) -> Abilities:
        """What the trainer can do with these data: how many examples train is known only where their number is.

        Without a test part there is nothing to test on.
        """
        able = self.trainer.abilities
        counted = self.data.dataset is not None or self.data.examples is not None
        return dataclasses.replace(able, samples=able.samples and counted, test=able.test and self.data.has_test_part)

    @property
    def trainer_name(self) -> str:
        """What the trainer is called in sentences."""
        return str(getattr(self.trainer, "name", "the trainer"))

    @property
    def percents(self) -> tuple[int, ...]:
        """The rungs at which a trial of the search is judged, in percent of its training, its end last."""
        return self.search.percents if self.abilities.rungs else self.search.percents[-1:]

    def plain(self, config: Config) -> Mapping[str, Any]:
        """Return what is known of a training by name, see TrainerSettings.plain; what the space fixes is among it."""
        return self.trainer.plain(self.space.whole(config))

    def updates(self, config: Config, samples: int, epochs: int) -> int | None:
        """Return how many updates a training makes; None where that is not known."""
        return self.trainer.updates(self.space.whole(config), samples, epochs)

    def record(self) -> dict[str, Any]:
        """Return the definition as JSON-able tables, in the form of the TOML file."""
        tables: dict[str, Any] = {
            "title": self.title,
            "seed": self.seed,
            "data": {key: value for key, value in dataclasses.asdict(self.data).items() if value is not None},
            **self.trainer.tables(),
            "space": space_record(self.space),
            "search": {key: value for key, value in dataclasses.asdict(self.search).items() if value is not None},
        }
        if self.metric != ACCURACY:
            tables["metric"] = metric_record(self.metric)
        if self.constraints:
            tables["constraints"] = [constraint_record(each) for each in self.constraints]
        if self.comparison is None:
            tables["rounds"] = [dataclasses.asdict(each) for each in self.rounds]
            tables["final"] = dataclasses.asdict(self.final)
        else:
            tables["data"] = {key: tables["data"][key] for key in COMPARISON_DATA if key in tables["data"]}
            tables["search"] = {key: tables["search"][key] for key in COMPARISON_SEARCH}
            tables["comparison"] = dataclasses.asdict(self.comparison)
        plain: dict[str, Any] = json.loads(json.dumps(tables))
        return plain


COMPARISON_DATA = ("dataset", "holdout")


COMPARISON_SEARCH = ("sampler",)
