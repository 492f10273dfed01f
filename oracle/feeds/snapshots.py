"""Asks a venue for the snapshots that its order books wish for, beside the stream."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import trio

from oracle.feeds.delta_book import DeltaBooks
from oracle.feeds.statistics import Parsed
from oracle.http import Http, HttpFailed
from oracle.symbols import join_pair

__all__ = ["Snapshots"]

AGAIN_S = 10.0
PAUSE_S = 0.5  # between two requests: the venue counts them
FAILED_S = 5.0  # after one that failed
LIMIT_BYTES = 4 * 1_048_576


class _Snapshot(msgspec.Struct):
    lastUpdateId: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


_DECODE = msgspec.json.Decoder(_Snapshot, strict=False)


class Snapshots:
    """`url` is that of the depth request, without its query."""

    def __init__(self, http: Http, url: str, books: DeltaBooks, levels: int, timeout_s: float) -> None:
        self._http = http
        self._url = url
        self._books = books
        self._levels = levels
        self._timeout_s = timeout_s
        self._news = trio.Event()

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
            for symbol in self._books.wishes(now_us()):
                kind = await self._fetch(symbol, tell, now_us)
                await trio.sleep(PAUSE_S if kind == "snapshot" else FAILED_S)

    async def _fetch(self, symbol: str, tell: Callable[[Parsed], None], now_us: Callable[[], int]) -> str:
        url = f"{self._url}?symbol={join_pair(symbol)}&limit={self._levels}"
        kind, messages = "snapshot", ()
        try:
            answer = await self._http.request("GET", url, timeout_s=self._timeout_s, limit_bytes=LIMIT_BYTES)
            if answer.status != 200:
                kind = f"snapshot_status:{answer.status}"
            else:
                found = _DECODE.decode(answer.body)
                messages = self._books.begin(symbol, found.lastUpdateId, found.bids, found.asks, now_us())
                kind = "snapshot" if messages else "snapshot_too_old"
        except HttpFailed as failed:
            kind = f"snapshot_failed:{failed.kind}"
        except (msgspec.MsgspecError, ValueError):
            kind = "snapshot_not_readable"
        tell((kind, messages))
        return kind
