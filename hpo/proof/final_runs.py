"""What came out of a study, as frozen values read off its trials: what decisions and reports look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hpo.proof.estimates import Estimate, estimate
from hpo.proof.preference import Contender, preferred
from hpo.proof.probing import PROBES, Probe
from hpo.searching.queued import QueuedTrial
from hpo.searching.space import Config
from hpo.searching.trials import WORST_SCORE, Key

Stage = Literal["race", "confirm", "full", "plain", "adopted"] | Probe
ON_ALL_OF_THE_DATA: tuple[Stage, ...] = ("full", "adopted", "plain", "probe_lower", "probe_higher")
AROUND_THE_WINNER: tuple[Stage, ...] = ("adopted", "plain", *PROBES)
LARGE_GAP = 0.05
"""A train-test gap above this share is flagged as overfitting."""


@dataclass(frozen=True, slots=True)
class FinalRun:
    """One run after the search. `score` is its validation accuracy; `test_accuracy` only where the test was opened."""

    stage: Stage
    source: Key
    source_trial: int
    run: int
    number: int
    id: int
    seed: int
    config: Config
    overrides: Config
    score: float
    train_accuracy: float
    test_accuracy: float | None
    n_train: int
    epochs: int
    seconds: float
    reason: str | None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FullResult:
    """A good value trained on all of the data with several seeds, or what was tried around the winner.

    stage: "full" a good value; "plain" the winner's values as they were on the subset; "probe_lower", "probe_higher"
    the winner with another learning rate, without a test accuracy (nan); "adopted" which of these is used.
    """

    source: Key
    source_trial: int
    config: Config
    stage: Stage
    runs: tuple[FinalRun, ...]
    train: Estimate
    validation: Estimate
    test: Estimate

    @property
    def plain(self) -> bool:
        """Whether these are the winner's values as they were on the subset."""
        return self.stage == "plain"

    @property
    def ranked(self) -> bool:
        """Whether this may be what to use: a good value, or what was adopted in its place."""
        return self.stage in ("full", "adopted")

    @property
    def gap(self) -> float:
        """The generalization gap, train - test."""
        return self.train.mean - self.test.mean

    @property
    def overfits(self) -> bool:
        """Whether the gap is large."""
        return self.gap > LARGE_GAP


def final_runs(trials: Iterable[QueuedTrial]) -> list[FinalRun]:
    """Return the ended runs of the final part, each (stage, source, run) once; a failed one has the worst score."""
    found: dict[tuple[str, Key, int], FinalRun] = {}
    for trial in trials:
        a = trial.attributes
        source = source_key(a["source"])
        if not trial.finished or (a["stage"], source, a["run"]) in found:
            continue
        found[a["stage"], source, a["run"]] = FinalRun(
            stage=a["stage"],
            source=source,
            source_trial=a["source_trial"],
            run=a["run"],
            number=trial.number,
            id=trial.id,
            seed=a["seed"],
            config=trial.config,
            overrides=a.get("overrides", {}),
            score=trial.score if trial.score is not None else WORST_SCORE,
            train_accuracy=a.get("train_accuracy", WORST_SCORE),
            test_accuracy=a.get("test_accuracy"),
            n_train=a.get("n_train", 0),
            epochs=a.get("epochs", 0),
            seconds=a.get("seconds", 0.0),
            reason=a.get("reason"),
            claimed_at=trial.claimed_at,
            ended_at=trial.ended_at,
        )
    return [found[key] for key in sorted(found)]


def source_text(key: Key) -> str:
    """Return how the final part names the trial of the search that a run belongs to: round.index."""
    return f"{key[0]}.{key[1]}"


def source_key(text: str) -> Key:
    """Return the key that `source_text` wrote."""
    number, index = text.split(".")
    return int(number), int(index)


def full_results(runs: Sequence[FinalRun], max_gap: float | None = None) -> list[FullResult]:
    """Return the results on all of the data, the preferred one first (see hpo.proof.preference).

    The first is what to use: chosen by validation, never by test. What was adopted around the winner stands in its
    place unless its own runs went worse; what was only tried around the winner comes last.
    """
    good = _of_stage(runs, "full")
    order = preferred([_contender(each) for each in good], max_gap)
    good.sort(key=lambda each: order.index(each.source))
    found: list[FullResult] = []
    for stage in AROUND_THE_WINNER:
        found += sorted(_of_stage(runs, stage), key=lambda result: -result.validation.mean)
    adopted = [each for each in found if each.stage == "adopted"]
    rest = found[len(adopted) :]
    if adopted and good and adopted[0].validation.mean < good[0].validation.mean:
        return [*sorted([*good, *adopted], key=lambda each: -each.validation.mean), *rest]
    return [*adopted, *good, *rest]


def _of_stage(runs: Sequence[FinalRun], stage: Stage) -> list[FullResult]:
    sources = sorted({run.source for run in runs if run.stage == stage})
    return [_full_result([run for run in runs if (run.source, run.stage) == (source, stage)]) for source in sources]


def _contender(result: FullResult) -> Contender:
    gap = result.train.mean - result.validation.mean
    return Contender(result.source, {run.run: run.score for run in result.runs}, gap)


def _full_result(runs: Sequence[FinalRun]) -> FullResult:
    first = runs[0]
    opened = [] if first.stage in PROBES else runs
    return FullResult(
        source=first.source,
        source_trial=first.source_trial,
        config={**first.config, **first.overrides},
        stage=first.stage,
        runs=tuple(runs),
        train=estimate([run.train_accuracy for run in runs]),
        validation=estimate([run.score for run in runs]),
        test=estimate([run.test_accuracy if run.test_accuracy is not None else WORST_SCORE for run in opened]),
    )
