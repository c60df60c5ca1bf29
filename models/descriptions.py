"""Descriptions of networks: the hyperparameters of an architecture, without a single trainable number."""

from dataclasses import dataclass
from typing import TypeAlias

from hpo.models.checks import check_choice, check_flag, check_integer, check_number, check_sizes
from hpo.models.initialization import check_initialization

ACTIVATIONS = ("relu", "sigmoid")
POOLS = ("max", "average", "none")
ALGORITHMS = ("auto", "direct")


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
    """Blocks of convolutions and a pool, one for each entry of `filters`; then affine layers.

    filters: output channels of each block's convolutions.
    convolutions: how many there are in a block, each with an activation after it; the pool follows the last.
    kernel, stride: of every convolution, in pixels; kernels are square.
    padding: zeros on every side, in pixels: one number for all convolutions, or one for each of them in their order.
    pool: "max", "average" or "none", with square windows of `pool_size` every `pool_stride` pixels.
    hidden, activation, dropout, initialization, batch_norm: as in MultiLayerNetDescription; dropout follows hidden
    layers only, normalisation each convolution too.
    output_dropout: dropout on the logits, in training, as the book's deep ConvNet has it (section 8.1).
    algorithm: "auto" computes 3x3 convolutions by Winograd's algorithm where that is faster, "direct" never does; both
    compute the same function, but for rounding.
    The defaults are the book's simple ConvNet (section 7.5). Raises ValueError, naming the field, for anything else.
    """

    filters: tuple[int, ...] = (30,)
    convolutions: int = 1
    kernel: int = 5
    stride: int = 1
    padding: int | tuple[int, ...] = 0
    pool: str = "max"
    pool_size: int = 2
    pool_stride: int = 2
    hidden: tuple[int, ...] = (100,)
    activation: str = "relu"
    dropout: float = 0.0
    output_dropout: float = 0.0
    initialization: str | float = "he"
    batch_norm: bool = False
    algorithm: str = "auto"

    def __post_init__(self) -> None:
        check_sizes("filters", self.filters, at_least_one=True)
        check_integer("convolutions", self.convolutions, at_least=1)
        check_integer("kernel", self.kernel, at_least=1)
        check_integer("stride", self.stride, at_least=1)
        self._check_padding()
        check_choice("pool", self.pool, POOLS)
        check_integer("pool_size", self.pool_size, at_least=1)
        check_integer("pool_stride", self.pool_stride, at_least=1)
        check_number("output_dropout", self.output_dropout, at_least=0, below=1)
        check_choice("algorithm", self.algorithm, ALGORITHMS)
        _check_common(self)

    @property
    def paddings(self) -> tuple[int, ...]:
        """The padding of each convolution, in their order."""
        if isinstance(self.padding, tuple):
            return self.padding
        return (self.padding,) * (len(self.filters) * self.convolutions)

    def _check_padding(self) -> None:
        if not isinstance(self.padding, tuple):
            check_integer("padding", self.padding, at_least=0)
            return
        total = len(self.filters) * self.convolutions
        if len(self.padding) != total:
            raise ValueError(
                f"padding must be one number, or one for each of the {total} convolutions "
                f"({len(self.filters)} blocks of {self.convolutions}), got {len(self.padding)}: {self.padding!r}"
            )
        for position, value in enumerate(self.padding):
            check_integer(f"padding[{position}]", value, at_least=0)


NetworkDescription: TypeAlias = MultiLayerNetDescription | ConvNetDescription


def _check_common(description: NetworkDescription) -> None:
    check_sizes("hidden", description.hidden)
    check_choice("activation", description.activation, ACTIVATIONS)
    check_number("dropout", description.dropout, at_least=0, below=1)
    check_initialization(description.initialization)
    check_flag("batch_norm", description.batch_norm)
