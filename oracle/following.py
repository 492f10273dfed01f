"""A stream that comes back by itself and knows what it has seen."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio

from oracle.bookmark import Bookmark, Ready, Told
from oracle.patience import Patience
from oracle.polling import Polling
from oracle.remote import Remote, RemoteFailed, Words

__all__ = ["PATIENCE_S", "Following", "follow"]

PATIENCE_S = 60.0  # without an answer


class Following:
    """What is told, as it comes. Raises RemoteFailed, and ends, where nobody answers at first or for too long, and where the
    server refuses."""

    def __init__(self, channel: trio.abc.ReceiveChannel[Told | RemoteFailed]) -> None:
        self._channel = channel

    def __aiter__(self) -> Following:
        return self

    async def __anext__(self) -> Told:
        told = await self._channel.__anext__()
        if isinstance(told, RemoteFailed):
            raise told
        return told


@asynccontextmanager
async def follow(
    find: Callable[[], Remote], topics: str, since: str = "", *, transport: str = "websocket", patience_s: float = PATIENCE_S,
    lost: Callable[[], object] | None = None,
) -> AsyncIterator[Following]:
    """What is told about `topics`, after the place `since`; after a loss `find` is asked for the server again, and it goes on
    where it was, for `patience_s` seconds without an answer. Nothing is fetched before it is asked for, but for the 64
    messages that wait in a WebSocket: of a slow reader the server knows, and says what it left out. `lost` is called at each loss
    after which it goes on."""
    async with _told(find, topics, since, transport, patience_s, lost) as channel:
        yield Following(channel)


@trio.as_safe_channel
async def _told(find: Callable[[], Remote], topics: str, since: str, transport: str, patience_s: float,
                lost: Callable[[], object] | None) -> AsyncGenerator[Told | RemoteFailed, None]:  # fmt: skip
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
                yield failed  # raised here, it would end the reader's loop as if all were well, and come out after it
                return
            if lost is not None:
                lost()
        await trio.sleep(patience.wait_s())


@asynccontextmanager
async def _heard(remote: Remote, transport: str, topics: str, since: str) -> AsyncIterator[Words]:
    if transport == "poll":
        yield Polling(remote, topics, since)
    else:
        async with remote.stream(topics, since) as words:
            yield words
