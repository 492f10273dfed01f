"""Alpha-oracle's strategies over REST: which there are, what they said, and switching them."""

import pytest
from running import open_house

from actors.testing import probe
from oracle.history import Commit
from oracle.model import Event, Severity, event_id
from oracle.settings import Auth, Data, Settings

NAMES = ["SwingMomentum", "MeanReversion", "ValueFactor", "InsiderFollowing", "MLSignalStrategy"]


def test_the_list_is_as_the_example_has_it(house):
    found = (house.get("/api/strategies")).json
    assert [one["name"] for one in found] == NAMES
    known = {one["name"]: one for one in found}
    example = {"name": "SwingMomentum", "description": "RSI + SMA momentum strategy", "min_hold_days": 3}
    assert example.items() <= known["SwingMomentum"].items()
    example = {"name": "MLSignalStrategy", "description": "XGBoost 3-class predictions", "min_hold_days": 3}
    assert example.items() <= known["MLSignalStrategy"].items()
    assert {one["name"]: one["min_hold_days"] for one in found} == dict(zip(NAMES, (3, 2, 5, 10, 3), strict=True))
    assert all(set(one) == {"name", "description", "min_hold_days", "params"} for one in found)
    assert known["SwingMomentum"]["params"] == {
        "fast_bars": 10, "slow_bars": 50, "rsi_bars": 14, "overbought": 70.0, "sell_above": 80.0, "stop_loss_pct": 5.0,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ValueFactor", "value_factor"])
def test_one_is_found_by_either_name(house, name):
    found = (house.get(f"/api/strategies/{name}")).json
    assert (found["name"], found["required_data"]) == ("ValueFactor", ["ohlcv", "fundamentals"])
    assert (found["available"], found["reason"], found["enabled"]) == (True, "", True)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/signals"), ("POST", "/enable"), ("POST", "/disable")])
def test_an_unknown_one_is_not_found(house, method, path):
    reply = house.ask(method, f"/api/strategies/Nobody{path}")
    assert reply.status == 404
    assert reply.json["detail"].startswith("Strategy 'Nobody' not found")


def signal(now_us, ago_s, name="SwingMomentum"):
    ts_us = now_us - ago_s * 1_000_000
    source = f"strategy:{name}"
    data = {"symbol": "AAPL", "direction": "LONG", "strength": 0.4, "strategy_name": name, "reason": "a cross",
            "timestamp": "2024-03-15T14:30:00Z", "metadata": {"rsi": 30.0}}  # fmt: skip
    return Event(event_id("signal", "AAPL", source, ts_us), "signal", "AAPL", source, Severity.low, "", data, ts_us)


async def test_signals_are_newest_first_and_between_two_times(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        mine = [signal(now_us, ago) for ago in (30, 20, 10)]
        await house.system.runtime.ask("history", Commit((*mine, signal(now_us, 5, "Other"))))
        found = (await house.get("/api/strategies/SwingMomentum/signals")).json
        assert len(found) == 3 and found == sorted(found, key=lambda one: one["timestamp"], reverse=True)
        assert set(found[0]) == {"symbol", "timestamp", "direction", "strength", "strategy_name", "reason", "metadata"}
        start, end = now_us - 25_000_000, now_us - 10_000_000
        assert len((await house.get(f"/api/strategies/swing_momentum/signals?start={start}&end={end}")).json) == 1
        assert (await house.get("/api/strategies/SwingMomentum/signals?limit=1")).json == found[:1]
        assert (await house.get("/api/strategies/SwingMomentum/signals?limit=0")).status == 422


async def test_switching_holds_over_a_restart_and_is_done_once_for_a_key(tmp_path):
    async with open_house(tmp_path) as house:
        told = probe(house.system.runtime, "event:strategy_disabled:*")
        for _ in range(2):
            reply = await house.post("/api/strategies/mean_reversion/disable", headers={"Idempotency-Key": "one"})
            assert (reply.status, reply.json) == (200, {"status": "disabled", "strategy": "MeanReversion"})
        assert len(told.took()) == 1
        assert (await house.get("/api/strategies/MeanReversion")).json["enabled"] is False
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/strategies/MeanReversion")).json["enabled"] is False
        assert (await house.post("/api/strategies/MeanReversion/enable")).json["status"] == "enabled"
        assert (await house.get("/api/strategies/MeanReversion")).json["enabled"] is True


async def test_settings_change_a_strategy_and_add_another(tmp_path):
    tables = {"swing_momentum": {"fast_bars": 5}, "Slow": {"kind": "SwingMomentum", "slow_bars": 200}}
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), strategies=tables)
    async with open_house(tmp_path, settings=settings) as house:
        known = {one["name"]: one["params"] for one in (await house.get("/api/strategies")).json}
        assert list(known) == [*NAMES, "Slow"]
        assert (known["SwingMomentum"]["fast_bars"], known["Slow"]["slow_bars"]) == (5, 200)
        assert (await house.get("/api/strategies/slow")).json["enabled"] is True






