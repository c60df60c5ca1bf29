import contextlib
import dataclasses
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from hpo.storage.datasets import load_training_part, locate
from hpo.storage.download import DownloadError, download
from hpo.storage.errors import UserError
from hpo.storage.sources import FILE_NAMES, SOURCES, Source, cache_folder
from tests.support.dataset_files import checksums, idx_bytes, small_arrays, write_idx_folder

ARRAYS = small_arrays()
PACKED = {f"{FILE_NAMES[part]}.gz": gzip.compress(idx_bytes(array)) for part, array in ARRAYS.items()}
WANTED = {f"{FILE_NAMES[part]}.gz": sha256 for part, sha256 in checksums(ARRAYS).items()}
TINY = Source(name="tiny", sha256=checksums(ARRAYS), mirrors=())
NEXT = [f"{FILE_NAMES['y_train']}.gz"]


@dataclasses.dataclass
class Mirror:
    """A server on this machine: `files` are its answers, of which those in `broken` stop half-way that many times."""

    files: dict[str, bytes]
    broken: dict[str, int] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)
    url: str = ""


@contextlib.contextmanager
def serve(mirror: Mirror) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self, *, body: bool) -> None:
            name = self.path.lstrip("/")
            data = mirror.files.get(name)
            if data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                mirror.asked.append(name)
                left = mirror.broken.get(name, 0)
                mirror.broken[name] = left - 1
                self.wfile.write(data[: len(data) // 2] if left > 0 else data)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def dead_mirror() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def locate_tiny(*mirrors: str, announce=print):
    return locate("tiny", announce=announce, sources={"tiny": dataclasses.replace(TINY, mirrors=mirrors)})


def test_what_is_missing_is_downloaded_once_announced_and_then_found_in_the_cache():
    told: list[str] = []
    with serve(mirror := Mirror(PACKED)) as url:
        located = locate_tiny(url, announce=told.append)
    assert located.place == "download"
    np.testing.assert_array_equal(load_training_part(located).images, ARRAYS["x_train"])
    assert sorted(mirror.asked) == sorted(PACKED)
    assert len(told) == 1
    assert url in told[0]
    assert str(cache_folder("tiny")) in told[0]
    again = locate_tiny(dead_mirror(), announce=told.append)
    assert again.place == "cache"
    assert again.sha256 == located.sha256
    assert len(told) == 1


def test_only_the_missing_files_are_fetched():
    write_idx_folder(cache_folder("tiny"), {part: ARRAYS[part] for part in ("x_train", "x_test", "y_test")})
    with serve(mirror := Mirror(PACKED)) as url:
        locate_tiny(url)
    assert mirror.asked == NEXT


def test_a_dead_mirror_is_passed_over_for_a_good_one():
    with serve(Mirror(PACKED)) as url:
        assert load_training_part(locate_tiny(dead_mirror(), url)).classes == 3


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Mirror(PACKED, broken=dict.fromkeys(PACKED, 9)), "IncompleteRead|Connection broken"),
        (Mirror(PACKED | {NEXT[0]: b"<html>please log in</html>"}), "came with SHA-256 .* instead of"),
        (Mirror(PACKED | {NEXT[0]: PACKED[NEXT[0]][:-4]}), "came damaged"),
        (Mirror({NEXT[0]: PACKED[NEXT[0]]}), "has no train-images-idx3-ubyte.gz"),
        (Mirror({name: data for name, data in PACKED.items() if name != NEXT[0]}), "404"),
    ],
    ids=["truncated", "another content", "damaged", "none of the files", "a file less"],
)
def test_a_mirror_that_fails_leaves_no_broken_file_and_the_next_one_serves(tmp_path, bad, reason):
    bad.broken = dict(bad.broken)
    with serve(bad) as bad_url:
        with pytest.raises(DownloadError, match=reason) as raised:
            download(WANTED, tmp_path / "a", [bad_url], announce=print, retries=0)
        assert bad_url in str(raised.value)
        with serve(Mirror(PACKED)) as good_url:
            download(WANTED, tmp_path / "b", [bad_url, good_url], announce=print, retries=0)
    for folder, names in ((tmp_path / "a", PACKED.keys() - NEXT), (tmp_path / "b", PACKED.keys())):
        files = list(folder.iterdir()) if folder.exists() else []
        assert {file.name for file in files} <= names
        assert all(file.read_bytes() == PACKED[file.name] for file in files)
    assert len(list((tmp_path / "b").iterdir())) == 4


def test_a_broken_transfer_is_tried_again(tmp_path):
    with serve(mirror := Mirror(PACKED, broken={NEXT[0]: 1})) as url:
        download({NEXT[0]: WANTED[NEXT[0]]}, tmp_path, [url], announce=print)
    assert mirror.asked == NEXT * 2


def test_mirrors_that_never_answer_cost_their_patience_once(tmp_path):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        urls = [f"http://127.0.0.1:{each.getsockname()[1]}/" for each in silent]
        start = time.monotonic()
        with pytest.raises(DownloadError, match=r"no answer|can't be reached"):
            download(WANTED, tmp_path, urls, announce=print, patience=0.3)
        assert time.monotonic() - start < 2
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def endless(seconds_between: float, chunk: bytes) -> Iterator[str]:
    """Serve a file that never ends: `chunk` again and again."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            with contextlib.suppress(OSError):
                while not stop.wait(seconds_between):
                    self.wfile.write(chunk)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("pause", "chunk", "reason"),
    [(0, b"x" * 50_000, "sends more than 1,000,000 bytes"), (0.02, b"x", "has sent .* bytes in 0.3 s")],
    ids=["endless", "a trickle"],
)
def test_a_mirror_that_never_ends_is_given_up(tmp_path, pause, chunk, reason):
    with endless(pause, chunk) as url, pytest.raises(DownloadError, match=reason):
        download(WANTED, tmp_path, [url], announce=print, retries=0, most_bytes=1_000_000, deadline=0.3)
    assert not list(tmp_path.iterdir())


def test_mirrors_speak_https():
    assert all(url.startswith("https://") for source in SOURCES.values() for url in source.mirrors)
    with pytest.raises(DownloadError, match=r"http://mirror.invalid/: not asked, as it does not speak https"):
        download(WANTED, Path("nowhere"), ["http://mirror.invalid/"], announce=print)


def test_where_no_mirror_delivers_the_error_says_why_for_each():
    urls = dead_mirror(), dead_mirror()
    with pytest.raises(UserError, match="found no tiny; looked in") as raised:
        locate_tiny(*urls)
    assert all(f"{url}: can't be reached" in str(raised.value) for url in urls)


def test_a_cache_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with serve(Mirror(PACKED)) as url, pytest.raises(UserError, match="cache"):
        locate_tiny(url)
