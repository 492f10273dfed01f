"""Lists that a server gives in pages: a row is asked for, and its page is fetched when no other is left.

What comes after a page is a pure decision (`Turn`): by offset and total, by number of the page, by cursor, or by the headers
of a bare array.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

from oracle.remote import Said

__all__ = ["Pages", "Turn", "by_cursor", "by_headers", "by_offset", "by_page"]

T = TypeVar("T")
Query = dict[str, Any]
Turned = tuple[list[Any], Query | None, int | None]
"""The rows of a page, the query of the next one (None after the last), and how many there are in all (None: nobody said)."""
Turn = Callable[[Query, Said], Turned]

_NEXT = re.compile(r'<([^>]*)>[^<]*?;\s*rel="?next"?', re.IGNORECASE)


class Asker(Protocol):
    """Who fetches a page."""

    async def ask(self, path: str, query: dict[str, Any]) -> Said:
        """Its answer."""


class Pages(Generic[T]):
    """The rows of a list, in its order. `total` is how many there are in all, once a page has said so."""

    def __init__(self, asker: Asker, path: str, query: Mapping[str, Any], turn: Turn, read: Callable[[Any], T]) -> None:
        """`query` as it is sent: what is None is left out."""
        self.total: int | None = None
        self._asker = asker
        self._path = path
        self._next: Query | None = {name: value for name, value in query.items() if value is not None}
        self._turn = turn
        self._read = read
        self._rows: deque[Any] = deque()

    def __aiter__(self) -> Pages[T]:
        return self

    async def __anext__(self) -> T:
        while not self._rows:
            if self._next is None:
                raise StopAsyncIteration
            rows, following, total = self._turn(self._next, await self._asker.ask(self._path, self._next))
            self._next = following if following != self._next else None
            self._rows.extend(rows)
            self.total = self.total if total is None else total
        return self._read(self._rows.popleft())


def by_offset(key: str) -> Turn:
    """`{key: [...], total}` for `limit` and `offset`."""

    def turn(query: Query, said: Said) -> Turned:
        rows, total = said.json[key], said.json.get("total")
        return rows, _further(query, rows, total), total

    return turn


def by_page(key: str) -> Turn:
    """`{key: [...], page, total_pages, total}` for `page` and `page_size`."""

    def turn(query: Query, said: Said) -> Turned:
        page = int(said.json["page"])
        more = {**query, "page": page + 1} if page < int(said.json["total_pages"]) else None
        return said.json[key], more, said.json.get("total")

    return turn


def by_cursor(key: str = "items", cursor: str = "next") -> Turn:
    """`{key: [...], cursor: ... or null}`; a list that is whole has no cursor."""

    def turn(query: Query, said: Said) -> Turned:
        after = said.json.get(cursor)
        return said.json[key], None if after is None else {**query, "cursor": after}, None

    return turn


def by_headers(query: Query, said: Said) -> Turned:
    """A bare array: `Link` names the next page, else `X-Total-Count` says whether there is one after `offset`."""
    counted = said.headers.get("x-total-count", "")
    total = int(counted) if counted.isdecimal() else None
    link = said.headers.get("link")
    if link is None:
        return said.json, None if total is None else _further(query, said.json, total), total
    found = _NEXT.search(link)
    return said.json, dict(parse_qsl(urlsplit(found[1]).query)) if found else None, total


def _further(query: Query, rows: list[Any], total: int | None) -> Query | None:
    after = int(query.get("offset", 0)) + len(rows)
    if not rows or (total is not None and after >= total):
        return None
    return {**query, "offset": after}
