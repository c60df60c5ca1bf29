"""How a network is trained: the hyperparameters of training."""

from dataclasses import dataclass
from typing import Annotated

from hpo.models.bounds import Number, OneOf, Whole
from hpo.models.checks import check_declared
from hpo.models.optimizers import OPTIMIZERS
from hpo.models.schedules import SCHEDULES


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained, step by step.

    Raises ValueError, naming the field, for values out of range.
    learning_rate: above 0. weight_decay: at least 0, on weights, not on biases and scales. With "adamw" it is
    decoupled: each step takes learning_rate·weight_decay·W off them. With all others it is coupled L2: the loss that
    gradients are taken of gains ½·weight_decay·‖W‖².
    batch_size: images a step; an epoch's last batch may be smaller. optimizer: a name in OPTIMIZERS.
    momentum: in [0, 1), for "momentum" and "nesterov" only.
    shift: training images move by at most so many pixels. rotation: and turn by at most so many degrees, up to 180.
    schedule: a name in SCHEDULES; what becomes of the learning rate over the epochs of a run: it stays ("constant"),
    falls to 0 along a cosine ("cosine"), or is divided by 10 after a half and again after three quarters ("step").
    patience: after so many results in a row without a lower validation loss training stops and the parameters of the
    lowest one are restored; 0 never stops.
    averaging: the share of the run's steps, at its end, whose parameters are averaged, in [0, 1]; 0 is off. From the
    first of them on all results are those of the mean so far, and it is what the network holds at the end, while
    training itself goes on from the newest parameters. Not with batch normalisation. With patience, the mean is what
    is looked at and restored; a run that stops before the last share has no mean.
    It adds 3-8 % to the time of each step that it counts. Polyak & Juditsky 1992; Izmailov et al. 2018 (SWA).
    """

    learning_rate: Annotated[float, Number(above=0, sane=3e38), "the size of a step"] = 0.01
    weight_decay: Annotated[float, Number(at_least=0, sane=1e30), "pulls weights towards 0 at each step"] = 0.0
    batch_size: Annotated[int, Whole(1, 1_000_000), "images a step"] = 100
    optimizer: Annotated[str, OneOf(tuple(OPTIMIZERS)), "how a step is made of the gradient"] = "sgd"
    momentum: Annotated[float, Number(at_least=0, below=1), 'for "momentum" and "nesterov" only'] = 0.9
    shift: Annotated[int, Whole(0, 1_000), "training images are moved by at most so many pixels"] = 0
    rotation: Annotated[float, Number(at_least=0, at_most=180), "and turned by at most so many degrees"] = 0.0
    patience: Annotated[int, Whole(0, 1_000_000), "stop after so many results without a lower loss; 0: never"] = 0
    schedule: Annotated[str, OneOf(tuple(SCHEDULES)), "what becomes of the learning rate over the epochs"] = "constant"
    averaging: Annotated[float, Number(at_least=0, at_most=1), "the last share of steps that is averaged; 0: off"] = 0.0

    def __post_init__(self) -> None:
        check_declared(self)

    @property
    def augments(self) -> bool:
        """Whether training images are shifted or turned."""
        return self.shift > 0 or self.rotation > 0
