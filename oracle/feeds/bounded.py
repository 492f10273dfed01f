"""A limit on what an answer may hold, for a library that reads answers whole."""

from __future__ import annotations

from typing import Any

__all__ = ["TooBig", "open_bounded"]


class TooBig(Exception):
    """An answer went past the limit, and was read no further."""


async def open_bounded(aiohttp: Any, limit_bytes: int) -> Any:
    """A session of that library, for asyncio, whose answers are read up to `limit_bytes` (after decompression). Close it."""

    class Bounded(aiohttp.ClientResponse):  # type: ignore[misc]
        async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
            """The body, counted as it streams. Raises TooBig."""
            body = bytearray()
            async for piece in self.content.iter_any():
                body += piece
                if len(body) > limit_bytes:
                    raise TooBig(f"the answer is larger than {limit_bytes:,} bytes")
            return body.decode(encoding or self.charset or "utf-8", errors)

    return aiohttp.ClientSession(response_class=Bounded)
