"""Whether a space can be searched at all: whether its relations hold often enough to draw configs at random."""

from __future__ import annotations

from hpo.searching.fitting import LEAST_SHARE, share_that_holds
from hpo.searching.lattice import config_at, endless, said
from hpo.searching.space import SearchSpace
from hpo.storage.errors import UserError


def check_possible(space: SearchSpace, *, grid: bool) -> None:
    """Raise UserError where (nearly) no config may be, at the start or in the limits; in a grid, fewer than two."""
    if not space.relations:
        return
    if grid:
        if space.grid_size() < 2:
            raise UserError(f"space.require: {said(space)} leaves fewer than two configs of the grid; loosen it")
        return
    for where, box in (("the limits", space.limits()), ("the start", space.start())):
        share = share_that_holds(space, (config_at(space, box, point) for point in endless(space, seed=0)))
        if share < LEAST_SHARE:
            often = f"of {share:.2%} of the configs" if share else "of no config"
            raise UserError(
                f"space.require: {said(space)} holds {often} in {where}, and at least {LEAST_SHARE:.0%} are needed; "
                "loosen it, or change the ranges (for an equation, leave one of its hyperparameters out and compute it "
                "in the training; for multiples, use step)"
            )
