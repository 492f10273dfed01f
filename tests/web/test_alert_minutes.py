"""Rules on prices tried where no ticks are stored: on 1-minute bars, which is said, and about a minute from the truth."""

from functools import partial
from random import Random

import numpy as np
import pytest
import trio
from running import open_house

from oracle.alerts.conditions import Conditions
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import MET, Trigger
from oracle.backtest.minutes import symbol_of_bars
from oracle.border import structure
from oracle.conditions import parse_condition
from oracle.history import Commit
from oracle.model import Bar, Trade
from oracle.watchdogs.decider import Course, Memory
from tests.web.test_alert_past import ALERT, completed

MINUTE_US = 60_000_000
PRICE = {"type": "price_threshold", "symbol": "BTC"}
RULES = {
    "above": {**PRICE, "price_threshold": 101.5, "direction": "above", "hysteresis_pct": 1},
    "crosses": {**PRICE, "price_threshold": 99.0, "direction": "crosses"},
    "falls": {**PRICE, "change_pct": 1.5, "window_s": 1800, "direction": "below"},
    "custom": {"type": "custom_condition", "condition": 'price("BTC-USD") > 1.03 * min("BTC-USD", "30m")'},
}


def walked(until_us, minutes=300):
    """Trades of an aimless price, some a minute, up to a minute that has just ended."""
    chance, price, found = Random(11), 100.0, []
    first_us = until_us - until_us % MINUTE_US - minutes * MINUTE_US
    for number in range(minutes * 12):
        price *= 1 + chance.gauss(0, 0.0006)
        at_us = first_us + number * 5_000_000 + chance.randrange(4_000_000)
        found.append(Trade("BTC-USD", price, 1.0, "buy", str(number), at_us, "test"))
    return found


def first_met(trigger, trades, from_us):
    """When a rule enabled at an instant was first met by the ticks themselves, by the decider that is at work live."""
    course = Course(Conditions({"a": terms_of(structure(Trigger, trigger))}))
    told = [(trade.ts_us, trade) for trade in trades]
    course.begin(Memory((), [one for one in told if one[0] < from_us], from_us), from_us)
    found = (one for at_us, trade in told if at_us >= from_us for one in course.take(trade, at_us))
    return next(one.ts_us for one in found if one.kind == MET)


async def bars_of(folder, trades):
    """The minutes that the history makes of trades, as columns."""
    async with open_house(folder) as house:
        for trade in trades:
            house.system.runtime.publish(trade)
        await house.system.runtime.ask("history", Commit(()))
        page = await house.system.queries.bars("BTC-USD", "1m", limit=1_000)
    names = [name for name in Bar.__struct_fields__ if name not in ("closed", "symbol", "interval", "source")]
    columns = {name: np.array([row[name] for row in page.items]) for name in names}
    return {**columns, "symbol": "BTC-USD", "interval": "1m", "source": "test"}


async def test_bars_made_of_ticks_say_what_the_ticks_do_give_or_take_a_minute(tmp_path):
    async with open_house(tmp_path / "now") as house:
        trades = walked(house.system.runtime.now_us())
        columns = await bars_of(tmp_path / "then", trades)
        await trio.to_thread.run_sync(partial(house.system.store.backfill_bars, columns))
        span = {"from": trades[0].ts_us - trades[0].ts_us % MINUTE_US + 60 * MINUTE_US, "to": trades[-1].ts_us + MINUTE_US}
        for name, trigger in RULES.items():
            run, rows = await completed(house, {"rule": {**ALERT, "trigger": trigger}, **span})
            fired_us = run_us(min(row["ts"] for row in rows))
            # Of a window both ends are known to a minute, of a level only the present is asked.
            off_us = MINUTE_US * (1 if "price_threshold" in trigger else 2)
            assert abs(fired_us - first_met(trigger, trades, span["from"])) <= off_us, name
            assert run["result"]["from_bars"]["bars"] == 240, name
            assert run["result"]["messages"]["a"] == 960, name


async def test_the_first_ticks_go_on_where_the_bars_end(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        first_us = now_us - now_us % MINUTE_US - 10 * MINUTE_US
        price = np.array([90.0] * 5 + [110.0] * 5)
        columns = {"ts_us": first_us + np.arange(10) * MINUTE_US, "volume": price, "trades": np.ones(10, int),
                   **dict.fromkeys(("open", "high", "low", "close"), price)}  # fmt: skip
        given = {**columns, "symbol": "BTC-USD", "interval": "1m", "source": "test"}
        await trio.to_thread.run_sync(partial(house.system.store.backfill_bars, given))
        above = {**PRICE, "price_threshold": 100, "direction": "above"}
        for price in (111.0, 95.0, 120.0):  # it is above still; only the last one is news
            house.system.runtime.publish(Trade("BTC-USD", price, 1.0, "buy", str(price), house.system.runtime.now_us(), "test"))
            await house.system.runtime.ask("history", Commit(()))
        run, rows = await completed(house, {"rule": {**ALERT, "trigger": above}})
        assert [run_us(row["ts"]) >= now_us for row in sorted(rows, key=lambda row: row["ts"])] == [False, True]
        assert run["result"]["from_bars"]["bars"] == 10
        counted = {"type": "custom_condition", "condition": 'price("BTC-USD") > 100 and count("BTC-USD", "1h") > 0'}
        run, rows = await completed(house, {"rule": {**ALERT, "trigger": counted}})
        assert run["result"]["from_bars"] is None and all(run_us(row["ts"]) >= now_us for row in rows)


@pytest.mark.parametrize(("condition", "symbol"), [
    ('price("BTC-USD") > 1', "BTC-USD"), ('price("A") > 1.05 * avg("A", "1h") and max("A", "2h") < 9', "A"),
    ('price("A") > price("B")', ""), ('mid("A") > 1', ""), ('volume("A", "1h") > 1', ""), ('count("A", "1h") > 1', ""),
    ('price("A") > 1 and absent("trade:A", "5m")', ""), ('price("A") > avg("A", "30s")', ""), ('stddev("A", "1h") > 1', ""),
    ('price("A") > 1 or count(event("flash_crash"), "1h") > 0', ""),
])  # fmt: skip
def test_only_what_bars_can_tell_is_read_from_them(condition, symbol):
    assert symbol_of_bars([parse_condition(condition), None]) == symbol


def run_us(text):
    """ISO 8601 as UTC microseconds."""
    return int(np.datetime64(text.removesuffix("Z"), "us").astype(int))
