"""A Python function as a trainer: the table [trainer] with `call`, and what its source says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from hpo.definition.abilities import Abilities
from hpo.definition.tables import check_keys, read_table
from hpo.definition.trainers.base import OwnMeaning
from hpo.definition.trainers.sources import Sources, changed, read_sources
from hpo.models.bounds import Text


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function of the user's: `call` says where it is, "file.py:name" or "package.module:name".

    A name alone is a function that was handed over in Python. seed, samples, rungs and test are its `Abilities`;
    checkpoints is a folder in which its trainings may save themselves, None for one in the user's cache.
    """

    call: Annotated[str, Text(1_000), "the function that trains, such as train.py:train"]
    seed: Annotated[bool, "the same run.seed gives the same score"] = True
    samples: Annotated[bool, "it trains on the examples that run says"] = True
    rungs: Annotated[bool, "it is a generator, and yields at each of run.rungs"] = True
    test: Annotated[bool, "it yields hpo.Test where run.test_allowed"] = True
    checkpoints: Annotated[str | None, Text(1_000), "a folder where trainings may save themselves"] = None


@dataclass(frozen=True)
class FunctionTrainer(OwnMeaning):
    """The function that a study trains with. `source`: the SHA-256 of each file that it is written in."""

    function: FunctionCall
    source: tuple[tuple[str, str], ...] = ()

    @property
    def abilities(self) -> Abilities:
        """What its source, or its table, says that it takes into account."""
        each = self.function
        return Abilities(each.seed, each.samples, each.rungs, each.test)

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.call.rpartition(":")[2]

    @property
    def sources(self) -> Sources:
        """The SHA-256 of each file."""
        return dict(self.source)

    def tables(self) -> dict[str, Any]:
        """Return the table [trainer]."""
        each = self.function
        table: dict[str, Any] = {"call": each.call, "samples": each.samples, "rungs": each.rungs, "test": each.test}
        if not each.seed:
            table["seed"] = False
        if each.checkpoints is not None:
            table["checkpoints"] = each.checkpoints
        return {"trainer": {**table, "source": dict(self.source)}}

    def refusal(self, given: object) -> str | None:
        """Return why a worker that was `given` something else may not train this; None where it is the same code."""
        if not isinstance(given, FunctionTrainer):
            return f"it trains with {self.function.call}, which this worker was not given"
        if given.name != self.name:
            return f"it trains with {self.function.call}, and this worker was given {given.function.call}"
        differs = changed(self.sources, given.sources)
        return f"its function is not as it was: {differs}" if differs else None


def read_function(table: Mapping[str, Any]) -> FunctionTrainer:
    """Return what [trainer] declares. Raises UserError for what is wrong in it."""
    given = dict(table)
    source = read_sources(given.pop("source", {}), "the function")
    check_keys(given, list(FunctionCall.__dataclass_fields__), "trainer")
    return FunctionTrainer(read_table(FunctionCall, given, "trainer"), source)
