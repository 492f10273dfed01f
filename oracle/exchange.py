"""One outbound HTTP exchange as values: where it goes, what is asked, what came back, and the one way it fails."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

import attrs

__all__ = ["Answer", "Body", "Engine", "HttpFailed", "Request", "Target", "Unreached", "is_token", "sendable"]

DEFAULT_PORT = {"http": 80, "https": 443}

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


class HttpFailed(Exception):
    """No usable answer. `kind` is timeout, too_big, tls, protocol, network or refused (by our own rules, never worth
    a retry); `status` is the answer's, where one had begun, else 0. Messages name hosts, never paths or queries."""

    def __init__(self, kind: str, message: str, status: int = 0) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.status = status


class Unreached(HttpFailed):
    """No connection was made, so nothing was sent and another address of the same host may be tried."""

    def __init__(self, message: str) -> None:
        super().__init__("network", message)


@attrs.frozen
class Target:
    """Where a request goes: an http or https URL, taken apart once and spelled one way."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Target:
        """The target of an absolute URL. Raises HttpFailed (refused) for anything we don't send to."""
        if re.search(r"[\x00-\x20\x7f\\]", url):
            raise HttpFailed("refused", "the URL has blanks, backslashes or control characters")
        try:
            parts = urlsplit(url)
            host, port = _ascii(parts.hostname or ""), parts.port
        except ValueError as error:
            raise HttpFailed("refused", "the URL can't be read") from error
        if parts.scheme not in DEFAULT_PORT:
            raise HttpFailed("refused", f"the URL's scheme is {parts.scheme or 'missing'}, not http or https")
        if not host or port == 0:
            raise HttpFailed("refused", "the URL names no host" if not host else "port 0 can't be connected to")
        if parts.username is not None:
            raise HttpFailed("refused", "the URL carries a user name or password; send them in a header")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or DEFAULT_PORT[parts.scheme], quote(path, safe="%/:=&?~#+!$,;'@()*[]"))

    def join(self, location: str) -> Target:
        """Where a redirect answer's `location` leads from here. Raises HttpFailed (refused)."""
        try:
            return Target.parse(urljoin(self.url, location))
        except ValueError as error:
            raise HttpFailed("refused", "the redirect's address can't be read") from error

    def at(self, host: str) -> str:
        """The same URL with `host` (a name or an address) in the place of ours."""
        return f"{self.scheme}://{_bracketed(host)}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """What the Host header says: the default port is left out."""
        bare = _bracketed(self.host)
        return bare if self.port == DEFAULT_PORT[self.scheme] else f"{bare}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port; also all of the URL that may be logged (paths and queries hold tokens)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL in full, with lower-case host and a path. Never log it."""
        return self.origin + self.path


@attrs.frozen
class Request:
    """What goes over one connection; `headers` are final but for Content-Length. `trust` is whom to believe over TLS, None
    for the engine's own choice."""

    method: str
    target: Target
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trust: ssl.SSLContext | None = None


@attrs.frozen
class Answer:
    """What came back: `headers` by lower-case name (repeated ones joined by a comma), `body` as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Engine(Protocol):
    """Carries one request to one address; follows nothing, retries nothing, keeps no connection."""

    async def exchange(self, request: Request, address: str, limit_bytes: int) -> Answer:
        """The answer of the host at `address`. Raises HttpFailed; deadlines are the caller's."""


class Body:
    """An answer that is being read: counts while it streams and refuses the first byte past `limit_bytes`."""

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]], limit_bytes: int) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._room_bytes = self._limit_bytes = limit_bytes
        for raw_name, raw_value in headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    def announced(self) -> None:
        """Refuse at once what says that it will be too long. Raises HttpFailed (too_big)."""
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limit_bytes:
            raise self._too_big()

    def take(self, chunk: bytes) -> None:
        """Keep a piece. Raises HttpFailed (too_big)."""
        self._room_bytes -= len(chunk)
        if self._room_bytes < 0:
            raise self._too_big()
        self._chunks.append(bytes(chunk))

    def answer(self) -> Answer:
        """All that came."""
        return Answer(self.status, self.headers, b"".join(self._chunks))

    def _too_big(self) -> HttpFailed:
        return HttpFailed("too_big", f"the answer is longer than {self._limit_bytes} bytes", self.status)


def is_token(text: str) -> bool:
    """Whether `text` is one word of HTTP, as methods and names of headers are."""
    return _TOKEN.fullmatch(text) is not None


def sendable(name: str, value: str) -> bool:
    """Whether a header stays on its line: a word, and printable ASCII."""
    return is_token(name) and _VALUE.fullmatch(value) is not None


def _ascii(host: str) -> str:
    return host.lower() if host.isascii() else host.encode("idna").decode("ascii")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
