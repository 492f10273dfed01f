"""Bytes on a socket: WebSocket frames made once and sent to many, and the dialect a group of sockets speaks.

Server frames carry no mask, so the same bytes serve every client. Nothing is compressed.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Protocol

from actors import Published

__all__ = ["Dialect", "close_frame", "iso", "ping_frame", "text_frame", "topic_key"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Dialect(Protocol):
    """How a family of clients wants to be told; one object per family and system, as groups are keyed by it."""

    def encode(self, published: Published) -> bytes | None:
        """The JSON of a message, None where this family does not know its kind."""

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
