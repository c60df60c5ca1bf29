"""The tools that people would otherwise search with, each behind one small interface: `PEERS[name](problem, seed)`.

Importing this imports none of them; `pip install -e '.[peers]'` installs them.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from tests.benchmarks.peers.problem import Problem, Search


@dataclass(frozen=True, slots=True)
class Peer:
    """A search named by its module and function, and the packages (import names) that it needs beyond the product's."""

    module: str
    function: str
    packages: tuple[str, ...] = ()
    needs_earlier: bool = False
    """Whether it learns from `Problem.earlier`, and says nothing without."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages it needs that are not installed."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    def __call__(self, problem: Problem, seed: int) -> None:
        """Search `problem` until its budget is spent; raises Spent, or ModuleNotFoundError for a missing package."""
        search: Search = getattr(importlib.import_module(f"{__name__}.{self.module}"), self.function)
        search(problem, seed)


PEERS: dict[str, Peer] = {
    "random": Peer("random_search", "search"),
    "book": Peer("book", "search"),
    "optuna TPE": Peer("optuna_search", "tpe"),
    "optuna TPE + Hyperband": Peer("optuna_search", "tpe_hyperband"),
    "optuna GP": Peer("optuna_search", "gaussian_process", ("torch",)),
    "optuna CMA-ES": Peer("optuna_search", "cma_es", ("cmaes",)),
    "hyperopt TPE": Peer("hyperopt_search", "tpe", ("hyperopt",)),
    "FLAML BlendSearch": Peer("flaml_search", "blend_search", ("flaml",)),
    "Syne Tune ASHA": Peer("syne_tune_search", "asha", ("syne_tune",)),
    "Syne Tune bounding box": Peer("syne_tune_search", "bounding_box", ("syne_tune",), needs_earlier=True),
    "SMAC3": Peer("smac_search", "forest", ("smac",)),
    "SMAC3 multi-fidelity": Peer("smac_search", "multi_fidelity", ("smac",)),
}

COSTLY = frozenset({"optuna GP", "SMAC3", "SMAC3 multi-fidelity"})
"""Peers whose own thinking takes more than a second or two for a search of 100 trainings."""
