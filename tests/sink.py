"""A real HTTP server on loopback: its answers are raw bytes of the test's own, and it remembers what it was sent."""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from oracle.http import Http, HttpFailed

ENGINES = ("httpx", "asks")
LOCAL = ("127.0.0.1",)


@attrs.frozen
class Call:
    """A request as it arrived: `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


Script = Callable[[Call, trio.abc.Stream], Awaitable[None]]


class Sink:
    """`script` writes the answer and may be changed at any time; `calls` is all that came."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.scheme = scheme
        self.calls: list[Call] = []
        self.script: Script = answering(200)
        self._send, self._heard = trio.open_memory_channel[Call](math.inf)

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        """Where this sink is."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def next(self) -> Call:
        """The next request nobody waited for yet, waiting for it."""
        return await self._heard.receive()

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection, one request."""
        try:
            call = await _read(stream)
            self.calls.append(call)
            self._send.send_nowait(call)
            await self.script(call, stream)
        except (trio.BrokenResourceError, ValueError):
            pass  # a client may leave whenever it likes
        finally:
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def open_sink(script: Script | None = None, context: ssl.SSLContext | None = None) -> AsyncIterator[Sink]:
    """A sink on a free port of 127.0.0.1; with `context` it speaks TLS."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    sink = Sink(listeners[0].socket.getsockname()[1], "https" if context else "http")
    sink.script = script or sink.script

    async def serve(stream: trio.SocketStream) -> None:
        await sink.serve(trio.SSLStream(stream, context, server_side=True) if context else stream)

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, serve, listeners)
        yield sink
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_raw(serve: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """A server of bare connections on a free port of 127.0.0.1, which is what it gives."""

    async def one(stream: trio.SocketStream) -> None:
        try:
            await serve(stream)
        except trio.BrokenResourceError:
            pass  # a client may leave whenever it likes
        finally:
            await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        await nursery.start(trio.serve_listeners, one, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def refusal(http: Http, url: str, method: str = "GET", **how: Any) -> HttpFailed:
    """The failure of a request that must fail."""
    with pytest.raises(HttpFailed) as caught:
        await http.request(method, url, **how)
    return caught.value


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """A script that always gives this answer; `_` in header names stands for `-`."""
    lines = [f"HTTP/1.1 {status} X"]
    if status not in (204, 304):
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(data: bytes) -> Script:
    """A script that writes `data` and closes."""

    async def script(call: Call, stream: trio.abc.Stream) -> None:
        await stream.send_all(data)

    return script


async def _read(stream: trio.abc.Stream) -> Call:
    data = b""
    while b"\r\n\r\n" not in data:
        data += await _more(stream)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await _more(stream)
    return Call(method, path, headers, body)


async def _more(stream: trio.abc.Stream) -> bytes:
    chunk = await stream.receive_some(65536)
    if not chunk:
        raise ValueError("the client left")
    return bytes(chunk)
