"""What all connections of one server share: its bounds, the app behind it, who is connected, and what was counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import trio

__all__ = ["Bounds", "Desk", "Stopping"]

KIB = 1024


@attrs.frozen
class Bounds:
    """How much one client may ask of the server. Times in seconds."""

    connections: int = 1_000  # open at once; further ones are answered 503
    backlog: int = 256
    head_bytes: int = 16 * KIB
    body_bytes: int = 1024 * KIB
    message_bytes: int = 256 * KIB  # of a WebSocket client
    held_bytes: int = 1024 * KIB  # unsent stream frames of one slow client
    send_buffer_bytes: int = 256 * KIB  # in the kernel; more only makes what a slow client sees older
    frames_per_s: int = 500  # WebSocket frames of one client; beyond, it is read more slowly
    head_s: float = 10.0
    body_s: float = 10.0
    keep_alive_s: float = 30.0
    send_s: float = 10.0  # without a byte taken
    heartbeat_s: float = 20.0  # of silence until a WebSocket client is pinged; closed after twice that
    linger_s: float = 0.5  # for the client to read our last words
    deflate: frozenset[str] = frozenset()  # topics whose messages are compressed, once for all clients that take it
    drain_s: float = 0.6  # at an orderly stop; with the grace of channels the whole end stays below two seconds

    @classmethod
    def of(cls, server: Any) -> Bounds:
        """The bounds that the `server` settings name; the rest keep their defaults."""
        return cls(
            connections=server.connections, body_bytes=server.body_limit_bytes, body_s=server.body_timeout_s,
            message_bytes=server.message_limit_bytes, held_bytes=server.outlet_limit_bytes, send_s=server.send_timeout_s,
            heartbeat_s=server.heartbeat_s, deflate=frozenset(server.deflate),
        )  # fmt: skip


@attrs.define(eq=False)
class Desk:
    """Survives the lives of the `web` actor; the counts are since it was made."""

    app: Callable[..., Any]
    bounds: Bounds
    open: set[Any] = attrs.field(factory=set)  # of Connection
    accepted: int = 0
    crashed: int = 0  # ended by an exception of ours, caught at the boundary
    turned_away: int = 0  # over the limit of connections
    no_handshake: int = 0  # over TLS: they did not speak it, shared nothing with us, or took longer than `head_s`
    cut_off: int = 0  # took nothing for `send_s`, was silent for too long, or let our answers pile up
    stopping: bool = False
    waiting: set[trio.Event] = attrs.field(factory=set)  # of views that wait for something; set when the server stops
    timers: Any = None
    """`actors.Timers` of the runtime that serves."""
    quick: Callable[..., bytes | None] | None = None
    """Answers what needs no app (`web.quick.Quick`)."""
    _terms: Any = None

    def terms(self, make: Callable[[Desk], Any]) -> Any:
        """What all connections are served on, made once."""
        if self._terms is None:
            self._terms = make(self)
        return self._terms


@attrs.frozen
class Stopping:
    """Hypercorn asks it whether a connection may be used again."""

    desk: Desk

    def is_set(self) -> bool:
        """True once the server stops."""
        return self.desk.stopping
