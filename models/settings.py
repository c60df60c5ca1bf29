"""How a network is trained: the hyperparameters of training."""

from dataclasses import dataclass

from hpo.models.checks import check_choice, check_integer, check_number
from hpo.models.optimizers import OPTIMIZERS
from hpo.models.schedules import SCHEDULES


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Hyperparameters of training; raises ValueError, naming the field, for values out of range.

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

    learning_rate: float = 0.01
    weight_decay: float = 0.0
    batch_size: int = 100
    optimizer: str = "sgd"
    momentum: float = 0.9
    shift: int = 0
    rotation: float = 0.0
    patience: int = 0
    schedule: str = "constant"
    averaging: float = 0.0

    def __post_init__(self) -> None:
        check_number("learning_rate", self.learning_rate, above=0)
        check_number("weight_decay", self.weight_decay, at_least=0)
        check_integer("batch_size", self.batch_size, at_least=1)
        check_choice("optimizer", self.optimizer, tuple(OPTIMIZERS))
        check_number("momentum", self.momentum, at_least=0, below=1)
        check_integer("shift", self.shift, at_least=0)
        check_number("rotation", self.rotation, at_least=0, at_most=180)
        check_integer("patience", self.patience, at_least=0)
        check_choice("schedule", self.schedule, tuple(SCHEDULES))
        check_number("averaging", self.averaging, at_least=0, at_most=1)

    @property
    def augments(self) -> bool:
        """Whether training images are shifted or turned."""
        return self.shift > 0 or self.rotation > 0
