"""History: rows per CPU second against sqlite3, bars against a plain scan, and what ingestion does to the event loop.

All use the shipped path: the mailbox of a supervised History, its queue and thread, one transaction. Publishing on the bus
is measured with the actors; here it is part of the loop delay only.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from actors import Child, Published, Runtime, open_runtime
from oracle.history import Commit, History, Queries, Store
from oracle.history.retention import DAY_US
from oracle.model import Quote, Trade

SYMBOLS = [f"S{i:03}-USD" for i in range(100)]
START_US = 1_790_000_040_000_000  # the first instant of a minute
BATCH = 10_000
BATCHES = 20  # of each peer in each round
TICKS = 10_000_000
DAYS = 5
ROLLS = 503
CALLS = 5  # of each query in each round
RATE = 100_000  # rows a second
FRAME = 20
PACED_S = 4.0  # of each half of a round

QUOTES = 7  # for each trade, as in recorded sessions of exchanges

LEAD = "seq, epoch, off, pub_us, ts_us, "
PEER_TABLES = {
    Quote: ("quote", LEAD + "symbol, bid, bid_size, ask, ask_size, source"),
    Trade: ("trade", LEAD + "symbol, price, size, side, trade_id, source"),
}


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Three rows; see the module."""
    with TemporaryDirectory(prefix="oracle-bench-") as folder:
        yield _ingest(Path(folder) / "ingest", rounds)
        yield _bars(Path(folder) / "bars", rounds)
        yield _loop_delay(Path(folder) / "delay", rounds)


# ---- rows per CPU second


def _ingest(folder: Path, rounds: int) -> dict[str, Any]:
    """Batches of 10,000 from tick objects to the commit, against sqlite3 (WAL) storing the same columns of the same ones."""
    ours, peer = zip(*trio.run(_ingest_rounds, folder, rounds), strict=True)
    return {
        "name": "history: ingest, batches of 10,000 from tick objects to the commit, rows per CPU s",
        "ours": statistics.median(ours), "peer": "sqlite3 WAL executemany", "peer_value": statistics.median(peer),
        "ratio": statistics.median(o / p for o, p in zip(ours, peer, strict=True)), "target": ">= 0.8",
    }


async def _ingest_rounds(folder: Path, rounds: int) -> list[tuple[float, float]]:
    found = []
    folder.mkdir()
    lite = _sqlite(folder / "peer.sqlite")
    store = Store(folder)
    store.open()
    async with _running(store) as runtime:
        put = runtime._cell("history").mailbox.put  # what the bus calls for each message
        for number in range(rounds + 1):
            batches = [_published(_ticks((number * BATCHES + b) * BATCH)) for b in range(BATCHES)]
            gc.collect()
            gc.freeze()  # what is prepared here is nobody's garbage
            spent = time.process_time()
            for batch in batches:
                for published in batch:
                    put(published)
                await runtime.ask("history", Commit(()), timeout_s=60)
            ours = BATCHES * BATCH / (time.process_time() - spent)
            spent = time.process_time()
            for batch in batches:
                _lite_batch(lite, batch)
            peer = BATCHES * BATCH / (time.process_time() - spent)
            gc.unfreeze()
            if number:  # the first warms up
                found.append((ours, peer))
        if store.statistics.rows_dropped:
            raise RuntimeError(f"{store.statistics.rows_dropped} rows were dropped")
    lite.close()
    store.close()
    return found


def _sqlite(path: Path) -> sqlite3.Connection:
    lite = sqlite3.connect(path, isolation_level=None)
    lite.execute("PRAGMA journal_mode = WAL")
    lite.execute("PRAGMA synchronous = NORMAL")
    for name, columns in PEER_TABLES.values():
        lite.execute(f"CREATE TABLE {name} ({columns})")
    return lite


def _lite_batch(lite: sqlite3.Connection, batch: list[Published]) -> None:
    quotes, trades = [], []
    for i, p in enumerate(batch):
        m = p.message
        if m.__class__ is Quote:
            quotes.append((i, "epoch", p.offset, p.time_us, m.ts_us, m.symbol, m.bid, m.bid_size, m.ask, m.ask_size, m.source))
        else:
            trades.append((i, "epoch", p.offset, p.time_us, m.ts_us, m.symbol, m.price, m.size, m.side, m.trade_id, m.source))
    lite.execute("BEGIN")
    for kind, rows in ((Quote, quotes), (Trade, trades)):
        name, columns = PEER_TABLES[kind]
        lite.executemany(f"INSERT INTO {name} ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    lite.execute("COMMIT")


def _ticks(first: int, count: int = BATCH) -> list[Quote | Trade]:
    """Ticks 100 microseconds apart, of a random one of the symbols each, at prices in cents."""
    rng = random.Random(first)
    found: list[Quote | Trade] = []
    for i in range(first, first + count):
        symbol, cents, at_us = SYMBOLS[rng.randrange(100)], rng.randrange(10_000, 10_100), START_US + i * 100
        if i % (QUOTES + 1):
            found.append(Quote(symbol, cents / 100, 1.0 + i % 50, (cents + 1) / 100, 2.0 + i % 30, at_us, "bench"))
        else:
            side = "buy" if rng.random() < 0.5 else "sell"
            found.append(Trade(symbol, cents / 100, 1.0 + i % 50, side, str(i), at_us, "bench"))
    return found


# ---- bars


def _bars(folder: Path, rounds: int) -> dict[str, Any]:
    """All 1-minute bars of one of 100 symbols over 10 M ticks of five days, against counting that symbol's ticks."""
    store = Store(folder)
    store.open()
    store.begin("bench", START_US)
    tables = _fill(store)
    ours, peer = zip(*trio.run(_bars_rounds, store, tables, rounds), strict=True)
    store.close()
    return {
        "name": "history: 1-minute bars of one of 100 symbols over 10 M ticks, CPU ms",
        "ours": statistics.median(ours), "peer": "count(*) of that symbol", "peer_value": statistics.median(peer),
        "ratio": statistics.median(o / p for o, p in zip(ours, peer, strict=True)), "target": "<= 1.0",
    }


async def _bars_rounds(store: Store, tables: list[str], rounds: int) -> list[tuple[float, float]]:
    queries = Queries(store)
    union = " UNION ALL ".join(f"SELECT symbol FROM {name}" for name in tables)
    found = []
    for _ in range(rounds + 1):
        # a round is the median of some calls, in CPU time: both are one query in one thread
        ours = statistics.median([await _cpu_ms(partial(_all_bars, queries)) for _ in range(CALLS)])
        peer = statistics.median([await _cpu_ms(partial(trio.to_thread.run_sync, _count, store, union)) for _ in range(CALLS)])
        found.append((ours, peer))
    return found[1:]


async def _all_bars(queries: Queries) -> None:
    page = await queries.bars(SYMBOLS[42], "1m", limit=10_000)
    if len(page.items) != DAYS * 1440:
        raise RuntimeError(f"{len(page.items)} bars are not those of {DAYS} days")


def _count(store: Store, union: str) -> None:
    with store.reading() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({union}) WHERE symbol = ?", [SYMBOLS[42]]).fetchall()


async def _cpu_ms(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of CPU, all threads."""
    spent = time.process_time()
    await work()
    return (time.process_time() - spent) * 1e3


def _fill(store: Store) -> list[str]:
    """10 M trades as the writer would have left them, with the product's roll every quarter of an hour of market, which splits
    bars in parts, and its tidying of the days that are over; of the last day, and of the parts, nothing is tidied."""
    # the rows come from SQL because making ten million objects would take minutes
    connection = store.connection
    step = DAYS * 86_400_000_000 // TICKS
    store.write(_published(_ticks(0, 1)))  # makes the table
    table = store.months("trade")[0]
    connection.execute(f"DELETE FROM {table}")
    epoch, source, side = store.words.numbers(["bench", "bench", "buy"])
    for first in range(0, TICKS, TICKS // ROLLS):
        last = min(first + TICKS // ROLLS, TICKS)
        connection.execute(
            f"INSERT INTO {table} SELECT i + 1, {epoch}, i, {START_US} + i * {step}, {START_US} + i * {step}, "
            "'S' || lpad((hash(i) % 100)::VARCHAR, 3, '0') || '-USD', 100 + (hash(i * 7) % 1000) / 100, 1 + i % 50, "
            f"{side}, i::VARCHAR, {source} FROM range({first}, {last}) AS r(i)"
        )
        store.last_seq = last
        store.roll()
        now_us = START_US + last * step
        store.tidy(now_us - now_us % DAY_US)
    return [table]


def _published(ticks: list[Quote | Trade]) -> list[Published]:
    return [Published(i, tick.ts_us, tick.topic, tick) for i, tick in enumerate(ticks)]


# ---- loop delay


def _loop_delay(folder: Path, rounds: int) -> dict[str, Any]:
    """99th percentile of how late a task wakes from a sleep of 1 to 2 ms: while 100,000 rows/s are stored, and while idle."""
    ours, peer = zip(*trio.run(_delay_rounds, folder, rounds), strict=True)
    return {
        "name": "history: event loop delay p99 while storing 100,000 rows/s, ms",
        "ours": statistics.median(ours), "peer": "the same loop without rows", "peer_value": statistics.median(peer),
        "ratio": statistics.median(o / p for o, p in zip(ours, peer, strict=True)), "target": "<= 3.0",
    }


async def _delay_rounds(folder: Path, rounds: int) -> list[tuple[float, float]]:
    found = []
    store = Store(folder)
    store.open()
    ticks = _ticks(0, RATE // 2)
    async with _running(store) as runtime:
        for number in range(rounds + 1):
            # idle is the same loop with the same two timers, without rows
            idle = await _delay_p99_ms(runtime, ticks, 0)
            before = store.statistics.rows_written
            loaded = await _delay_p99_ms(runtime, ticks, RATE)
            await runtime.ask("history", Commit(()), timeout_s=60)
            if (stored := store.statistics.rows_written - before) < 0.97 * RATE * PACED_S:
                raise RuntimeError(f"only {stored} rows were stored in {PACED_S} s")
            if number:
                found.append((loaded, idle))
    store.close()
    return found


async def _delay_p99_ms(runtime: Runtime, ticks: list[Quote | Trade], rate: int) -> float:
    late = []
    rng = random.Random(rate)
    end = time.perf_counter() + PACED_S
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, runtime, ticks, rate)
        while (began := time.perf_counter()) < end:
            # epoll sleeps in whole milliseconds: equal sleeps fall in step with it and look punctual, but only while idle
            pause_s = 0.001 + rng.random() / 1000
            await trio.sleep(pause_s)
            late.append(time.perf_counter() - began - pause_s)
        nursery.cancel_scope.cancel()
    return sorted(late)[int(len(late) * 0.99)] * 1e3


async def _feed(runtime: Runtime, ticks: list[Quote | Trade], rate: int) -> None:
    """Publish at the rate; at each turn what is due, FRAME rows at a time, as a feed does with a frame."""
    began, done = time.perf_counter(), 0
    while True:
        due = int((time.perf_counter() - began) * rate)
        for i in range(done, min(due, done + FRAME)):
            runtime.publish(ticks[i % len(ticks)])
        done = min(due, done + FRAME)
        await runtime.bus.room()
        if done == due:
            await trio.sleep(0.001)


def _running(store: Store) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime([Child("history", lambda: History(store), capacity=200_000, when_full="drop_oldest", grace_s=30)])
