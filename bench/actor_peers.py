"""What actors are measured against: the cheapest thing that can do the work, a trio channel, and Pykka.

Each function measures once and gives a rate per CPU second of this process, all its threads included.
"""

from __future__ import annotations

from collections import deque
from time import process_time

import pykka
import trio
import trio.testing
from trio.lowlevel import Abort, current_task, reschedule, wait_task_rescheduled

TELLS = 96_000
ASKS = 30_000
PYKKA_TELLS = 40_000
PYKKA_ASKS = 6_000


class Adder:
    """The handler all of them call."""

    def __init__(self) -> None:
        self.total = 0

    def receive(self, message: int) -> int:
        """Add up; the sum."""
        self.total += message
        return self.total


def deque_and_call() -> float:
    """The cheapest thing that can do the work: append, then call the handler of each."""
    queue: deque[int] = deque()
    append, receive = queue.append, Adder().receive
    began = process_time()
    for message in range(TELLS):
        append(message)
    for message in queue:
        receive(message)
    return TELLS / (process_time() - began)


def trio_channel() -> float:
    """Messages per CPU second through a trio memory channel of 1,024."""

    async def main() -> float:
        sender, receiver = trio.open_memory_channel[int](1024)
        total = Adder()

        async def consume() -> None:
            async for message in receiver:
                total.receive(message)

        began = process_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(consume)
            async with sender:
                for message in range(TELLS):
                    await sender.send(message)
        return TELLS / (process_time() - began)

    return trio.run(main)


class Pykka(pykka.ThreadingActor):
    """The same sum on Pykka."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def on_receive(self, message: int) -> int:
        self.total += message
        return self.total


def pykka_tell() -> float:
    """Messages per CPU second of all threads."""
    actor = Pykka.start()
    began = process_time()
    for message in range(PYKKA_TELLS):
        actor.tell(message)
    actor.ask(0)
    took = process_time() - began
    actor.stop()
    return PYKKA_TELLS / took


def two_switches() -> float:
    """Two tasks reschedule each other: the floor of a round trip."""

    def abort(_: object) -> Abort:
        return Abort.SUCCEEDED

    async def main() -> float:
        me = current_task()
        other: list[trio.lowlevel.Task] = []

        async def answer() -> None:
            other.append(current_task())
            while True:
                await wait_task_rescheduled(abort)
                reschedule(me)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            await trio.testing.wait_all_tasks_blocked()
            began = process_time()
            for _ in range(ASKS):
                reschedule(other[0])
                await wait_task_rescheduled(abort)
            took = process_time() - began
            nursery.cancel_scope.cancel()
        return ASKS / took

    return trio.run(main)


def pykka_ask() -> float:
    """Round trips per CPU second of all threads."""
    actor = Pykka.start()
    began = process_time()
    for message in range(PYKKA_ASKS):
        actor.ask(message)
    took = process_time() - began
    actor.stop()
    return PYKKA_ASKS / took
