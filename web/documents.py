"""What a house says of its own API: for programs as OpenAPI and AsyncAPI, for people as a page.

Everybody may ask for them, and to make them holds up everything else for a good part of a second: so each is made once, with a
word in the place of the host, under which one is reached in several ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from html import escape
from typing import Any

from web import reference
from web.asyncapi import describe as describe_streams
from web.body import encode
from web.openapi import describe
from web.routes import Route

__all__ = ["Documents"]

_HOST = "[oracle-host]"  # by its brackets a command that names it is quoted, as an IPv6 address has to be


class Documents:
    """The documents of a table of routes; `host` is always `HOST:PORT`, as the client says it."""

    def __init__(self, routes: Sequence[Route], version: str) -> None:
        self._routes = routes
        self._version = version
        self._pages: dict[tuple[bool, bool], bytes] = {}

    @cached_property
    def openapi(self) -> bytes:
        """OpenAPI 3.1."""
        return encode(self._api)

    def asyncapi(self, host: str) -> bytes:
        """AsyncAPI 3.0."""
        return self._asyncapi.replace(_HOST.encode(), encode(host)[1:-1])

    def page(self, host: str, *, secure: bool, guarded: bool) -> bytes:
        """HTML; `secure`: it is asked for over TLS; `guarded`: nobody is let in without a token."""
        made = self._pages.get((secure, guarded))
        if made is None:
            text = reference.page(self._api, self._streams, f"http{'s' * secure}://{_HOST}", guarded)
            made = self._pages[secure, guarded] = text.encode()
        return made.replace(_HOST.encode(), escape(host).encode())

    @cached_property
    def _api(self) -> dict[str, Any]:
        return describe(self._routes, self._version)

    @cached_property
    def _streams(self) -> dict[str, Any]:
        return describe_streams(self._routes, self._version, _HOST)

    @cached_property
    def _asyncapi(self) -> bytes:
        return encode(self._streams)
