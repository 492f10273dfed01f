"""Asks exchanges whether they are well, and how long they take to say so."""

from __future__ import annotations

import attrs
import trio

from actors import Child
from oracle.facts import HTTP_RESPONSE_MS, HTTP_STATUS, NO_ANSWER, NO_CONNECTION
from oracle.feeds.feed import FeedActor
from oracle.feeds.fields import SECONDS, check_http_url
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http, HttpFailed
from oracle.model import Sample, ref
from oracle.problems import Bad

__all__ = ["Health"]

LIMIT_BYTES = 1_048_576
EXCHANGES = {
    "binance": "https://api.binance.com/api/v3/ping",
    "coinbase": "https://api.exchange.coinbase.com/time",
    "kraken": "https://api.kraken.com/0/public/SystemStatus",
}


def _are_urls(_: object, __: object, urls: dict[str, str]) -> None:
    for name, url in urls.items():
        if ":" in name or not name:
            raise Bad("value_error", "the name of an exchange has no colon and is not empty")
        check_http_url(url)


@attrs.frozen(kw_only=True)
class Health:
    """Two samples an exchange and poll: http_response_ms, then http_status (0: no answer in time, -1: no connection).

    urls: what to ask for, by the name of the exchange.
    every_s: seconds between two polls of the same.
    timeout_s: seconds until a poll is given up.
    """

    urls: dict[str, str] = attrs.field(factory=lambda: dict(EXCHANGES), validator=[attrs.validators.min_len(1), _are_urls])
    every_s: float = attrs.field(default=60.0, validator=SECONDS)
    timeout_s: float = attrs.field(default=5.0, validator=SECONDS)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`. `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        asked = http or Http()
        return Child(ref("feed", name), lambda: HealthFeed(self, counted, asked))


@attrs.define(eq=False)
class HealthFeed(FeedActor):
    """Polls each exchange for itself, so that a slow one delays no other."""

    settings: Health
    statistics: FeedStatistics
    http: Http

    async def start(self) -> None:
        """Ask at once."""
        self.statistics.connects += 1
        self.helper(self._be_there)
        for exchange, url in self.settings.urls.items():
            self.helper(self._poll_on, exchange, url)

    async def _be_there(self) -> None:
        self.statistics.connected = True  # it is the exchanges' health that it tells of, not its own
        try:
            await trio.sleep_forever()
        finally:
            self.statistics.connected = False  # also where a poll crashed

    async def _poll_on(self, exchange: str, url: str) -> None:
        due_s = trio.current_time()
        while True:
            await self._poll(exchange, url)
            due_s = max(due_s + self.settings.every_s, trio.current_time())
            await trio.sleep_until(due_s)

    async def _poll(self, exchange: str, url: str) -> None:
        began_s, kind = trio.current_time(), "answer"
        try:
            answer = await self.http.request("GET", url, timeout_s=self.settings.timeout_s, limit_bytes=LIMIT_BYTES)
            status = answer.status
        except HttpFailed as failed:
            kind, status = failed.kind, NO_ANSWER if failed.kind == "timeout" else NO_CONNECTION
            self.statistics.last_error = f"{exchange}: {failed.message}"
        took_ms = round((trio.current_time() - began_s) * 1000, 1)
        now_us, source = self.now_us(), self.name.removeprefix("feed:")
        self.publish(Sample(HTTP_RESPONSE_MS, exchange, took_ms, "ms", now_us, source))
        self.publish(Sample(HTTP_STATUS, exchange, status, "status", now_us, source))
        self.statistics.count(kind, 2, 0, now_us)
