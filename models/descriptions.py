"""Descriptions of networks: the hyperparameters of an architecture, without a single trainable number."""

from dataclasses import dataclass
from typing import TypeAlias

from models.checks import check_choice, check_flag, check_integer, check_number, check_sizes
from models.initialization import check_initialization

ACTIVATIONS = ("relu", "sigmoid")
POOLS = ("max", "average", "none")


@dataclass(frozen=True, slots=True)
class MultiLayerNetDescription:
    """Affine layers with an activation after each hidden one; the defaults are the book's 784-100x6-10 network.

    hidden: units of each hidden layer; () is softmax regression.
    activation: "relu" or "sigmoid".
    dropout: the share of hidden activations that a training step silences, in [0, 1).
    initialization: "he", "xavier" or a fixed standard deviation.
    batch_norm: whether each hidden layer is normalised over the batch before its activation.
    Raises ValueError, naming the field, for anything else.
    """

    hidden: tuple[int, ...] = (100, 100, 100, 100, 100, 100)
    activation: str = "relu"
    dropout: float = 0.0
    initialization: str | float = "he"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        _check_common(self)


@dataclass(frozen=True, slots=True)
class ConvNetDescription:
    """Blocks of convolution, activation and pool, one for each entry of `filters`; then affine layers.

    filters: output channels of each block's convolution.
    kernel, stride, padding: of every convolution, in pixels; kernels are square.
    pool: "max", "average" or "none", with square windows of `pool_size` every `pool_stride` pixels.
    hidden, activation, dropout, initialization, batch_norm: as in MultiLayerNetDescription; dropout follows hidden
    layers only, normalisation each convolution too.
    The defaults are the book's simple ConvNet (section 7.5). Raises ValueError, naming the field, for anything else.
    """

    filters: tuple[int, ...] = (30,)
    kernel: int = 5
    stride: int = 1
    padding: int = 0
    pool: str = "max"
    pool_size: int = 2
    pool_stride: int = 2
    hidden: tuple[int, ...] = (100,)
    activation: str = "relu"
    dropout: float = 0.0
    initialization: str | float = "he"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        check_sizes("filters", self.filters, at_least_one=True)
        check_integer("kernel", self.kernel, at_least=1)
        check_integer("stride", self.stride, at_least=1)
        check_integer("padding", self.padding, at_least=0)
        check_choice("pool", self.pool, POOLS)
        check_integer("pool_size", self.pool_size, at_least=1)
        check_integer("pool_stride", self.pool_stride, at_least=1)
        _check_common(self)


NetworkDescription: TypeAlias = MultiLayerNetDescription | ConvNetDescription


def _check_common(description: NetworkDescription) -> None:
    check_sizes("hidden", description.hidden)
    check_choice("activation", description.activation, ACTIVATIONS)
    check_number("dropout", description.dropout, at_least=0, below=1)
    check_initialization(description.initialization)
    check_flag("batch_norm", description.batch_norm)
