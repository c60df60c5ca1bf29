"""Fetch a dataset's files from its mirrors into a folder: whole and verified, or not at all."""

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

import pooch

from hpo.storage.errors import UserError
from hpo.storage.idx import unpack

PATIENCE = 4.0  # seconds in which a mirror must answer; all are asked at once, so this is also what no network costs
_READ_TIMEOUT = 15.0


class DownloadError(Exception):
    """No mirror delivered; the text says for each of them why."""


def download(
    files: Mapping[str, str],
    folder: Path,
    mirrors: Sequence[str],
    *,
    announce: Callable[[str], None],
    patience: float = PATIENCE,
    retries: int = 1,
) -> None:
    """Put each of `files` (name to SHA-256 of its unpacked bytes) into `folder`, from the first mirror that has them.

    A file is written beside its place, verified and then moved there in one step, so that neither an interruption nor
    a second process leaves half a file. Raises DownloadError if a file can't be had.
    """
    answers = {mirror: _ask(mirror + next(iter(files)), patience) for mirror in mirrors}
    deadline = time.monotonic() + patience
    failures: list[str] = []
    for mirror in mirrors:
        try:
            fault = answers[mirror].get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            fault = f"no answer within {patience:g} s"
        if fault:
            failures.append(f"{mirror}: {fault}")
            continue
        try:
            announce(f"Downloading {len(files)} files from {mirror} to {folder}.")
            for name, sha256 in files.items():
                _fetch(name, sha256, folder, mirror, retries)
        except (OSError, ValueError) as error:  # what requests raises is an OSError
            failures.append(f"{mirror}: {error}")
        else:
            return
    raise DownloadError("; ".join(failures) or "no mirror is known")


def _ask(url: str, patience: float) -> "SimpleQueue[str]":
    """Ask in a thread whether `url` exists; the queue gets an empty text for yes, or what was wrong.

    A thread, because looking up a name without network can block for much longer than any timeout of the connection.
    """
    answer: SimpleQueue[str] = SimpleQueue()

    def ask() -> None:
        try:
            exists = pooch.HTTPDownloader(timeout=patience)(url, None, None, check_only=True)
            answer.put("" if exists else f"has no {url.rpartition('/')[2]}")
        except Exception as error:  # whatever it is, this mirror is of no use
            answer.put(f"can't be reached ({type(error).__name__})")

    threading.Thread(target=ask, daemon=True).start()
    return answer


def _fetch(name: str, sha256: str, folder: Path, mirror: str, retries: int) -> None:
    http = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=1 << 16, timeout=(PATIENCE, _READ_TIMEOUT))

    def verified(url: str, output_file: str, caller: object) -> None:
        http(url, output_file, caller)
        try:
            found = hashlib.sha256(unpack(Path(output_file))).hexdigest()
        except UserError as error:
            raise ValueError(f"{name} came damaged") from error
        if found != sha256:
            raise ValueError(f"{name} came with SHA-256 {found} instead of {sha256}")

    pooch.get_logger().setLevel("WARNING")  # its lines would come between ours
    # The registry holds no checksum, because pooch would take it of the packed file; `verified` checks before the move.
    fetcher = pooch.create(path=folder, base_url=mirror, registry={name: None}, retry_if_failed=retries)
    fetcher.fetch(name, downloader=verified)
