"""A real browser for tests, where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def browser() -> Iterator[object]:
    """Start the system's Chromium, or the one that Playwright brought along; skip where there is neither."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install -e '.[test]'"
    )
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    with playwright.sync_playwright() as driver:
        # A browser's own sandbox does not work for root, as whom containers run.
        options = ["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else []
        try:
            started = driver.chromium.launch(executable_path=program, args=options)
        except playwright.Error as error:
            if program is not None:
                raise
            pytest.skip(
                "no browser is installed; on Debian: apt-get install chromium, elsewhere: playwright install chromium "
                f"({str(error).splitlines()[0]})"
            )
        try:
            yield started
        finally:
            started.close()
