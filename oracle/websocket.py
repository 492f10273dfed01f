"""Outbound WebSocket connections: one way to open them, and one exception for all the world can do to them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import trio
import trio_websocket
from wsproto import handshake
from wsproto.utilities import ProtocolError

from oracle.tls import exactly, system, why

__all__ = ["Connection", "Lost", "connect"]


class Lost(ConnectionError):
    """The connection could not be opened, or is gone; the message says why, for people. `status` and `body` are of the HTTP
    answer where there was one instead of a WebSocket, else 0 and empty."""

    status = 0
    body = b""

    @classmethod
    def of(cls, error: BaseException) -> Lost:
        """Why the library gave up."""
        lost = cls(_why(error))
        if isinstance(error, trio_websocket.ConnectionRejected):
            lost.status, lost.body = error.status_code, error.body or b""
        return lost


# What trio-websocket stands on raises through it when the far end breaks the protocol: wsproto while a connection closes,
# and wsproto's HTTP parser when an answer to the handshake is no HTTP.
_HttpProtocolError: type[Exception] = handshake.h11.ProtocolError  # type: ignore[attr-defined]
_FAILURES = (
    OSError, trio_websocket.HandshakeError, trio_websocket.ConnectionClosed, trio.BrokenResourceError, ProtocolError,
    _HttpProtocolError,
)  # fmt: skip


class Connection:
    """An open connection. Every method raises Lost once it is gone."""

    def __init__(self, raw: trio_websocket.WebSocketConnection) -> None:
        self._raw = raw

    async def receive(self) -> str | bytes:
        """The next whole message, reassembled from its fragments."""
        try:
            return await self._raw.get_message()
        except _FAILURES as error:
            raise Lost.of(error) from error

    async def send(self, message: str | bytes) -> None:
        """Send one message."""
        try:
            await self._raw.send_message(message)
        except _FAILURES as error:
            raise Lost.of(error) from error

    async def probe(self, timeout_s: float) -> None:
        """Ping, and wait for the pong; where none comes, the far end is gone without a word."""
        try:
            with trio.move_on_after(timeout_s) as scope:
                await self._raw.ping()
        except _FAILURES as error:
            raise Lost.of(error) from error
        if scope.cancelled_caught:
            raise Lost(f"silent, and no pong within {timeout_s:g} s")


@asynccontextmanager
async def connect(
    url: str, *, timeout_s: float, max_message_bytes: int, headers: tuple[tuple[str, str], ...] = (), certificate: str = ""
) -> AsyncIterator[Connection]:
    """Open `url` (ws or wss) within `timeout_s` seconds; closed at the end. A message over the limit ends the connection.
    Over TLS `certificate` (PEM) is the only one to believe, or where it is empty the authorities of this machine say.

    Raises Lost where it can't be opened or closed; what the block raises comes out as it is.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    host = parts.hostname or ""
    theirs: BaseException | None = None
    with _Handshake(certificate) as handshake:
        try:
            async with trio_websocket.open_websocket(
                _Bracketed(host) if ":" in host else host, parts.port or (443 if secure else 80),
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                use_ssl=handshake.context() if secure else False,
                extra_headers=[(name.encode(), value.encode()) for name, value in headers],
                message_queue_size=64, max_message_size=max_message_bytes, receive_buffer_size=65_536,
                connect_timeout=timeout_s, disconnect_timeout=1.0,
            ) as raw:  # fmt: skip
                try:
                    yield Connection(raw)
                except _FAILURES as error:
                    theirs = error
                    raise
        except _FAILURES as error:
            if theirs is not None:
                raise theirs from theirs.__cause__
            raise Lost.of(error) from error


class _Handshake:
    """Ends its block with Lost at once where TLS fails: trio-websocket would wait for an answer until its time is up."""

    def __init__(self, certificate: str) -> None:
        self._certificate = certificate
        self._scope = trio.CancelScope()
        self._failure: ssl.SSLError | None = None

    def __enter__(self) -> _Handshake:
        self._scope.__enter__()
        return self

    def __exit__(self, *raised: Any) -> bool | None:
        silenced = self._scope.__exit__(*raised)
        if self._scope.cancelled_caught and self._failure:
            raise Lost(why(self._failure)) from self._failure
        return silenced

    def context(self) -> ssl.SSLContext:
        told = self._failed

        class Telling(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except ssl.SSLWantReadError:
                    raise
                except ssl.SSLError as error:
                    told(error)
                    raise

        context = exactly(self._certificate) if self._certificate else system()
        context.sslobject_class = Telling
        return context

    def _failed(self, error: ssl.SSLError) -> None:
        self._failure = error
        self._scope.cancel()


class _Bracketed(str):
    """An IPv6 address that is plain to the resolver, and in brackets where it becomes part of a text: trio-websocket
    writes the Host header as `{host}:{port}`. (Ports 80 and 443 it leaves out; there the address stays plain.)"""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return f"[{self!s}]"


def _why(error: BaseException) -> str:
    match error:
        case trio_websocket.ConnectionRejected():
            return f"answered with HTTP status {error.status_code} instead of a WebSocket"
        case trio_websocket.ConnectionTimeout():
            return "no WebSocket handshake in time"
        case trio_websocket.ConnectionClosed() if error.reason is not None:
            return f"closed: {error.reason.code} {error.reason.reason or error.reason.name}"
        case _ if isinstance(error, ProtocolError | _HttpProtocolError):
            return f"answered what is no WebSocket: {error}"
        case trio_websocket.HandshakeError() if error.__cause__ is not None:
            return _why(error.__cause__)
        case _:
            return f"{type(error).__name__}: {error}".rstrip(": ")
