"""A backtest begins with the lessons that there were then, whatever is pushed of that time later."""

from oracle.backtest import Ask, Job
from oracle.history import Commit
from oracle.history.lines import Lines
from oracle.model import Bar, Command
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system
from oracle.watchdogs.unusual_volume import UnusualVolume

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
NAME = "unusual_volume"


def bars(now_us, volume, source, days=7):
    """Minutes of this time of day, on each of the last days."""
    first = now_us - now_us % MINUTE_US
    return [Bar("AAPL", "1m", 9.0, 9.0, 9.0, 9.0, volume, 1, True, first - day * DAY_US + minute * MINUTE_US, source)
            for day in range(days, 0, -1) for minute in range(-30, 30)]  # fmt: skip


async def tell(system, *messages):
    """Publish and store."""
    for message in messages:
        system.runtime.publish(message)
    await system.runtime.ask("history", Commit(()))


async def both(system, from_us):
    """The ids of what was said, and of what a backtest finds."""
    to_us = system.runtime.now_us()
    ask = Ask({NAME: (NAME, {}, UnusualVolume)}, from_us, to_us)
    verdict = await Job(system.queries, system.tape, Lines(system.store), ask).run()
    page = await system.queries.events(source=f"watchdog:{NAME}", from_us=from_us, to_us=to_us, newest_first=False)
    return [row["id"] for row in page.items], [event.id for event in verdict.events]


async def test_bars_that_are_pushed_later_teach_no_life_that_was_before_them(tmp_path):
    settings = Settings(data=Data(folder=tmp_path), demo=Demo(enabled=False))
    async with open_system(settings) as system:
        from_us = system.runtime.now_us()
        await tell(system, *bars(from_us, 1.0, "push:bot"))
        assert (await both(system, from_us)) == ([], []), "what was days ago is not spoken of"
        await system.runtime.ask("switchboard", Command("restart", {"name": NAME}))
        now_us = system.runtime.now_us()
        await tell(system, Bar("AAPL", "1m", 9.0, 9.0, 9.0, 9.0, 5_000.0, 1, True, now_us - MINUTE_US, "push:bot"))
        said, found = await both(system, from_us)
        assert len(said) == 1 and found == said, "bars that no roll has seen yet are lessons too"
        await tell(system, *bars(now_us, 1e6, "push:other"), *bars(now_us, 1e6, "binance"), *bars(now_us - 1, 2.0, "push:bot"))
        assert await both(system, from_us) == (said, said)
    async with open_system(settings) as system:
        assert await both(system, from_us) == (said, said)
