"""Lists in pages: what comes after a page, by whatever the server says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.remote import Said
from oracle.sdk.pages import Pages, by_cursor, by_headers, by_offset, by_page
from tests.soak import rounds


class Far:
    """A server with so many rows, in each way of paging."""

    def __init__(self, rows: int, most: int = 100) -> None:
        self.rows = list(range(rows))
        self.most = most
        self.asked: list[dict[str, Any]] = []

    async def ask(self, path: str, query: dict[str, Any]) -> Said:
        self.asked.append(query)
        return getattr(self, path)(query)

    def offset(self, query: dict[str, Any]) -> Said:
        return Said({"rows": self.cut(query), "total": len(self.rows)}, {})

    def page(self, query: dict[str, Any]) -> Said:
        size, page = query["page_size"], query["page"]
        rows = self.rows[(page - 1) * size : page * size]
        pages = -(-len(self.rows) // size)
        return Said({"rows": rows, "page": page, "total_pages": pages, "total": len(self.rows)}, {})

    def cursor(self, query: dict[str, Any]) -> Said:
        begin = int(query.get("cursor", 0))
        end = begin + query["limit"]
        return Said({"items": self.rows[begin:end], "next": str(end) if end < len(self.rows) else None}, {})

    def counted(self, query: dict[str, Any]) -> Said:
        return Said(self.cut(query), {"x-total-count": str(len(self.rows))})

    def linked(self, query: dict[str, Any]) -> Said:
        limit, offset = int(query["limit"]), int(query.get("offset", 0))
        links = [f'</x?{urlencode({"limit": limit, "offset": 0})}>; rel="first"']
        if offset + limit < len(self.rows):
            links.append(f'</x?{urlencode({"limit": limit, "offset": offset + limit})}>; rel="next"')
        return Said(self.cut(query), {"link": ", ".join(links), "x-total-count": str(len(self.rows))})

    def bare(self, query: dict[str, Any]) -> Said:
        return Said(self.rows, {})

    def stuck(self, query: dict[str, Any]) -> Said:
        return Said({"items": [1], "next": "same"}, {})

    def cut(self, query: dict[str, Any]) -> list[int]:
        limit, offset = min(int(query["limit"]), self.most), int(query.get("offset", 0))
        return self.rows[offset : offset + limit]


WAYS = {
    "offset": ({"limit": 7, "offset": 0}, by_offset("rows")),
    "page": ({"page": 1, "page_size": 7}, by_page("rows")),
    "cursor": ({"limit": 7}, by_cursor()),
    "counted": ({"limit": 7, "offset": 0}, by_headers),
    "linked": ({"limit": 7, "offset": 0}, by_headers),
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=rounds(12, 300))
@given(count=st.integers(0, 60))
async def test_every_row_comes_once_and_in_order(way, count):
    far, (query, turn) = Far(count), WAYS[way]
    pages = Pages(far, way, query, turn, lambda row: row)
    assert [row async for row in pages] == far.rows
    assert len(far.asked) == max(1, -(-count // 7))
    assert pages.total == (None if way == "cursor" else count)


async def test_a_server_that_gives_less_than_was_asked_for_gives_all_in_the_end():
    far = Far(50, most=3)
    assert [row async for row in Pages(far, "offset", {"limit": 10, "offset": 5}, by_offset("rows"), str)] == [
        str(n) for n in range(5, 50)
    ]


async def test_a_page_is_fetched_when_a_row_of_it_is_wanted():
    far = Far(50)
    pages = Pages(far, "offset", {"limit": 10, "status": None}, by_offset("rows"), lambda row: row)
    assert not far.asked
    assert [await anext(pages) for _ in range(10)] == far.rows[:10]
    assert far.asked == [{"limit": 10}]


async def test_a_list_without_pages_is_whole():
    assert [row async for row in Pages(Far(3), "bare", {}, by_headers, lambda row: row)] == [0, 1, 2]


async def test_a_server_that_turns_in_a_circle_is_left():
    rows = [row async for row in Pages(Far(0), "stuck", {"limit": 1}, by_cursor(), lambda row: row)]
    assert rows == [1, 1]
