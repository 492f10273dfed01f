"""A client's connection over TLS: the handshake before everything else, and then the same bytes, sealed when they are written.

Bytes are sealed in the block that writes them or puts them behind the tail, so they go out in the order of their records;
an idle client is written to without a detour, and what a short write leaves behind is a tail as any other.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any

import trio

from web.connection import GONE, Connection
from web.desk import Desk
from web.inbox import Inbox
from web.seal import PLAIN_HTTP, Seal

__all__ = ["Secured"]

LOG = logging.getLogger("oracle.web")
WORDS = b'{"error":{"code":"https_needed","message":"this address speaks https","details":{}}}'
HTTPS_NEEDED = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
    % (len(WORDS), WORDS)
)


class Secured(Connection):
    """As `Connection`; a client that does not shake hands within `head_s` seconds is counted and gone."""

    stream: Seal  # type: ignore[assignment]

    def __init__(self, desk: Desk, stream: trio.SocketStream, extensions: dict[str, Any], context: ssl.SSLContext) -> None:
        super().__init__(desk, stream, extensions)
        self.stream = Seal(stream, context)

    async def run(self) -> None:
        """Shake hands, then serve."""
        reason = "not in time"
        with trio.move_on_after(self.bounds.head_s):
            try:
                await self.stream.shake_hands()
                reason = ""
            except GONE as error:
                reason = getattr(error, "reason", "") or "the client has gone"
        if not reason:
            await super().run()
            return
        self.desk.no_handshake += 1
        LOG.debug("no TLS handshake: %s", reason)
        await self._turn_back(HTTPS_NEEDED if reason == PLAIN_HTTP else b"")

    async def _turn_back(self, words: bytes) -> None:
        """Say why, in the open, to a client that can hear it."""
        super()._write_now(words + self.stream.farewell())
        await super().close()
        await self._linger()

    def settle(self) -> None:
        """As `Connection.settle`; but nobody may write past the seal."""

    def adorn(self, scope: Any, inbox: Inbox) -> None:
        """As `Connection.adorn`, with the scheme that was really spoken."""
        super().adorn(scope, inbox)
        scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"

    async def _send(self, data: bytes) -> None:
        if not self.clear:
            sealed, data = self._sealed(data), b""
            self.tail += sealed
        await super()._send(data)

    def _write_now(self, data: bytes) -> bytes:
        # the tail was sealed when it was written
        return super()._write_now(data if data is self.tail else self._sealed(data))

    def _sealed(self, data: bytes) -> bytes:
        try:
            return self.stream.seal(data)
        except ssl.SSLError:  # over: they broke it, or we have said farewell
            self.abort()
            return b""

    async def close(self) -> None:
        """As `Connection.close`, after a farewell that shows that nothing was cut off."""
        if not self.closing and self.clear:
            super()._write_now(self.stream.farewell())
        await super().close()
