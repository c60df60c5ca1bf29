"""One whole search that many tests look at, and the dashboard that shows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpo import serve
from hpo.definition.files import load_definition
from hpo.storage.database import Database
from hpo.web.access import Access
from tests.conftest import write_blob_study
from tests.support.clients import Client, served
from tests.support.comparisons import comparison_on, work_through
from tests.support.searches import Search, run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> Search:
    """Return a search that one worker ran from beginning to end."""
    search = Search(tmp_path_factory.mktemp("undisturbed"), blobs)
    search.printed = run("run", *search.arguments, "--workers", "1", "--format", "csv,html,png")
    return search


@pytest.fixture(scope="session")
def dashboard(blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Serve a database with a finished search and a finished comparison, with all filled in."""
    folder = tmp_path_factory.mktemp("dashboard")
    short = [f"{part}.epochs={epochs}" for part, epochs in (("rounds.0", 8), ("rounds.1", 8), ("final", 3))]
    search = load_definition(
        str(write_blob_study(folder / "blob.toml", blobs)), [*short, "search.groups=1", "final.probe=false"]
    )
    url = f"sqlite:///{folder}/hpo.db"
    with Database(url) as writing, Database(url, read_only=True) as reading:
        work_through(writing, search)
        work_through(writing, comparison_on(blobs, epochs=2, seeds=1))
        serve.fill_in(reading, writing, pytest.fail, threading.Event())
        application = serve.guarded(reading, writing, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            yield Client(port)
