"""A running server as its clients see it: found through its data folder, or named by its URL; asked once, heard until lost."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import attrs
import trio

from oracle.exchange import Target
from oracle.http import Answer, Http, HttpFailed
from oracle.presence import Presence, find
from oracle.problems import Bad
from oracle.retry_after import retry_after_s
from oracle.secret import Secret, SecretMissing
from oracle.tls import exactly, system
from oracle.websocket import Connection, Lost, connect

__all__ = ["Remote", "RemoteFailed", "Said", "Words"]

TIMEOUT_S = 10.0
SILENCE_S = 30.0  # until the server is asked whether it is still there
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
MOST_SAID = 2_000  # characters
_PASSING = frozenset({0, 408, 429, 500, 502, 503, 504})


class RemoteFailed(Exception):
    """What was asked for was refused, or nobody answered. `status` is that of the answer, 0 where there was none; `body` its
    JSON (text where it is none). `passing`: the same may succeed later; then nobody knows whether a command was applied.
    `retry_after_s` is how long it asked to be left alone."""

    def __init__(self, message: str, status: int = 0, body: Any = None, *, passing: bool | None = None,
                 retry_after_s: float = 0.0) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.body = body
        self.passing = status in _PASSING if passing is None else passing
        self.retry_after_s = retry_after_s

    @classmethod
    def of(cls, what: str, answer: Answer) -> RemoteFailed:
        """An answer that is a "no" to `what`."""
        text = answer.body.decode(errors="replace")
        body = _json(answer.body, text)
        return cls(f"{what} answered {answer.status}: {_sentences(body) or text[:300]}", answer.status, body,
                   retry_after_s=_asked_s(answer))  # fmt: skip

    @property
    def code(self) -> str:
        """The word of the server for what is wrong (`VALIDATION_ERROR`, `not_found`), empty where it has none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        found = error.get("code") if isinstance(error, dict) else error
        return found if isinstance(found, str) else ""

    @property
    def details(self) -> Any:
        """What it says beside: a text for each field that won't do, or a list of them, or a sentence; None for nothing."""
        if not isinstance(self.body, dict):
            return self.body
        error = self.body.get("error")
        return error.get("details") if isinstance(error, dict) else self.body.get("detail", self.body.get("message"))


@attrs.frozen
class Said:
    """An answer that is a "yes": its JSON, None where it is empty, and its headers by lower-case name."""

    json: Any
    headers: Mapping[str, str]


class Words(Protocol):
    """What the server says on a stream, word by word."""

    async def next(self) -> dict[str, Any]:
        """The next one, as soon as there is one. Raises RemoteFailed when there are no more."""


@attrs.frozen
class Remote:
    """One server, asked once. `url` ends with a slash; `token` may be empty; `certificate` (PEM) is the only one to
    believe over TLS, empty where the authorities of this machine say whom."""

    url: str
    token: str = attrs.field(default="", repr=False)
    certificate: str = attrs.field(default="", repr=False)
    _http: Http = attrs.field(init=False, eq=False, repr=False)

    @_http.default
    def _reaching(self) -> Http:
        return Http(allow=(urlsplit(self.url).hostname or "",), trust=self._trust())

    @classmethod
    def of(cls, presence: Presence) -> Remote:
        """The server of a presence, with its token fetched from where it lies. Raises RemoteFailed."""
        try:
            Target.parse(presence.url)
            token = Secret.parse(presence.token).reveal() if presence.token else ""
            if presence.certificate:
                exactly(presence.certificate)
            return cls(presence.url, token, presence.certificate)
        except HttpFailed as wrong:
            raise RemoteFailed(f"{presence.url!r} is no address of a server: {wrong.message}") from wrong
        except (SecretMissing, Bad) as missing:
            raise RemoteFailed(f"the server's token can't be read: {missing}") from missing
        except ValueError as wrong:
            raise RemoteFailed(f"the certificate that {presence.url} is said to have is none: {wrong}") from wrong

    @classmethod
    def here(cls, folder: Path) -> Remote:
        """The server that runs on a data folder of this machine. Raises RemoteFailed."""
        presence = find(folder)
        if presence is None:
            raise RemoteFailed(f"no server runs on the data folder {folder}; start one with oracle serve")
        return cls.of(presence)

    async def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, *, body: bytes = b"", ident: str = "",
                  timeout_s: float = TIMEOUT_S, limit_bytes: int = ANSWER_LIMIT_BYTES) -> Answer:  # fmt: skip
        """The answer, whatever its status; `ident` is the id of a command. Raises RemoteFailed where there is none."""
        url = self.url + path.removeprefix("/") + (f"?{urlencode(query, doseq=True)}" if query else "")
        headers = dict(self._headers)
        if body:
            headers["content-type"] = "application/json"
        if ident:
            headers["idempotency-key"] = ident
        try:
            return await self._http.request(method, url, headers=headers, body=body, timeout_s=timeout_s,
                                            limit_bytes=limit_bytes)  # fmt: skip
        except HttpFailed as failed:
            final = failed.kind in ("refused", "too_big")
            raise RemoteFailed(f"{self.url} does not answer: {failed}", passing=not final) from failed

    async def tell(self, method: str, path: str, query: Mapping[str, Any] | None = None, **how: Any) -> Any:
        """The JSON of the answer, None where that is empty. Raises RemoteFailed for no answer, for a "no", and for what is
        not JSON."""
        return (await self.say(method, path, query, **how)).json

    async def take(self, path: str, body: bytes, *, timeout_s: float, limit_bytes: int) -> Answer:
        """The answer to a question that is asked with POST, as it is, where it is a "yes". Raises RemoteFailed."""
        answer = await self.ask("POST", path, body=body, timeout_s=timeout_s, limit_bytes=limit_bytes)
        if answer.status != 200:
            raise RemoteFailed.of(f"{self.url}{path}", answer)
        return answer

    async def say(self, method: str, path: str, query: Mapping[str, Any] | None = None, **how: Any) -> Said:
        """The answer, where it is a "yes". Raises RemoteFailed as `tell` does."""
        answer = await self.ask(method, path, query, **how)
        if not 200 <= answer.status < 300:
            raise RemoteFailed.of(f"{self.url}{path.removeprefix('/')}", answer)
        try:
            return Said(json.loads(answer.body) if answer.body else None, answer.headers)
        except ValueError as wrong:
            raise RemoteFailed(f"{method} {path} answered what is no JSON", answer.status,
                               answer.body.decode(errors="replace")) from wrong  # fmt: skip

    @asynccontextmanager
    async def stream(self, topics: str, since: str = "") -> AsyncIterator[Words]:
        """The native stream, from now on or from the place `since`. Raises RemoteFailed when it ends."""
        url = f"ws{self.url.removeprefix('http')}api/oracle/stream?{urlencode({'topics': topics, 'since': since})}"
        try:
            async with connect(url, timeout_s=TIMEOUT_S, max_message_bytes=MESSAGE_LIMIT_BYTES,
                               headers=tuple(self._headers.items()), certificate=self.certificate) as connection:
                yield _Spoken(connection)
        except Lost as lost:
            text = lost.body.decode(errors="replace")
            raise RemoteFailed(f"the stream of {self.url} ended: {lost}" + (f": {text[:300]}" if text else ""),
                               lost.status, _json(lost.body, text)) from lost  # fmt: skip

    def _trust(self) -> dict[str, ssl.SSLContext]:
        own = Target.parse(self.url)
        if own.scheme != "https":
            return {}
        return {own.origin: exactly(self.certificate) if self.certificate else system()}

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


@attrs.frozen
class _Spoken:
    """Over a WebSocket."""

    connection: Connection

    async def next(self) -> dict[str, Any]:
        """See `Words`."""
        while True:
            with trio.move_on_after(SILENCE_S):
                word: dict[str, Any] = json.loads(await self.connection.receive())
                return word
            await self.connection.probe(TIMEOUT_S)


def _asked_s(answer: Answer) -> float:
    """How long it asks to be left alone. Where that is a date, the clock is that of who said it: its own `Date`."""
    asked = answer.headers.get("retry-after", "")
    try:
        now_us = round(parsedate_to_datetime(answer.headers.get("date", "")).timestamp() * 1e6)
    except (ValueError, OverflowError):
        now_us = None
    if now_us is None and not asked.strip().isdecimal():
        return 0.0
    return retry_after_s(asked, now_us or 0) or 0.0


def _sentences(body: Any) -> str:
    """What a "no" says to people: its sentence, and which fields won't do; empty where it is none of ours."""
    match body:
        case {"detail": [*problems]}:
            return "; ".join(_problem(one) for one in problems if isinstance(one, dict))[:MOST_SAID]
        case {"error": {"message": str(text), "details": details}} if details and not _said_in(text, details):
            return f"{text} {json.dumps(details)}"[:MOST_SAID]
        case {"error": {"message": str(text)}} | {"detail": str(text)} | {"message": str(text)}:
            return text[:MOST_SAID]
    return ""


def _said_in(text: str, details: Any) -> bool:
    """Whether the sentence of each of the details is in the text already."""
    return isinstance(details, list) and all(isinstance(one, dict) and str(one.get("message")) in text for one in details)


def _problem(one: Mapping[str, Any]) -> str:
    place = one.get("loc")
    where = ".".join(map(str, place[1:])) if isinstance(place, list) else ""  # it begins with "body" or "query"
    return f"{where}: {one.get('msg')}" if where else str(one.get("msg"))


def _json(body: bytes, otherwise: Any) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return otherwise
