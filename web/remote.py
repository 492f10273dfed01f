"""A running server as the command line sees it: found through its data folder, or named by its URL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

from oracle.exchange import Target
from oracle.http import Answer, Http, HttpFailed
from oracle.problems import Bad
from oracle.secret import Secret, SecretMissing
from oracle.websocket import Lost, connect
from web.failures import Unreachable
from web.presence import Presence

__all__ = ["Remote"]

TIMEOUT_S = 10.0
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024


@attrs.frozen
class Remote:
    """Asks one server. `url` ends with a slash; `token` may be empty."""

    url: str
    token: str = attrs.field(default="", repr=False)

    @classmethod
    def of(cls, presence: Presence) -> Remote:
        """The server of a presence, with its token fetched from where it lies. Raises Unreachable."""
        try:
            Target.parse(presence.url)
            return cls(presence.url, Secret.parse(presence.token).reveal() if presence.token else "")
        except HttpFailed as wrong:
            raise Unreachable(f"{presence.url!r} is no address of a server: {wrong.message}") from wrong
        except (SecretMissing, Bad) as missing:
            raise Unreachable(f"the server's token can't be read: {missing}") from missing

    async def ask(self, path: str, **query: str) -> Answer:
        """The answer to GET `path`, whatever its status. Raises Unreachable."""
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        http = Http(allow=(urlsplit(self.url).hostname or "",))
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
                               headers=tuple(self._headers.items())) as connection:
                yield self._frames(connection)
        except Lost as lost:
            raise Unreachable(f"the stream of {self.url} ended: {lost}") from lost

    async def _frames(self, connection: Any) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield json.loads(await connection.receive())

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}
