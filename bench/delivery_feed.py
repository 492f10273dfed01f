"""A feed that publishes what it is told: a plug-in, so that what is measured is the product from the bus to the socket.

`POST /api/oracle/inbox` with `{"bench": {"do": "fan", ...}}` reaches it as the event that makes of it.
"""

from __future__ import annotations

import time
from typing import Any

import attrs
import msgspec
import trio
import trio.testing

from actors import Actor, Child
from oracle.feeds import FeedStatistics
from oracle.feeds.binance_frames import parse
from oracle.feeds.sequence import TradesSeen
from oracle.http import Http
from oracle.model import Quote, Sample, Trade, ref

__all__ = ["Told"]

ZERO_NS = 10**18  # added to time stamps, so that each has 19 digits
SYMBOLS = 100


class Fan(msgspec.Struct, tag_field="do", tag="fan"):
    """Trades of one symbol, `burst` at a time: at `rate_per_s` trades a second, or, without one, the next burst when the
    house has nothing left to do for the last. `size` more bytes in each."""

    messages: int
    burst: int = 1
    rate_per_s: float = 0.0
    symbol: str = "B"
    size: int = 0


class Ticks(msgspec.Struct, tag_field="do", tag="ticks"):
    """What a venue would send, `rate_per_s` frames a second, through the parser."""

    messages: int
    rate_per_s: float


class Quotes(msgspec.Struct, tag_field="do", tag="quotes"):
    """A quote of each symbol."""

    symbols: list[str]


class Panels(msgspec.Struct, tag_field="do", tag="panels"):
    """Samples called `name` of so many subjects in turn, `rate_per_s` a second for so many seconds. The value is the
    milliseconds since `base_ms` (UTC) at which it was published."""

    name: str
    base_ms: float
    panels: int
    rate_per_s: float
    seconds: float


@attrs.frozen(kw_only=True)
class Told:
    """Has no settings."""

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; `statistics` survive its lives."""
        return Child(ref("feed", name), lambda: ToldFeed(statistics or FeedStatistics()))


@attrs.define(eq=False)
class ToldFeed(Actor):
    """Does one thing after the other."""

    statistics: FeedStatistics
    listens = ("event:webhook_received:inbox",)

    def receive(self, event: Any) -> None:
        """Begin what the event says."""
        match msgspec.convert(event.data["bench"], Fan | Ticks | Quotes | Panels):
            case Fan() as order:
                self.helper(self._fan, order)
            case Ticks() as order:
                self.helper(self._tick, order)
            case Panels() as order:
                self.helper(self._panels, order)
            case Quotes() as order:
                for symbol in order.symbols:
                    self.publish(Quote(symbol, 101.25, 3.5, 101.5, 2.25, self.now_us(), "bench"))

    async def _fan(self, order: Fan) -> None:
        began, source = trio.current_time(), "b" + "x" * order.size
        for first in range(0, order.messages, order.burst):
            if order.rate_per_s:
                await trio.sleep_until(began + first / order.rate_per_s)
            for _ in range(min(order.burst, order.messages - first)):
                now_us = self.now_us()
                self.publish(Trade(order.symbol, 101.25, 1.0, "", _stamp(), now_us, source))
                self.statistics.count("trade", 1, 0, now_us)
            await self.runtime.bus.room()
            if not order.rate_per_s:
                await trio.testing.wait_all_tasks_blocked()

    async def _tick(self, order: Ticks) -> None:
        """At each turn what is due, as a feed does that finds several frames waiting."""
        seen, began, done = TradesSeen("binance"), trio.current_time(), 0
        while done < order.messages:
            due = min(order.messages, int((trio.current_time() - began) * order.rate_per_s))
            for number in range(done, due):
                now_us = self.now_us()
                frame = _frame(number, now_us)
                kind, trades = seen.once(parse(frame, now_us), now_us)
                for trade in trades:
                    self.publish(trade)
                self.statistics.count(kind, len(trades), len(frame), now_us)
            done = due
            await self.runtime.bus.room()
            await trio.sleep_until(began + (done + 1) / order.rate_per_s)


    async def _panels(self, order: Panels) -> None:
        began, count = trio.current_time(), round(order.rate_per_s * order.seconds)
        for number in range(count):
            await trio.sleep_until(began + number / order.rate_per_s)
            now_us = self.now_us()
            value = round(now_us / 1_000 - order.base_ms, 1)
            self.publish(Sample(order.name, f"p{number % order.panels:02}", value, "ms", now_us, "bench"))
            self.statistics.count("sample", 1, 0, now_us)


def _stamp() -> str:
    return str(ZERO_NS + time.monotonic_ns())


def _frame(number: int, now_us: int) -> bytes:
    """An aggregated trade as the venue's combined stream words it; its id is the time stamp."""
    price = f"{100 + number * 7 % 50 / 100:.8f}"
    return (
        f'{{"stream":"s{number % SYMBOLS}usdt@aggTrade","data":{{"e":"aggTrade","E":{now_us // 1000},'
        f'"s":"S{number % SYMBOLS}USDT","a":{_stamp()},"p":"{price}","q":"0.50000000","f":{number},"l":{number},'
        f'"T":{now_us // 1000},"m":true,"M":true}}}}'
    ).encode()
