"""Descriptions of networks: the hyperparameters of an architecture, without a single trainable number."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from hpo.models.bounds import Number, OneOf, Sizes, Whole
from hpo.models.checks import check_declared, check_flag, check_rule
from hpo.models.initialization import check_initialization

ACTIVATIONS = ("relu", "sigmoid")
POOLS = ("max", "average", "none")
ALGORITHMS = ("auto", "direct")

UNITS = Whole(1, 1_000_000)
PIXELS = Whole(1, 10_000)
PADDING = Whole(0, 1_000)
Hidden: TypeAlias = Annotated[tuple[int, ...], Sizes(UNITS, at_most=100), "units of each hidden layer"]
Activation: TypeAlias = Annotated[str, OneOf(ACTIVATIONS), "after each hidden layer"]
Dropout: TypeAlias = Annotated[float, Number(at_least=0, below=1), "share of hidden units that a step silences"]
Initialization: TypeAlias = Annotated[str | float, '"he", "xavier" or a standard deviation: how weights begin']
BatchNorm: TypeAlias = Annotated[bool, "normalise each hidden layer over the batch"]


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

    hidden: Hidden = (100, 100, 100, 100, 100, 100)
    activation: Activation = "relu"
    dropout: Dropout = 0.0
    initialization: Initialization = "he"
    batch_norm: BatchNorm = False

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

    filters: Annotated[tuple[int, ...], Sizes(Whole(1, 100_000), at_most=32, at_least=1), "channels of each block"] = (
        30,
    )
    convolutions: Annotated[int, Whole(1, 32), "how many there are in a block"] = 1
    kernel: Annotated[int, PIXELS, "pixels across"] = 5
    stride: Annotated[int, PIXELS, "pixels from one window to the next"] = 1
    padding: Annotated[int | tuple[int, ...], "zeros around an image, in pixels: one number, or one a convolution"] = 0
    pool: Annotated[str, OneOf(POOLS), "after each block"] = "max"
    pool_size: Annotated[int, PIXELS, "pixels across"] = 2
    pool_stride: Annotated[int, PIXELS, "pixels from one window to the next"] = 2
    hidden: Hidden = (100,)
    activation: Activation = "relu"
    dropout: Dropout = 0.0
    output_dropout: Annotated[float, Number(at_least=0, below=1), "the same on the outputs, as in the book"] = 0.0
    initialization: Initialization = "he"
    batch_norm: BatchNorm = False
    algorithm: Annotated[str, OneOf(ALGORITHMS), "how 3x3 convolutions are computed"] = "auto"

    def __post_init__(self) -> None:
        _check_common(self)
        self._check_padding()

    @property
    def paddings(self) -> tuple[int, ...]:
        """The padding of each convolution, in their order."""
        if isinstance(self.padding, tuple):
            return self.padding
        return (self.padding,) * (len(self.filters) * self.convolutions)

    def _check_padding(self) -> None:
        if not isinstance(self.padding, tuple):
            check_rule("padding", self.padding, PADDING)
            return
        total = len(self.filters) * self.convolutions
        if len(self.padding) != total:
            raise ValueError(
                f"padding must be one number, or one for each of the {total} convolutions "
                f"({len(self.filters)} blocks of {self.convolutions}), got {len(self.padding)}: {self.padding!r}"
            )
        for position, value in enumerate(self.padding):
            check_rule(f"padding[{position}]", value, PADDING)


NetworkDescription: TypeAlias = MultiLayerNetDescription | ConvNetDescription


def _check_common(description: NetworkDescription) -> None:
    check_declared(description)
    check_initialization(description.initialization)
    check_flag("batch_norm", description.batch_norm)
