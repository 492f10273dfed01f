"""Asks a venue for the snapshots that its order books wish for, beside the stream."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import trio

from oracle.feeds.delta_book import DeltaBooks
from oracle.feeds.ranges import numbered, priced, sized
from oracle.feeds.statistics import Parsed
from oracle.http import Http, HttpFailed
from oracle.retry_after import retry_after_s
from oracle.symbols import join_pair

__all__ = ["Snapshots"]

AGAIN_S = 10.0
PAUSE_S = 0.6  # between two requests: a thousand levels weigh 50 of the 6,000 that the venue grants in a minute
FAILED_S, LONGEST_S = 5.0, 320.0  # after one that failed; it doubles
LONGEST_BAN_S = 86_400.0  # that is believed
LIMIT_BYTES = 4 * 1_048_576


class _Snapshot(msgspec.Struct):
    lastUpdateId: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]

    def is_sound(self) -> bool:
        levels = self.bids + self.asks
        return numbered(self.lastUpdateId) and all(priced(price) and sized((size,)) for price, size in levels)


_DECODE = msgspec.json.Decoder(_Snapshot, strict=False)


class Snapshots:
    """`url` is that of the depth request, without its query. It outlives connections: how long the venue wants to be left alone,
    and how often it failed, is as true after the next."""

    def __init__(self, http: Http, url: str, books: DeltaBooks, levels: int, timeout_s: float) -> None:
        self._http = http
        self._url = url
        self._books = books
        self._levels = levels
        self._timeout_s = timeout_s
        self._news = trio.Event()
        self._failed_s = FAILED_S
        self._not_before_s = -math.inf  # on trio's clock

    def look(self) -> None:
        """Something may be wished for."""
        self._news.set()

    async def run(self, tell: Callable[[Parsed], None], now_us: Callable[[], int]) -> None:
        """Fetch what is wished for, one after the other, for as long as the connection lives."""
        while True:
            # What was asked for in vain is wished for again, also on a stream that says nothing meanwhile.
            with trio.move_on_after(AGAIN_S if self._books.wanting else math.inf):
                await self._news.wait()
            self._news = trio.Event()
            await trio.sleep_until(self._not_before_s)
            for symbol in self._books.wishes(now_us()):
                await trio.sleep_until(self._not_before_s)
                # Set before it is asked for: a life that ends meanwhile asked all the same.
                self._not_before_s = trio.current_time() + PAUSE_S
                wait_s = await self._fetch(symbol, tell, now_us)
                self._not_before_s = trio.current_time() + wait_s

    async def _fetch(self, symbol: str, tell: Callable[[Parsed], None], now_us: Callable[[], int]) -> float:
        """One request; seconds to wait after it."""
        url = f"{self._url}?symbol={join_pair(symbol)}&limit={self._levels}"
        asked_s = 0.0
        try:
            answer = await self._http.request("GET", url, timeout_s=self._timeout_s, limit_bytes=LIMIT_BYTES)
            if answer.status == 200:
                found = _DECODE.decode(answer.body)
                if found.is_sound():
                    tell(self._books.begin(symbol, found.lastUpdateId, found.bids, found.asks, now_us()))
                    self._failed_s = FAILED_S
                    return PAUSE_S
                kind = "snapshot_out_of_range"
            else:
                kind = f"snapshot_status:{answer.status}"
                asked_s = min(retry_after_s(answer.headers.get("retry-after", ""), now_us()) or 0.0, LONGEST_BAN_S)
        except HttpFailed as failed:
            kind = f"snapshot_failed:{failed.kind}"
        except (msgspec.MsgspecError, ValueError, RecursionError):
            kind = "snapshot_not_readable"
        tell((kind, ()))
        wait_s, self._failed_s = max(asked_s, self._failed_s), min(2 * self._failed_s, LONGEST_S)
        return wait_s
