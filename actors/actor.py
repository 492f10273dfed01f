"""What an author writes: a class with `receive`, and at most a few hooks.

    class Greeter(Actor):
        listens = ("trade:*",)

        def receive(self, trade: Trade) -> None:
            self.publish(Seen(trade.symbol))

`receive` may be sync or async. Its return value answers an ask; `Refused` is a domain "no" and the actor goes on; any
other exception ends this life, and the supervisor decides.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from actors.bus import Message, Published
from actors.life import serve
from actors.reply import Reply
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.runtime import Runtime

__all__ = ["Actor"]


class Actor:
    """One life of a supervised actor; each life is built anew, only the mailbox survives."""

    listens: tuple[str, ...] = ()  # bus patterns, heard from before `start` until the actor ends for good
    published: Published | None = None  # the envelope of the message in hand; None for a tell or an ask
    _cell: Cell
    _asked: Reply | None = None
    _is_async = False  # these three are worked out once per class
    _drains = False
    _only_parks = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._is_async = inspect.iscoroutinefunction(cls.receive)
        cls._drains = cls.drained is not Actor.drained
        own_hooks = cls._drains or cls.start is not Actor.start or cls.stop is not Actor.stop
        cls._only_parks = not (cls._is_async or own_hooks or cls._live is not Actor._live)

    @property
    def name(self) -> str:
        """The unique name in the tree."""
        return self._cell.spec.name

    @property
    def runtime(self) -> Runtime:
        """The runtime this life runs in."""
        return self._cell.runtime

    async def start(self) -> None:
        """Hook: before the first message of this life."""

    def receive(self, message: Any) -> Any:
        """Handle one message; sync or async."""
        return None

    def drained(self) -> Any:
        """Hook: after each batch of pending messages (at most 256); sync or async."""

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """Hook: the mailbox overflowed and `dropped` messages, published between the two instants, were lost."""

    async def stop(self) -> None:
        """Hook: an orderly end, after the pending messages were handled, within the spec's grace."""

    def about(self) -> dict[str, Any]:
        """Hook: what the tree shows of this life beside the counters; called at any time, also while a handler waits."""
        return {}

    def now_us(self) -> int:
        """UTC microseconds."""
        return self._cell.runtime.now_us()

    def publish(self, message: Message) -> int:
        """Tell whoever listens; returns the offset."""
        return self._cell.runtime.publish(message)

    def tell(self, name: str, message: object) -> bool:
        """Put a message into an actor's mailbox; False (and a dead letter) when nobody took it."""
        return self._cell.runtime.tell(name, message)

    async def ask(self, name: str, message: object, timeout_s: float = 5.0) -> Any:
        """The answer of another actor. Raises Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull."""
        if name == self.name:
            raise ValueError(f"{name} asks itself and would wait for ever")
        return await self._cell.runtime.ask(name, message, timeout_s)

    def reply_later(self) -> Reply:
        """Take the reply slot of the ask in hand; the caller settles it. A tell gives a slot nobody waits for."""
        asked, self._asked = self._asked, None
        return asked or Reply(None)

    def helper(self, task: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run `task` beside the mailbox, inside this life: they end together, and its crash is the life's crash."""
        self._cell.add_helper(task, args)

    def finish(self) -> None:
        """End in order, once the pending messages are handled. A permanent actor must not: it counts as a crash."""
        self._cell.leave()

    def after(self, delay_s: float, message: object) -> Timer:
        """Put `message` into the own mailbox in `delay_s` seconds, unless this life ended before."""
        cell = self._cell
        return cell.runtime.timers.after(delay_s, lambda: cell.mailbox.put(message) if cell.actor is self else None)

    def _live(self, cell: Cell) -> Awaitable[None]:
        return serve(cell, self)
