"""A feed over HTTP: JSON that is asked for again and again, and the rows in it."""

from __future__ import annotations

import codecs
import random
from typing import Any, Literal
from urllib.parse import quote

import attrs
import msgspec
import trio

from actors import Child
from oracle.feeds.feed import FeedActor
from oracle.feeds.fields import SECONDS, check_http_url
from oracle.feeds.poll_page import MOST_ROWS, Page
from oracle.feeds.poll_rows import PRESETS, Row, are_rows, read_preset, read_rows
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import Voice, address_of
from oracle.http import Answer, Http, HttpFailed
from oracle.model import ref
from oracle.problems import Bad
from oracle.retry_after import retry_after_s
from oracle.secret import Secret, SecretMissing, sounds_secret

__all__ = ["Poll"]

BATCH = 64  # rows between two looks at the gate


def _is_http_url(_: object, __: object, url: str) -> None:
    if url:
        check_http_url(url)


def _hide_secrets(_: object, __: object, headers: dict[str, str]) -> None:
    for name, text in headers.items():
        if sounds_secret(name) or _is_reference(text):
            Secret.parse(text)


@attrs.frozen(kw_only=True)
class Poll:
    """Rows out of any JSON over HTTP, asked for at an interval, for each symbol if there are any.

    preset: a source that is known (bybit_funding, okx_funding, binance_funding, alpaca_quotes), which says url, headers and rows.
    url: what to ask for; {symbol} and {word} in it are each symbol, and how the source spells it.
    symbols: for which symbols; none where the URL needs none.
    headers: sent with each request; a value env:NAME or file:PATH is a secret that lies there, and keys are nothing else.
    rows: what to make of the answer: kind, fields, each, scale (kinds and fields as of pushed rows, paths in JMESPath).
    interval_s: seconds between two requests for the same.
    timeout_s: seconds one request may take.
    max_bytes: a larger answer is refused, in bytes.
    """

    preset: Literal["", "bybit_funding", "okx_funding", "binance_funding", "alpaca_quotes"] = ""
    url: str = attrs.field(default="", validator=_is_http_url)
    symbols: tuple[str, ...] = ()
    headers: dict[str, str] = attrs.field(factory=dict, validator=_hide_secrets)
    rows: tuple[Row, ...] = attrs.field(default=(), validator=are_rows)
    interval_s: float = attrs.field(default=60.0, validator=SECONDS)
    timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_bytes: int = attrs.field(default=1_048_576, validator=[attrs.validators.ge(1024), attrs.validators.le(67_108_864)])

    def __attrs_post_init__(self) -> None:
        if self.preset and self.rows:
            raise Bad("value_error", "a preset says what rows there are")
        if self.url and not self.preset and not self.rows:
            raise Bad("value_error", "rows have to say what to make of the answer")
        if not self.symbols and (self.preset or "{symbol}" in self.url or "{word}" in self.url):
            raise Bad("value_error", "symbols have to say what to ask for")

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it asks for ever. `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        asked = http or Http()
        return Child(ref("feed", name), lambda: PollFeed(self, counted, asked))


@attrs.define(eq=False)
class PollFeed(FeedActor):
    """Asks, reads, publishes. The source is away where no page is answered, which is said aloud, and a page that isn't is asked
    for less often; one of several that fails is only counted and shown."""

    settings: Poll
    statistics: FeedStatistics
    http: Http
    _voice: Voice = attrs.field(init=False)
    _pages: tuple[Page, ...] = attrs.field(default=(), init=False)

    async def start(self) -> None:
        """Begin to ask, for all symbols at once."""
        self._voice = Voice(self, self.statistics)
        settings, preset = self.settings, PRESETS.get(self.settings.preset)
        url = settings.url or (preset.url if preset else "")
        if not url:
            self.statistics.last_error = "no url and no preset is set: there is nothing to ask for"
            return
        word = preset.word if preset else str
        self._pages = tuple(
            Page(url.replace("{symbol}", quote(symbol, "")).replace("{word}", quote(word(symbol), "")), symbol)
            for symbol in settings.symbols or ("",)
        )
        self.helper(self._voice.to_the_end, address_of(url))
        for page in self._pages:
            self.helper(self._ask_on, page)

    async def stop(self) -> None:
        """Let it be said that this is no crash."""
        self._voice.stopping = True

    async def _ask_on(self, page: Page) -> None:
        while True:
            await self.runtime.bus.room()
            await trio.sleep(await self._ask(page))

    async def _ask(self, page: Page) -> float:
        """One request; how long to wait until the next."""
        settings = self.settings
        try:
            headers = {**self._headers(), **page.conditions}
            answer = await self.http.request(
                "GET", page.url, headers=headers, timeout_s=settings.timeout_s, limit_bytes=settings.max_bytes)  # fmt: skip
        except HttpFailed as failed:
            return self._failed(page, failed.kind, failed.message)
        except SecretMissing as missing:
            return self._failed(page, "no_secret", str(missing))
        match answer.status:
            case 304:
                page.failures = 0
                self._there(page, "unchanged", 0)
            case 200:
                return await self._read(page, answer)
            case status:
                asked_s = retry_after_s(answer.headers.get("retry-after", ""), self.now_us())
                return self._failed(page, f"status:{status}", f"it answered {status}", asked_s or 0.0)
        return settings.interval_s

    async def _read(self, page: Page, answer: Answer) -> float:
        try:
            found = msgspec.json.decode(answer.body.removeprefix(codecs.BOM_UTF8))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._failed(page, "not_json", "it answered what is no JSON")
        page.answered(answer.headers)
        self._there(page, "answer", len(answer.body))
        preset, source, now_us = PRESETS.get(self.settings.preset), self.name.removeprefix("feed:"), self.now_us()
        rows = (read_preset(preset, found, page.symbol, source, now_us) if preset else
                read_rows(self.settings.rows, found, page.symbol, source, now_us))  # fmt: skip
        for number, (kind, messages) in enumerate(rows):
            if number == MOST_ROWS:
                self._tell(page, "too_many_rows", ())
                break
            if number % BATCH == BATCH - 1:
                await self.runtime.bus.room()
            self._tell(page, kind, messages)
        return self.settings.interval_s

    def _tell(self, page: Page, kind: str, messages: tuple[Any, ...]) -> None:
        news = [message for message in messages if page.is_news(message)]
        for message in news:
            self.publish(message)
        self.statistics.count(kind if news or not messages else "same_again", len(news), 0, self.now_us())
        if not messages:
            self.statistics.last_error = f"{address_of(page.url)}: {kind}"

    def _headers(self) -> dict[str, str]:
        preset = PRESETS.get(self.settings.preset)
        given = {**(preset.headers if preset else {}), **self.settings.headers}
        return {name: Secret.parse(text).reveal() if _is_reference(text) else text for name, text in given.items()}

    def _there(self, page: Page, kind: str, size: int) -> None:
        if not self.statistics.connected:
            self._voice.connected(address_of(page.url))
        self.statistics.count(kind, 0, size, self.now_us())

    def _failed(self, page: Page, kind: str, why: str, asked_s: float = 0.0) -> float:
        """How long to wait until the next request."""
        wait_s = page.failed(self.settings.interval_s, asked_s, random.random())
        self.statistics.count(kind, 0, 0, self.statistics.last_frame_us)
        if all(one.failures for one in self._pages):
            self._voice.disconnected(address_of(page.url), why)
        else:
            self.statistics.failures += 1
            self.statistics.last_error = f"{page.symbol}: {why}"
        return wait_s


def _is_reference(text: str) -> bool:
    return text.startswith(("env:", "file:"))
