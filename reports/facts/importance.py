"""How much each hyperparameter had to do with being among the best trials: PED-ANOVA, as Optuna computes it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from hpo.definition.rounds import comparable
from hpo.record.results import StudyResults
from hpo.reports.facts.once import once
from hpo.searching.relevance import FEWEST_TRIALS
from hpo.searching.stopping import with_imputed_scores
from hpo.searching.thinning import thinned
from hpo.searching.trials import ranked

TENTH, FEWEST_BEST = 0.1, 8
"""The best tenth of the trials is what the hyperparameters are to explain, but no fewer than so many: of two or three
the place of each is chance.
"""

MOST = 1000
"""Of more trials so many are looked at, an even choice by their scores: their best tenth stands for that of all."""


@dataclass(frozen=True, slots=True)
class Importances:
    """What sets the `best` of the `trials` looked at apart: the `shares` of the hyperparameters, the largest first.

    They sum to 1.
    """

    shares: Mapping[str, float]
    best: int
    trials: int


@once
def importances(results: StudyResults) -> Importances | None:
    """Return how differently the best trials are spread over each hyperparameter than all of them are.

    PED-ANOVA (Watanabe, Bansal & Hutter 2023, eq. 16), over where was searched: after a box has closed around a good
    value, that hyperparameter counts for less. Trials count whose scores mean the same (as many samples and epochs as
    in the latest round), stopped ones with what they would have reached. None for a comparison, with fewer than
    FEWEST_TRIALS of them, or where all of them are equal. A hyperparameter that is active in some trials only has no
    share, as what it would be compared with are other trials. Chance gets a share, too: hpo.searching.relevance says
    what shows no effect.
    """
    definition = results.definition
    known = with_imputed_scores(comparable(definition, results.trials), definition.metric)
    if definition.comparison is not None or len(known) < FEWEST_TRIALS or len({trial.score for trial in known}) < 2:
        return None
    if len(known) > MOST:
        known = thinned(ranked(known), MOST, best=0)
    share = max(TENTH, min(0.5, FEWEST_BEST / len(known)))
    kinds = definition.space.distributions()
    always = {name: kinds[name] for name in kinds if name not in definition.space.conditions}
    if not always:
        return None
    study = optuna.create_study(direction="maximize", study_name="importance")
    study.add_trials(
        [
            create_trial(params={name: each.config[name] for name in always}, distributions=always, value=each.score)
            for each in known
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(target_quantile=share))
    return Importances(found, math.ceil(share * len(known)), len(known))
