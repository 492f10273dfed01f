"""Runs: a sorted page of 100,000 experiments and the cost histogram of a million tasks, against the bare SQL of the same.

Both are asked through what the views ask, with nobody beside it; the peer runs its statement on a cursor of its own in the same
kind of thread. CPU time, since both are one query in one thread.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio

from actors import open_runtime
from oracle.board import Board
from oracle.history import Store, costs
from oracle.history.retention import DAY_US
from oracle.runs.records import RunFilter, RunRecords

START_US = 1_790_000_040_000_000
EXPERIMENTS, TASKS = 100_000, 1_000_000
DAYS = 28  # all are within
NOW_US = START_US + (DAYS + 1) * DAY_US
PAGE, OFFSETS = 20, (0, 5_000)
CALLS = 5  # of each query in each round

_FILL = """
INSERT INTO run SELECT i + {first}, 0, NULL, at_us, at_us, '{prefix}' || lpad(i::VARCHAR, 7, '0'), 0, '{kind}',
  ['completed', 'failed', 'stopped'][1 + (h % 3)::INTEGER], 'Run ' || i, 'owner' || (h % 20), 'agent' || (h % 5), 'opus-4', '',
  'conv' || (h % 1000), 'api', at_us + 1000, at_us + 60000000, (h % 1000) / 10, (h % 500) / 100, h % 5000, h % 900, h % 10 = 0,
  20, 20, 5, (h % 100000) / 100000, (h % 70000) / 10000,
  '{{"id":"{prefix}' || lpad(i::VARCHAR, 7, '0') || '","kind":"{kind}","created_us":' || at_us || ',"status":"completed",'
  || '"params":{{"scenario":"basic_fl","configuration":{{"dataset":"mnist","model":"cnn","rounds":20,"batch_size":32}}}},'
  || '"facts":{{"note":"' || md5(i::VARCHAR) || md5((i + 1)::VARCHAR) || '"}}}}'
FROM (SELECT i, hash(i * 7 + {first}) AS h, {start} + i * ({span} // {count}) AS at_us FROM range({count}) AS t(i))
"""
_PAGE = "SELECT value FROM run WHERE kind = 'experiment' ORDER BY accuracy DESC NULLS LAST, id DESC LIMIT {limit} OFFSET {offset}"
_HISTOGRAM = (
    "SELECT ts_us - ts_us % {day} AS at_us, sum(cost_usd), count(*), sum(input_tokens + output_tokens), avg(duration_s) * 1000, "
    "count(*) FILTER (failed) FROM run WHERE kind = 'task' AND ts_us >= {start} GROUP BY at_us ORDER BY at_us"
)


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Two rows; see the module."""
    with TemporaryDirectory(prefix="oracle-bench-") as folder:
        store = Store(Path(folder))
        store.open()
        store.begin("bench", START_US)
        for first, kind, prefix, count in ((0, "experiment", "exp_", EXPERIMENTS), (EXPERIMENTS, "task", "task-", TASKS)):
            store.connection.execute(
                _FILL.format(first=first, kind=kind, prefix=prefix, count=count, start=START_US, span=DAYS * DAY_US)
            )
        store.connection.execute("CHECKPOINT")
        found = trio.run(_rounds, store, rounds)
        store.close()
    names = ("runs: sorted page of 100,000 experiments, CPU ms", "runs: cost histogram of 1,000,000 tasks by day, CPU ms")
    for name, pairs in zip(names, found, strict=True):
        ours, peer = zip(*pairs, strict=True)
        yield {
            "name": name, "ours": statistics.median(ours), "peer": "the bare SQL", "peer_value": statistics.median(peer),
            "ratio": statistics.median(o / p for o, p in zip(ours, peer, strict=True)), "target": "<= 2.0",
        }  # fmt: skip


async def _rounds(store: Store, rounds: int) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    pages, histograms = [], []
    async with open_runtime(clock=lambda: NOW_US) as runtime:
        records = RunRecords(Board(runtime.bus), store, lambda: NOW_US)
        bare = [_PAGE.format(limit=PAGE, offset=offset) for offset in OFFSETS]
        whole = _HISTOGRAM.format(day=DAY_US, start=START_US)
        for number in range(rounds + 1):
            pair = await _median_ms(partial(_pages, records)), await _median_ms(partial(_bare, store, bare, PAGE))
            other = await _median_ms(partial(_histogram, records)), await _median_ms(partial(_bare, store, [whole], DAYS))
            if number:  # the first warms up
                pages.append(pair)
                histograms.append(other)
    return pages, histograms


async def _pages(records: RunRecords) -> None:
    for offset in OFFSETS:
        found, total = await records.page(("experiment",), sort="accuracy", limit=PAGE, offset=offset)
        if (len(found), total) != (PAGE, EXPERIMENTS):
            raise RuntimeError(f"{len(found)} of {total} are not the page")


async def _histogram(records: RunRecords) -> None:
    found = await records.measured(
        ("task",), RunFilter(created_from_us=START_US), lambda at, *which: costs.histogram(at, *which, DAY_US, "%Y-%m-%d")
    )
    if sum(found.counts) != TASKS:
        raise RuntimeError(f"{sum(found.counts)} tasks are not all")


async def _bare(store: Store, statements: list[str], rows: int) -> None:
    def work() -> None:
        with store.reading() as cursor:
            for statement in statements:
                if len(cursor.execute(statement).fetchall()) < rows:
                    raise RuntimeError("the bare SQL found too little")

    await trio.to_thread.run_sync(work)


async def _median_ms(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of CPU, all threads."""
    found = []
    for _ in range(CALLS):
        spent = time.process_time()
        await work()
        found.append((time.process_time() - spent) * 1e3)
    return statistics.median(found)
