"""A stream that comes back by itself and knows what it has seen."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from oracle.bookmark import Bookmark, Ready, Told
from oracle.patience import Patience
from oracle.polling import Polling
from oracle.remote import Remote, RemoteFailed, Words

__all__ = ["PATIENCE_S", "follow"]

PATIENCE_S = 60.0  # without an answer


@trio.as_safe_channel
async def follow(find: Callable[[], Remote], topics: str, since: str = "", *, transport: str = "websocket",
                 patience_s: float = PATIENCE_S) -> AsyncGenerator[Told, None]:  # fmt: skip
    """What is told about `topics`, after the place `since`; after a loss `find` is asked for the server again, and it goes on
    where it was. Nothing is fetched before it is asked for, but for the 64 messages that wait in a WebSocket: of a slow
    reader the server knows, and says what it left out.

    The block raises RemoteFailed where nobody answers at first, or for `patience_s` seconds, and where the server refuses.
    """
    mark, patience = Bookmark(since), Patience()
    answered, lost_s = False, None
    while True:
        try:
            async with _heard(find(), transport, topics, str(mark)) as words:
                while True:
                    told = mark.take(await words.next())
                    answered, lost_s = True, None
                    if isinstance(told, Ready):
                        patience.reset()
                    if told is not None:
                        yield told
        except RemoteFailed as failed:
            lost_s = trio.current_time() if lost_s is None else lost_s
            if not answered or not failed.passing or trio.current_time() - lost_s > patience_s:
                raise
        await trio.sleep(patience.wait_s())


@asynccontextmanager
async def _heard(remote: Remote, transport: str, topics: str, since: str) -> AsyncIterator[Words]:
    if transport == "poll":
        yield Polling(remote, topics, since)
    else:
        async with remote.stream(topics, since) as words:
            yield words
