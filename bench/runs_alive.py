"""Runs at work: what 10,000 of them cost beside the bus and the history alone, and how soon a line of output is at a socket.

The first is CPU time of this process, threads included, over the same samples at the same pace. The second is wall clock, from
the time stamp that a program prints to its receipt at a client: our server against a program that does nothing but read that pipe
and write to that socket.
"""

from __future__ import annotations

import json
import os
import random
import re
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from websockets.sync.client import connect

from actors import Child, Runtime, Supervisor, open_runtime
from bench.load import CannotMeasure
from bench.servers import ours, peer
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
LINES, LINES_PER_S = 400, 200.0
STAMP = re.compile(r"L(\d{10,})")
COMMANDS = f"""
[tasks.commands.bench]
command = ["{sys.executable}", "-u", "-m", "bench.lines", "{LINES}", "{LINES_PER_S}"]
"""


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Two rows; see the module."""
    yield _row("runs: 10,000 alive, 100 samples/s in all, CPU s of 5 s", "bus and history alone",
               [(trio.run(_cpu_s, ALIVE), trio.run(_cpu_s, 0)) for _ in range(rounds)], "<= 3.0")  # fmt: skip
    with ours(COMMANDS) as house:
        yield _row("runs: a line of output at a socket, p99 us", "raw trio, a write each",
                   [(_ours_p99_us(house, number), _peer_p99_us()) for number in range(rounds)], "<= 2.0")  # fmt: skip


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


def _ours_p99_us(house: Any, number: int) -> float:
    task = f"bench-{os.getpid()}-{number}"
    path = f"ws://127.0.0.1:{house.port}/api/oracle/stream?topics=output:{task}"
    with connect(path, compression=None) as socket:
        while json.loads(socket.recv(timeout=10))["type"] != "ready":
            pass
        body = json.dumps({"task_id": task, "source": "api", "input_message": "go", "assigned_agent": "bench"}).encode()
        wish = urllib.request.Request(house.url("/api/tasks"), body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(wish, timeout=10):
            pass
        return _p99_us(socket)


def _peer_p99_us() -> float:
    with peer("output_trio", python=Path(sys.executable)) as server, \
            connect(f"ws://127.0.0.1:{server.port}/", compression=None) as socket:  # fmt: skip
        socket.recv(timeout=10)
        server.tell({"messages": LINES, "rate_per_s": LINES_PER_S})
        return _p99_us(socket)


def _p99_us(socket: Any) -> float:
    late_us: list[float] = []
    while len(late_us) < LINES:
        try:
            said = socket.recv(timeout=10)
        except TimeoutError as error:
            raise CannotMeasure(f"{len(late_us)} of {LINES} lines came") from error
        now_ns = time.monotonic_ns()
        late_us += [(now_ns - int(stamp)) / 1e3 for stamp in STAMP.findall(said)]
    return statistics.quantiles(late_us, n=100)[98]
