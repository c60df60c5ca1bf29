"""The geometry that convolution and pooling share: output sizes and the pixels under a window."""

from collections.abc import Iterator

from hpo.models.arrays import Array


def output_size(size: int, kernel: int, stride: int, padding: int = 0) -> int:
    """Return how many windows fit along one axis: OH = (H + 2P - FH)/S + 1, rounded down (the book, eq. 7.1).

    With a remainder, the last pixels are not looked at. Raises ValueError for a result under 1.
    """
    result = (size + 2 * padding - kernel) // stride + 1
    if result < 1:
        raise ValueError(
            f"a window of {kernel} does not fit into {size} pixels with padding {padding}: "
            f"({size} + 2*{padding} - {kernel})/{stride} + 1 is under 1; "
            "take a smaller window, more padding or larger images"
        )
    return result


def window_pixels(maps: Array, kernel: int, stride: int, out_height: int, out_width: int) -> Iterator[Array]:
    """Yield, for each place in a window from left to right and top to bottom, that pixel of every window.

    maps: (N, C, H, W). Yields kernel^2 views of shape (N, C, out_height, out_width); writing to one writes to `maps`.
    """
    for row in range(kernel):
        for column in range(kernel):
            yield maps[
                :,
                :,
                row : row + stride * (out_height - 1) + 1 : stride,
                column : column + stride * (out_width - 1) + 1 : stride,
            ]
