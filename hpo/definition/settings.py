"""The tables of a study file as frozen values, each of which checks itself: data, search, rounds, final, comparison."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from hpo.models.bounds import Number, OneOf, Rule, Text, Whole, declared, shown
from hpo.searching.metric import LARGEST
from hpo.searching.proposing import GRID, SAMPLERS

DATASETS = ("fashion_mnist", "mnist")
"""The datasets that are known by name (hpo.storage.sources); any other is a path."""

TABLE_ENDINGS = (".csv", ".tsv", ".parquet", ".pq")
"""Of files that are tables, whose rows are examples (hpo.storage.tables)."""

TASKS = ("classification", "regression")

LEAST = 10
"""So many images at least score anything."""
FIGURES = ("overfitting", "training_loss", "grid", "convnet")
"""What a comparison may be drawn as: the book's figures."""

IMAGES = Whole(1, 100_000_000)
EPOCHS = Whole(1, 100_000)
RUNS = Whole(1, 1_000)
NAME = Text(1_000)
SHARE = Number(at_least=0, at_most=1)
AMOUNT = Number(at_least=0, at_most=LARGEST)
"""In the units of the metric; of a share it is a share, too, see `hpo.definition.reading`."""


def check_field(name: str, value: object, rule: Rule) -> None:
    """Raise ValueError, naming the rule, unless `value` may be in the field `name`."""
    wanted = rule.broken(value)
    if wanted is not None:
        raise ValueError(f"{name} = {shown(value)}; it must be {wanted}")


def _check_declared(settings: Any) -> None:
    """Raise ValueError for the first field of `settings` whose value breaks the rule it is declared with."""
    for name, field in declared(type(settings)).items():
        value = getattr(settings, name)
        if field.rule is not None and value is not None:
            check_field(name, value, field.rule)


def _require(rule: bool, text: str) -> None:
    if not rule:
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How many training images are set aside (`holdout`), and how many of them score a trial and a confirmation run."""

    holdout: int
    validation: int
    confirmation: int

    @property
    def all_of_the_holdout(self) -> bool:
        """Whether the whole holdout scores every run, as in a comparison: then nothing is left to confirm with."""
        return self.validation == self.holdout and self.confirmation == 0


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Which data, and how many examples are set aside: `holdout` of those to train on are never trained on.

    A trial of the search is scored on the first `validation` of the holdout, a confirmation run on `confirmation`
    others, a run on all of the data on the whole holdout. In a comparison the whole holdout scores every run, which is
    said by confirmation = 0. What is None follows from the number of images, see `held_out`.

    Of a table (.csv, .parquet), `target` is the column to predict, `test` the path of another table that is tested on,
    `ignore` columns that are not learnt from. `task` is "classification" or "regression", where the values of the
    target leave it open. `tested` says whether there is a test part; None: there is one if the data have one.
    """

    dataset: Annotated[str | None, NAME, "a known name, or the path of your own images, arrays or table"] = None
    holdout: Annotated[int | None, Whole(LEAST, IMAGES.at_most), "images that are never trained on"] = None
    validation: Annotated[int | None, Whole(LEAST, IMAGES.at_most), "of these, how many score a trial"] = None
    confirmation: Annotated[int | None, Whole(0, IMAGES.at_most), "and how many others a confirmation run"] = None
    examples: Annotated[int | None, Whole(2 * LEAST, IMAGES.at_most), "how many your trainer cuts, of its own"] = None
    target: Annotated[str | None, NAME, "the column of a table that is predicted"] = None
    test: Annotated[str | None, NAME, "another table, that is tested on in the end"] = None
    ignore: Annotated[tuple[str, ...] | None, "columns of a table that are not learnt from"] = None
    task: Annotated[str | None, OneOf(TASKS), "classification or regression, where the target leaves it open"] = None
    tested: Annotated[bool | None, "whether a test part is evaluated in the end; derived from the data"] = None

    def __post_init__(self) -> None:
        _check_declared(self)
        self._check_table()
        _require(
            self.confirmation is None or self.confirmation >= LEAST or self._compares,
            f"confirmation = {self.confirmation}; at least {LEAST} images must score a run",
        )
        scoring = (self.validation or 0) + (self.confirmation or 0)
        _require(
            self.holdout is None or scoring <= self.holdout,
            f"validation + confirmation = {scoring} images, but only holdout = {self.holdout} are set aside; "
            "raise holdout, or leave all three out: they are then derived from the number of images",
        )

    def _check_table(self) -> None:
        """Raise ValueError where the fields of a table are given without one, or a table without its target."""
        if self.is_table:
            _require(
                self.target is not None,
                f'target is missing: {self.dataset} is a table; which column is to be predicted? target = "price"',
            )
            _require(
                self.target not in (self.ignore or ()), f"ignore names the target {self.target!r}; take it out of there"
            )
            return
        for name in ("target", "test", "ignore"):
            _require(
                getattr(self, name) is None,
                f"{name} is for tables (.csv, .parquet), and dataset = {shown(self.dataset)} is none; remove it",
            )

    @property
    def has_test_part(self) -> bool:
        """Whether there is a test part, as far as that is known before the data are looked at."""
        return self.tested is not False and not (self.is_table and self.test is None)

    @property
    def is_table(self) -> bool:
        """Whether the dataset is a table, by its name."""
        return self.dataset is not None and self.dataset.lower().endswith(TABLE_ENDINGS)

    @property
    def _compares(self) -> bool:
        return self.confirmation == 0 and self.validation == self.holdout

    def held_out(self, images: int) -> HeldOut:
        """Return the numbers for so many training images: those that are given, and for the others sensible ones.

        A quarter is held out, of more than 10,000 images less, down to a sixth, and never more than 10,000. Half of it
        scores a trial, but no more than 500; the rest confirms, but no more than 2,000.
        """
        if self._compares:
            holdout = self.holdout or _derived_holdout(images)
            return HeldOut(holdout, holdout, 0)
        given = (self.validation or 0) + (self.confirmation or 0)
        holdout = self.holdout or max(_derived_holdout(images), given)
        validation = self.validation or max(LEAST, min(500, holdout // 2, holdout - (self.confirmation or 0)))
        return HeldOut(holdout, validation, self.confirmation or max(LEAST, min(2_000, holdout - validation)))

    def given(self, numbers: HeldOut) -> DataSettings:
        """Return the same with `numbers` in place of what was None, and of what was not."""
        return replace(self, holdout=numbers.holdout, validation=numbers.validation, confirmation=numbers.confirmation)

    def completed(self, other: DataSettings) -> DataSettings:
        """Return the same with what is derived in `other` in place of what is None."""
        return replace(
            self,
            holdout=other.holdout if self.holdout is None else self.holdout,
            validation=other.validation if self.validation is None else self.validation,
            confirmation=other.confirmation if self.confirmation is None else self.confirmation,
            tested=other.tested if self.tested is None else self.tested,
        )


def _derived_holdout(images: int) -> int:
    return max(2 * LEAST, min(10_000, max(images // 6, min(images // 4, 2_500))))


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How rounds are run: the sampler, how many groups of images train each config, and the rungs of early stopping.

    `sampler` is one of `hpo.searching.proposing.SAMPLERS`; `gp` and `cmaes` need an extra (`hpo.definition.extras`),
    and `cmaes` a space of ranges alone. `rungs` are shares of the training; at each the best `keep` share of the
    round's trials goes on.

    `max_gap` bounds train minus validation score where a trial's training ended: tpe and gp avoid what is above it,
    and only configs within it race, unless there are none: those trained to their end, else stopped
    ones, and none with less than half of the best score, whose small gap says only that it learnt little.

    `warm_start` names a finished study of the same database, whose good values round 1 tries first and looks around
    (`hpo.searching.warm_start`).

    `min_gain` is in the units of the metric (of an accuracy a share): from the third round on, a round that is expected
    to gain less is not opened, nor any after it, and the race begins (`hpo.searching.paying`). 0 opens all rounds.
    Where a later round takes other samples or epochs than the last one, nothing is left out before it.
    """

    sampler: Annotated[str, "how configs are drawn: " + ", ".join(SAMPLERS)] = "lattice"
    groups: Annotated[int, RUNS, "groups of images that train each config"] = 1
    rungs: Annotated[tuple[float, ...], "shares of the training at which the weaker trials stop"] = (0.25, 0.5)
    keep: Annotated[float, "share of the trials that goes on at a rung"] = 0.5
    max_gap: Annotated[float | None, AMOUNT, "bound on train minus validation accuracy"] = None
    warm_start: Annotated[str | None, NAME, "a finished study to begin at"] = None
    min_gain: Annotated[float, AMOUNT, "open no round that is expected to gain less; 0: open all"] = 0.0

    def __post_init__(self) -> None:
        _require(
            self.warm_start is None or self.sampler != GRID,
            "warm_start does not go with a grid, which tries everything anyway; remove it",
        )
        _require(self.sampler in SAMPLERS, f"sampler = {self.sampler!r}; known samplers: {', '.join(SAMPLERS)}")
        _check_declared(self)
        _require(
            list(self.rungs) == sorted(set(self.rungs)) and all(0 < rung < 1 for rung in self.rungs),
            f"rungs = {shown(list(self.rungs))}; they must be rising shares of the training between 0 and 1",
        )
        _require(len(set(self.percents)) == len(self.percents), "rungs must differ by at least 1 % of the training")
        _require(0 < self.keep <= 1, f"keep = {self.keep}; it must lie in 0 .. 1 (1 stops nothing)")

    @property
    def percents(self) -> tuple[int, ...]:
        """The rungs in percent of the training, its end included."""
        return (*(max(1, round(100 * share)) for share in self.rungs), 100)


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """One round: how many trials, on how many training images a group, for how many epochs.

    A study file may say `samples = "auto"`, see hpo.certificate.auto_samples; what is here is the number that was
    chosen.
    """

    trials: Annotated[int, Whole(1, 10_000), "configs that are tried"]
    samples: Annotated[int, Whole(0, IMAGES.at_most), "images that train each of them; 0: all that are not held out"]
    epochs: Annotated[int, EPOCHS, "times that each image is seen"]

    def __post_init__(self) -> None:
        _check_declared(self)

    def taken(self, pool: int) -> int:
        """Return how many samples that is where there are `pool`."""
        return min(self.samples or pool, pool)


@dataclass(frozen=True, slots=True)
class FinalSettings:
    """After the last round: `candidates` configs (0: as many as `good_values`) race over up to `race_runs` fresh runs.

    What is clearly worse leaves the race after any run but the first, and after the second run there are `good_values`
    places. Those that in the end cannot be told from the best get `confirmation_runs` more, and are trained on all of
    the data for `epochs` epochs with `seeds` seeds. With `probe`, the learning rate of the best of them is then halved
    and doubled there, and the better of the two is used if its mean validation accuracy is higher (see
    hpo.proof.probing); that costs twice `seeds` runs, and `seeds` more if one is used.
    """

    good_values: Annotated[int, Whole(1, 100), "configs that may be confirmed and trained on all of the data"] = 5
    race_runs: Annotated[int, Whole(2, RUNS.at_most), "fresh runs that decide which of the candidates go on"] = 4
    confirmation_runs: Annotated[int, Whole(2, RUNS.at_most), "further runs of those that go on"] = 5
    seeds: Annotated[int, RUNS, "runs of each of them on all of the data"] = 3
    epochs: Annotated[int, EPOCHS, "of these runs"] = 10
    candidates: Annotated[int, Whole(0, 1_000), "configs that race; 0: as many as good_values"] = 0
    probe: Annotated[bool, "try half and twice the learning rate on all of the data"] = True

    def __post_init__(self) -> None:
        for name in ("race_runs", "confirmation_runs"):
            _require(getattr(self, name) >= 2, f"{name} = {getattr(self, name)}; an interval needs at least 2 runs")
        _require(
            self.candidates == 0 or self.candidates >= self.good_values,
            f"candidates = {self.candidates}, but good_values = {self.good_values} of them can go on; "
            "set at least as many, or 0",
        )
        _check_declared(self)

    @property
    def racing(self) -> int:
        """How many configs race."""
        return self.candidates or self.good_values


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """Instead of a search: every config of the grid is trained `seeds` times; no config is picked.

    Each run takes `samples` training images (0: all that are not held out) for `epochs` epochs and is looked at on the
    train, validation and test images at `evaluations` points. `figure` is what the comparison is drawn as.
    """

    samples: Annotated[int, Whole(0, IMAGES.at_most), "images that train each run; 0: all that are not held out"]
    epochs: Annotated[int, EPOCHS, "times that each image is seen"]
    seeds: Annotated[int, RUNS, "runs of each config"] = 5
    evaluations: Annotated[int, Whole(1, 10_000), "points of each learning curve"] = 50
    figure: Annotated[str, OneOf(FIGURES), "what is drawn"] = "overfitting"

    def __post_init__(self) -> None:
        _require(self.samples >= 0, f"samples = {self.samples}; it must be at least 1, or 0 for all of the images")
        _require(self.figure in FIGURES, f"figure = {self.figure!r}; known figures: {', '.join(FIGURES)}")
        _check_declared(self)
