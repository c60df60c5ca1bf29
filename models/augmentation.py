"""Augmentation: every training step sees its images a little shifted and turned, so that few images go further."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hpo.models.arrays import Array


def augment(images: Array, *, shift: int, rotation: float, rng: np.random.Generator) -> Array:
    """Return copies of float `images`, (N, H, W) or (N, C, H, W), each turned and then shifted by its own draw.

    shift: at most so many whole pixels along each axis. rotation: at most so many degrees either way. What comes in
    from outside the image is 0. With both 0 nothing is drawn and `images` itself is returned.
    """
    if rotation > 0:
        images = rotate(images, rng.uniform(-rotation, rotation, len(images)))
    if shift > 0:
        down, right = rng.integers(-shift, shift + 1, (2, len(images)))
        images = translate(images, down, right)
    return images


def translate(images: Array, down: Array, right: Array) -> Array:
    """Return copies of `images`, (N, H, W) or (N, C, H, W), moved by `down` and `right` pixels, integers (N,) each."""
    height, width = images.shape[-2:]
    reach = int(max(np.abs(down).max(initial=0), np.abs(right).max(initial=0)))
    margins = [(0, 0)] * (images.ndim - 2) + [(reach, reach)] * 2
    # Axes (N, [C,] where the window starts: row, column, then H, W).
    windows = sliding_window_view(np.pad(images, margins), (height, width), axis=(-2, -1))
    moved: Array = windows[np.arange(len(images)), ..., reach - down, reach - right, :, :]
    return moved


def rotate(images: Array, degrees: Array) -> Array:
    """Return copies of float `images`, (N, H, W) or (N, C, H, W), turned about their centre by `degrees`, (N,).

    A positive angle turns the picture clockwise, rows counting downwards. Between pixels the values are bilinear.
    """
    height, width = images.shape[-2:]
    angle = np.deg2rad(degrees)[:, np.newaxis, np.newaxis]
    rows, columns = np.mgrid[:height, :width]
    rows, columns = rows - (height - 1) / 2, columns - (width - 1) / 2
    # Where each new pixel comes from: the inverse rotation.
    source_rows = np.cos(angle) * rows - np.sin(angle) * columns + (height - 1) / 2
    source_columns = np.sin(angle) * rows + np.cos(angle) * columns + (width - 1) / 2
    return _bilinear(images, source_rows, source_columns)


def _bilinear(images: Array, rows: Array, columns: Array) -> Array:
    """Return `images` at the fractional places `rows` and `columns`, (N, H, W) each; 0 outside."""
    height, width = images.shape[-2:]
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1)] * 2)  # a margin of zeros stands for all outside
    above, left = np.floor(rows).astype(np.intp), np.floor(columns).astype(np.intp)
    down, right = (rows - above).astype(images.dtype), (columns - left).astype(images.dtype)
    image = np.arange(len(images))[:, np.newaxis, np.newaxis]
    channels = images.ndim == 4
    result = np.zeros_like(images)
    for row, row_share in ((above, 1 - down), (above + 1, down)):
        for column, column_share in ((left, 1 - right), (left + 1, right)):
            place = (image, ..., np.clip(row + 1, 0, height + 1), np.clip(column + 1, 0, width + 1))
            share = row_share * column_share
            if channels:  # the gathered axes come first, (N, H, W, C)
                result += np.moveaxis(padded[place], -1, 1) * share[:, np.newaxis]
            else:
                result += padded[place] * share
    return result
