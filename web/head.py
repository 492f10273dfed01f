"""What is checked of a request head beyond the grammar of HTTP/1.1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["Malformed", "deflate_offer", "wants_socket"]

HANDSHAKE_HEADERS = (b"connection", b"sec-websocket-extensions", b"sec-websocket-protocol")


class Malformed(Exception):
    """The client broke the protocol or a limit; `status` is the answer, after which the connection ends."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def wants_socket(request: Any, most_bytes: int) -> bool:
    """Whether a parsed request (`h11.Request`) asks for a WebSocket. Raises Malformed."""
    # h11 bounds only a head that arrives in pieces
    if len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers) > most_bytes:
        raise Malformed(431, "")
    if request.http_version not in (b"1.0", b"1.1"):
        raise Malformed(505, "this server speaks HTTP/1.1")
    names = [name for name, _ in request.headers]
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version == b"1.0"):
        raise Malformed(400, "a request has one length: Content-Length or Transfer-Encoding")
    if not request.target.startswith((b"/", b"http://", b"https://")) and request.target != b"*":
        raise Malformed(400, "the request target is a path")
    found = dict(request.headers)
    tokens = [token.strip() for token in found.get(b"connection", b"").lower().split(b",")]
    if found.get(b"upgrade", b"").strip().lower() != b"websocket" or b"upgrade" not in tokens or request.method != b"GET":
        return False
    if any(name in HANDSHAKE_HEADERS and not value.isascii() for name, value in request.headers):
        raise Malformed(400, "the WebSocket headers are ASCII")
    return True


def deflate_offer(offers: Iterable[str]) -> str:
    """The first of the extensions a client offers that lets us send messages compressed once for everybody; empty where none
    does: one that wants a smaller window than ours gets none, nor one with a parameter that RFC 7692 does not know."""
    return next((offer for offer in offers if _DEFLATE.fullmatch(offer.strip())), "")


_DEFLATE = re.compile(
    r"permessage-deflate(\s*;\s*(server_no_context_takeover|client_no_context_takeover"
    r"|client_max_window_bits(\s*=\s*\"?(9|1[0-5])\"?)?|server_max_window_bits\s*=\s*\"?15\"?)(?=\s*(;|$)))*"
)
