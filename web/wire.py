"""Bytes on a socket: frames made once and sent to many, and the dialect a group of clients is told things in.

Server frames of a WebSocket carry no mask, so the same bytes serve every client; a server-sent event is a chunk of an HTTP
response, and as good for everybody. RFC 6455 section 5.2, RFC 7692 section 7.2.1, RFC 9112 section 7.1, and the WHATWG's
HTML standard, section 9.2.
"""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta
from typing import Protocol

from actors import Published

__all__ = [
    "SSE_BEAT", "Dialect", "close_frame", "deflated_frame", "event_chunk", "iso", "ping_frame", "text_frame", "topic_key",
]  # fmt: skip

SSE_BEAT = b"3\r\n:\n\n\r\n"
"""A comment, which every reader of server-sent events passes over: as good as a ping."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dialect(Protocol):
    """How a family of clients wants to be told; one object per family and system, as groups are keyed by it."""

    def frame(self, published: Published) -> bytes | None:
        """The bytes that tell a message, None where this family does not know its kind."""

    def still(self, published: Published) -> bytes | None:
        """The same in a snapshot, which is no place to come back to: of other topics less is known."""

    def word(self, payload: bytes, place: str = "") -> bytes:
        """The bytes that tell one client a JSON text; `place` is where it may come back to afterwards."""

    def skipped(self, count: int, reason: str) -> bytes:
        """The JSON that tells a client it was not given `count` messages."""


def iso(ts_us: int) -> datetime:
    """The instant of UTC microseconds; written with `Z` in JSON."""
    return EPOCH + timedelta(microseconds=ts_us)


def topic_key(published: Published) -> str | None:
    """By what a slow client is conflated: the topic of a retained message; None where each one counts."""
    return published.topic if getattr(published.message, "retained", False) else None


def text_frame(payload: bytes) -> bytes:
    """One whole text message."""
    return _frame(0x81, payload)


def deflated_frame(payload: bytes) -> bytes:
    """One whole text message for clients that take permessage-deflate; it leans on no message before it, so that the same
    bytes serve all of them."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _frame(0xC1, packed[:-4])


def event_chunk(payload: bytes, place: str = "") -> bytes:
    """One server-sent event as one chunk; with a `place`, which a client that comes back gives as `Last-Event-ID`."""
    event = b"id: %b\ndata: %b\n\n" % (place.encode(), payload) if place else b"data: %b\n\n" % payload
    return b"%x\r\n%b\r\n" % (len(event), event)


def ping_frame(payload: bytes = b"") -> bytes:
    """A ping; at most 125 bytes of payload."""
    return _frame(0x89, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """A close; `reason` at most 123 bytes."""
    return _frame(0x88, struct.pack("!H", code) + reason.encode()[:123])


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload
