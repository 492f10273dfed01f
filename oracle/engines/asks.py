"""The optional second HTTP engine: asks writes the request and reads the protocol over a connection we open.

What asks would do around that is left out on purpose: it follows redirects with the Authorization header kept, repeats
requests, stores cookies, and has no limit and no deadline.
"""

from __future__ import annotations

import ssl
from typing import Any

import trio

# asks pins anyio 3, whose trio backend names this class (gone since trio 0.24) as it loads. Nothing raises it.
if not hasattr(trio, "MultiError"):
    trio.MultiError = type("MultiError", (Exception,), {})  # type: ignore[attr-defined]

from asks.request_object import RequestProcessor  # type: ignore[import-untyped]
from h11 import LocalProtocolError, RemoteProtocolError

from oracle.engines.httpx import trusted
from oracle.exchange import Answer, Body, HttpFailed, Request, Unreached
from oracle.tls import why

__all__ = ["Asks"]

_INTERIM = {100, 102, 103}


class Asks:
    """Carries one request over one fresh connection to a given address."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    async def exchange(self, request: Request, address: str, limit_bytes: int) -> Answer:
        """See `oracle.exchange.Engine`."""
        stream = await self._connect(request, address)
        try:
            processor = _Processor(request, _Socket(stream), limit_bytes)
            answer: Answer = (await processor.make_request())[1]
            return answer
        except trio.BrokenResourceError as error:
            raise _broken(error, request) from error
        except LocalProtocolError as error:
            raise HttpFailed("refused", "the request can't be written as HTTP") from error
        except RemoteProtocolError as error:
            raise HttpFailed("protocol", f"{request.target.origin} did not answer in HTTP") from error
        finally:
            await trio.aclose_forcefully(stream)

    async def _connect(self, request: Request, address: str) -> trio.abc.Stream:
        target = request.target
        try:
            stream = await trio.open_tcp_stream(address, target.port)
        except OSError as error:
            raise Unreached(f"{target.origin} can't be reached") from error
        if target.scheme == "http":
            return stream
        if self._context is None and request.trust is None:
            self._context = trusted()
        secure: trio.SSLStream[trio.SocketStream] = trio.SSLStream(
            stream, request.trust or self._context, server_hostname=target.host, https_compatible=True
        )
        try:
            await secure.do_handshake()
        except trio.BrokenResourceError as error:
            await trio.aclose_forcefully(stream)
            raise _broken(error, request) from error
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return secure


class _Socket:
    """What asks wants of an anyio stream, over a trio one."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._active = True

    async def send(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        self._active = False


class _Processor(RequestProcessor):  # type: ignore[misc]
    """One request of asks whose answer is counted while it streams."""

    def __init__(self, request: Request, sock: _Socket, limit_bytes: int) -> None:
        super().__init__(
            None, request.method, request.target.url, str(request.target.port), headers=dict(request.headers),
            data=request.body or None, encoding="utf-8", sock=sock, follow_redirects=False,
        )
        self._limit_bytes = limit_bytes

    async def _request_io(self, h11_request: Any, h11_body: Any, h11_connection: Any) -> Answer:
        try:
            await self._send(h11_request, h11_body, h11_connection)
        except trio.BrokenResourceError:
            # A server may answer and close before it has read all (413): the answer says more than the broken pipe.
            h11_connection.send_failed()
        return await self._read(h11_connection)

    async def _read(self, h11_connection: Any) -> Answer:
        event = await self._recv_event(h11_connection)
        while getattr(event, "status_code", 101) in _INTERIM:
            event = await self._recv_event(h11_connection)
        if not hasattr(event, "status_code") or event.status_code == 101:
            raise RemoteProtocolError("it went over to another protocol")
        body = Body(event.status_code, event.headers, self._limit_bytes)
        if self.method != "HEAD":
            body.announced()
        while hasattr(event := await self._recv_event(h11_connection), "data"):
            body.take(event.data)
        return body.answer()


def _broken(error: BaseException, request: Request) -> HttpFailed:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        return HttpFailed("tls", f"{request.target.origin}: {why(cause)}")
    return HttpFailed("network", f"{request.target.origin} broke the connection")
