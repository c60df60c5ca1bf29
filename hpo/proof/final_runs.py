"""What came out of a study, as frozen values read off its trials: what decisions and reports look at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from hpo.proof.estimates import Estimate, estimate
from hpo.proof.preference import Contender, preferred
from hpo.proof.probing import PROBES, Probe
from hpo.searching.constraints import GAP, Constraint, worst_excess
from hpo.searching.extremes import failed_score
from hpo.searching.metric import ACCURACY, Metric
from hpo.searching.queued import QueuedTrial, reported, score_of
from hpo.searching.space import Config
from hpo.searching.trials import Key

Stage = Literal["race", "confirm", "full", "plain", "adopted"] | Probe
ON_ALL_OF_THE_DATA: tuple[Stage, ...] = ("full", "adopted", "plain", "probe_lower", "probe_higher")
AROUND_THE_WINNER: tuple[Stage, ...] = ("adopted", "plain", *PROBES)
LARGE_GAP = 0.05
"""A train-test gap above this is flagged as overfitting: a share, or a part of what bounded values span.

Without bounds nothing says what is large, and nothing is flagged.
"""


@dataclass(frozen=True, slots=True)
class FinalRun:
    """One run after the search. `score` is its validation score; `test_accuracy` only where the test was opened.

    All three are scores (of an accuracy the accuracy itself): more is better. `train_accuracy` is nan where the trainer
    does not say. What failed has the worst score.
    """

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
    failed: bool = False
    others: Mapping[str, float] = field(default_factory=dict)
    """What else constraints may be about, by name, in its own units."""


@dataclass(frozen=True, slots=True)
class FullResult:
    """A good value trained on all of the data with several seeds, or what was tried around the winner.

    stage: "full" a good value; "plain" the winner's values as they were on the subset; "probe_lower", "probe_higher"
    the winner with another learning rate, without a test score (nan); "adopted" which of these is used. The estimates
    are of scores of `metric`.
    """

    source: Key
    source_trial: int
    config: Config
    stage: Stage
    runs: tuple[FinalRun, ...]
    train: Estimate
    validation: Estimate
    test: Estimate
    metric: Metric = ACCURACY

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
        """The generalization gap, train - test: of scores, so above 0 where training examples go better."""
        return self.train.mean - self.test.mean

    @property
    def overfits(self) -> bool:
        """Whether the gap is large; never where the metric has no bounds."""
        return self.metric.span is not None and self.gap > LARGE_GAP * self.metric.span


def final_runs(trials: Iterable[QueuedTrial], metric: Metric = ACCURACY) -> list[FinalRun]:
    """Return the ended runs of the final part, each (stage, source, run) once, with scores for the queue's values.

    A failed one has the worst score. Where the metric has no bound, that is the worst among the runs which were trained
    on as much (see `hpo.searching.extremes`).
    """
    first: dict[tuple[str, Key, int], QueuedTrial] = {}
    for trial in trials:
        a = trial.attributes
        if trial.finished:
            first.setdefault((a["stage"], source_key(a["source"]), a["run"]), trial)
    scores = {key: score_of(trial, metric) for key, trial in first.items()}
    ended: dict[str, list[float]] = {}
    for key, score in scores.items():
        if score is not None:
            ended.setdefault(_as_large(key[0]), []).append(score)
    all_of_them = [score for each in ended.values() for score in each]
    worst = {key[0]: failed_score(metric, ended.get(_as_large(key[0]), all_of_them)) for key in first}
    return [_final_run(key, first[key], scores[key], worst[key[0]], metric) for key in sorted(first)]


def _as_large(stage: str) -> str:
    """Return a name that stages share whose trainings are alike."""
    return "full" if stage in ON_ALL_OF_THE_DATA else stage


def _final_run(
    key: tuple[str, Key, int], trial: QueuedTrial, score: float | None, worst: float, metric: Metric
) -> FinalRun:
    a = trial.attributes
    train, test = (
        None if a.get(name) is None else metric.score(a[name]) for name in ("train_accuracy", "test_accuracy")
    )
    if score is None and metric.worst is None:
        train = test = None
    if train is None:
        train = worst if score is None else math.nan
    return FinalRun(
        stage=a["stage"],
        source=key[1],
        source_trial=a["source_trial"],
        run=a["run"],
        number=trial.number,
        id=trial.id,
        seed=a["seed"],
        config=trial.config,
        overrides=a.get("overrides", {}),
        score=worst if score is None else score,
        train_accuracy=train,
        test_accuracy=test,
        n_train=a.get("n_train", 0),
        epochs=a.get("epochs", 0),
        seconds=a.get("seconds", 0.0),
        reason=a.get("reason"),
        claimed_at=trial.claimed_at,
        ended_at=trial.ended_at,
        failed=score is None,
        others=reported(trial, None),
    )


def source_text(key: Key) -> str:
    """Return how the final part names the trial of the search that a run belongs to: round.index."""
    return f"{key[0]}.{key[1]}"


def source_key(text: str) -> Key:
    """Return the key that `source_text` wrote."""
    number, index = text.split(".")
    return int(number), int(index)


def full_results(
    runs: Sequence[FinalRun],
    max_gap: float | None = None,
    *,
    metric: Metric = ACCURACY,
    constraints: Sequence[Constraint] = (),
    tested: bool = True,
) -> list[FullResult]:
    """Return the results on all of the data, the preferred one first (see hpo.proof.preference).

    Where they are not `tested`, because there is no test set, nothing is known of it.

    `constraints` are those of the study; a bound on the gap among them is `max_gap`.
    The first is what to use: chosen by validation, never by test. What was adopted around the winner stands in its
    place unless its own runs went worse; what was only tried around the winner comes last.
    """
    good = _of_stage(runs, "full", metric, tested=tested)
    order = preferred([_contender(each, constraints) for each in good], max_gap)
    good.sort(key=lambda each: order.index(each.source))
    found: list[FullResult] = []
    for stage in AROUND_THE_WINNER:
        found += sorted(_of_stage(runs, stage, metric, tested=tested), key=lambda result: -result.validation.mean)
    adopted = [each for each in found if each.stage == "adopted"]
    rest = found[len(adopted) :]
    if adopted and good and adopted[0].validation.mean < good[0].validation.mean:
        return [*sorted([*good, *adopted], key=lambda each: -each.validation.mean), *rest]
    return [*adopted, *good, *rest]


def _of_stage(runs: Sequence[FinalRun], stage: Stage, metric: Metric, *, tested: bool) -> list[FullResult]:
    sources = sorted({run.source for run in runs if run.stage == stage})
    known = [run.test_accuracy for run in runs if run.test_accuracy is not None]
    worst = failed_score(metric, known or [run.score for run in runs if _as_large(run.stage) == "full"])
    return [
        _full_result(
            [run for run in runs if (run.source, run.stage) == (source, stage)],
            worst if tested and stage not in PROBES else None,
            metric,
        )
        for source in sources
    ]


def _contender(result: FullResult, constraints: Sequence[Constraint]) -> Contender:
    gap = result.train.mean - result.validation.mean
    excess = excess_of(result.runs, constraints)
    return Contender(result.source, {run.run: run.score for run in result.runs}, gap, excess)


def excess_of(runs: Sequence[FinalRun], constraints: Sequence[Constraint]) -> float:
    """Return by how much `runs` break the worst of the constraints, other than those on the gap, on average.

    Where no run tells what a constraint is about, as after failures alone, it is infinite.
    """
    beside = [each for each in constraints if each.metric != GAP]
    if not beside:
        return 0.0
    told = [run.others for run in runs if not run.failed and all(each.metric in run.others for each in beside)]
    means = {each.metric: float(np.mean([others[each.metric] for others in told])) for each in beside} if told else {}
    excess = worst_excess(beside, means)
    return math.inf if excess is None else excess


def _full_result(runs: Sequence[FinalRun], worst: float | None, metric: Metric) -> FullResult:
    """Return the means of `runs`; a run that was to open the test set and did not has the `worst` score there.

    Without a `worst` none was to open it.
    """
    first = runs[0]
    return FullResult(
        source=first.source,
        source_trial=first.source_trial,
        config={**first.config, **first.overrides},
        stage=first.stage,
        runs=tuple(runs),
        train=estimate([run.train_accuracy for run in runs], metric),
        validation=estimate([run.score for run in runs], metric),
        test=estimate(
            [] if worst is None else [worst if run.test_accuracy is None else run.test_accuracy for run in runs], metric
        ),
        metric=metric,
    )
