"""Labels as people keep them, turned into class numbers: a column, one-hot rows, any integers, text.

The classes are those of the training labels, in order; all parts are numbered by that one list.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hpo.storage.errors import UserError

ClassValue = int | str

MOST_CLASSES = 10_000  # beyond it the "labels" are ids or a mistake, and the last layer would not fit into memory


def class_values(raw: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    """Return one value an image (N,), int64 or text, of labels as they were saved; `where` begins the messages.

    Takes (N,), a column (N, 1), a row (1, N), and one-hot rows (N, K). Raises UserError for other shapes and types.
    """
    if raw.size == 0:
        raise UserError(f"{where} has the shape {raw.shape}; expected one label an image, (N,)")
    if raw.ndim == 2 and 1 in raw.shape:
        raw = raw.ravel()
    if raw.dtype.kind == "f" and raw.ndim == 1:
        raw = _whole_numbers(raw, where)
    if raw.ndim == 2 and raw.dtype.kind in "iufb":
        return _one_hot(raw, where)
    if raw.ndim != 1:
        raise UserError(f"{where} has the shape {raw.shape}; expected one label an image, (N,), or one-hot rows (N, K)")
    if raw.dtype.kind == "S":
        raw = _decoded(raw, where)
    if raw.dtype.kind == "U":
        return raw
    if raw.dtype.kind not in "iub":
        raise UserError(f"{where} has the type {raw.dtype}; expected whole numbers or text; save it with .astype(str)")
    if raw.dtype.kind == "u" and int(raw.max()) > np.iinfo(np.int64).max:
        raise UserError(f"{where} holds the label {raw.max()}; expected labels below 2^63; are these ids?")
    return raw.astype(np.int64)


def class_list(values: npt.NDArray[Any], where: str) -> tuple[ClassValue, ...]:
    """Return the classes among `values` (N,), in order; raises UserError if there is one, or nearly one an image."""
    found = np.unique(values)
    if len(found) < 2:
        raise UserError(f"{where}: every training label is {found[0]}; expected at least 2 classes")
    if len(found) > min(MOST_CLASSES, max(2, len(values) // 2)):
        raise UserError(
            f"{where} holds {len(found):,} different labels for {len(values):,} examples; expected classes of several "
            f"each, at most {MOST_CLASSES:,}; are these ids?"
        )
    return tuple(found.tolist())


def numbered(values: npt.NDArray[Any], classes: Sequence[ClassValue], where: str) -> npt.NDArray[np.int64]:
    """Return the place of each of `values` in `classes`; raises UserError for a value that is not among them."""
    known = np.array(classes)
    if (known.dtype.kind == "U") != (values.dtype.kind == "U"):
        raise UserError(
            f"{where} holds labels such as {values.tolist()[0]!r}, those of training are such as {classes[0]!r}"
        )
    places = np.searchsorted(known, values).clip(max=len(known) - 1)
    strangers = values[known[places] != values]
    if len(strangers):
        raise UserError(
            f"{where} holds the label {strangers[0]}, but training has the {len(known)} classes {named(classes)}; "
            "expected no others"
        )
    return places.astype(np.int64)


def named(classes: Sequence[ClassValue]) -> str:
    """Return the classes in a few words: `0..9`, `'cat', 'dog'`, `1, 5, 7, ... 399`."""
    if list(classes) == list(range(len(classes))):
        return f"0..{len(classes) - 1}"
    shown = [repr(each) for each in classes]
    return ", ".join(shown if len(shown) <= 10 else [*shown[:4], "...", shown[-1]])


def _whole_numbers(raw: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    if not np.isfinite(raw).all() or (raw != np.rint(raw)).any() or np.abs(raw).max() > 2**53:
        wrong = raw[~(np.isfinite(raw) & (raw == np.rint(raw)))]
        raise UserError(
            f"{where} has the type {raw.dtype} and holds {wrong[0] if len(wrong) else raw.max()}; expected classes as "
            "whole numbers or text (a value to predict, as in a regression, is no class; it takes another [trainer])"
        )
    return raw.astype(np.int64)


def _one_hot(raw: npt.NDArray[Any], where: str) -> npt.NDArray[np.int64]:
    if not np.isin(raw, (0, 1)).all():
        raise UserError(
            f"{where} has the shape {raw.shape} and is not one-hot; expected one label an image; "
            "where its rows are probabilities, .argmax(axis=1) makes labels of them"
        )
    marked = np.count_nonzero(raw, axis=1)
    if (marked != 1).any():
        row = int(np.flatnonzero(marked != 1)[0])
        raise UserError(
            f"{where} has the shape {raw.shape}, and its row {row} marks {marked[row]} classes; expected one label an "
            "image: images with several labels can't be studied; choose one column and save it as (N,)"
        )
    places: npt.NDArray[np.int64] = raw.argmax(axis=1).astype(np.int64)
    return places


def _decoded(raw: npt.NDArray[Any], where: str) -> npt.NDArray[Any]:
    try:
        decoded: npt.NDArray[Any] = np.char.decode(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{where} holds bytes that are no UTF-8 text; save it with .astype(str)") from error
    return decoded
