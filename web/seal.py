"""TLS for a socket that is written to without waiting: bytes are sealed in one call, and whoever holds the line sends them.

What was sealed first must be sent first, and nothing of it may be left out: records are numbered by the order of their
making. What the protocol itself has to say (a new key, a session to come back to) goes out with the next bytes.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

import trio

__all__ = ["Seal"]

KIB = 1024
OWED_BYTES = 64 * KIB
PLAIN_HTTP = "HTTP_REQUEST"


class Seal:
    """The server's end of one TLS connection. Reads like a trio stream; `socket` is the bare one below."""

    def __init__(self, stream: trio.SocketStream, context: ssl.SSLContext) -> None:
        self.socket = stream.socket
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ended = self._over = False  # they have said their last, we have said ours

    async def shake_hands(self) -> None:
        """Agree on keys; has no deadline of its own. Raises ssl.SSLError, and what the stream raises."""
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            # TLS 1.3 needs nothing more of us here, and a client that has left already would answer with a reset
            if not done or self._tls.version() != "TLSv1.3":
                await self._stream.send_all(self._outgoing.read())
            if not done:
                self._take(await self._stream.receive_some(OWED_BYTES))

    def seal(self, data: bytes) -> bytes:
        """The records that carry `data`, after whatever the protocol has to say. Raises ssl.SSLError once this is over."""
        if data:
            self._tls.write(data)
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """The records after which nothing more can be sealed, and what comes is no longer read; after a handshake that failed,
        the one that says why."""
        if not self._over:
            self._over = True
            with suppress(ssl.SSLError):  # it asks for their farewell, which may never come
                self._tls.unwrap()
        return self._outgoing.read()

    async def receive_some(self, max_bytes: int) -> bytes:
        """What the client sent; empty at the end. Raises trio.BrokenResourceError where somebody has tampered with it.

        After our farewell it is what came, unread: it matters only whether anything did."""
        if self._over:
            return bytes(await self._stream.receive_some(max_bytes))
        if self._incoming.pending or self._tls.pending():
            await trio.lowlevel.checkpoint()
        while not (data := self._opened(max_bytes)) and not self._ended:
            self._take(await self._stream.receive_some(max_bytes))
        return data

    def _take(self, sealed: bytes | bytearray) -> None:
        if sealed:
            self._incoming.write(sealed)
        else:
            self._incoming.write_eof()

    def _opened(self, max_bytes: int) -> bytes:
        parts = []
        try:
            while max_bytes and (part := self._tls.read(max_bytes)):
                parts.append(part)
                max_bytes -= len(part)
            self._ended = max_bytes > 0
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):  # many just hang up; HTTP and WebSocket know whether that was all
            self._ended = True
        except ssl.SSLError as error:
            raise trio.BrokenResourceError from error
        if self._outgoing.pending > OWED_BYTES:
            raise trio.BrokenResourceError("the client asks for new keys and takes none")
        return b"".join(parts)
