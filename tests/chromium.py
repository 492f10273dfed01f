"""Debian's Chromium under Playwright, for tests that look at what a browser shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from tests.plainly import plain_asyncio

CHROMIUM = shutil.which("chromium", path="/usr/bin") or shutil.which("chromium")
MISSING = "no Chromium on this machine: apt-get install chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
ANY_HOST = "--disable-features=LocalNetworkAccessChecks"
"""For a page of another origin that talks to this machine."""
PATIENCE_MS = 30_000  # a browser, a server and a build may share two cores


@contextmanager
def chromium(folder: Path, *flags: str, **options: object) -> Iterator[BrowserContext]:
    """A browser with a profile of its own in `folder`, in the calling thread."""
    with plain_asyncio():
        starting = sync_playwright()
        playwright = starting.__enter__()
    try:
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=CHROMIUM, args=[*FLAGS, *flags], **options)
        try:
            yield context
        finally:
            context.close()
    finally:
        starting.__exit__(None, None, None)
