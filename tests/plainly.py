"""A plain asyncio, for tools of tests that run loops of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["plain_asyncio"]


@contextmanager
def plain_asyncio() -> Iterator[None]:
    """While it is open new loops are asyncio's own: trio-asyncio, once imported, makes every loop one of trio's, on which these
    tools hang."""
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(before)
