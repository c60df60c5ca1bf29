"""The array types that signatures speak of; each docstring adds shape and exact dtype.

Networks run in float32 or, for checks against finite differences, in float64, so `Array` names no dtype.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]
