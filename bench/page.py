"""The page in a real Chromium: the wall of 100 live lines at 1,000 updates a second, beside a bare page that only draws the
same points of the same stream with uPlot, one after the other in the same rounds.

What a page costs is the CPU time of its main thread, as the browser counts it. A number is shown when the frame after the
one that wrote it begins: both pages are watched by the same script. The server has one core, the browser what there is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from playwright.sync_api import BrowserContext, CDPSession, Page

from bench.delivery import compared
from bench.load import CannotMeasure, preferred
from bench.servers import Ours, ours
from tests.chromium import ANY_HOST, CHROMIUM, MISSING, chromium

HERE = Path(__file__).parent
UPLOT = HERE.parent / "web" / "page" / "node_modules" / "uplot" / "dist"
PANELS = 100
RATE_PER_S = 1_000.0
WARM_S = 3.0
RUN_S = 6.0
LONG_S = 40.0  # of the heap
FRAME_MS = 1_000 / 60
VIEW = {"width": 1_600, "height": 1_200}  # all lines are on the screen
BARE = "a bare page with uPlot"
MIB = 1_048_576
SIZE = "(canvas => [canvas.width, canvas.height])(document.querySelector('canvas'))"


@attrs.frozen
class Measured:
    """Of one run of a page: CPU seconds of the main thread a second; the 95th percentile from sending to showing; bytes of
    the heap, collected, at the beginning and at the end; width and height of a line in pixels."""

    main: float
    p95_ms: float
    heap: tuple[float, float]
    panel: tuple[int, int]


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Three rows; see the module. Raises CannotMeasure where a line did not show the newest of what was sent."""
    if CHROMIUM is None:
        raise CannotMeasure(MISSING)
    if not UPLOT.is_dir():
        raise CannotMeasure("the page is not built here: make page")
    mine, bare = [], []
    with ours() as house, _browser() as browser:
        for number in range(rounds + 1):
            found = _wall(browser, house, f"wall{number}", RUN_S)
            other = _bare(browser, house, f"bare{number}", found.panel)
            if number:  # the first warms up
                mine.append(found)
                bare.append(other)
        long = _wall(browser, house, "long", LONG_S)
        house.check()
    load = f"{PANELS} live lines at {RATE_PER_S:,.0f} updates/s"
    columns = [[one.main for one in side] for side in (mine, bare)]
    yield compared(f"page: {load}, main thread CPU s per s", columns[0], BARE, columns[1], "<= 3.0")
    times = [[one.p95_ms for one in side] for side in (mine, bare)]
    later = statistics.median(a - b for a, b in zip(*times, strict=True)) / FRAME_MS
    yield {"name": f"page: {load}, sent to shown p95, ms (ratio: frames later)", "ours": statistics.median(times[0]),
           "peer": BARE, "peer_value": statistics.median(times[1]), "target": "<= 3.0", "ratio": later}  # fmt: skip
    before, after = long.heap
    yield {"name": f"page: {load}, heap after {LONG_S:.0f} s, MiB", "ours": after / MIB, "peer": "the same page when it was warm",
           "peer_value": before / MIB, "target": "<= 1.2"}  # fmt: skip


def _wall(browser: BrowserContext, house: Ours, name: str, seconds: float) -> Measured:
    page = browser.new_page()
    page.goto(house.url(f"/#/markets?show=wall&window=1m&topics=sample%3A{name}%3A*"))
    page.locator('[data-link="live"]').wait_for()
    page.get_by_text("Nothing has been told about").wait_for()
    return _measured(page, house, name, seconds)


def _bare(browser: BrowserContext, house: Ours, name: str, panel: tuple[int, int]) -> Measured:
    words = {"STYLE": (UPLOT / "uPlot.min.css").read_text(), "UPLOT": (UPLOT / "uPlot.iife.min.js").read_text(),
             "WIDTH": str(panel[0]), "HEIGHT": str(panel[1])}  # fmt: skip
    body = (HERE / "page_bare.html").read_text()
    for word, value in words.items():
        body = body.replace(f"%{word}%", value)
    page = browser.new_page()
    page.route("**/bare", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(house.url(f"/bare#sample:{name}:*"))
    page.wait_for_function("document.title === 'live'")
    return _measured(page, house, name, RUN_S)


def _measured(page: Page, house: Ours, name: str, seconds: float) -> Measured:
    base_ms = time.time() * 1_000
    page.evaluate("base => { probe.base = base }", base_ms)
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})
    house.tell({"do": "panels", "name": name, "base_ms": base_ms, "panels": PANELS, "rate_per_s": RATE_PER_S,
                "seconds": WARM_S + seconds + 1})  # fmt: skip
    page.wait_for_timeout(WARM_S * 1_000)
    before = _counts(browser)
    page.evaluate("probe.delays = []")
    page.wait_for_timeout(seconds * 1_000)
    after, delays = _counts(browser), page.evaluate("probe.delays")
    page.evaluate("probe.delays = []")
    heap = _counts(browser)["JSHeapUsedSize"]
    panel = page.evaluate(SIZE)
    _check(page, (WARM_S + seconds + 1) * 1_000)
    page.close()
    spent = {name: after[name] - before[name] for name in ("Timestamp", "TaskDuration")}
    return Measured(spent["TaskDuration"] / spent["Timestamp"], statistics.quantiles(delays, n=20)[-1],
                    (before["JSHeapUsedSize"], heap), tuple(panel))  # fmt: skip


def _counts(browser: CDPSession) -> dict[str, float]:
    browser.send("HeapProfiler.collectGarbage")
    return {metric["name"]: metric["value"] for metric in browser.send("Performance.getMetrics")["metrics"]}


def _check(page: Page, end_ms: float) -> None:
    """Whether every line shows the last that was sent about it; waits for the end of what is sent."""
    page.wait_for_timeout(1_500)
    shown = [float(text.replace(",", "")) for text in page.locator("output").all_inner_texts()]
    round_ms = PANELS / RATE_PER_S * 1_000
    if len(shown) != PANELS or min(shown) < max(shown) - 2 * round_ms or max(shown) < end_ms - 500:
        told = f"{min(shown, default=0):.0f} to {max(shown, default=0):.0f}"
        raise CannotMeasure(f"{len(shown)} lines show what was sent at {told} ms of {end_ms:.0f}")
    if page.locator(".meter").count():
        raise CannotMeasure(f"the page says {page.locator('.meter').all_inner_texts()}")


@contextmanager
def _browser() -> Iterator[BrowserContext]:
    with TemporaryDirectory(prefix="oracle-bench-") as folder, chromium(Path(folder), ANY_HOST, viewport=VIEW) as browser:
        for child in Path("/proc/self/task").glob("*/children"):  # whichever thread has started it
            for pid in child.read_text().split():
                preferred(int(pid))
        browser.add_init_script(path=HERE / "page_probe.js")
        yield browser
