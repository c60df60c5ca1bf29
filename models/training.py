"""Training: `fit` goes through the epochs and hands out a result at every point where it was asked to look."""

import math
from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np

from hpo.models.averaging import check_averaging
from hpo.models.checks import check_integer
from hpo.models.early_stopping import EarlyStopping
from hpo.models.examples import Examples
from hpo.models.network import Evaluation, Network
from hpo.models.results import Moment, TrainingResult, diverged_result, result_of
from hpo.models.settings import TrainingSettings
from hpo.models.trainer import Trainer


def fit(
    network: Network,
    train: Examples,
    validation: Examples,
    settings: TrainingSettings,
    *,
    epochs: int,
    rng: np.random.Generator,
    evaluate_at: Sequence[int] | None = None,
    probe: Examples | None = None,
) -> Iterator[TrainingResult]:
    """Train `network` in place; yield a result after each step in `evaluate_at` and after the last step.

    Training goes on when the next result is asked for: the caller may wait as long as it likes, or never ask again.
    An epoch takes the training examples in a fresh order, each once. All randomness is `rng`'s, and looking draws none:
    neither pauses nor `evaluate_at` change what is learnt (with patience, `evaluate_at` changes where it ends).
    A run whose loss or parameters become NaN or infinite ends with a result that says so.
    With averaging, `network` holds the averaged parameters whenever a result was measured on them.

    epochs: at least 1; a schedule of the learning rate stretches over all of them.
    evaluate_at: steps in 1..last, in any order; None is the end of every epoch.
    probe: the examples that train loss and accuracy are measured on; None is `train`.
    Raises ValueError, at once, for examples that don't fit the network, for averaging with batch normalisation, and
    for steps out of range.
    """
    check_integer("epochs", epochs, at_least=1)
    probe = train if probe is None else probe
    for name, examples in (("training", train), ("validation", validation), ("probe", probe)):
        _check_examples(name, examples, network)
    check_averaging(network.description, settings)
    if settings.augments and len(network.input_shape) == 1:
        raise ValueError(
            f"shift={settings.shift} and rotation={settings.rotation:g} need images of shape (H, W) or (C, H, W), got "
            f"vectors of shape {network.input_shape}: give the images their height and width, or set both to 0"
        )
    trainer = Trainer(network, train, settings, rng, epochs)
    stops = _stops(evaluate_at, trainer.steps_per_epoch, epochs)
    return _results(_Run(trainer, probe, validation, settings.patience), stops)


def _results(run: "_Run", stops: Sequence[int]) -> Iterator[TrainingResult]:
    """Yield the results of `fit`, whose arguments are in order."""
    for stop in stops:
        result = run.advance(stop)
        yield result
        if result.diverged is not None or result.stopped_early:
            return


class _Run:
    """One training between its results: the trainer, what to evaluate on, and the time spent so far."""

    def __init__(self, trainer: Trainer, probe: Examples, validation: Examples, patience: int) -> None:
        self._trainer, self._probe, self._validation = trainer, probe, validation
        self._early = EarlyStopping(patience)
        self._seconds = 0.0

    def advance(self, stop: int) -> TrainingResult:
        """Train until `stop` updates are done, or to the step that diverges, and return how the network does there."""
        started = perf_counter()
        trainer, network = self._trainer, self._trainer.network
        stopped_early = False
        reason = trainer.run_until(stop)
        if reason is None:
            on_train, on_validation = network.evaluate(self._probe), network.evaluate(self._validation)
            reason = _divergence(on_train, on_validation, stop)
        if reason is None:
            stopped_early = self._early.look(network, on_train, on_validation)
            if stopped_early:
                on_train, on_validation = self._early.restore(network)
        network.release_buffers()  # until the next result is asked for, other networks may train
        self._seconds += perf_counter() - started
        moment = Moment(trainer.step, trainer.step / trainer.steps_per_epoch, self._seconds)
        if reason is not None:
            return diverged_result(moment, reason, len(self._validation))
        return result_of(moment, on_train, on_validation, stopped_early=stopped_early)


def _divergence(on_train: Evaluation, on_validation: Evaluation, step: int) -> str | None:
    """Return what is wrong with the evaluations after `step`, or None."""
    for name, evaluation in (("loss", on_train), ("validation loss", on_validation)):
        if not math.isfinite(evaluation.loss):
            return f"{name} became {evaluation.loss} at step {step}"
    return None


def _check_examples(name: str, examples: Examples, network: Network) -> None:
    if len(examples) == 0:
        raise ValueError(f"fit needs {name} examples, got none")
    try:
        network.check_images(examples.images)
        network.check_labels(examples.labels)
    except ValueError as error:
        raise ValueError(f"{name} examples: {error}") from None


def _stops(evaluate_at: Sequence[int] | None, per_epoch: int, epochs: int) -> list[int]:
    """Return the steps after which to evaluate, in order, the last step among them."""
    last = per_epoch * epochs
    if evaluate_at is None:
        return list(range(per_epoch, last + 1, per_epoch))
    for step in evaluate_at:
        if not 1 <= step <= last:
            raise ValueError(
                f"evaluate_at holds step {step}, but {epochs} epochs of {per_epoch} steps run from 1 to {last}"
            )
    return sorted({*map(int, evaluate_at), last})
