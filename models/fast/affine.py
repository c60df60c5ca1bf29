"""An affine layer, with the ReLU that follows it if there is one, in buffers that are used again.

What it buys over the two layers: a few percent for an MLP (tests/benchmarks/training.py, "layers"), and behind a fused
convolution the gradient comes in the order in memory that the convolution works in.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array, BoolArray
from hpo.models.fast.tiling import SMALL_PRODUCT
from hpo.models.fast.workspaces import Scratch, Workspaces
from hpo.models.layers import Affine
from hpo.models.layers.base import Stage


@dataclass(slots=True)
class _Buffers:
    """For N images, I inputs and O outputs; `out` is the stage's own, the others are shared with other stages.

    out: (N, O), after the activation. ones: (N,). zeros: (N, O), for the ReLU: maximum takes twice as long against a
    single 0. grad: (N, O), before the activation. active: (N, O). Gradients at the input take its order in memory:
    grad_in: (N, I), where the product is small with transposed: (O, I), a copy of the weight; or grad_turned: (O, N)
    and grad_in_turned: (I, N), for an input whose examples are innermost, as fused convolutions return theirs.
    """

    out: Array
    ones: Array
    zeros: Array
    grad: Array
    active: BoolArray
    transposed: Array | None = None
    grad_in: Array | None = None
    grad_turned: Array | None = None
    grad_in_turned: Array | None = None


class FusedAffine(Stage):
    """`affine`, then a ReLU if `relu`; parameters and gradients stay the layer's own.

    Equal to the layers but for the order of additions inside a matrix product. scratch: shared by a network's stages.
    """

    def __init__(self, affine: Affine, scratch: Scratch, dtype: npt.DTypeLike, *, relu: bool) -> None:
        self._affine, self._relu, self._dtype = affine, relu, np.dtype(dtype)
        self._zero = np.zeros((), dtype)
        self._scratch = scratch
        self._workspaces = Workspaces(self._make)
        self._last: tuple[Array, _Buffers] | None = None

    def _make(self, batch: int) -> _Buffers:
        _, outputs = self._affine.parameters[0].shape
        shape, scratch = (batch, outputs), self._scratch
        ones = scratch.of("ones", (batch,))
        ones.fill(1)
        return _Buffers(
            out=np.empty(shape, self._dtype),
            ones=ones,
            zeros=scratch.of("zeros", shape),
            grad=scratch.of("grad", shape),
            active=scratch.of("active", shape, np.bool_),
        )

    def forward(self, x: Array, *, train: bool, rng: np.random.Generator | None = None) -> Array:  # noqa: ARG002 - draws nothing
        """Return (N, outputs), a buffer of this stage."""
        buffers = self._workspaces.of(len(x))
        self._last = (x, buffers) if train else None
        out = buffers.out
        np.matmul(x, self._affine.params["weight"], out=out)
        if self._affine.bias:
            np.add(out, self._affine.params["bias"], out=out)
        if self._relu:
            np.maximum(out, buffers.zeros, out=out)
        return out

    def backward(self, grad_out: Array) -> Array:
        """Return the gradient at the input, (N, inputs), a buffer of this stage."""
        x, buffers, grad = self._fill_gradients(grad_out)
        weight = self._affine.params["weight"]
        if not x.flags.c_contiguous and x.T.flags.c_contiguous:
            return self._turned(buffers, grad, weight)
        if buffers.grad_in is None:
            buffers.grad_in = self._scratch.of("grad_in", (len(x), len(weight)))
            if len(x) * weight.size <= SMALL_PRODUCT:
                buffers.transposed = self._scratch.of("transposed", weight.shape[::-1])
        if buffers.transposed is None:
            return np.matmul(grad, weight.T, out=buffers.grad_in)
        # A small product takes longer with a transposed factor than with a copy of it; a large one packs it anyway.
        np.copyto(buffers.transposed, weight.T)
        return np.matmul(grad, buffers.transposed, out=buffers.grad_in)

    def backward_parameters(self, grad_out: Array) -> None:
        """Fill the gradients of weight and bias."""
        self._fill_gradients(grad_out)

    def release(self) -> None:
        """Let go of all buffers."""
        self._workspaces.clear()
        self._scratch.clear()
        self._last = None

    def _turned(self, buffers: _Buffers, grad: Array, weight: Array) -> Array:
        """Return the gradient at an input whose examples are innermost in memory, in the same order."""
        if buffers.grad_turned is None or buffers.grad_in_turned is None:
            buffers.grad_turned = self._scratch.of("grad_turned", grad.shape[::-1])
            buffers.grad_in_turned = self._scratch.of("grad_in_turned", (len(weight), len(grad)))
        np.copyto(buffers.grad_turned, grad.T)
        return np.matmul(weight, buffers.grad_turned, out=buffers.grad_in_turned).T

    def _fill_gradients(self, grad_out: Array) -> tuple[Array, _Buffers, Array]:
        """Fill the parameters' gradients; return the input, the buffers and the gradient before the activation."""
        last, self._last = self._last, None
        if last is None:
            raise RuntimeError("backward needs a forward(train=True) before it, one for each backward")
        x, buffers = last
        grad = buffers.grad  # a copy in any case: `grad_out` may lie where the gradient at the input goes
        if self._relu:
            np.greater(buffers.out, self._zero, out=buffers.active)
            # Multiplying by a bool array takes .3 ns an element; np.where and boolean indexing take 4-5.
            np.multiply(grad_out, buffers.active, out=grad)
        else:
            np.copyto(grad, grad_out)
        np.matmul(x.T, grad, out=self._affine.grads["weight"])
        if self._affine.bias:
            # ones @ grad is the sum over the batch, by BLAS: 2.5 times as fast as sum(axis=0).
            np.dot(buffers.ones, grad, out=self._affine.grads["bias"])
        return x, buffers, grad
