"""What type checkers know of the clients: `make check` reads this, and nobody runs it."""

from __future__ import annotations

from typing import Any, assert_type

from oracle.client import AsyncioClient, Client, SyncClient
from oracle.sdk.experiment import Experiment, Update
from oracle.sdk.streams import Stream
from oracle.sdk.table import Table
from oracle.sdk.task import Task, TaskNews


def without_a_loop(oracle: SyncClient) -> None:
    """Plain values, and iterators."""
    assert_type(oracle.experiments.get("exp_001"), Experiment)
    assert_type(oracle.experiments.list("running"), Stream[Experiment])
    assert_type(oracle.get("/api/oracle/tree", limit=1), Any)
    for update in oracle.experiments.monitor("exp_001"):
        assert_type(update, Update)
        assert_type(update.accuracy, float | None)
    assert_type(oracle.history.bars("BTC-USD", "1h"), Table)
    oracle.tasks.get(3)  # type: ignore[arg-type]


async def on_asyncio(oracle: AsyncioClient) -> None:
    """Awaited."""
    assert_type(await oracle.tasks.claim("worker-1"), Task | None)
    async for news in oracle.tasks.watch("t"):
        assert_type(news, TaskNews)


async def on_trio(oracle: Client) -> None:
    """Awaited, and entered."""
    assert_type(await oracle.experiments.create(name="x", start=True), Experiment)
    async for task in oracle.tasks.list():
        assert_type(task.cost_usd, float | None)
    async with oracle.experiments.monitor("exp_001") as updates:
        async for update in updates:
            assert_type(update, Update)
