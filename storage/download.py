"""Fetch a dataset's files from its mirrors into a folder: whole and verified, or not at all.

Mirrors speak https. What is larger or takes longer than any of these files is given up.
"""

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import pooch
import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from hpo.storage.errors import UserError
from hpo.storage.idx import unpack

PATIENCE = 4.0  # seconds in which a mirror must answer; all are asked at once, so this is also what no network costs
MOST_BYTES = 200_000_000  # of a file, packed; the largest of the known ones has 27 MB
DEADLINE = 600.0  # seconds for a file
_READ_TIMEOUT = 15.0
_HERE = ("127.0.0.1", "localhost", "::1")


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
    most_bytes: int = MOST_BYTES,
    deadline: float = DEADLINE,
) -> None:
    """Put each of `files` (name to SHA-256 of its unpacked bytes) into `folder`, from the first mirror that has them.

    A file is written beside its place, verified and then moved there in one step, so that neither an interruption nor
    a second process leaves half a file. Of a file at most `most_bytes` are fetched, for at most `deadline` seconds.
    Raises DownloadError if a file can't be had.
    """
    answers = {mirror: _ask(mirror + next(iter(files)), patience) for mirror in mirrors}
    get = partial(_get, most_bytes=most_bytes, deadline=deadline)
    latest = time.monotonic() + patience
    failures: list[str] = []
    for mirror in mirrors:
        try:
            fault = answers[mirror].get(timeout=max(0.0, latest - time.monotonic()))
        except Empty:
            fault = f"no answer within {patience:g} s"
        if fault:
            failures.append(f"{mirror}: {fault}")
            continue
        try:
            announce(f"Downloading {len(files)} files from {mirror} to {folder}.")
            for name, sha256 in files.items():
                _fetch(name, sha256, folder, mirror, retries, get=get)
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
        if not _private(url):
            answer.put("not asked, as it does not speak https")
            return
        try:
            exists = pooch.HTTPDownloader(timeout=patience)(url, None, None, check_only=True)
            answer.put("" if exists else f"has no {url.rpartition('/')[2]}")
        except Exception as error:  # whatever it is, this mirror is of no use
            answer.put(f"can't be reached ({type(error).__name__})")

    threading.Thread(target=ask, daemon=True).start()
    return answer


def _private(url: str) -> bool:
    """Say whether `url` is https, or of this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _HERE


def _get(url: str, output: Path, most_bytes: int, deadline: float) -> None:
    """Write what `url` answers to `output`. Raises OSError, which is not tried again, where it is too much."""
    ends = time.monotonic() + deadline
    with (
        requests.get(url, stream=True, timeout=(PATIENCE, _READ_TIMEOUT)) as response,
        output.open("wb") as file,
        tqdm(unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=not sys.stderr.isatty()) as progress,
    ):
        response.raise_for_status()
        if not _private(response.url):
            raise OSError(f"leads to {response.url}, which is not https")
        received = 0
        # Whatever has arrived, so that a trickle can't put off the look at the clock.
        while chunk := response.raw.read1(1 << 16):
            received += len(chunk)
            if received > most_bytes:
                raise OSError(f"sends more than {most_bytes:,} bytes")
            if time.monotonic() > ends:
                raise OSError(f"has sent {received:,} bytes in {deadline:g} s, and given up")
            file.write(chunk)
            progress.update(len(chunk))


def _fetch(
    name: str, sha256: str, folder: Path, mirror: str, retries: int, *, get: Callable[[str, Path], None]
) -> None:
    def verified(url: str, output_file: str, _: object) -> None:
        try:
            get(url, Path(output_file))
        except HTTPError as error:  # urllib3's own, of a transfer that breaks off
            raise requests.ConnectionError(f"{name}: {error}") from error
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
