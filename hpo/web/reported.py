"""What the dashboard's API answers, changed so that it says what the report says: pure functions on its JSON.

Optuna's dashboard takes the luckiest trial for the best one, and ranks hyperparameters by all complete trials, whatever
they were trained on. Its answers for studies of other programs stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpo.record.study import CERTIFICATE_OF, FINAL_PART_OF
from hpo.reports.dashboard.pages import COMPARISON_FIGURES, FIGURES

PART_OF = (FINAL_PART_OF, CERTIFICATE_OF)
"""The user attributes that name the study which an Optuna study is a part of."""


def whole_studies(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list of studies without those that are a part of another one in it."""
    studies = answer["study_summaries"]
    names = {each["study_name"] for each in studies}
    return {**answer, "study_summaries": [each for each in studies if not is_part(each, names)]}


def is_part(study: Mapping[str, Any], names: set[str]) -> bool:
    """Say whether a study belongs to one of `names`: only then is it reached from there, and nothing gets lost."""
    return any(each["key"] in PART_OF and each["value"] in names for each in study["user_attrs"])


def is_ours(study: Mapping[str, Any]) -> bool:
    """Say whether a study, or what it is a part of, was made by this program."""
    return any(each["key"] in ("definition", *PART_OF) for each in study["user_attrs"])


def as_reported(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study without the trials whose score was the highest, with its figures in the order of the report.

    What to use stands in its note, and is not the luckiest trial.
    """
    if not is_ours(study):
        return dict(study)
    order = [*FIGURES, *COMPARISON_FIGURES]
    places = {name: place for place, name in enumerate(order)}
    figures = sorted(study["plotly_graph_objects"], key=lambda each: (places.get(each["id"], len(order)), each["id"]))
    return {**study, "best_trials": [], "plotly_graph_objects": figures}


def importances_answer(importances: Mapping[str, tuple[float, str]]) -> dict[str, Any]:
    """Return the report's importances as the API would answer them; where there are none, the panel stays empty."""
    listed = [{"name": name, "importance": share, "distribution": kind} for name, (share, kind) in importances.items()]
    return {"param_importances": [listed]}
