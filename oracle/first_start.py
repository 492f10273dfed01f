"""What the simulated market would have said before its first start, put into the history once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import trio

from oracle.facts import HTTP_RESPONSE_MS
from oracle.feeds import Feed
from oracle.feeds.earlier import earlier_samples
from oracle.feeds.market import SOURCE, backfill
from oracle.feeds.simulated import Simulated
from oracle.history import Queries, Store
from oracle.model import Bar

__all__ = ["give_a_past"]


async def give_a_past(store: Store, queries: Queries, feeds: Iterable[Feed], now_us: int) -> None:
    """Where the simulated market runs, bars and samples from before its first start: marked simulated, added once."""
    for feed in feeds:
        if not isinstance(feed, Simulated):
            continue
        if not (await queries.bars("BTC-USD", "1d", limit=1, source=SOURCE)).items:
            columns = await trio.to_thread.run_sync(partial(backfill, feed.seed, now_us, anomalies=feed.anomalies))
            bars = {name: columns[name] for name in Bar.__struct_fields__ if name != "closed"}
            await trio.to_thread.run_sync(store.backfill_bars, bars)
        if not (await queries.samples(HTTP_RESPONSE_MS, limit=1)).items:
            samples = await trio.to_thread.run_sync(earlier_samples, feed.seed, now_us)
            await trio.to_thread.run_sync(store.write, samples)  # all at once: a part of them would be taken for all
