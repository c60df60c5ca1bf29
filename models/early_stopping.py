"""Early stopping: training ends when the validation loss no longer falls, and goes back to where it was lowest."""

import math

from hpo.models.network import Evaluation, Network, Snapshot


class EarlyStopping:
    """Counts results without a lower validation loss; `patience` of them in a row are enough. 0 never stops."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._lowest = math.inf
        self._waited = 0
        self._best: tuple[Snapshot, Evaluation, Evaluation] | None = None

    def look(self, network: Network, on_train: Evaluation, on_validation: Evaluation) -> bool:
        """Take in the newest evaluations of `network` and return whether to stop."""
        if self._patience == 0:
            return False
        if on_validation.loss < self._lowest:
            self._lowest, self._waited = on_validation.loss, 0
            self._best = (network.snapshot(), on_train, on_validation)
            return False
        self._waited += 1
        return self._waited >= self._patience

    def restore(self, network: Network) -> tuple[Evaluation, Evaluation]:
        """Give `network` its best numbers back; return how it did with them, on training and validation examples."""
        if self._best is None:
            raise RuntimeError("there is nothing to restore before the first look")
        snapshot, on_train, on_validation = self._best
        network.restore(snapshot)
        return on_train, on_validation
