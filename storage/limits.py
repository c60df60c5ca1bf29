"""How much is read into memory at most, so that a small file that unpacks to gigabytes is refused before it does."""

from pathlib import Path

from hpo.storage.errors import UserError

MOST_BYTES = 2**31
"""Of one array, unpacked. Every worker holds its images in memory."""


def check_size(found: int, what: str) -> None:
    """Raise UserError if `found` bytes of `what` are more than is read."""
    if found > MOST_BYTES:
        raise UserError(
            f"{what} takes {found:,} bytes unpacked; at most {MOST_BYTES:,} are read, as every worker holds its data "
            "in memory; save fewer or smaller examples, or uint8 in place of floats"
        )


def read_whole(path: Path) -> bytes:
    """Return the bytes of the file `path`; raises UserError if it is too large or can't be read."""
    try:
        check_size(path.stat().st_size, str(path))
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror or error}); check path and permissions") from error
