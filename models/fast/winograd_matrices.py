"""The matrices of Winograd's minimal filtering F(4x4, 3x3): 36 multiplications give 16 outputs, instead of 144.

From Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), section 4.3. In one dimension, with six
inputs d and a filter g of three taps, the four outputs are Y = A^T [(G g) * (B^T d)] (eq. 6, * elementwise); in two
dimensions each matrix is applied to rows and to columns, Y = A^T [(G g G^T) * (B^T d B)] A (eq. 8).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hpo.models.arrays import Array

TILE: Final = 4  # outputs of a tile along one axis
REACH: Final = 6  # inputs that they look at: neighbouring tiles overlap by two

B_T: Final = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float64,
)
G_TIMES_24: Final = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float64)
G: Final = G_TIMES_24 / 24
A_T: Final = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
    np.float64,
)
# Column 1 of A^T belongs to the interpolation point 1 and holds only ones. What is added to place (1, 1) of a
# transformed tile is so added to all of its 16 outputs: the way in for the bias, and the way out of its gradient.
ONE: Final = 1


@dataclass(frozen=True, slots=True)
class Transforms:
    """The matrices in the dtype of the data, and their adjoints, which take gradients back.

    inputs: B^T, (6, 6). outputs: A^T, (4, 6). filters: G along both axes at once, (36, 9). outputs_back: A, (6, 4).
    filters_back: (9, 36). inputs_back: (4, 12): from the transformed gradients of two neighbouring tiles, the earlier
    one first, to the gradients of the four inputs at which the later one starts; B, with the overlap already added.
    inputs_back_swapped: the same for the later tile first. inputs_back_end: (2, 6), for the two inputs behind the last
    tile's four.
    """

    inputs: Array
    outputs: Array
    filters: Array
    outputs_back: Array
    filters_back: Array
    inputs_back: Array
    inputs_back_swapped: Array
    inputs_back_end: Array

    @staticmethod
    def of(dtype: npt.DTypeLike) -> "Transforms":
        """Return the matrices in `dtype`."""
        both_axes = np.kron(G_TIMES_24, G_TIMES_24) / 24**2  # rounded once
        here = B_T.T[:TILE]
        end = B_T.T[TILE:]
        from_before = np.concatenate([end, np.zeros((TILE - len(end), REACH))])
        matrices = (
            B_T,
            A_T,
            both_axes,
            A_T.T,
            both_axes.T,
            np.concatenate([from_before, here], axis=1),
            np.concatenate([here, from_before], axis=1),
            end,
        )
        return Transforms(*(np.ascontiguousarray(matrix, dtype) for matrix in matrices))
