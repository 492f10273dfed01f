"""`oracle top`: a running server on a terminal, as it goes."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import attrs
import trio

from actors import Actor, Child, open_runtime, wall_clock
from oracle.bookmark import Told
from oracle.following import follow
from oracle.remote import Remote, RemoteFailed
from web.ending import told_to_end
from web.exits import Exit
from web.top.choice import PANES, Choice
from web.top.keys import keys, pressing
from web.top.looking import TOPICS, look, past
from web.top.panes import head, panes
from web.top.screen import full_screen, screen, whole
from web.top.seen import Look, Seen

__all__ = ["top", "top_once"]

PAST = 50  # events of before, so that there is something to read
BETWEEN_S = 1.0  # two looks, between which rates are measured
PLAIN_WIDTH = 140


async def top_once(find: Callable[[], Remote], choice: Choice, *, as_json: bool) -> None:
    """Print once all that `top` shows, after measuring for a second. Raises RemoteFailed."""
    remote, seen = find(), Seen()
    seen.happened(await past(remote, PAST))
    seen.looked(await look(remote), trio.current_time())
    await trio.sleep(BETWEEN_S)
    assert seen.look is not None
    seen.looked(await look(remote, seen.look.version), trio.current_time())
    if as_json:
        print(json.dumps(seen.plain()))
        return
    now_us = wall_clock()
    whole(head(seen, now_us), panes(seen, choice, now_us), PLAIN_WIDTH)


async def top(find: Callable[[], Remote], choice: Choice, every_s: float) -> Exit:
    """Show it until somebody says q, over restarts of the server, with a look each `every_s` seconds; how it ended. Raises
    RemoteFailed where nobody answers at first, or the server refuses."""
    watch = _Watch(find, every_s, choice)
    watch.seen.happened(await past(find(), PAST))
    with ExitStack() as held:
        held.enter_context(told_to_end(watch.interrupt))
        held.enter_context(pressing(sys.stdin.fileno()))
        watch.show = held.enter_context(full_screen())
        async with open_runtime([Child("top", lambda: Top(watch))]):
            await watch.over.wait()
    if watch.failure is not None:
        raise watch.failure
    return watch.exit


@attrs.define(eq=False)
class _Watch:
    """What goes on over the lives of the actor."""

    find: Callable[[], Remote]
    every_s: float
    choice: Choice
    seen: Seen = attrs.field(factory=Seen)
    most: tuple[int, ...] = (0,) * len(PANES)
    show: Any = None
    over: trio.Event = attrs.field(factory=trio.Event)
    exit: Exit = Exit.done
    failure: RemoteFailed | None = None

    def interrupt(self) -> None:
        """Somebody pressed Ctrl-C."""
        self.exit = Exit.interrupted
        self.over.set()


class Top(Actor):
    """Hears the stream, the keyboard and the looks in one place, and draws."""

    def __init__(self, watch: _Watch) -> None:
        self._watch = watch

    async def start(self) -> None:
        """Begin to listen to all."""
        for listen in (self._look_on, self._follow, self._hear_keys, self._hear_sizes):
            self.helper(listen)

    def receive(self, message: Any) -> None:
        """Something was seen, told or pressed."""
        watch = self._watch
        match message:
            case Look():
                watch.seen.looked(message, trio.current_time())
            case RemoteFailed():
                watch.seen.lost(str(message), self.now_us())
            case str():
                watch.choice = watch.choice.pressed(message, watch.most)
            case None:  # only the size has changed
                pass
            case told:  # shown with the next look: a storm of events must not draw a storm of screens
                watch.seen.told(told)
                return
        self._draw()

    def _draw(self) -> None:
        watch, now_us = self._watch, self.now_us()
        if watch.choice.over:
            watch.over.set()
            return
        found = panes(watch.seen, watch.choice, now_us)
        text, watch.most = screen(head(watch.seen, now_us), found, watch.choice, *watch.show.size)
        watch.show.show(text)

    async def _look_on(self) -> None:
        remote, version = None, ""
        while True:
            due_s = trio.current_time() + self._watch.every_s
            try:
                remote = remote or self._watch.find()
                seen = await look(remote, version)
                version = seen.version
                self.tell(self.name, seen)
            except RemoteFailed as failed:
                if not failed.passing:
                    self._end(failed)
                remote, version = None, ""
                self.tell(self.name, failed)
            await trio.sleep_until(due_s)

    async def _follow(self) -> None:
        try:
            async with follow(self._watch.find, TOPICS, patience_s=math.inf) as stream:
                async for told in stream:
                    await self._put(told)
        except RemoteFailed as failed:
            self._end(failed)

    async def _put(self, told: Told) -> None:
        if not self.tell(self.name, told):
            self._watch.seen.skipped += 1
        await trio.lowlevel.checkpoint()

    async def _hear_keys(self) -> None:
        async for key in keys(sys.stdin.fileno()):
            self.tell(self.name, key)

    async def _hear_sizes(self) -> None:
        with trio.open_signal_receiver(signal.SIGWINCH) as changes:
            async for _ in changes:
                self.tell(self.name, None)

    def _end(self, failure: RemoteFailed) -> None:
        self._watch.failure = failure
        self._watch.over.set()
