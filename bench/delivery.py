"""Live delivery: one `oracle serve` and its peers, the same sockets, messages of the same size, in the same rounds.

Ours is the shipped server: a feed publishes trades, and bus, ring, watchdog, history and hub take part. Servers have one
core, the client another. Throughput is messages received per CPU second of the server, which a busy machine disturbs
least; latency is wall-clock, from the time stamp in the message to its receipt.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

import attrs

from bench.load import CannotMeasure, Missing, Sockets, sockets
from bench.servers import Ours, Server, ours, peer

SETTLE_S = 0.3
RUN_S = 0.6  # of each server in each round, about
TRIES = 5
STREAM = "/api/oracle/stream?topics=trade:B"
RATE_PER_S = 5_000.0  # paced deliveries
PACED_S = 2.0
THOUSAND = 1_000
CROWD = 500
CROWD_RATE_PER_S = 10_000.0
CROWD_S = 1.0
CROWD_RUNS = 5  # each way in each round, alternating; the median counts
FILL = {"do": "fan", "messages": 50, "symbol": "FULL", "size": 60_000}  # more than the buffers of a socket hold

Figures = dict[str, float]


@attrs.frozen
class Load:
    """Sockets that all get the same messages: `burst` at a time, as fast as the server can, or at `rate_per_s`
    deliveries a second."""

    sockets: int
    burst: int = 1
    rate_per_s: float = 0.0
    deflate: bool = False  # offered by the clients, as browsers do

    def messages(self, guess_per_s: float) -> int:
        """So many that a server of that speed takes about RUN_S."""
        wanted = round(guess_per_s * RUN_S / self.sockets) if not self.rate_per_s else round(self._rate * PACED_S)
        return max(2, wanted // self.burst) * self.burst

    def order(self, messages: int) -> dict[str, Any]:
        """What a server is told."""
        return {"messages": messages, "burst": self.burst, "rate_per_s": self._rate}

    @property
    def _rate(self) -> float:
        return self.rate_per_s / self.sockets


@attrs.frozen
class Bench:
    """One of those that are measured: `measure(load, messages, payload_bytes)`, and the deliveries a second it may do."""

    name: str
    guess_per_s: float
    measure: Callable[[Load, int, float], Figures]


@attrs.frozen
class Row:
    """A target for a figure of ours beside that of one peer."""

    name: str
    peer: str
    target: str
    figure: str = "per_cpu_s"
    ours: str = "ours"


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Sixteen rows; see the module."""
    with ours() as house:
        yield from _fan_out(house, rounds)
        yield from _crowd(house, rounds)
        house.check()
    yield from _idle(rounds)


# ---- fan-out


def _fan_out(house: Ours, rounds: int) -> Iterator[dict[str, Any]]:
    own = partial(Bench, "ours", measure=partial(_ours, house, STREAM))
    each = Bench("each its own", 60e3, partial(_ours, house, f"{STREAM},trade:S#"))
    raw = partial(Bench, "raw trio, a ready frame each", measure=partial(_peer, "stream_trio", "raw-trio"))
    queue = partial(Bench, "FastAPI, a queue per client", measure=partial(_peer, "stream_asyncio", "fastapi-queue"))
    stock = Bench("stock Quart-Trio", 20e3, partial(_peer, "stream_trio", "quart-trio"))
    loop = Bench("FastAPI, plain loop", 150e3, partial(_peer, "stream_asyncio", "fastapi-loop"))
    broadcast = Bench("websockets broadcast on uvloop", 200e3, partial(_peer, "stream_asyncio", "websockets"))
    default = Bench("FastAPI at its defaults", 60e3, partial(_peer, "stream_asyncio", "fastapi-deflate"))
    own_1, raw_1, queue_1 = own(guess_per_s=200e3), raw(guess_per_s=400e3), queue(guess_per_s=80e3)
    hundred, paced = "100 sockets, one by one", "100 sockets, 5,000/s"
    cases = (
        (Load(100), (own_1, raw_1, queue_1, loop, broadcast, stock), (
            Row(hundred, raw_1.name, ">= 0.75"), Row(hundred, queue_1.name, ">= 1.8"), Row(hundred, loop.name, ">= 1.2"),
            Row(hundred, broadcast.name, ">= 1.0"), Row(hundred, stock.name, ">= 8.0"),
        )),
        (Load(100, burst=16), (own(guess_per_s=1e6), queue(guess_per_s=150e3)), (
            Row("100 sockets, bursts of 16", queue_1.name, ">= 10.0"),
        )),
        (Load(100, deflate=True), (own_1, default), (
            Row("100 sockets that offer permessage-deflate", default.name, ">= 3.0"),
        )),
        (Load(THOUSAND), (own(guess_per_s=150e3), each, raw(guess_per_s=300e3)), (
            Row("1,000 sockets, one by one", raw_1.name, ">= 0.75"),
            Row("1,000 sockets, 1,000 subscriptions", raw_1.name, ">= 0.4", ours=each.name),
        )),
        (Load(100, rate_per_s=RATE_PER_S), (own_1, raw_1, queue_1), (
            Row(paced, raw_1.name, "<= 1.5", "p50_us"), Row(paced, queue_1.name, "<= 0.5", "p50_us"),
        )),
    )  # fmt: skip
    for load, benches, rows in cases:
        yield from _judged(_measured(load, benches, rounds), rows)


def _measured(load: Load, benches: tuple[Bench, ...], rounds: int) -> list[dict[str, Figures]]:
    """For each round the figures of each bench; ours comes first and says how long the others' messages are."""
    found = []
    for _ in range(rounds):
        figures: dict[str, Figures] = {}
        for bench in benches:
            size = figures[benches[0].name]["payload_bytes"] if figures else 0.0
            figures[bench.name] = bench.measure(load, load.messages(bench.guess_per_s), size)
        found.append(figures)
    return found


def _judged(found: list[dict[str, Figures]], rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    units = {"per_cpu_s": "messages per CPU s", "p50_us": "p50 us"}
    for row in rows:
        mine = [figures[row.ours][row.figure] for figures in found]
        theirs = [figures[row.peer][row.figure] for figures in found]
        yield compared(f"delivery: {row.name}, {units[row.figure]}", mine, row.peer, theirs, row.target)


def compared(name: str, ours: list[float], peer: str, peers: list[float], target: str) -> dict[str, Any]:
    """The row of some rounds."""
    ratios = [mine / theirs for mine, theirs in zip(ours, peers, strict=True)]
    return {
        "name": name, "ours": statistics.median(ours), "peer": peer, "peer_value": statistics.median(peers),
        "ratio": statistics.median(ratios), "target": target,
    }  # fmt: skip


def complete(measure: Callable[[], Figures]) -> Figures:
    """The figures of a run of ours in which every message came. Raises CannotMeasure where there is none in a few.

    Peers wait for a client that was kept from its core for a moment; ours tells it how many it skipped, and goes on. That
    run was another load.
    """
    for _ in range(TRIES):
        with suppress(Missing):
            return measure()
    raise CannotMeasure(f"messages were missing {TRIES} times")


def _ours(house: Ours, path: str, load: Load, messages: int, size: float) -> Figures:
    return complete(lambda: _sent(house, path, load, messages, {"do": "fan", **load.order(messages)}))


def _peer(module: str, kind: str, load: Load, messages: int, size: float) -> Figures:
    with peer(module, kind) as server:
        return _sent(server, "/", load, messages, {"payload_bytes": round(size), **load.order(messages)})


def _sent(server: Ours | Any, path: str, load: Load, messages: int, order: dict[str, Any]) -> Figures:
    paced = load.rate_per_s > 0
    with sockets(server.port, path, load.sockets, messages, deflate=load.deflate, at_once=paced) as clients:
        time.sleep(SETTLE_S)
        spent = server.cpu_s()
        server.tell(order)
        found = clients.result()
        return {**found, "per_cpu_s": found["messages"] / (server.cpu_s() - spent)}


# ---- one that stalls


def _crowd(house: Ours, rounds: int) -> Iterator[dict[str, Any]]:
    """The others' p99 while one of 500 reads nothing, against the same run while it reads."""
    stalled, calm = [], []
    load = Load(CROWD, rate_per_s=CROWD_RATE_PER_S)
    order = load.order(round(CROWD_RATE_PER_S / CROWD * CROWD_S))
    with sockets(house.port, STREAM, CROWD - 1, order["messages"], times=2 * CROWD_RUNS * rounds, at_once=True) as others:
        for _ in range(rounds):
            pairs = [[_crowd_p99_us(house, others, order, stall) for stall in (True, False)] for _ in range(CROWD_RUNS)]
            for side, values in zip((stalled, calm), zip(*pairs, strict=True), strict=True):
                side.append(statistics.median(values))
    name = "delivery: 500 sockets, 10,000/s, one of them stalled, p99 us of the others"
    yield compared(name, stalled, "the same without the stall", calm, "<= 1.1")


def _crowd_p99_us(house: Ours, others: Sockets, order: dict[str, Any], stall: bool) -> float:
    # this one alone hears what fills its buffers
    read = 0 if stall else order["messages"] + FILL["messages"]
    with sockets(house.port, f"{STREAM},trade:FULL", 1, read, at_once=True):
        house.tell(FILL)
        time.sleep(2 * SETTLE_S)
        house.tell({"do": "fan", **order})
        return float(others.result()["p99_us"])


# ---- idle ones


def _idle(rounds: int) -> Iterator[dict[str, Any]]:
    """What 1,000 sockets cost that hear nothing, in a fresh server each time."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(_idle_cost(ours(), STREAM))
        theirs.append(_idle_cost(peer("stream_asyncio", "fastapi-queue"), "/"))
    for what, figure, target in (("memory of each, bytes", 0, "<= 1.0"), ("set up per CPU s", 1, ">= 0.5")):
        columns = [one[figure] for one in mine], [one[figure] for one in theirs]
        yield compared(f"delivery: 1,000 idle sockets, {what}", columns[0], "FastAPI", columns[1], target)


def _idle_cost(starting: AbstractContextManager[Server], path: str) -> tuple[float, float]:
    """Bytes per socket, and sockets per CPU second."""
    with starting as server:
        time.sleep(SETTLE_S)
        before, spent = server.resident_bytes(), server.cpu_s()
        with sockets(server.port, path, THOUSAND, 0):
            time.sleep(SETTLE_S)
            return (server.resident_bytes() - before) / THOUSAND, THOUSAND / (server.cpu_s() - spent)
