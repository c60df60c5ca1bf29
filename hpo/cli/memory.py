"""Whether a study's networks fit into the memory of this machine, asked before anything runs."""

from __future__ import annotations

import os

from hpo.definition.largest import largest_network
from hpo.definition.study import StudyDefinition
from hpo.models.sizes import in_gb
from hpo.storage.errors import UserError
from hpo.training.images import StudyData


def check_memory(definition: StudyDefinition, data: StudyData, memory: int | None = None) -> None:
    """Raise UserError, with the numbers, if the largest network of the study takes more memory than there is.

    `memory`: in bytes; None is that of this machine.
    """
    largest = largest_network(definition, data.image_shape, data.part.classes, data.pool_size)
    there = machine_memory() if memory is None else memory
    if largest is not None and there is not None and largest.training_bytes > there:
        raise UserError(
            f"training a network of {largest.size.parameters:,} parameters and {largest.size.activations:,} "
            f"activations per image takes about {in_gb(largest.training_bytes)} of memory, and this machine has "
            f"{in_gb(there)}; take smaller layers or a smaller batch_size"
        )


def machine_memory() -> int | None:
    """Return how many bytes of memory this machine has; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
