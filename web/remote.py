"""A running server as the command line sees it: found through its data folder, or named by its URL."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

from oracle.exchange import Target
from oracle.http import Answer, Http, HttpFailed
from oracle.problems import Bad
from oracle.secret import Secret, SecretMissing
from oracle.tls import exactly, system
from oracle.websocket import Lost, connect
from web.failures import Unreachable
from web.presence import Presence

__all__ = ["Remote"]

TIMEOUT_S = 10.0
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024


@attrs.frozen
class Remote:
    """Asks one server. `url` ends with a slash; `token` may be empty; `certificate` (PEM) is the only one to
    believe over TLS, empty where the authorities of this machine say whom."""

    url: str
    token: str = attrs.field(default="", repr=False)
    certificate: str = attrs.field(default="", repr=False)

    @classmethod
    def of(cls, presence: Presence) -> Remote:
        """The server of a presence, with its token fetched from where it lies. Raises Unreachable."""
        try:
            Target.parse(presence.url)
            token = Secret.parse(presence.token).reveal() if presence.token else ""
            if presence.certificate:
                exactly(presence.certificate)
            return cls(presence.url, token, presence.certificate)
        except HttpFailed as wrong:
            raise Unreachable(f"{presence.url!r} is no address of a server: {wrong.message}") from wrong
        except (SecretMissing, Bad) as missing:
            raise Unreachable(f"the server's token can't be read: {missing}") from missing
        except ValueError as wrong:
            raise Unreachable(f"the certificate that {presence.url} is said to have is none: {wrong}") from wrong

    async def ask(self, path: str, **query: str) -> Answer:
        """The answer to GET `path`, whatever its status. Raises Unreachable."""
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        http = Http(allow=(urlsplit(self.url).hostname or "",), trust=self._trust())
        try:
            return await http.request("GET", url, headers=self._headers, timeout_s=TIMEOUT_S,
                                      limit_bytes=ANSWER_LIMIT_BYTES)
        except HttpFailed as failed:
            raise Unreachable(f"{self.url} does not answer: {failed}") from failed

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of GET `path`. Raises Unreachable for no answer, for one that is not 200, and for one not JSON."""
        answer = await self.ask(path, **query)
        try:
            body = json.loads(answer.body)
        except ValueError:
            body = None
        if answer.status != 200 or body is None:
            raise Unreachable(f"{self.url}{path} answered {answer.status}: {answer.body[:300].decode(errors='replace')}")
        return body

    @asynccontextmanager
    async def stream(self, topics: str, since: str = "") -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The frames of the native stream, from now on or from the place `since`. Raises Unreachable when there are no
        more."""
        url = f"ws{self.url.removeprefix('http')}api/oracle/stream?{urlencode({'topics': topics, 'since': since})}"
        try:
            async with connect(url, timeout_s=TIMEOUT_S, max_message_bytes=MESSAGE_LIMIT_BYTES,
                               headers=tuple(self._headers.items()), certificate=self.certificate) as connection:
                yield self._frames(connection)
        except Lost as lost:
            raise Unreachable(f"the stream of {self.url} ended: {lost}") from lost

    async def _frames(self, connection: Any) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield json.loads(await connection.receive())

    def _trust(self) -> dict[str, ssl.SSLContext]:
        own = Target.parse(self.url)
        if own.scheme != "https":
            return {}
        return {own.origin: exactly(self.certificate) if self.certificate else system()}

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}
