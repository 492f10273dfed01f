"""Outbound HTTP: every request of ours to somewhere else goes through here, under one set of rules.

One deadline over everything (names, connection, redirects, body); a limit on the body, counted as it streams; no
compression; at most three redirects, followed by our own loop; and the guard of `oracle.guard` before each connection.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping

import attrs
import trio

from oracle.engines import engine as engine_named
from oracle.exchange import Answer, Engine, HttpFailed, Request, Target, Unreached, is_token, sendable
from oracle.guard import Guard
from oracle.problems import Invalid, Problem

__all__ = ["Answer", "Http", "HttpFailed"]

MAX_REDIRECTS = 3
MIB_BYTES = 1_048_576

_REDIRECTS = {301, 302, 303, 307, 308}
# The connection's own business: a caller's word on these is left out.
_OURS = {
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade",
}


class Http:
    """Sends requests by the chosen engine. `allow` names what may be reached although it is not public; `trust` whom to
    believe over TLS, and nobody else, at an origin (`https://HOST:PORT`)."""

    def __init__(
        self, engine: str = "httpx", allow: Iterable[str] = (), trust: Mapping[str, ssl.SSLContext] | None = None
    ) -> None:
        """Raises Invalid for an unknown or uninstalled engine and for an allow entry that can't be read."""
        self.engine = engine
        self._trust = trust or {}
        try:
            self._engine: Engine = engine_named(engine)
        except ValueError as error:
            raise Invalid([Problem(("http", "engine"), "value_error", str(error), engine)]) from error
        try:
            self._guard = Guard(allow)
        except ValueError as error:
            raise Invalid([Problem(("http", "allow"), "value_error", str(error), list(allow))]) from error

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"",
        timeout_s: float = 10.0, limit_bytes: int = MIB_BYTES,
    ) -> Answer:
        """The final answer, whatever its status. Raises HttpFailed, and nothing else, when there is none.

        `timeout_s` is for everything together. Redirects: 307 and 308 keep method and body, the others become GET
        where browsers do so; another origin gets no header but Accept; https never leads to http.
        """
        if not is_token(method):
            raise HttpFailed("refused", f"{method!r} is not an HTTP method")
        request = Request(method.upper(), Target.parse(url), _checked(headers or {}), body)
        origin = request.target.origin
        try:
            with trio.fail_after(timeout_s):
                return await self._follow(request, limit_bytes)
        except trio.TooSlowError as error:
            raise HttpFailed("timeout", f"{origin} gave no complete answer within {timeout_s:g} s") from error

    async def addresses(self, target: Target) -> list[str]:
        """Where somebody who speaks another protocol may connect to: the guard's word. Raises HttpFailed."""
        return await self._guard.addresses(target)

    def refusal(self, url: str) -> str | None:
        """Why nothing may be asked of a URL, as far as that can be known without a look-up; None where it may."""
        try:
            return self._guard.refusal(Target.parse(url))
        except HttpFailed as failed:
            return failed.message

    def trust_of(self, origin: str) -> ssl.SSLContext | None:
        """Whom to believe over TLS there, where that was said."""
        return self._trust.get(origin)

    async def _follow(self, request: Request, limit_bytes: int) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._send(request, limit_bytes)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            request = _redirected(request, answer.status, request.target.join(location))
        raise HttpFailed("protocol", f"{request.target.origin} redirects more than {MAX_REDIRECTS} times")

    async def _send(self, request: Request, limit_bytes: int) -> Answer:
        *others, last = await self._guard.addresses(request.target)
        headers = _own_headers(request.target) + request.headers
        final = attrs.evolve(request, headers=headers, trust=self._trust.get(request.target.origin))
        for address in others:
            try:
                return await self._engine.exchange(final, address, limit_bytes)
            except Unreached:
                continue
        return await self._engine.exchange(final, last, limit_bytes)


def _own_headers(target: Target) -> tuple[tuple[str, str], ...]:
    return ("Host", target.authority), ("Accept-Encoding", "identity"), ("Connection", "close")


def _checked(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    given = {name.lower() for name in headers}
    kept = [(name, value.strip()) for name, value in headers.items() if name.lower() not in _OURS]
    for name, value in kept:
        if not sendable(name, value):
            raise HttpFailed("refused", f"header {name[:64]!r} can't be sent as HTTP")
    defaults = {"User-Agent": "oracle", "Accept": "*/*"}
    return tuple(kept) + tuple((name, value) for name, value in defaults.items() if name.lower() not in given)


def _redirected(request: Request, status: int, target: Target) -> Request:
    if request.target.scheme == "https" and target.scheme == "http":
        raise HttpFailed("refused", f"{request.target.origin} redirects from https to http")
    headers = request.headers
    method, body = request.method, request.body
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        headers = tuple(item for item in headers if not item[0].lower().startswith("content-"))
    if target.origin != request.target.origin:
        headers = tuple(item for item in headers if item[0].lower() == "accept")
    return Request(method, target, headers, body)
