"""One server and one browser for each module of the page's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.chromium import CHROMIUM, MISSING, PATIENCE_MS
from tests.chromium import chromium as started
from tests.serving import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The simulated market, with a past."""
    with serving(tmp_path_factory.mktemp("page") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser of 1280 x 900 for the module."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with started(tmp_path_factory.mktemp("browser"), viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield context


@pytest.fixture
def browser(chromium: BrowserContext) -> Iterator[BrowserContext]:
    """One browser for all, without what the test before left in it."""
    yield chromium
    for page in chromium.pages[1:]:  # a browser ends with its last page
        page.close()
    chromium.clear_cookies()
