"""One whole search that many tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hpo.searching import Search, run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, blobs: Path) -> Search:
    """Return a search that one worker ran from beginning to end."""
    search = Search(tmp_path_factory.mktemp("undisturbed"), blobs)
    run("run", *search.arguments, "--workers", "1")
    return search
