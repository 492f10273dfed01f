"""What `oracle.start` and `oracle.connect` give: a client without a loop that may have the runtime in its own process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors import Refused
from oracle.client import AsyncioClient, RemoteFailed, SyncClient
from oracle.notebook.caller import Caller
from oracle.notebook.outline import Outline, as_html
from oracle.notebook.progress import Progress
from oracle.notebook.resident import STOP_S, Resident
from oracle.sdk.portal import Portal
from oracle.sdk.room import Asked

__all__ = ["AioSession", "Session"]

OUTLINE_S = 2.0


class Parts:
    """What is said to single actors, and what is put into the tree, in the way of the client it is a part of."""

    ask = Asked(Caller.ask_actor)
    tell = Asked(Caller.tell_actor)
    publish = Asked(Caller.publish)
    push = Asked(Caller.push)
    add = Asked(Caller.add)
    rule = Asked(Caller.rule)
    remove = Asked(Caller.remove)


class AioSession(Parts, AsyncioClient):
    """The same, awaited on asyncio: `await rt.aio.ask(...)`. It ends with the session that it is of."""

    backtest = Asked(Caller.backtest)

    def __init__(self, portal: Portal, bare: Caller) -> None:
        self._speak(portal, bare)

    def close(self) -> None:
        """Nothing: the thread is the session's."""


class Session(Parts, SyncClient):
    """A runtime here or a server elsewhere. All rooms of `oracle.client.SyncClient` (`rt.history`, `rt.alerts`, ...) are in it;
    each call comes back when it is done, may be interrupted, and raises what went wrong. `rt.aio` has them to be awaited."""

    def __init__(self, portal: Portal, bare: Caller, url: str, resident: Resident | None = None, served: bool = True,
                 folder: Path | None = None) -> None:  # fmt: skip
        self._speak(portal, bare)
        self.folder = folder
        """The data folder, where it is one of this machine that was named."""
        self.served = served
        """Whether others find it at `url`, and the page is there."""
        self._resident = resident
        self._over: list[Callable[[], object]] = []
        self.url = url
        """Where it is, with a slash at the end."""
        self.aio = AioSession(portal, bare)
        """The same to be awaited, on asyncio."""

    @property
    def embedded(self) -> bool:
        """Whether the runtime lives in this process."""
        return self._resident is not None

    @property
    def alive(self) -> bool:
        """Whether there is anything to talk with: the runtime runs, or, of a connection, it was not stopped."""
        return not self._portal.closed if self._resident is None else self._resident.alive

    def stop(self, timeout_s: float = STOP_S) -> None:
        """End it in order: clients are told, what is pending is stored, the thread is gone. Of a connection only that ends.
        Again it does nothing. Raises Refused `held` where code of a part holds it longer than `timeout_s`, and says where."""
        if self._resident is not None:
            self._resident.end(timeout_s)
        self._portal.close()
        over, self._over = self._over, []
        for tell in over:
            tell()

    def close(self) -> None:
        """`stop`."""
        self.stop()

    def backtest(self, watchdog: Any = None, /, **wish: Any) -> Any:
        """Try a watchdog, a `rule` or a `strategy` on what was stored, with a bar that shows how far it is: `Caller.backtest`."""
        progress = Progress("backtest")
        return progress.wait(self._portal.start(lambda: self._bare.backtest(watchdog, report=progress.note, **wish)))

    def watchdog(self, cls: Any = None, /, name: str = "", **settings: Any) -> Any:
        """Above a class: add it as a watchdog. `@rt.watchdog`, or `@rt.watchdog(name="jumps", limit_pct=2)`. Raises as `add`."""
        return self._above(cls, name, settings)

    def actor(self, cls: Any = None, /, name: str = "", **settings: Any) -> Any:
        """Above a class of `actors.Actor`: add it. `@rt.actor`, or with a `name` and words for `__init__`. Raises as `add`."""
        return self._above(cls, name, settings)

    def _above(self, cls: Any, name: str, settings: dict[str, Any]) -> Any:
        if cls is None:
            return lambda cls: self._above(cls, name, settings)
        print(self.add(cls, name, **settings))
        return cls

    def when_over(self, tell: Callable[[], object]) -> None:
        """Have somebody told once it was stopped."""
        self._over.append(tell)

    def __reduce__(self) -> Any:
        raise TypeError("a session can't be sent to another process; oracle.connect(url, token) opens one there")

    def __repr__(self) -> str:
        outline = self._outline()
        return f"<oracle {self._place()}: {outline.said if isinstance(outline, Outline) else outline}>"

    def _repr_html_(self) -> str:
        outline = self._outline()
        if not isinstance(outline, Outline):
            return as_html(f"oracle {self._place()}", {"state": outline})
        rows = {"state": outline.state, "failed": ", ".join(outline.failed), "feeds": ", ".join(map(" ".join, outline.feeds)),
                "actors": str(outline.actors), "added here": ", ".join(outline.added)}  # fmt: skip
        return as_html(f"oracle {self._place()}", {"page": self.url if self.served else "", **rows})

    def _place(self) -> str:
        return f"at {self.url}" if self.served else f"in process {os.getpid()}"

    def _outline(self) -> Outline | str:
        """How it is, or why nobody can say; asked for at most OUTLINE_S."""
        if not self.alive:
            failure = self._resident.failure if self._resident is not None else None
            return f"crashed ({failure})" if failure is not None else "stopped"
        pending = self._portal.start(self._bare.outline)
        try:
            return pending.future.result(OUTLINE_S)
        except TimeoutError:
            pending.future.cancel()
            return "does not answer"
        except (RemoteFailed, Refused) as failed:
            return str(failed)
