"""Answers to the simplest requests, made from the bytes as they came: no task, no framework, one write.

Taken is only a whole GET in the plainest grammar of RFC 9112, without a body, alone in its piece of bytes, for a route that
is marked `quick`; and only where the answer is 200. Everything else, each refusal included, goes the ordinary way, to the
same view. A view that is marked so never waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from actors import Refused
from oracle.problems import Invalid
from oracle.system import System
from web.body import encode
from web.desk import Bounds
from web.limits import SECURITY, Gate
from web.params import read_params
from web.routes import Answer, Call, Route

__all__ = ["Quick"]

# possessive, so that no head can make it look twice at a byte
_HEAD = re.compile(
    rb"GET (/[\w./~-]*+)(?:\?([\w.,:;*=&~%+/-]*+))? HTTP/1\.1\r\n((?:[\w!#$%&'*+.^`|~-]++:[\x20-\x7e\t]*+\r\n)++)\r\n", re.ASCII
)
_SLOW = ("connection", "content-length", "expect", "origin", "transfer-encoding", "upgrade")
_SECOND_US = 1_000_000
HEAD_BYTES = Bounds().head_bytes

Peer = tuple[str, int] | None


class Quick:
    """`quick(data, client, server, desk)`: the whole response, or None where the request goes the ordinary way."""

    def __init__(self, system: System, house: Any, gate: Gate) -> None:
        self._system = system
        self._house = house
        self._gate = gate
        self._routes = {route.path: route for route in house.routes if route.quick}
        self._security = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in SECURITY)
        self._date_us, self._date = 0, b""

    def __call__(self, data: bytes, client: Peer, server: Peer, desk: Any) -> bytes | None:
        """See the class."""
        found = _HEAD.fullmatch(data) if len(data) <= HEAD_BYTES else None
        if found is None or (route := self._routes.get(found[1].decode("ascii"))) is None:
            return None
        headers = _fields(found[3])
        if headers is None or not self._gate.knows(headers.get("host", ""), server) or not self._gate.has_room(client):
            return None
        answer = self._ask(route, found[2], headers, client, desk)
        if answer is None or answer.status != 200 or not self._gate.admits(client):
            return None
        return self._response(answer)

    def _ask(self, route: Route, query: bytes | None, headers: dict[str, str], client: Peer, desk: Any) -> Answer | None:
        house = self._house
        try:
            given = parse_qs(query.decode("ascii"), keep_blank_values=True) if query else {}
            who = house.doorman.admit(route, headers=headers, peer=client[0] if client else "")
            args = read_params(route.params, given)
            result = _at_once(route.view, Call(self._system, route, args, who, headers=headers, house=house, desk=desk))
        except (Invalid, Refused):
            return None
        return result if isinstance(result, Answer) else Answer(result)

    def _response(self, answer: Answer) -> bytes:
        body = answer.body if isinstance(answer.body, bytes) else encode(answer.body)
        own = "".join(f"{name.lower()}: {value}\r\n" for name, value in answer.headers).encode("latin-1")
        return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n%b%b%b\r\n%b" % (
            answer.content_type.encode(), len(body), own, self._security, self._dated(), body,
        )  # fmt: skip

    def _dated(self) -> bytes:
        now_us = self._house.doorman.now_us()
        if not 0 <= now_us - self._date_us < _SECOND_US:
            self._date_us = now_us - now_us % _SECOND_US
            self._date = b"date: %b\r\n" % formatdate(now_us // _SECOND_US, usegmt=True).encode()
        return self._date


def _fields(lines: bytes) -> dict[str, str] | None:
    """The header fields by lower-case name; None where one is there twice, or asks for more than an answer."""
    headers: dict[str, str] = {}
    for line in lines.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        name = name.lower()
        if name in headers:
            return None
        headers[name] = value.strip(" \t")
    del headers[""]  # behind the last line
    if headers.get("connection", "").lower() == "keep-alive":
        del headers["connection"]
    return None if any(name in headers for name in _SLOW) else headers


def _at_once(view: Callable[[Call], Any], call: Call) -> Any:
    """The result of a view that does not wait."""
    running = view(call)
    try:
        running.send(None)
    except StopIteration as done:
        return done.value
    running.close()
    raise RuntimeError(f"{call.route.name} is marked quick, and waits")
