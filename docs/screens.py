"""Draws the screenshots of the README: a server with the simulated market, a browser, and each view as it stands after a while.

    python docs/screens.py [URL]

Without a URL it starts a server of its own. Needs Debian's Chromium and a built page.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.chromium import chromium
from tests.serving import serving

FOLDER = Path(__file__).with_name("screens")
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
VIEWS = {
    "overview": "overview", "markets": "markets/BTC-USD", "watchdogs": "watchdogs/price_anomaly", "alerts": "alerts",
    "trading": "trading", "experiments": "experiments", "tasks": "tasks", "runtime": "runtime",
}  # fmt: skip
LIGHT = ("alerts", "trading")
LOOK_S = 8.0
"""How long each view is looked at before it is drawn, so that its lines have some length."""


def main() -> None:
    """Write docs/screens/NAME.png."""
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else stack.enter_context(serving(folder / "data")).url
        browser = stack.enter_context(chromium(folder / "browser", viewport=SIZE, color_scheme="dark"))
        tab = browser.new_page()
        for name, place in VIEWS.items():
            tab.emulate_media(color_scheme="light" if name in LIGHT else "dark")
            shoot(tab, f"{url}/#/{place}", name)
        tab.emulate_media(color_scheme="dark")
        tab.set_viewport_size(PHONE)
        shoot(tab, f"{url}/#/markets/BTC-USD", "phone")


def shoot(tab: object, url: str, name: str) -> None:
    tab.goto("about:blank")
    tab.goto(url)
    time.sleep(LOOK_S)
    tab.screenshot(path=FOLDER / f"{name}.png")
    print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
