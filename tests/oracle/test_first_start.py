"""The past of a simulated market is whole after its first start, also where that was cut off in the middle, and is given once."""

from oracle.feeds.market import backfill
from oracle.history import Store
from oracle.model import Bar
from oracle.settings import Data, Settings
from oracle.system import open_system

NOW_US = 1_795_449_600_000_000


async def samples(folder):
    """How many samples of the past there are after a start."""
    settings = Settings(data=Data(folder=folder), feeds={"simulated": {"symbols": ["BTC-USD"]}})
    async with open_system(settings, clock=lambda: NOW_US) as system:
        found, cursor = 0, None
        while True:
            page = await system.queries.samples("http_response_ms", to_us=NOW_US, limit=10_000, cursor=cursor)
            found, cursor = found + len(page.items), page.next
            if cursor is None:
                return found


async def test_a_first_start_that_was_killed_between_bars_and_samples_is_made_up_for(tmp_path):
    columns = backfill(1, NOW_US)
    store = Store(tmp_path)
    store.open()
    store.backfill_bars({name: columns[name] for name in Bar.__struct_fields__ if name != "closed"})
    store.close()
    first = await samples(tmp_path)
    assert first == 3 * 4 * 1440
    assert await samples(tmp_path) == first
