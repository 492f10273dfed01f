"""From an event to the receipt of a webhook: a whole system in this process, with its database on disk, and a far end in
another.

Beside it, in the same rounds and in turns with it, what must be done at least: the commit of one row, and a POST of a body of the
same size over a connection that is kept, until the far end has it. Wall-clock.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from bench.delivery import compared
from bench.load import CannotMeasure
from bench.servers import peer
from oracle.alerts import Rule
from oracle.border import structure
from oracle.history import Commit
from oracle.log import set_up
from oracle.model import Command, Event, Severity
from oracle.settings import Data, Demo, Http, Settings
from oracle.system import System, open_system

TURNS = 300  # of a round
TURN_S = 0.1
WARM = 40  # turns that are not counted
PADDING = "x" * 500  # as much as else is in a body of ours

Times = dict[str, list[float]]  # milliseconds


def webhook(rounds: int) -> Iterator[dict[str, Any]]:
    """One row: the 99th percentile beside the sum of those of both parts. Raises CannotMeasure."""
    set_up("error")
    with peer("sink", python=Path(sys.executable)) as sink, TemporaryDirectory(prefix="oracle-bench-") as folder:
        found = trio.run(_rounds, Path(folder), sink.port, rounds)
    ours = [_p99(one["ours"]) for one in found]
    parts = [_p99(one["commit"]) + _p99(one["post"]) for one in found]
    yield compared("rules: event to receipt of the webhook, p99 ms", ours, "a one-row commit and a bare POST", parts, "<= 3")


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


async def _rounds(folder: Path, port: int, rounds: int) -> list[Times]:
    settings = Settings(data=Data(folder=folder), http=Http(allow=("127.0.0.1",)), demo=Demo(enabled=False))
    async with open_system(settings) as system:
        await system.runtime.ask("alerts", Command("create", {"rule": _rule(port)}, "bench", "bench"))
        await _turns(system, port, WARM, "warm")
        return [await _turns(system, port, TURNS, f"round {number}") for number in range(rounds)]


def _rule(port: int) -> Rule:
    return structure(Rule, {
        "alert_id": "bench", "name": "bench", "description": "", "trigger": {"type": "watchdog_event"}, "cooldown_seconds": 0,
        "delivery_methods": ["webhook"], "webhook_config": {"url": f"http://127.0.0.1:{port}/"},
    }, extras="drop")  # fmt: skip


async def _turns(system: System, port: int, count: int, name: str) -> Times:
    """Publish; a third of a turn later commit, and another third later post."""
    sent: dict[str, dict[str, int]] = {"ours": {}, "post": {}}
    commits = []
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    began_s = trio.current_time()
    for turn in range(count):
        await trio.sleep_until(began_s + turn * TURN_S)
        ident = f"{name}, {turn}"
        sent["ours"][ident] = time.monotonic_ns()
        system.runtime.publish(_event(ident, system.runtime.now_us()))
        await trio.sleep_until(began_s + (turn + 1 / 3) * TURN_S)
        start_ns = time.monotonic_ns()
        await system.runtime.ask("history", Commit((_event(f"{ident}, row", system.runtime.now_us()),)))
        commits.append((time.monotonic_ns() - start_ns) / 1e6)
        await trio.sleep_until(began_s + (turn + 2 / 3) * TURN_S)
        sent["post"][f"{ident}, bare"] = time.monotonic_ns()
        await _post(stream, f"{ident}, bare")
    await trio.sleep(1.0)
    await stream.aclose()
    received = await trio.to_thread.run_sync(_received, port)
    if missing := [ident for one in sent.values() for ident in one if ident not in received]:
        raise CannotMeasure(f"{len(missing)} webhooks never came, the first of them {missing[0]}")
    took = {key: [(received[ident] - at_ns) / 1e6 for ident, at_ns in one.items()] for key, one in sent.items()}
    return took | {"commit": commits}


def _event(ident: str, now_us: int) -> Event:
    more = {"provider": "bench"}
    return Event(ident, "price_anomaly", "BTC-USD", "watchdog:bench", Severity.high, "BTC-USD rose", more, now_us)


async def _post(stream: trio.SocketStream, ident: str) -> None:
    body = json.dumps({"event": {"event_id": ident}, "padding": PADDING}).encode()
    await stream.send_all(b"POST / HTTP/1.1\r\nHost: sink\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await stream.receive_some()


def _received(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        found: dict[str, int] = json.loads(answer.read())
        return found
