"""An estimator with its values as Python code, to be copied where it is used."""

from __future__ import annotations

from hpo.definition.trainers.estimators import EstimatorTrainer
from hpo.searching.space import Config


def estimator_code(trainer: EstimatorTrainer, config: Config, epochs: int) -> str:
    """Return lines that make the estimator of `config`, as it was trained for so many epochs.

    How long it was trained is a parameter where epochs are trees or iterations, and a comment where they are passes.
    """
    values = trainer.values(config)
    if trainer.advance in ("n_estimators", "max_iter"):
        values.setdefault(trainer.of_last(trainer.advance), epochs)
    own: dict[str, dict[str, object]] = {step.name: {} for step in trainer.steps}
    inner: dict[str, object] = {}
    for name, value in values.items():
        step, _, parameter = name.partition("__") if trainer.is_pipeline else ("", "", name)
        if "__" in parameter or trainer.names_a_class(name):
            inner[name] = value
        else:
            own[step][parameter] = value
    paths = [step.estimator for step in trainer.steps]
    paths += [str(value) for name, value in inner.items() if trainer.names_a_class(name)]
    if trainer.is_pipeline:
        paths.append("sklearn.pipeline:Pipeline")
    lines = [f"from {module} import {name}" for module, _, name in sorted({path.partition(":") for path in paths})]
    calls = [
        f"{step.estimator.partition(':')[2]}({', '.join(f'{key}={value!r}' for key, value in own[step.name].items())})"
        for step in trainer.steps
    ]
    lines.append("")
    if trainer.is_pipeline:
        steps = [f"    ({step.name!r}, {call})," for step, call in zip(trainer.steps, calls, strict=True)]
        lines += ["model = Pipeline([", *steps, "])"]
    else:
        lines.append(f"model = {calls[0]}")
    for name, value in sorted(inner.items(), key=lambda item: item[0].count("__")):
        text = f"{str(value).partition(':')[2]}()" if trainer.names_a_class(name) else repr(value)
        lines.append(f"model.set_params({name}={text})")
    if trainer.advance == "partial_fit":
        lines.append(f"# trained by partial_fit: {epochs} pass{'es' * (epochs != 1)} over the training examples")
    return "\n".join(lines)
