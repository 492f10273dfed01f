"""A server of this house for programs: its stream without a silent hole, its commands applied once, its answers, and all it can
do by name (`oracle.experiments`, `oracle.tasks`, ...: `oracle.sdk.surfaces`).

`Client` is for programs on trio, `AsyncioClient` for those on asyncio, `SyncClient` for those without a loop, and for notebooks.
They say the same; the latter two have it done on trio, in a thread of their own.

Commands go over HTTP, also while a stream is open: there an answer would come among the frames, and who waits for it inside
the loop that reads them would wait for ever. The id makes both the same command.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import trio

from oracle.bookmark import Frame, Hole, Ready
from oracle.exchange import HttpFailed, Target
from oracle.following import PATIENCE_S, Following, follow
from oracle.patience import Patience
from oracle.problems import Invalid, Problem, one_of
from oracle.remote import TIMEOUT_S, Remote, RemoteFailed, Said
from oracle.sdk.blocking import Blocked
from oracle.sdk.on_asyncio import Awaited
from oracle.sdk.portal import Closed, Portal
from oracle.sdk.primed import primed
from oracle.sdk.room import Asked, Asyncio, Blocking, Trio, Watched
from oracle.sdk.surfaces import Surfaces
from oracle.settings import load
from oracle.widget.watch import Watch, Watches

__all__ = ["AsyncioClient", "Client", "Closed", "Frame", "Hole", "Ready", "RemoteFailed", "SyncClient"]

DEADLINE_S = 30.0
LONG_S = 120.0  # for a question to the history, which may wait for others, and a large answer
WATCHING_S = 600.0  # that a live look waits for a server that is gone
LARGE_BYTES = 257 * 1024 * 1024
T = TypeVar("T")
TRANSPORTS = ("websocket", "poll")


class Client(Surfaces[Trio]):
    """One server: at `url`, or without one the server that runs on a data folder of this machine (`data`; else the folder of
    the `oracle` command), wherever it listens after a restart. `token` and `certificate` go with a url: the one where it
    wants one; the other (PEM) is then the only one to believe over TLS, else the authorities of this machine say whom.

    A question or command that gets no answer, or one that says nothing about it, is sent again for `deadline_s` seconds.
    `async with` it: the block begins when the server has answered, and raises RemoteFailed at once where it does not, or
    refuses us.
    """

    def __init__(self, url: str | None = None, token: str = "", certificate: str = "", *, data: Path | str | None = None,
                 deadline_s: float = DEADLINE_S) -> None:  # fmt: skip
        """Raises Invalid for what is no http or https URL, and for settings in the environment that are refused; ValueError
        for a certificate that is none."""
        super().__init__(self, Trio())
        self._deadline_s = deadline_s
        self._find: Callable[[], Remote]
        if url is None:
            folder = load(None, os.environ).data.folder if data is None else Path(data)
            self._find = lambda: Remote.here(folder)
            return
        try:
            Target.parse(url)
        except HttpFailed as wrong:
            raise Invalid([Problem(("url",), "url_parsing", wrong.message, url)]) from wrong
        remote = Remote(url.rstrip("/") + "/", token, certificate)
        self._find = lambda: remote

    async def __aenter__(self) -> Client:
        await self._find().tell("GET", "api/oracle/snapshot")  # the cheapest thing that asks for a token
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held open."""

    async def get(self, path: str, /, **query: Any) -> Any:
        """The JSON of GET `path`. Raises RemoteFailed."""
        return (await self.ask(path, query)).json

    async def ask(self, path: str, query: dict[str, Any]) -> Said:
        """The answer to GET `path`, with its headers; what is None in `query` is left out. Raises RemoteFailed."""
        asked = {name: value for name, value in query.items() if value is not None}
        return await self._again(lambda remote, timeout_s: remote.say("GET", path, asked, timeout_s=timeout_s))

    async def take(self, path: str, body: Any) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of the answer to a question that is asked with POST, at most 256 MiB, and its headers by lower-case name.
        Raises RemoteFailed."""
        said = json.dumps(body, allow_nan=False).encode()
        answer = await self._again(lambda remote, timeout_s: remote.take(path, said, timeout_s=LONG_S, limit_bytes=LARGE_BYTES))
        return answer.body, answer.headers

    async def command(self, method: str, path: str, body: Any = None, *, id: str = "", once: bool = True) -> Any:
        """Have a command applied once, however often it had to be sent; the JSON of its answer. It has the `id` (1 to 64
        letters, digits and any of `_ . : -`), or a new one; give one that you keep where you may be killed in between. Where a
        route takes none (`once` is False) it is sent once only.

        Raises RemoteFailed: refused, and not sent again; or nobody said what became of it within the deadline (`passing`),
        and then the same command with the same id asks once more.
        """
        said = b"" if body is None else json.dumps(body, allow_nan=False).encode()
        if not once:
            return await self._find().tell(method, path, body=said)
        ident = id or secrets.token_hex(16)
        answer = await self._again(
            lambda remote, timeout_s: remote.say(method, path, body=said, ident=ident, timeout_s=timeout_s))  # fmt: skip
        return answer.json

    def stream(self, *topics: str, since: str = "", transport: str = "websocket", patience_s: float = PATIENCE_S,
               lost: Callable[[], object] | None = None) -> AbstractAsyncContextManager[Following]:  # fmt: skip
        """What is published on some topics (`quote:BTC-USD`, `event:*`, `*`): first the newest of each, or after the place
        `since` what came after it, then Ready and each message once as it comes, over lost connections and restarts of the
        server; `lost` is called at each loss. Where something is missing there is a Hole. `transport` is websocket, or poll where
        a proxy allows none.

        The loop raises RemoteFailed where nobody answers at first, or for `patience_s` seconds, and where the server refuses.
        Raises Invalid for an unknown transport.
        """
        if transport not in TRANSPORTS:
            raise Invalid([Problem(("transport",), "enum", f"Input should be {one_of(TRANSPORTS)}", transport)])
        return follow(self._find, ",".join(topics), since, transport=transport, patience_s=patience_s, lost=lost)

    async def _again(self, say: Callable[[Remote, float], Awaitable[T]]) -> T:
        patience, ends_s = Patience(), trio.current_time() + self._deadline_s
        while True:
            timeout_s = min(TIMEOUT_S, ends_s - trio.current_time())
            try:
                return await say(self._find(), timeout_s)
            except RemoteFailed as failed:
                wait_s = max(patience.wait_s(), failed.retry_after_s)
                if not failed.passing or trio.current_time() + wait_s >= ends_s:
                    raise
            await trio.sleep(wait_s)


class SyncClient(Surfaces[Blocking]):
    """`Client` for programs without a loop, and for notebooks: each call comes back when it is done, lists and streams are
    iterated. For any thread, and for several at once. It holds a thread until it is closed, or forgotten."""

    get = Asked(Client.get)
    command = Asked(Client.command)
    stream = Watched(primed(Client.stream))

    def __init__(self, url: str | None = None, token: str = "", certificate: str = "", *, data: Path | str | None = None,
                 deadline_s: float = DEADLINE_S) -> None:  # fmt: skip
        """Raises as `Client` does."""
        self._speak(Portal(), Client(url, token, certificate, data=data, deadline_s=deadline_s))

    def _speak(self, portal: Portal, bare: Client) -> None:
        self._portal = portal
        super().__init__(bare, Blocked(portal))

    def __enter__(self) -> SyncClient:
        self._portal.start(self._bare.__aenter__).wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def watch(self, *topics: str, kind: str = "", field: str = "") -> Watch:
        """A live look at some topics (`quote:BTC-USD`, `event:*`), at most ten times a second: in a notebook a widget, elsewhere
        `print` it. `kind` is chart (lines of a number, `field` or the price there is), table (the newest of each topic) or log
        (the newest lines); else what fits the topics. Raises RemoteFailed where nobody answers, Invalid for no topic or an
        unknown kind."""

        def listen(lost: Callable[[], object]) -> AbstractAsyncContextManager[Following]:
            return self._bare.stream(*topics, patience_s=WATCHING_S, lost=lost)  # type: ignore[no-any-return]

        watch = Watch(self._portal, listen, topics, kind, field)
        self._watches.add(watch.start())
        return watch

    @cached_property
    def _watches(self) -> Watches:
        return Watches()

    def close(self) -> None:
        """End what is under way, and the thread."""
        self._portal.close()


class AsyncioClient(Surfaces[Asyncio]):
    """`Client` for programs on asyncio: each call is awaited, lists and streams are iterated with `async for`. It holds a
    thread until it is closed, or forgotten."""

    get = Asked(Client.get)
    command = Asked(Client.command)
    stream = Watched(primed(Client.stream))

    def __init__(self, url: str | None = None, token: str = "", certificate: str = "", *, data: Path | str | None = None,
                 deadline_s: float = DEADLINE_S) -> None:  # fmt: skip
        """Raises as `Client` does."""
        self._speak(Portal(), Client(url, token, certificate, data=data, deadline_s=deadline_s))

    def _speak(self, portal: Portal, bare: Client) -> None:
        self._portal = portal
        super().__init__(bare, Awaited(portal))

    async def __aenter__(self) -> AsyncioClient:
        await asyncio.wrap_future(self._portal.start(self._bare.__aenter__).future)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is under way, and the thread."""
        self._portal.close()
