"""Runs at work: what 10,000 of them cost beside the bus and the history alone, and how soon a line of output is at a socket.

The first is CPU time of this process, threads included, over the same samples at the same pace. The second is wall clock, from
the time stamp that a program prints to its receipt at a client: our server against a program that does nothing but read that pipe
and write to that socket.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from actors import Child, Runtime, Supervisor, open_runtime
from bench.load import CannotMeasure, Missing, Sockets, sockets
from bench.servers import Ours, ours, peer
from oracle.board import Board
from oracle.history import History, Store
from oracle.model import Command, Sample
from oracle.receipts import Receipts
from oracle.runs import CREW, Kind, Runs
from oracle.runs.records import RunRecords
from oracle.runs.run import Run, Status, value_of
from oracle.runs.shelf import Shelf
from oracle.runs.wiring import crew_of
from oracle.settings_runs import Runs as Bounds

ALIVE, PER_S, SECONDS = 10_000, 100, 5
LINES, LINES_PER_S = 600, 200.0
TRIES = 5
COMMANDS = f"""
[tasks.commands.bench]
command = ["{sys.executable}", "-u", "-m", "bench.lines", "{LINES}", "{LINES_PER_S}"]
"""


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Two rows; see the module."""
    yield _row("runs: 10,000 alive, 100 samples/s in all, CPU s of 5 s", "bus and history alone",
               [(trio.run(_cpu_s, ALIVE), trio.run(_cpu_s, 0)) for _ in range(rounds)], "<= 3.0")  # fmt: skip
    with ours(COMMANDS) as house:
        pairs = [(_complete(partial(_ours_p99_us, house, number)), _complete(_peer_p99_us)) for number in range(rounds)]
        yield _row("runs: a line of output at a socket, p99 us", "raw trio, a write each", pairs, "<= 2.0")


def _row(name: str, peer: str, pairs: list[tuple[float, float]], target: str) -> dict[str, Any]:
    mine, theirs = zip(*pairs, strict=True)
    return {
        "name": name, "ours": statistics.median(mine), "peer": peer, "peer_value": statistics.median(theirs),
        "ratio": statistics.median(o / p for o, p in pairs), "target": target,
    }  # fmt: skip


# ---- 10,000 at work


async def _cpu_s(alive: int) -> float:
    """CPU seconds of this process while PER_S samples a second come for SECONDS, through as many runs, or straight to the bus."""
    with TemporaryDirectory(prefix="oracle-bench-") as folder:
        async with _house(Path(folder), alive) as runtime:
            random.seed(1)
            spent, began = time.process_time(), trio.current_time()
            for number in range(PER_S * SECONDS):
                await trio.sleep_until(began + number / PER_S)
                ident = f"run:r{random.randrange(ALIVE)}"
                sample = Sample("accuracy", ident, 0.9, "", runtime.now_us(), "bench")
                if not alive:
                    runtime.publish(sample)
                elif not runtime.tell(ident, Command("samples", {"samples": [sample]})):
                    raise CannotMeasure(f"{ident} is not at work")
            return time.process_time() - spent


@asynccontextmanager
async def _house(folder: Path, alive: int):  # type: ignore[no-untyped-def]
    store = Store(folder)
    store.open()

    def children(runtime: Runtime) -> list[Child]:
        history = Child("history", lambda: History(store), capacity=100_000, patience_s=0.01)
        if not alive:
            return [history]
        board, receipts = Board(runtime.bus, runtime.now_us), Receipts(runtime.now_us)
        for number in range(alive):
            at_work = Run(f"r{number}", "task", {}, runtime.now_us(), status=Status.running, worker="bench")
            board.put(at_work.ref, value_of(at_work), runtime.now_us())
        crew = crew_of(board, receipts, Shelf(folder), {"task": Kind()}, {}, Bounds(), store)
        records = RunRecords(board, store, runtime.now_us)
        return [history, Child(CREW, lambda: Supervisor((), exhausted="park")), Child("runs", lambda: Runs(crew, records))]

    try:
        async with open_runtime(children) as runtime:
            await trio.sleep(1.0)  # all have begun, and what that made is on disk
            yield runtime
    finally:
        store.close()


# ---- a line of output


def _ours_p99_us(house: Ours, number: int) -> float:
    task = f"bench-{os.getpid()}-{number}-{time.monotonic_ns()}"
    with _listening(house.port, f"/api/oracle/stream?topics=output:{task}") as client:
        body = json.dumps({"task_id": task, "source": "api", "input_message": "go", "assigned_agent": "bench"}).encode()
        wish = urllib.request.Request(house.url("/api/tasks"), body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(wish, timeout=10):
            pass
        return float(client.result()["p99_us"])


def _peer_p99_us() -> float:
    with peer("output_trio", python=Path(sys.executable)) as server, _listening(server.port, "/") as client:
        server.tell({"messages": LINES, "rate_per_s": LINES_PER_S})
        return float(client.result()["p99_us"])


def _listening(port: int, path: str) -> AbstractContextManager[Sockets]:
    return sockets(port, path, 1, LINES, at_once=True, marker='"text":"')


def _complete(measure: Callable[[], float]) -> float:
    """The figure of a run in which each line came by itself. Raises CannotMeasure where there is none in a few."""
    for _ in range(TRIES):
        with suppress(Missing):
            return measure()
    raise CannotMeasure(f"lines came together {TRIES} times")
