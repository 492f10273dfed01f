"""Draws docs/gallery.svg: for each watchdog one detection of a live run on the simulated market, with what it saw.

    .venv/bin/python docs/gallery.py

Takes some minutes: it waits until each has spoken. Nothing is drawn that was not published.
"""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import attrs
import trio

from actors import Child, Published
from oracle.model import Event, Quote, Sample, Trade
from oracle.settings import Data, Settings
from oracle.system import System, open_system
from oracle.watchdogs import WATCHDOGS

TARGET = Path(__file__).with_name("gallery.svg")
PATIENCE_S = 400.0
AFTER_S = 15.0  # what is drawn goes on for a while after a detection
BEFORE_S = 110.0
WIDE, HIGH, COLUMNS = 330, 160, 3
INKS = ("#2563a8", "#c2571a", "#3d8b4f")

Point = tuple[float, float]  # seconds before or after the detection, value


@attrs.frozen
class Panel:
    """How the input of one watchdog is drawn: its name on the axis, and (line, value) of a message, if it has one."""

    axis: str
    value: Callable[[Any, Event], tuple[str, float] | None]
    dots: bool = False


def _sample(*names: str) -> Callable[[Any, Event], tuple[str, float] | None]:
    def value(message: Any, event: Event) -> tuple[str, float] | None:
        about = event.subject.split(":")[-1]
        if isinstance(message, Sample) and message.name in names and about in message.subject.split(":"):
            return (f"{message.name} {message.subject}" if len(names) > 1 else message.subject), message.value
        return None

    return value


def _fact(kind: str, of: Callable[[dict[str, Any]], float]) -> Callable[[Any, Event], tuple[str, float] | None]:
    def value(message: Any, event: Event) -> tuple[str, float] | None:
        return (kind, of(message.data)) if isinstance(message, Event) and message.kind == kind else None

    return value


def _price(message: Any, event: Event) -> tuple[str, float] | None:
    return ("price", message.price) if isinstance(message, Trade) and message.symbol == event.subject else None


def _volume(message: Any, event: Event) -> tuple[str, float] | None:
    return ("size", message.size) if isinstance(message, Trade) and message.symbol == event.subject else None


def _mids(message: Any, event: Event) -> tuple[str, float] | None:
    return (message.source, message.mid) if isinstance(message, Quote) and message.symbol == event.subject else None


def _surprise(data: dict[str, Any]) -> float:
    return float((data["actual_eps"] - data["estimated_eps"]) / abs(data["estimated_eps"]) * 100)


PANELS = {
    "earnings_anomaly": Panel("surprise of each report, %", _fact("earnings", _surprise), dots=True),
    "unusual_volume": Panel("size of trades", _volume),
    "whale_movement": Panel("transfers, log10 USD", _fact("transfer", lambda d: math.log10(d["usd_value"])), dots=True),
    "funding_rate": Panel("funding rate per 8 h, by venue", _sample("funding_rate")),
    "liquidity_drop": Panel("book depth near the mid price, USD", _sample("book_depth_bid", "book_depth_ask")),
    "correlation_breakdown": Panel("prices of both legs, last 7 days", lambda message, event: None),
    "exchange_outage": Panel("health: response, ms", _sample("http_response_ms")),
    "price_anomaly": Panel("price, USD", _price),
    "arbitrage_opportunity": Panel("mid price by venue, USD", _mids),
    "metric": Panel("the sample", _sample("http_response_ms")),
    "absence": Panel("health: status", _sample("http_status"), dots=True),
}


async def main() -> None:
    """Run the simulated market in a folder of its own until each watchdog has spoken, and draw."""
    witness = Witness()
    with tempfile.TemporaryDirectory() as folder:
        async with open_system(Settings(data=Data(folder=Path(folder))), witness.begin) as system:
            with trio.move_on_after(PATIENCE_S):
                await witness.all_spoke.wait()
            await trio.sleep(AFTER_S)
            drawn = [await _panel(system, name, witness.events.get(name), witness.heard) for name in WATCHDOGS]
    rows = math.ceil(len(drawn) / COLUMNS)
    placed = "".join(
        f'<g transform="translate({i % COLUMNS * WIDE} {i // COLUMNS * HIGH})">{one}</g>' for i, one in enumerate(drawn)
    )
    TARGET.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * WIDE} {rows * HIGH}" '
        f'font-family="system-ui, sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>{placed}</svg>\n'
    )
    print(f"{TARGET.name}: {len(witness.events)} of {len(WATCHDOGS)} watchdogs spoke")


class Witness:
    """Hears everything from the first message on; of each watchdog it keeps an event with some past before it."""

    def __init__(self) -> None:
        self.heard: list[Published] = []
        self.events: dict[str, Event] = {}
        self.all_spoke = trio.Event()
        self._begun_us = 0

    def begin(self, system: System) -> list[Child]:
        """Listen before any feed speaks."""
        self._begun_us = system.runtime.now_us()
        system.runtime.listen("*", self._hear)
        return []

    def _hear(self, published: Published) -> None:
        self.heard.append(published)
        event = published.message
        if not isinstance(event, Event) or not event.source.startswith("watchdog:"):
            return
        name = event.source.partition(":")[2]
        early = event.ts_us < self._begun_us + 60_000_000 and name not in ("correlation_breakdown", "metric")  # which speak once
        if not early:
            self.events.setdefault(name, event)
        if len(self.events) == len(WATCHDOGS):
            self.all_spoke.set()


async def _panel(system: System, name: str, event: Event | None, heard: list[Published]) -> str:
    title = f'<text x="12" y="16" font-weight="600" font-size="12">{name}</text>'
    if event is None:
        return f'{title}<text x="12" y="32">was silent</text>'
    panel = PANELS[name]
    lines = await _legs(system, event) if name == "correlation_breakdown" else _lines(panel, event, heard)
    said = f"{event.severity}: {event.summary}"
    captions = (
        f'<text x="12" y="{HIGH - 12}" fill="#333">{escape(said if len(said) < 57 else said[:55] + "...")}</text>'
        f'<text x="12" y="29" fill="#777">{escape(panel.axis)}</text>'
    )
    return title + captions + _curves(lines, panel.dots, mark=name != "correlation_breakdown")


def _lines(panel: Panel, event: Event, heard: list[Published]) -> dict[str, list[Point]]:
    lines: dict[str, list[Point]] = defaultdict(list)
    for published in heard:
        at_s = (published.time_us - event.ts_us) / 1e6
        if -BEFORE_S <= at_s <= AFTER_S and (found := panel.value(published.message, event)):
            lines[found[0]].append((at_s, found[1]))
    return lines


async def _legs(system: System, event: Event) -> dict[str, list[Point]]:
    """Both prices of a pair, each as a multiple of its first."""
    lines = {}
    for leg in (event.data["asset1"], event.data["asset2"]):
        symbol = leg if leg == event.subject or leg in {"SPY", "QQQ", "GLD", "TLT"} or "-" in leg else f"{leg}-USD"
        page = await system.queries.bars(symbol, "1h", event.ts_us - 7 * 86_400_000_000, event.ts_us)
        first = page.items[0]["close"]
        lines[symbol] = [((row["ts_us"] - event.ts_us) / 1e6, row["close"] / first) for row in page.items]
    return lines


def _curves(lines: dict[str, list[Point]], dots: bool, mark: bool) -> str:
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    right = max(right, 0.0) if mark else right
    low, high = min(y for _, y in points), max(y for _, y in points)

    def place(point: Point) -> tuple[float, float]:
        x = 12 + (point[0] - left) / ((right - left) or 1) * (WIDE - 24)
        return x, HIGH - 34 - (point[1] - low) / ((high - low) or 1) * (HIGH - 76)

    drawn = []
    if mark:
        x = place((0.0, low))[0]
        drawn.append(f'<path d="M{x:.1f} 36V{HIGH - 30}" stroke="#c22" stroke-dasharray="3 2"/>')
    for ink, line in zip(INKS * 4, lines.values(), strict=False):
        at = [place(point) for point in line]
        if dots:
            drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{ink}"/>' for x, y in at]
        else:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
            drawn.append(f'<path d="M{path}" fill="none" stroke="{ink}" stroke-width="1.2"/>')
    return "".join(drawn)


if __name__ == "__main__":
    trio.run(main)
