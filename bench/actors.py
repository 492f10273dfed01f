"""Actors against what they are made of and against Pykka, per CPU second of this process.

Each comparison runs ours and its peer once per round, side by side; the figure is the median of the rounds' ratios.
Ours is the shipped runtime: supervised, bounded, counted. `python -m bench.actors idle KIND` is the child process of
the memory comparison, fresh for each measurement.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import process_time

import attrs
import trio
import trio.testing
from trio.lowlevel import checkpoint

from actors import Actor, Bus, Child, Runtime, Supervisor, open_runtime, wall_clock
from bench.actor_peers import ASKS, TELLS, Adder, deque_and_call, pykka_ask, pykka_tell, trio_channel, two_switches

CRASHES = 2_000
PUBLISHES = 100_000
IDLE = 100_000


@attrs.frozen
class Case:
    """`ours` and `peer` measure once; `target` bounds ours / peer, from below for rates and from above for costs."""

    name: str
    against: str
    ours: Callable[[], float]
    peer: Callable[[], float]
    target: str


def run(rounds: int) -> Iterator[dict[str, object]]:
    """One result per comparison, with medians over `rounds`."""
    for case in CASES:
        ours, peers, ratios = [], [], []
        for _ in range(max(3, rounds)):
            gc.collect()
            peers.append(case.peer())
            gc.collect()
            ours.append(case.ours())
            ratios.append(ours[-1] / peers[-1])
        ratio = statistics.median(ratios)
        yield {
            "name": case.name,
            "ours": statistics.median(ours),
            "peer": case.against,
            "peer_value": statistics.median(peers),
            "ratio": ratio,
            "target": case.target,
        }


# ---- tell


class Sum(Adder, Actor):
    """Adds up what it is told; answers with the sum; crashes on None."""


def tell_by_64() -> float:
    """Messages per CPU second from one task to one supervised actor, a batch of 64 per yield."""

    async def main() -> float:
        async with open_runtime([Child("sum", Sum)]) as runtime:
            await trio.testing.wait_all_tasks_blocked()
            began = process_time()
            for first in range(0, TELLS, 64):
                runtime.tell_all("sum", range(first, first + 64))
                await checkpoint()
            await runtime.ask("sum", 0)
            assert runtime.node("sum").handled > TELLS
            return TELLS / (process_time() - began)

    return trio.run(main)


def tell_by_one() -> float:
    """The same with a yield after each message."""

    async def main() -> float:
        async with open_runtime([Child("sum", Sum)]) as runtime:
            began = process_time()
            for message in range(TELLS):
                runtime.tell("sum", message)
                await checkpoint()
            await runtime.ask("sum", 0)
            return TELLS / (process_time() - began)

    return trio.run(main)


# ---- ask


def ask() -> float:
    """Round trips per CPU second, each with a deadline."""

    async def main() -> float:
        async with open_runtime([Child("sum", Sum)]) as runtime:
            began = process_time()
            for message in range(ASKS):
                await runtime.ask("sum", message)
            return ASKS / (process_time() - began)

    return trio.run(main)


# ---- crash


def crash_to_first_answer() -> float:
    """CPU microseconds from a poisonous tell to the next life's first answer, policy and news included."""

    async def main() -> float:
        # a window of no length: each crash is charged and judged, none is the second in a row
        sums = Supervisor([Child("sum", Sum)], window_s=0.0)
        async with open_runtime([Child("sums", lambda: sums)]) as runtime:
            heard = deque[object](maxlen=16)
            runtime.listen("life:*", heard.append)
            await runtime.ask("sum", 1)
            began = process_time()
            for _ in range(CRASHES):
                runtime.tell("sum", None)
                await runtime.ask("sum", 1)
            took = process_time() - began
            assert runtime.node("sum").restarts == CRASHES
            return took / CRASHES * 1e6

    return trio.run(main)


def ask_us() -> float:
    """CPU microseconds of an ask."""
    return 1e6 / ask()


# ---- publish


@attrs.frozen
class Tick:
    """A message with nothing but its topic."""

    topic: str


def publish_us(subscriptions: int) -> float:
    """CPU microseconds of a warm publish: 90% exact topics, nine listeners each, 10% tails, five firehoses."""
    draw = random.Random(7)
    symbols = subscriptions // 10
    bus = Bus(wall_clock)
    put = deque[object](maxlen=1).append
    for n in range(subscriptions - subscriptions // 10):
        bus.listen(f"quote:SYM{n % symbols:05d}", put)
    for n in range(subscriptions // 10 - 5):
        bus.listen(f"{('event', 'state')[n % 2]}:RULE{draw.randrange(symbols)}:*", put)
    for _ in range(5):
        bus.listen("quote:*", put)
    ticks = [Tick(f"quote:SYM{draw.randrange(symbols):05d}") for _ in range(100)]
    for tick in ticks:
        bus.publish(tick)
    publish = bus.publish
    gc.collect()
    began = process_time()
    for _ in range(PUBLISHES // len(ticks)):
        for tick in ticks:
            publish(tick)
    return (process_time() - began) / PUBLISHES * 1e6


# ---- memory


def idle_bytes(kind: str) -> float:
    """Resident bytes per idle actor or task in a fresh process, `IDLE` of them alive."""
    child = subprocess.run(
        [sys.executable, "-m", "bench.actors", "idle", kind],
        cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(child.stdout)


async def _idle_actors() -> float:
    async with open_runtime([Child("sums", Supervisor)]) as runtime:
        before = _resident_bytes()
        for n in range(IDLE):
            runtime.add(Child(f"sum:{n}", Sum), under="sums")
        await trio.testing.wait_all_tasks_blocked()
        _told(runtime)
        await trio.testing.wait_all_tasks_blocked()
        used = (_resident_bytes() - before) / IDLE
        sys.stdout.write(f"{used}\n")
        sys.stdout.flush()
        os._exit(0)  # stopping them all is not what is measured


def _told(runtime: Runtime) -> None:
    # idle is not the same as never used
    for n in range(0, IDLE, 100):
        runtime.tell(f"sum:{n}", n)


async def _idle_tasks() -> float:
    async def bare() -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        before = _resident_bytes()
        for _ in range(IDLE):
            nursery.start_soon(bare)
        await trio.testing.wait_all_tasks_blocked()
        used = (_resident_bytes() - before) / IDLE
        sys.stdout.write(f"{used}\n")
        sys.stdout.flush()
        os._exit(0)


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


CASES = (
    Case("tell x64, sync handler", "deque append + call, messages/CPU s", tell_by_64, deque_and_call, ">= 0.4"),
    Case("tell x64 against Pykka", "Pykka tell, messages/CPU s", tell_by_64, pykka_tell, ">= 8.0"),
    Case("tell one by one", "trio memory channel, messages/CPU s", tell_by_one, trio_channel, ">= 1.0"),
    Case("ask with a deadline", "two bare task switches, round trips/CPU s", ask, two_switches, ">= 0.65"),
    Case("ask against Pykka", "Pykka ask, round trips/CPU s", ask, pykka_ask, ">= 1.4"),
    Case(
        "idle supervised actor",
        "bare trio task, bytes",
        partial(idle_bytes, "actor"),
        partial(idle_bytes, "task"),
        "<= 2.0",
    ),
    Case("crash to first handled message", "ask, CPU us", crash_to_first_answer, ask_us, "<= 5.0"),
    Case(
        "publish to 100,000",
        "publish to 1,000, CPU us",
        partial(publish_us, 100_000),
        partial(publish_us, 1_000),
        "<= 1.5",
    ),
)

if __name__ == "__main__" and sys.argv[1:2] == ["idle"]:
    trio.run(_idle_actors if sys.argv[2] == "actor" else _idle_tasks)
