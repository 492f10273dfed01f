"""What the protocol classes need of the connection they run on, and what they say when a client breaks the protocol."""

from __future__ import annotations

from typing import Any, Protocol

from web.desk import Bounds
from web.inbox import Inbox

__all__ = ["WORDS", "Line"]

WORDS = {
    400: ("malformed", "the request is not HTTP/1.1"),
    408: ("timeout", "the request did not arrive in time"),
    413: ("too_large", "the body is too large"),
    431: ("too_large", "the request head is too large"),
    501: ("unsupported", "only the chunked transfer encoding is supported"),
    505: ("unsupported", "this server speaks HTTP/1.1"),
}
"""Code and message of an error, by its status."""


class Line(Protocol):
    """A connection."""

    bounds: Bounds

    def adorn(self, scope: Any, inbox: Inbox) -> None:
        """Add what our own routes look for in an ASGI scope; `inbox` holds its events."""

    def expect(self, within_s: float) -> None:
        """What the client owes us next must come in time; `inf` where it owes nothing."""

    def hush(self) -> None:
        """A stream begins or ceases to take frames."""

    def pong(self, frame: bytes) -> None:
        """Send a pong when it can be sent."""

    async def pace(self) -> None:
        """Count a WebSocket frame; waits where there were too many this second."""
