"""A feed over HTTP: JSON that is asked for again and again, and the rows in it."""

from __future__ import annotations

import math
import random
from typing import Any, Literal
from urllib.parse import quote

import attrs
import msgspec
import trio

from actors import Actor, Child
from oracle.feeds.fields import SECONDS
from oracle.feeds.poll_rows import PRESETS, Row, are_rows, hours_of, read_rows
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import STOPPED, Voice
from oracle.http import Answer, Http, HttpFailed
from oracle.model import ref
from oracle.problems import Bad
from oracle.secret import Secret, SecretMissing

__all__ = ["Poll"]

LONGEST_WAIT_S = 3_600.0
MOST_KNOWN = 10_000  # newest messages by topic, of which the same again is no news


def _is_http_url(_: object, __: object, url: str) -> None:
    if url and not url.startswith(("http://", "https://")):
        raise Bad("url_parsing", "Input should be an HTTP URL")


@attrs.frozen(kw_only=True)
class Poll:
    """Rows out of any JSON over HTTP, asked for at an interval, for each symbol if there are any.

    preset: a source that is known (bybit_funding, okx_funding, binance_funding, alpaca_quotes), which says url, headers and rows.
    url: what to ask for; {symbol} and {word} in it are each symbol, and how the source spells it.
    symbols: for which symbols; none where the URL needs none.
    headers: sent with each request; a value env:NAME or file:PATH is a secret that lies there.
    rows: what to make of the answer: kind, fields, each, scale (kinds and fields as of pushed rows, paths in JMESPath).
    interval_s: seconds between two requests for the same.
    timeout_s: seconds one request may take.
    max_bytes: a larger answer is refused, in bytes.
    """

    preset: Literal["", "bybit_funding", "okx_funding", "binance_funding", "alpaca_quotes"] = ""
    url: str = attrs.field(default="", validator=_is_http_url)
    symbols: tuple[str, ...] = ()
    headers: dict[str, str] = attrs.field(factory=dict)
    rows: tuple[Row, ...] = attrs.field(default=(), validator=are_rows)
    interval_s: float = attrs.field(default=60.0, validator=SECONDS)
    timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_bytes: int = attrs.field(default=1_048_576, validator=[attrs.validators.ge(1024), attrs.validators.le(67_108_864)])

    def __attrs_post_init__(self) -> None:
        if self.preset and self.rows:
            raise Bad("value_error", "a preset says what rows there are")
        if self.url and not self.preset and not self.rows:
            raise Bad("value_error", "rows have to say what to make of the answer")

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it asks for ever. `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        asked = http or Http()
        return Child(ref("feed", name), lambda: PollFeed(self, counted, asked))


@attrs.define
class _Page:
    """One thing that is asked for, and what is known of it."""

    url: str
    symbol: str
    headers: dict[str, str] = attrs.field(factory=dict)  # that make an answer say whether it is new
    failures: int = 0


@attrs.define(eq=False)
class PollFeed(Actor):
    """Asks, reads, publishes; says when the source is away, and asks it less often then."""

    settings: Poll
    statistics: FeedStatistics
    http: Http
    _voice: Voice = attrs.field(init=False)
    _known: dict[str, Any] = attrs.field(factory=dict, init=False)

    async def start(self) -> None:
        """Begin to ask, for all symbols at once."""
        self._voice = Voice(self, self.statistics)
        settings, preset = self.settings, PRESETS.get(self.settings.preset)
        url = settings.url or (preset.url if preset else "")
        if not url:
            self.statistics.last_error = "no url and no preset is set: there is nothing to ask for"
            return
        for symbol in settings.symbols or ("",):
            word = preset.word(symbol) if preset else symbol
            page = _Page(url.replace("{symbol}", quote(symbol)).replace("{word}", quote(word)), symbol)
            self.helper(self._ask_on, page)

    async def stop(self) -> None:
        """Say so."""
        if self.statistics.connected:
            self._voice.disconnected(_origin(self.settings.url), STOPPED)

    async def _ask_on(self, page: _Page) -> None:
        while True:
            await self.runtime.bus.room()
            wait_s = await self._ask(page)
            await trio.sleep(wait_s)

    async def _ask(self, page: _Page) -> float:
        """One request; how long to wait until the next."""
        settings = self.settings
        try:
            headers = {**self._headers(), **page.headers}
            answer = await self.http.request(
                "GET", page.url, headers=headers, timeout_s=settings.timeout_s, limit_bytes=settings.max_bytes)  # fmt: skip
        except HttpFailed as failed:
            return self._failed(page, failed.kind, failed.message)
        except SecretMissing as missing:
            return self._failed(page, "no_secret", str(missing))
        if answer.status == 304:
            self._there(page, "unchanged", 0)
            return settings.interval_s
        if answer.status != 200:
            after = answer.headers.get("retry-after", "")
            wait_s = min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0
            return max(wait_s, self._failed(page, f"status:{answer.status}", f"it answered {answer.status}"))
        return self._read(page, answer)

    def _read(self, page: _Page, answer: Answer) -> float:
        try:
            found = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._failed(page, "not_json", "it answered what is no JSON")
        names = {"if-none-match": "etag", "if-modified-since": "last-modified"}
        page.headers = {ours: answer.headers[theirs] for ours, theirs in names.items() if theirs in answer.headers}
        self._there(page, "answer", len(answer.body))
        for kind, messages in read_rows(self._rows(found), found, page.symbol, self.name.removeprefix("feed:"), self.now_us()):
            news = [message for message in messages if self._is_news(message)]
            for message in news:
                self.publish(message)
            self.statistics.count(kind if news or not messages else "same_again", len(news), 0, self.now_us())
            if not messages:
                self.statistics.last_error = f"{_origin(page.url)}: {kind}"
        return self.settings.interval_s

    def _rows(self, found: Any) -> tuple[Row, ...]:
        preset = PRESETS.get(self.settings.preset)
        if preset is None:
            return self.settings.rows
        hours = hours_of(preset.hours, found)
        return tuple(attrs.evolve(row, scale=8 / hours) for row in preset.rows) if hours else preset.rows

    def _is_news(self, message: Any) -> bool:
        if self._known.get(message.topic) == message:
            return False
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[message.topic] = message
        return True

    def _headers(self) -> dict[str, str]:
        preset = PRESETS.get(self.settings.preset)
        given = {**(preset.headers if preset else {}), **self.settings.headers}
        return {name: Secret.parse(text).reveal() if text.startswith(("env:", "file:")) else text for name, text in given.items()}

    def _there(self, page: _Page, kind: str, size: int) -> None:
        page.failures = 0
        if not self.statistics.connected:
            self._voice.connected(_origin(page.url))
        self.statistics.count(kind, 0, size, self.now_us())

    def _failed(self, page: _Page, kind: str, why: str) -> float:
        """Half to the whole of an interval that doubles with each failure, an hour at most."""
        page.failures += 1
        self.statistics.count(kind, 0, 0, self.statistics.last_frame_us)
        self._voice.disconnected(_origin(page.url), why)
        wait_s = min(self.settings.interval_s * 2.0 ** min(page.failures - 1, 20), LONGEST_WAIT_S)
        return wait_s * (0.5 + random.random() / 2) if math.isfinite(wait_s) else LONGEST_WAIT_S


def _origin(url: str) -> str:
    # without path and query: some sources carry keys there
    return "/".join(url.split("/")[:3])
