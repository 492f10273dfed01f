"""The terminal over HTTP: what bots push is shown, survives, and is refused where it makes no sense; our desk speaks else."""

import pytest
from running import open_house, said

from oracle.model import Event, Quote, Severity
from oracle.settings import Auth, Data, Settings
from oracle.settings_trading import Mt5

ACCOUNT = {"balance": 10_000.0, "equity": 10_050.0, "profit": 50.0, "currency": "USD", "leverage": 100, "day_pl": 50.0}
POSITION = {"ticket": 1, "symbol": "XAUUSDm", "type": 0, "direction": "BUY", "volume": 0.1, "entry_price": 2345.5,
            "price_current": 2350.0, "sl_price": 2340.0, "tp_price": 2360.0, "profit": 50.0}  # fmt: skip
CYCLE = [
    {"type": "SCAN_START", "count": 2, "timestamp": "2024-03-15T14:30:00+00:00"},
    {"type": "SCAN_SUMMARY", "symbols": {"XAUUSDm": "CANDIDATE (BUY)", "EURUSDm": "Cooldown"}, "count": 2, "candidates": 1,
     "timestamp": "2024-03-15T14:30:01+00:00"},
    {"type": "POSITION_UPDATE", "positions": [POSITION], "timestamp": "2024-03-15T14:30:02+00:00"},
    {"type": "ACCOUNT_UPDATE", "account": ACCOUNT, "timestamp": "2024-03-15T14:30:02+00:00"},
    {"type": "TRADE_EXECUTION", "symbol": "XAUUSDm", "direction": "BUY", "price": 2345.5, "lot": 0.1, "ticket": 1,
     "timestamp": "2024-03-15T14:30:03+00:00"},
]  # fmt: skip
SHOWN = {
    "account": ACCOUNT, "positions": [POSITION],
    "scan_summary": {"symbols": CYCLE[1]["symbols"], "timestamp": CYCLE[1]["timestamp"], "count": 2},
    "recent_trades": [{key: value for key, value in CYCLE[4].items() if key != "type"}], "events": CYCLE,
}  # fmt: skip


async def shown(house):
    """What a bot has said; the scanner of our own desk may have said something before it."""
    state = (await house.get("/api/state")).json
    return {**state, "events": [one for one in state["events"] if one in CYCLE or not one["type"].startswith("SCAN")]}


async def test_a_bots_cycle_is_shown_and_survives(tmp_path):
    async with open_house(tmp_path) as house:
        done = await house.post("/api/push", json=CYCLE)
        assert done.status == 202
        assert done.json["accepted"] == 5 and done.json["last"] - done.json["first"] >= 4
        assert await shown(house) == SHOWN
    async with open_house(tmp_path) as house:
        assert await shown(house) == SHOWN
        one_by_one = {"account": "account", "positions": "positions", "trades": "recent_trades", "scan": "scan_summary"}
        for path, part in one_by_one.items():
            assert (await house.get(f"/api/{path}")).json == SHOWN[part]
        reply = await house.get("/api/account")
        assert float(reply.headers["x-state-age-seconds"]) >= 0
        await house.post("/api/push", json={"type": "ACCOUNT_UPDATE", "account": {"equity": 9_000.0}})
        assert (await house.get("/api/account")).json == {**ACCOUNT, "equity": 9_000.0}


async def test_the_same_push_is_taken_once(tmp_path):
    key = {"headers": {"Idempotency-Key": "cycle-1"}}
    async with open_house(tmp_path) as house:
        first = await house.post("/api/push", json=CYCLE[4], **key)
        again = await house.post("/api/push", json=CYCLE[4], **key)
        assert (first.status, again.status, again.headers["idempotent-replayed"]) == (202, 202, "true")
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/push", json=CYCLE[4], **key)).status == 202
        assert len((await shown(house))["recent_trades"]) == 1


async def test_a_push_with_something_wrong_in_it_is_not_taken_at_all(tmp_path):
    async with open_house(tmp_path) as house:
        before = await shown(house)
        reply = await house.post("/api/push", json=[CYCLE[4], {"type": "TRADE_EXECUTION", "symbol": "A", "price": 0, "lot": 1}])
        assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", 1, "price"])
        assert await shown(house) == before


async def test_our_desk_is_shown_until_a_bot_speaks_and_after_it_has_gone(tmp_path):
    async with open_house(tmp_path) as house:
        ours = (await house.get("/api/account")).json
        assert ours["balance"] == ours["equity"] == 100_000.0 and ours["profit"] == 0 and ours["currency"] == "USD"
        fill = {"id": "f1", "order_id": "o", "symbol": "AAPL", "side": "BUY", "quantity": 10.0, "price": 150.0, "fee": 0.0}
        runtime = house.system.runtime
        runtime.publish(Event("evt_1", "fill", "AAPL", "desk", Severity.low, "bought", fill, runtime.now_us()))
        await said(runtime, "event:terminal:TRADE_EXECUTION")
        (trade,) = (await house.get("/api/trades")).json
        assert (trade["symbol"], trade["direction"], trade["price"], trade["lot"]) == ("AAPL", "BUY", 150.0, 10.0)
        await house.post("/api/push", json=CYCLE)
        assert (await house.get("/api/account")).json == ACCOUNT
        assert (await house.ask("DELETE", "/api/push/source")).json == {"external": False}
        assert (await house.get("/api/account")).json == ours
        assert (await house.get("/api/positions")).json == []


async def test_a_bot_that_says_it_goes_is_gone_after_a_restart_too(tmp_path):
    async with open_house(tmp_path) as house:
        ours = (await house.get("/api/account")).json
        await house.post("/api/push", json=[*CYCLE, {"type": "BOT_GONE"}])
        before = await shown(house)
        assert (before["account"], before["positions"], before["events"][-1]) == (ours, [], {"type": "BOT_GONE"})
        await house.post("/api/push", json=[{"type": "BOT_GONE"}, CYCLE[3]])
        assert (await shown(house))["account"] == ACCOUNT
        await house.post("/api/push", json={"type": "BOT_GONE"})
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/account")).json == ours
        assert "x-state-age-seconds" not in (await house.get("/api/account")).headers


async def test_the_age_is_that_of_what_is_shown_and_not_of_the_bots_newest_word(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/push", json=CYCLE[3])
        assert "x-state-age-seconds" not in (await house.get("/api/positions")).headers
        for _ in range(2):  # after a restart too
            said_us = house.system.terminal.account_us
            await house.post("/api/push", json=CYCLE[0], headers={"Idempotency-Key": "only-once"})
            assert house.system.terminal.account_us == said_us < house.system.terminal.heard_us


async def test_a_push_of_quotes_alone_is_no_event(tmp_path):
    told = {"type": "QUOTE", "symbol": "XAUUSDm", "bid": 2345.5, "ask": 2345.8}
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/push", json=told, headers={"Idempotency-Key": "q"})).status == 202
        assert (await shown(house))["events"] == []
    async with open_house(tmp_path) as house:
        assert (await shown(house))["events"] == []


async def test_a_bot_that_is_silent_for_too_long_is_gone(tmp_path):
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), mt5=Mt5(gone_after_s=0.05))
    async with open_house(tmp_path, settings=settings) as house:
        await house.post("/api/push", json=CYCLE)
        await said(house.system.runtime, "event:terminal:BOT_GONE")
        assert (await house.get("/api/account")).json["balance"] == 100_000.0


async def test_quotes_are_prices_and_none_is_invented(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/quote?symbol=XAUUSDm")).status == 404
        told = {"type": "QUOTE", "symbol": "XAUUSDm", "bid": 2345.5, "ask": 2345.8, "time": 1.7e9}
        reply = await house.post("/api/push", json=told)
        assert reply.status == 202
        quote = (await house.get("/api/quote?symbol=XAUUSDm")).json
        assert (quote["symbol"], quote["bid"], quote["ask"]) == ("XAUUSDm", 2345.5, 2345.8)
        house.system.runtime.publish(Quote("AAPL", 1.0, 0, 2.0, 0, house.system.runtime.now_us(), "feed"))
        assert (await house.get("/api/quote?symbol=AAPL")).json["source"] == "feed"


async def test_the_journal_counts_what_was_closed(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/push", json=[*CYCLE, {"type": "TRADE_CLOSED", "ticket": 1, "exit_price": 2350.0, "profit": 45.0}])
        (trade,) = (await house.get("/api/journal/trades")).json
        assert (trade["outcome"], trade["profit"], trade["exit_price"]) == ("WIN", 45.0, 2350.0)
        daily = (await house.get("/api/journal/daily")).json
        assert (daily["total"], daily["wins"], daily["total_profit"], daily["win_rate"]) == (1, 1, 45.0, 100.0)
        assert (await house.get("/api/journal/confluence")).json == {}


@pytest.mark.parametrize("path", ["/api/quote", "/api/journal/trades?limit=0", "/api/quote?symbol="])
def test_bad_questions_are_refused(house, path):
    assert house.get(path).status == 422
