"""What jobs do: the bar of a day of its minutes, the briefing of the board, and the learner's training."""

import datetime as dt
from contextlib import asynccontextmanager

import pytest
import trio

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.exchange_days import session_of
from oracle.history import History, Queries, Store, inline
from oracle.model import Bar, Event, Quote, Severity
from oracle.runs import Pace
from oracle.schedule.cron import zone_of
from oracle.schedule.daily_bars import bar_of, daily_bars, day_over
from oracle.schedule.work import job_work
from oracle.settings_trading import Risk, Trading

DAY = dt.date(2026, 11, 25)
DAY_US = round(dt.datetime(2026, 11, 25, tzinfo=dt.UTC).timestamp() * 1e6)
OPENS_US, CLOSES_US = session_of(DAY)
NOW_US = CLOSES_US + 3_600_000_000  # 17:00


def new_york(text):
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=zone_of("America/New_York")).timestamp() * 1e6)


class Room:
    """A board and a history, and the works on them."""

    def __init__(self, runtime, board, queries):
        self.runtime, self.board, self.queries = runtime, board, queries

    async def minutes(self, symbol, from_us, closes, source="test"):
        """Bars of minutes, one for each close; each opens at 100."""
        for place, close in enumerate(closes):
            self.runtime.publish(Bar(symbol, "1m", 100.0, max(100.0, close) + 1, min(100.0, close) - 1, close, 10.0, 2, True,
                                     from_us + place * 60_000_000, source))  # fmt: skip
        await trio.sleep(1)

    async def job(self, name, universe=("AAPL",), **params):
        work = job_work(self.board, self.queries, self.runtime, Trading(universe=universe), Risk())
        return (await work({"job": name, **params}, Pace()))[0]


class Learner(Actor):
    """What trains."""

    def __init__(self, answer):
        self.answer = answer

    def receive(self, command):
        if isinstance(self.answer, Refused):
            raise self.answer
        return {"asked": command.verb, **self.answer}


@asynccontextmanager
async def open_room(folder, now_us=NOW_US, *more):
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        made.append(Board(runtime.bus, runtime.now_us))
        return [Child("history", lambda: History(store, threaded=False), capacity=10_000), *more]

    try:
        async with open_runtime(children, clock=trio_clock(now_us), seed=1) as runtime:
            yield Room(runtime, made[0], Queries(store, inline))
    finally:
        store.close()


@pytest.mark.parametrize(("at", "day"), [
    ("2026-11-25T15:59", "2026-11-24"), ("2026-11-25T16:00", "2026-11-25"), ("2026-11-26T17:00", "2026-11-25"),
    ("2026-11-30T08:00", "2026-11-27"), ("2026-03-09T17:00", "2026-03-09"),
])  # fmt: skip
def test_which_day_is_over(at, day):
    named_us, from_us, to_us = day_over("AAPL", new_york(at))
    assert dt.datetime.fromtimestamp(named_us / 1e6, dt.UTC).isoformat() == f"{day}T00:00:00+00:00"
    assert (from_us, to_us) == session_of(dt.date.fromisoformat(day)) and to_us <= new_york(at)


def test_of_a_pair_it_is_the_last_whole_day_in_utc():
    assert day_over("BTC-USD", new_york("2026-11-25T17:00")) == (DAY_US - 86_400_000_000, DAY_US - 86_400_000_000, DAY_US)


def test_a_bar_is_made_of_all_its_minutes():
    rows = [{"open": 1.0, "high": 4.0, "low": 0.5, "close": 2.0, "volume": 1.5, "trades": 2, "source": "a"},
            {"open": 2.0, "high": 3.0, "low": 0.25, "close": 2.5, "volume": 1.0, "trades": 3, "source": "b"}]  # fmt: skip
    assert bar_of("X", 7, rows) == Bar("X", "1d", 1.0, 4.0, 0.25, 2.5, 2.5, 5, True, 7, "b")


async def test_the_day_that_no_feed_told_is_made_of_its_minutes_once(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.minutes("AAPL", OPENS_US, [101.0] * 199 + [104.0])
        await room.minutes("AAPL", CLOSES_US, [500.0])  # after hours
        await room.minutes("TSLA", OPENS_US, [99.0] * 3)
        await room.minutes("BTC-USD", DAY_US - 86_400_000_000, [98.0] * 800)
        await room.minutes("BTC-USD", DAY_US, [1.0])  # that day is not over
        room.runtime.publish(Bar("MSFT", "1d", 1.0, 2.0, 0.5, 1.5, 9.0, 4, True, DAY_US, "venue"))
        await trio.sleep(1)
        heard = probe(room.runtime, "bar:1d:*")
        universe = ("AAPL", "TSLA", "BTC-USD", "MSFT", "SPY")
        done = await room.job("daily_bars", universe, due_us=NOW_US)
        assert done == {"outcome": "done", "symbols": 5, "told": ["MSFT"], "made": ["AAPL", "TSLA", "BTC-USD"],
                        "no_data": ["SPY"], "partial": {"TSLA": 3}}  # fmt: skip
        apple, tesla, bitcoin = heard.took()
        assert apple == Bar("AAPL", "1d", 100.0, 105.0, 99.0, 104.0, 2_000.0, 400, True, DAY_US, "test")
        assert (tesla.close, bitcoin.close, bitcoin.ts_us) == (99.0, 98.0, DAY_US - 86_400_000_000)
        await trio.sleep(1)
        again = await room.job("daily_bars", universe, due_us=NOW_US)
        assert again["told"] == ["AAPL", "TSLA", "BTC-USD", "MSFT"] and again["made"] == [] and heard.took() == []
        (stored,) = (await room.queries.bars("AAPL", "1d", DAY_US, DAY_US + 86_400_000_000)).items
        assert (stored["open"], stored["close"], stored["volume"]) == (100.0, 104.0, 2_000.0)


async def test_a_job_that_is_late_makes_the_day_it_was_due_for(tmp_path, autojump_clock):
    async with open_room(tmp_path, NOW_US + 5 * 86_400_000_000) as room:
        await room.minutes("AAPL", OPENS_US, [101.0] * 390)
        heard = probe(room.runtime, "bar:1d:*")
        assert (await room.job("daily_bars", due_us=NOW_US))["made"] == ["AAPL"]
        assert [bar.ts_us for bar in heard.took()] == [DAY_US]
        assert (await room.job("daily_bars"))["no_data"] == ["AAPL"], "by hand it is the day that is over now"


async def test_nothing_is_made_while_a_run_is_paused(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.minutes("AAPL", OPENS_US, [101.0] * 390)
        heard, pace = probe(room.runtime, "bar:1d:*"), Pace()
        pace.hold()
        with trio.move_on_after(60):
            await daily_bars(("AAPL",), room.queries, room.runtime)({}, pace)
        assert heard.took() == []


async def test_the_briefing_says_what_is_on_the_board_and_no_more(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        bare = await room.job("daily_briefing")
        assert (bare["portfolio"], bare["daily_pnl"], bare["risk_utilization"]) == (None, None, None)
        assert bare["risk"] == {"kill_switch": None, "breakers_tripped": {}, "autonomy": None, "drawdown_pct": None}
        heard, now_us = probe(room.runtime, "event:daily_briefing:desk"), room.runtime.now_us()
        put = lambda ref, value: room.board.put(ref, value, now_us)  # noqa: E731
        put("account:desk", {"initial_cash": 10_000.0, "cash": 9_000.0})
        put("position:AAPL", {"symbol": "AAPL", "quantity": 10.0, "avg_entry_price": 100.0, "opened_us": 1, "added_us": 1})
        room.runtime.publish(Quote("AAPL", 109.0, 1.0, 111.0, 1.0, now_us, "test"))
        put("equity:desk", {"day": "2026-11-25", "day_open_equity": 10_000.0, "drawdown_pct": 1.5, "max_drawdown_pct": 2.5})
        put("autonomy:desk", {"mode": "PAPER_ONLY"})
        put("breaker:vix", {"on": True, "reason": "VIX is 40"})
        put("breaker:drawdown", {"on": False, "reason": ""})
        put("order:1", {"status": "PENDING"})
        put("order:2", {"status": "SUBMITTED"})
        for n, ago_s in enumerate((10, 20, 90_000)):
            at_us = now_us - ago_s * 1_000_000
            room.runtime.publish(Event(f"evt_{n}", "alert_fired", "r", "rule:r", Severity.high, "", {}, at_us))
        await trio.sleep(1)
        done = await room.job("daily_briefing")
        (told,) = heard.took()
        assert {"outcome": "done", "event_id": told.id, **told.data} == done
        assert (done["date"], done["daily_pnl"], done["daily_pnl_pct"]) == ("2026-11-25", 100.0, 1.0)
        assert done["portfolio"]["total_equity"] == 10_100.0 and done["portfolio"]["positions"] == {"AAPL": 1_100.0}
        assert done["risk"] == {"kill_switch": None, "breakers_tripped": {"vix": "VIX is 40"}, "autonomy": "PAPER_ONLY",
                                "drawdown_pct": 1.5}  # fmt: skip
        assert done["risk_utilization"]["largest_position_pct"] == pytest.approx(100 * 1_100 / 10_100)
        assert done["open_orders"] == {"open": 2, "pending_approval": 1} and done["alerts_24h"] == {"high": 2}
        assert told.summary == ("2026-11-25: equity 10,100.00 USD, day's P&L +100.00, 1 positions, 2 open orders, "
                                "1 breakers tripped")  # fmt: skip
        await trio.sleep(1)
        stored = (await room.queries.events("daily_briefing")).items
        assert [row["id"] for row in stored] == [told.id, bare["event_id"]], "each once"


@pytest.mark.parametrize(("answer", "said"), [
    ({"accuracy": 0.5}, {"outcome": "done", "asked": "retrain", "accuracy": 0.5}),
    (Refused("xgboost is not installed", "unavailable"), {"outcome": "unavailable: xgboost is not installed"}),
    (None, {"outcome": "unavailable: no strategy MLSignalStrategy is at work"}),
])  # fmt: skip
async def test_the_learner_trains_where_there_is_one(tmp_path, autojump_clock, answer, said):
    more = [] if answer is None else [Child("strategy:MLSignalStrategy", lambda: Learner(answer))]
    async with open_room(tmp_path, NOW_US, *more) as room:
        assert await room.job("weekly_retrain") == said


@pytest.mark.parametrize("name", ["weekly_fundamentals", "biweekly_altdata", "daily_sentiment", "weekly_options_flow",
                                  "weekly_trends"])  # fmt: skip
async def test_what_has_no_source_says_so(tmp_path, autojump_clock, name):
    async with open_room(tmp_path) as room:
        assert await room.job(name) == {"outcome": "unavailable: no source configured"}


async def test_what_is_no_job_is_refused(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        with pytest.raises(Refused, match="there is no job 'nope'"):
            await room.job("nope")
