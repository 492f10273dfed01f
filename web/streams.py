"""HTTP/1.1 and WebSocket on one connection: Hypercorn's protocol classes, with what they leave open closed.

No HTTP/2 by upgrade or by preface, no request with two lengths; bodies and messages are bounded while they arrive, also
compressed ones; a protocol error is answered with its status or close code before the connection ends.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from typing import Any, cast

import h11
import msgspec
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event
from hypercorn.protocol.events import Body, Data, EndBody, Request, Response, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, Handshake, WSStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason
from wsproto.handshake import server_extensions_handshake

from web.desk import Desk, Stopping
from web.head import Malformed, deflate_offer, wants_socket
from web.inbox import Inbox
from web.line import WORDS, Line

__all__ = ["Exchange", "Http11", "Tasks", "Upgrade", "terms"]

class Http11(H11Protocol):
    """Hypercorn's HTTP/1.1 with our streams and stricter checks of the request head."""

    def __init__(self, line: Line, *args: Any) -> None:
        super().__init__(*args)
        self._line = line
        self._method = b""
        self._has_body = False

    async def handle(self, event: Event) -> None:
        """Take bytes or the end; answers a malformed request itself."""
        try:
            await super().handle(event)
        except Malformed as error:
            await self.refuse(error.status, str(error))

    async def refuse(self, status: int, message: str) -> None:
        """Answer with an error where no answer has begun, and end the connection."""
        connection = getattr(self.connection, "h11_connection", self.connection)
        if connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._send_error_response(status, message)
        await self._close_stream()
        await self.send(Closed())

    async def stream_send(self, event: Any) -> None:
        """As Hypercorn's, but an error to a request with a body says that the connection ends: what is left of the body
        would be read as the next request."""
        if isinstance(event, Response) and event.status_code >= 400 and self._has_body:
            headers = [(name, value) for name, value in event.headers if name.lower() != b"connection"]
            event = dataclasses.replace(event, headers=[*headers, (b"connection", b"close")])
        await super().stream_send(event)

    async def _check_protocol(self, event: h11.Request) -> None:
        return

    async def _create_stream(self, request: h11.Request) -> None:
        headers = list(request.headers)
        self._method, self._has_body = request.method, False
        socket = wants_socket(request, self.config.h11_max_incomplete_size)
        self._has_body = any(n == b"transfer-encoding" or (n == b"content-length" and v != b"0") for n, v in headers)
        if socket and self._has_body:
            raise Malformed(400, "a WebSocket upgrade has no body")
        kind: type[Exchange | Upgrade] = Upgrade if socket else Exchange
        self.stream = stream = kind(
            self.app, self.config, self.context, self.task_group, self.ssl, self.client, self.server, self.stream_send, STREAM_ID
        )
        stream.line = self._line
        if socket:
            self.connection = H11WSConnection(cast(h11.Connection, self.connection))
        if self._has_body:
            self._line.expect(self._line.bounds.body_s)
        await stream.handle(
            Request(
                stream_id=STREAM_ID, headers=headers, http_version=request.http_version.decode(),
                method=request.method.decode("ascii").upper(), raw_path=request.target, state=self.connection_state,
            )
        )  # fmt: skip
        self.keep_alive_requests += 1

    async def _send_error_response(self, status_code: int, message: str = "") -> None:
        code, words = WORDS.get(status_code, WORDS[400])
        body = {"error": {"code": code, "message": message or words, "details": {}}}
        payload = b"" if self._method == b"HEAD" else msgspec.json.encode(body)
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        headers += [(b"content-length", str(len(payload)).encode()), *self.config.response_headers("h11")]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        if payload:
            await self._send_h11_event(h11.Data(data=payload))
        await self._send_h11_event(h11.EndOfMessage())


class Exchange(HTTPStream):
    """One request and its response; counts the body while it arrives. A response may be a live stream, whose chunks then
    are written by the outlet, as the frames of a WebSocket are."""

    line: Line
    received = 0
    connected = False  # whether it is a live stream

    @property
    def open(self) -> bool:
        """Whether chunks may be sent: the head is out, and the end is not."""
        return self.connected and not self.closed and self.state is ASGIHTTPState.RESPONSE

    async def handle(self, event: Any) -> None:
        """Hand what the client sends on to the app."""
        if self.closed:
            return
        if isinstance(event, Body):
            self.received += len(event.data)
            if self.received > self.line.bounds.body_bytes:
                raise Malformed(413, f"a body may have at most {self.line.bounds.body_bytes} bytes")
        elif isinstance(event, EndBody) and not self.connected:
            self.line.expect(math.inf)  # the app has deadlines of its own
        self.line.hush()
        await super().handle(event)

    async def app_send(self, message: Any) -> None:
        """Send what the app says; after the end it only yields, since a loop over it would hold everybody up."""
        self.line.hush()
        if self.closed and message is not None:
            await trio.lowlevel.checkpoint()
            return
        await super().app_send(message)
        if message is not None and message.get("oracle.live"):
            self.connected = True
            self.line.expect(self.line.bounds.heartbeat_s)

    async def shut(self, code: int, reason: str = "") -> None:
        """End a live stream in order; the code is for sockets."""
        if self.open:
            await self.app_send({"type": "http.response.body", "more_body": False})


class Upgrade(WSStream):
    """One WebSocket; every frame the client sends is answered, bounded or refused with its close code."""

    line: Line
    deflates = False  # whether the client takes compressed messages

    @property
    def open(self) -> bool:
        """Whether frames may be sent: accepted, and nobody has begun to close."""
        return not self.closed and self.state is ASGIWebsocketState.CONNECTED

    @property
    def connected(self) -> bool:
        """Whether the handshake is over and the connection is not."""
        return not self.closed and self.handshake.accepted

    async def handle(self, event: Any) -> None:
        """Take the upgrade request, then bytes."""
        if isinstance(event, Data) and not self.closed and not self.handshake.accepted:
            raise Malformed(400, "a frame came before the handshake was answered")
        if isinstance(event, StreamClosed):
            self.line.hush()
        if isinstance(event, Request) and not Handshake(event.headers, event.http_version).is_valid():
            raise Malformed(400, "the WebSocket handshake is not that of RFC 6455, version 13")
        await super().handle(event)

    async def app_send(self, message: Any) -> None:
        """Send what the app says; after the end it only yields, since a loop over it would hold everybody up."""
        if self.closed or (self.state is ASGIWebsocketState.CLOSED and message and message["type"] == "websocket.send"):
            await trio.lowlevel.checkpoint()
            return
        self.line.hush()
        ends = message is not None and message["type"] == "websocket.close" and self.open
        if ends:
            self.line.expect(math.inf)  # the close frame may have to wait for its turn; sending has a deadline of its own
        await super().app_send(message)
        if ends:
            self.line.expect(self.line.bounds.linger_s)

    async def shut(self, code: int, reason: str = "") -> None:
        """Close from our side: nothing is sent after the close frame, the client has the linger time to answer it."""
        if self.open:
            await self.app_send({"type": "websocket.close", "code": code, "reason": reason})

    async def _accept(self, message: Any) -> None:
        offers, self.handshake.extensions = self.handshake.extensions or [], None
        self.state = ASGIWebsocketState.CONNECTED
        status, headers, self.connection = self.handshake.accept(message.get("subprotocol"), message.get("headers", []))
        if self.line.bounds.deflate and (offer := deflate_offer(offers)):
            inflate = Inflate(self.line.bounds.message_bytes)
            if granted := server_extensions_handshake([offer], [inflate]):
                headers.append((b"sec-websocket-extensions", granted))
                self.connection, self.deflates = Connection(ConnectionType.SERVER, [inflate]), True
        await self.send(Response(stream_id=self.stream_id, status_code=status, headers=headers))

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if self.closed:
                return
            await self.line.pace()
            if isinstance(event, Message):
                await self._hear(event)
            elif isinstance(event, Ping):
                if self.open:
                    self.line.pong(bytes(self.connection.send(event.response())))
            elif isinstance(event, CloseConnection):
                code = None if self.connection.state is ConnectionState.REMOTE_CLOSING else int(event.code)
                await self._end(event.response() if code is None else CloseConnection(code=code, reason=event.reason))

    async def _hear(self, event: Message[Any]) -> None:
        try:
            self.buffer.extend(event)
        except FrameTooLargeError:
            await self._end(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG, reason="message too big"))
            return
        if event.message_finished:
            message = self.buffer.to_message()
            self.buffer.clear()
            assert self.app_put is not None
            await self.app_put(message)

    async def _end(self, close: CloseConnection) -> None:
        # from here on nobody may write a frame behind the close frame, which may have to wait for its turn
        self.state = ASGIWebsocketState.CLOSED
        self.line.hush()
        self.line.expect(math.inf)
        await self._send_wsproto_event(close)
        await self.send(StreamClosed(stream_id=self.stream_id))


class Inflate(PerMessageDeflate):
    """permessage-deflate without memory between messages; one that unpacks to more than `most` bytes ends the connection
    (0.4 MB of compressed frames became 584 MB)."""

    def __init__(self, most: int) -> None:
        super().__init__(client_no_context_takeover=True, server_no_context_takeover=True)
        self._most = most
        self._unpacked = 0

    def frame_inbound_payload_data(self, proto: Any, data: bytes) -> Any:
        """Unpack a piece of a message; wsproto's hook."""
        inflate = self._decompressor
        if not self._inbound_compressed or not self._inbound_is_compressible or inflate is None:
            return data
        try:
            unpacked = inflate.decompress(bytes(data), self._most + 1 - self._unpacked)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._unpacked += len(unpacked)
        return CloseReason.MESSAGE_TOO_BIG if self._unpacked > self._most else unpacked

    def frame_inbound_complete(self, proto: Any, fin: bool) -> Any:
        """The end of a frame; wsproto's hook."""
        self._unpacked = 0 if fin and self._inbound_is_compressible else self._unpacked
        return super().frame_inbound_complete(proto, fin)


class Tasks(TaskGroup):
    """The tasks of one connection; an app's crash is the connection's, and goes to the server's boundary."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    async def spawn_app(self, app: Any, config: Any, scope: Any, send: Any) -> Any:
        """Run the app beside the reader; returns where its events are put."""
        inbox = Inbox()
        self._line.adorn(scope, inbox)
        self.spawn(inbox.serve, app, scope, send)
        return inbox.put

    def end_within(self, seconds: float) -> None:
        """The client has gone: an app that does not notice is cancelled."""
        assert self._nursery is not None
        self._nursery.cancel_scope.deadline = trio.current_time() + seconds


def terms(desk: Desk) -> tuple[Config, WorkerContext]:
    """Hypercorn's settings and context for a connection."""
    config = Config()
    config.h11_max_incomplete_size = desk.bounds.head_bytes
    config.websocket_max_message_size = desk.bounds.message_bytes
    config.keep_alive_max_requests = 1_000_000
    config.include_server_header = False
    config.alpn_protocols = ["http/1.1"]
    config.accesslog = config.errorlog = None
    context = WorkerContext(None)
    context.terminated = Stopping(desk)  # type: ignore[assignment]
    return config, context
