"""More rounds for a search that was declared with fewer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from hpo.definition.settings import RoundSettings
from hpo.definition.study import StudyDefinition
from hpo.storage.errors import UserError


@dataclass(frozen=True, slots=True)
class MoreRounds:
    """A definition with more rounds, and which of them somebody asked for by their number (from 1).

    Those are opened however little they are expected to gain.
    """

    definition: StudyDefinition
    added: int
    asked: tuple[int, ...] = ()


def with_more_rounds(definition: StudyDefinition, opened: int, more: int) -> MoreRounds:
    """Return `definition` with `more` rounds after the `opened` ones it comes to, each like its last one.

    Where the search ended before its last round, those that it left out are taken first. Raises UserError for a
    comparison, which has no rounds.
    """
    if definition.comparison is not None:
        raise UserError(
            f"--rounds +{more}: {definition.name} compares the configs of a grid and has no rounds; more runs of each "
            "config take another study, with more seeds in [comparison]"
        )
    added = max(0, opened + more - len(definition.rounds))
    rounds = (*definition.rounds, *[definition.rounds[-1]] * added)
    return MoreRounds(
        dataclasses.replace(definition, rounds=rounds), added, tuple(range(opened + 1, opened + more + 1))
    )


def goes_on(recorded: tuple[RoundSettings, ...], declared: tuple[RoundSettings, ...], added: int) -> bool:
    """Say whether the `declared` rounds begin with the `recorded` ones, of which the last `added` need not be there."""
    common = min(len(recorded), len(declared))
    return recorded[:common] == declared[:common] and len(declared) >= len(recorded) - added
