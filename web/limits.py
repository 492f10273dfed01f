"""What every request must pass before routing: the host it names, the page it comes from, its pace, its content type.

The Host list stops DNS rebinding (a page whose name was pointed at this machine); the Origin list stops other pages
from using a browser that can reach us; the JSON rule stops forms. None of them replaces a token: they protect a user
from pages, not the server from people.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import attrs

from web.body import encode
from web.errors import answer_status
from web.hourly import EXPOSED, Hours, Window
from web.routes import RAW, Answer, Family, family_of

__all__ = [
    "LOCAL_HOSTS", "NOT_JSON", "SECURITY", "Gate", "Limits", "Pace", "headers_of", "host_name", "is_json", "is_loopback", "reply",
]  # fmt: skip

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
NOT_JSON = "send JSON with Content-Type: application/json"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", API_POLICY),
    ("cache-control", "no-store"),
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:@/\[\]]+)(?::\d{1,5})?")
_PREFLIGHT_S = 600
_EXPOSED = f"Retry-After, Link, X-Total-Count, Idempotent-Replayed, {EXPOSED}"

Headers = Mapping[str, str]
Send = Callable[[Any], Awaitable[None]]


@attrs.frozen
class Limits:
    """`hosts` and `origins` are allow-lists (lower case) beside the server's own addresses. A client may send
    `rate_per_s` requests a second on average, `burst` at once."""

    hosts: frozenset[str] = frozenset(LOCAL_HOSTS)
    origins: frozenset[str] = frozenset()
    rate_per_s: float = 500.0
    burst: int = 2_000


class Pace:
    """A token bucket for each address; addresses not seen for longest are forgotten past `most`."""

    def __init__(self, rate_per_s: float, burst: int, most: int = 10_000) -> None:
        self._rate_per_us = rate_per_s / 1e6
        self._burst = float(burst)
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def left(self, address: str, now_us: int) -> float:
        """How many requests an address has left."""
        left, seen_us = self._buckets.get(address, (self._burst, now_us))
        return min(self._burst, left + max(0, now_us - seen_us) * self._rate_per_us)

    def take(self, address: str, now_us: int) -> float:
        """0.0 where the request may go on, else the seconds to wait."""
        left = self.left(address, now_us)
        allowed = left >= 1.0
        self._buckets[address] = (left - 1.0 if allowed else left, now_us)
        self._buckets.move_to_end(address)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._rate_per_us / 1e6


class Gate:
    """ASGI in, ASGI out: refuses what must not reach routing, and puts CORS and security headers on every answer."""

    def __init__(self, app: Callable[..., Awaitable[None]], limits: Limits, now_us: Callable[[], int], hours: Hours,
                 client: Callable[[Headers, str], str]) -> None:  # fmt: skip
        """`client` says by what the requests of an hour are counted together, of the headers and the address."""
        self._app = app
        self._limits = limits
        self._now_us = now_us
        self._hours = hours
        self._client = client
        self._pace = Pace(limits.rate_per_s, limits.burst)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one ASGI scope."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        origin = headers.get("origin", "")
        allowed = bool(origin) and self._origin_allowed(origin, headers)
        refusal = self._refusal(scope, headers, origin_allowed=allowed)
        shown = _cors(origin) if allowed else ()
        window = self._window(scope, headers)
        if window is not None:
            shown = (*shown, *window.headers)
            if window.wait_s and not _is_preflight(scope, headers):
                refusal = _too_many(window)
        if refusal is not None:
            await reply(scope, send, refusal, shown)
        elif scope["type"] == "http":
            await self._app(scope, receive, _with_headers(send, (*shown, *SECURITY)))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: dict[str, Any], headers: Headers, *, origin_allowed: bool) -> Answer | None:
        family = family_of(scope["path"])
        if not self.knows(headers.get("host", ""), scope.get("server")):
            return answer_status(400, family, "this server is not known by that host name", code="host_not_allowed")
        if wait_s := self._wait_s(scope.get("client")):
            after = (("Retry-After", str(int(wait_s) + 1)),)
            return answer_status(429, family, "too many requests", headers=after)
        method = scope.get("method", "WS")
        if _is_preflight(scope, headers):
            return _preflight(headers) if origin_allowed else answer_status(403, family, "origin not allowed")
        if method not in SAFE_METHODS and "origin" in headers and not origin_allowed:
            return answer_status(403, family, "origin not allowed", code="origin_not_allowed")
        if method not in SAFE_METHODS and not self._typed(scope, headers):
            return answer_status(415, family, NOT_JSON)
        return None

    def _window(self, scope: dict[str, Any], headers: Headers) -> Window | None:
        """The hour of the client of `/api/v1`, this request counted; a browser's question beforehand counts nothing."""
        windows = self._hours.of(scope["path"]) if scope["type"] == "http" else None
        if windows is None:
            return None
        client = self._client(headers, (scope.get("client") or ("local",))[0])
        return (windows.look if _is_preflight(scope, headers) else windows.take)(client, self._now_us())

    def knows(self, host: str, server: tuple[str, Any] | None) -> bool:
        """Whether a Host header names this server, or the address it was reached at."""
        name = host_name(host)
        reached = (server or ("",))[0]
        return name in self._limits.hosts or (reached != "" and name in (reached, f"[{reached}]"))

    def has_room(self, client: tuple[str, Any] | None) -> bool:
        """Whether a request of this client would be admitted now."""
        return self._pace.left((client or ("local",))[0], self._now_us()) >= 1.0

    def admits(self, client: tuple[str, Any] | None) -> bool:
        """Count a request of this client; False where it has sent too many."""
        return not self._wait_s(client)

    def _wait_s(self, client: tuple[str, Any] | None) -> float:
        return self._pace.take((client or ("local",))[0], self._now_us())

    def _origin_allowed(self, origin: str, headers: Headers) -> bool:
        # The scheme is not compared: behind a TLS proxy the page is https and this connection http.
        own = origin.removeprefix("http://").removeprefix("https://")
        return origin in self._limits.origins or (own != origin and own.lower() == headers.get("host", "").lower())

    def _typed(self, scope: dict[str, Any], headers: Headers) -> bool:
        empty = headers.get("content-length", "0").strip() == "0" and "transfer-encoding" not in headers
        exempt = scope["type"] == "websocket" or scope["path"].startswith(RAW)
        return exempt or empty or is_json(headers.get("content-type", ""))


def host_name(host: str) -> str:
    """The name of a Host header: lower case, without port and without the root dot; IPv6 keeps its brackets. Empty where
    the header is no host."""
    found = _HOST.fullmatch(host.strip().lower())
    return found[1].removesuffix(".") if found else ""


def is_json(content_type: str) -> bool:
    """Whether a Content-Type header promises JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


@functools.lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """True for an address of this machine alone (`localhost` counts); False for names and what is not an address."""
    if address == "localhost":
        return True
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def headers_of(scope: dict[str, Any]) -> dict[str, str]:
    """The headers of an ASGI scope by lower-case name; the last of a name counts."""
    return {name.decode("latin1").lower(): value.decode("latin1") for name, value in scope["headers"]}


def _cors(origin: str) -> tuple[tuple[str, str], ...]:
    return (
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", _EXPOSED),
        ("vary", "Origin"),
    )


def _is_preflight(scope: Mapping[str, Any], headers: Headers) -> bool:
    return scope.get("method") == "OPTIONS" and "access-control-request-method" in headers


def _too_many(window: Window) -> Answer:
    message = f"more than {window.limit} requests in an hour; go on in {window.wait_s} s"
    return answer_status(429, Family.v1, message, headers=(("Retry-After", str(window.wait_s)),))


def _preflight(headers: Headers) -> Answer:
    wanted = headers.get("access-control-request-headers", "")
    return Answer(
        b"",
        204,
        (
            ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            ("access-control-allow-headers", wanted or "content-type, authorization"),
            ("access-control-max-age", str(_PREFLIGHT_S)),
        ),
    )


def _with_headers(send: Send, extra: Iterable[tuple[str, str]]) -> Send:
    async def send_more(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            present = {bytes(name).lower() for name, _ in headers}
            headers += [(n.encode(), v.encode("latin1")) for n, v in extra if n == "vary" or n.encode() not in present]
            message = {**message, "headers": headers}
        await send(message)

    return send_more


async def reply(scope: dict[str, Any], send: Any, answer: Answer, shown: Iterable[tuple[str, str]] = ()) -> None:
    """Answer an ASGI scope, also one that asks for a WebSocket, with the security headers."""
    body = answer.body if isinstance(answer.body, bytes) else encode(answer.body)
    headers = [("content-length", str(len(body))), *((n.lower(), v) for n, v in answer.headers), *shown, *SECURITY]
    if body:
        headers.append(("content-type", answer.content_type))
    if answer.status == 204:
        headers = [pair for pair in headers if pair[0] != "content-length"]
    kind = "http" if scope["type"] == "http" else "websocket.http"
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    raw = [(n.encode(), v.encode("latin1")) for n, v in headers]
    await send({"type": f"{kind}.response.start", "status": answer.status, "headers": raw})
    await send({"type": f"{kind}.response.body", "body": body, "more_body": False})
