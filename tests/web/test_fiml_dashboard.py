"""FIML's dashboard over HTTP, as its clients and its reference document know it."""

import msgspec
import pytest
import trio
from running import open_house, said, watchdog_event

from actors.testing import probe
from oracle.history import Commit
from oracle.model import Event, Quote, Sample, Severity, Trade
from oracle.watchdogs import WATCHDOGS
from web.surfaces.fiml import dashboard_health, fiml_event
from web.surfaces.fiml_assets import symbol_meant
from web.surfaces.fiml_shapes import AssetNow, DashboardHealth, DashboardStats, Switched, WatchdogEvent, WatchdogStatus

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000


async def told(house, *messages):
    """Publish, and wait until they are on disk."""
    for message in messages:
        house.system.runtime.publish(message)
    await house.system.runtime.ask("history", Commit((Sample("marker", "test", 1.0, "", 0, "test"),)))


def is_strictly(value, shape):
    """Whether JSON has exactly the keys and types of a shape."""
    made = msgspec.convert(value, shape)
    assert msgspec.to_builtins(made).keys() == value.keys()
    return True


# ---- the reference document's example


SEED_EVENT = {
    "event_id": "evt_1234567890",
    "type": "price_anomaly",
    "severity": "high",
    "description": "Price spike detected",
    "asset": {"symbol": "AAPL", "asset_type": "equity"},
    "timestamp": "2024-01-01T12:00:00Z",
}


def test_an_event_has_the_keys_and_types_of_the_example():
    at_us = 1_704_110_400_000_000
    event = Event("evt_1234567890", "price_anomaly", "AAPL", "watchdog:price_anomaly", Severity.high, "Price spike detected",
                  {"provider": "simulated"}, at_us)  # fmt: skip
    shown = msgspec.json.decode(msgspec.json.encode(fiml_event(event)))
    for name, value in SEED_EVENT.items():
        if isinstance(value, dict):
            assert value.items() <= shown[name].items()
        else:
            assert shown[name] == value
    assert is_strictly(shown, WatchdogEvent)
    assert shown["metadata"] == {"provider": "simulated", "simulated": True}


def test_an_event_about_a_pair_shows_the_base_and_the_pair():
    at_us = 1_704_110_400_000_000
    event = Event("e", "price_anomaly", "BTC-USDT", "watchdog:price_anomaly", Severity.low, "x", {"provider": "binance"}, at_us)
    shown = fiml_event(event)
    assert shown["asset"] == {"symbol": "BTC", "name": None, "asset_type": "crypto", "market": "CRYPTO", "exchange": None,
                              "currency": "USDT", "pair": "BTC/USDT"}  # fmt: skip
    assert shown["metadata"] == {"provider": "binance", "simulated": False}
    assert shown["watchdog"] == "price_anomaly"


def test_an_event_about_a_venue_has_no_asset():
    event = Event("e", "exchange_outage", "binance", "watchdog:exchange_outage", Severity.high, "x", {}, 0)
    assert fiml_event(event)["asset"] is None


# ---- stats and watchdogs


async def test_stats_count_events_by_severity_and_watchdogs(tmp_path):
    async with open_house(tmp_path) as house:
        empty = (await house.get("/dashboard/stats")).json
        await told(house, watchdog_event(house.system.runtime, salt=1), watchdog_event(house.system.runtime, salt=2),
                   watchdog_event(house.system.runtime, salt=3, severity=Severity.critical))  # fmt: skip
        await house.post("/api/oracle/inbox", json={})  # no watchdog said it, so it is not counted
        stats = (await house.get("/dashboard/stats")).json
    assert is_strictly(empty, DashboardStats)
    assert (empty["total_events"], empty["events_by_severity"]) == (0, {})
    assert (stats["total_events"], stats["events_by_severity"]) == (3, {"high": 2, "critical": 1})
    assert (stats["active_watchdogs"], stats["healthy_watchdogs"], stats["active_subscriptions"]) == (11, 11, 0)
    assert stats["timestamp"].endswith("Z")


async def row_of(house):
    """The row of price_anomaly."""
    return next(row for row in (await house.get("/dashboard/watchdogs")).json if row["name"] == "price_anomaly")


async def test_watchdogs_are_listed_with_their_state(tmp_path):
    async with open_house(tmp_path) as house:
        rows = (await house.get("/dashboard/watchdogs")).json
    assert [row["name"] for row in rows] == list(WATCHDOGS)
    assert all(is_strictly(row, WatchdogStatus) for row in rows)
    assert rows[0] | {"enabled": True, "running": True, "status": "healthy", "consecutive_failures": 0} == rows[0]
    assert rows[0]["last_check"].endswith("Z") and rows[0]["total_checks"] >= 1


async def test_a_watchdog_is_disabled_and_enabled_and_restarted(tmp_path):
    async with open_house(tmp_path) as house:
        off = await house.post("/dashboard/watchdogs/price_anomaly/disable")
        row = await row_of(house)
        assert (off.status, off.json) == (200, {"status": "disabled", "watchdog": "price_anomaly"})
        assert (row["enabled"], row["running"], row["status"]) == (False, False, "healthy")
        assert (await house.get("/dashboard/stats")).json["active_watchdogs"] == 10
        refused = await house.post("/dashboard/watchdogs/price_anomaly/restart")
        assert refused.status == 409 and "disabled" in refused.json["detail"]

        heard = probe(house.system.runtime, "state:watchdog:price_anomaly")
        on = await house.post("/dashboard/watchdogs/price_anomaly/enable")
        with trio.fail_after(30):
            while not (await heard.next()).value["running"]:
                pass
        assert on.json == {"status": "enabled", "watchdog": "price_anomaly"} and is_strictly(on.json, Switched)
        assert (await row_of(house))["running"]
        again = await house.post("/dashboard/watchdogs/price_anomaly/restart")
        assert again.json == {"status": "restarted", "watchdog": "price_anomaly"}


async def test_a_switch_survives_a_restart(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/dashboard/watchdogs/price_anomaly/disable")
    async with open_house(tmp_path) as house:
        assert (await row_of(house))["enabled"] is False


@pytest.mark.parametrize("verb", ["enable", "disable", "restart"])
def test_an_unknown_watchdog_is_404_with_its_name(house, verb):
    reply = house.post(f"/dashboard/watchdogs/nobody/{verb}")
    assert (reply.status, reply.json) == (404, {"detail": "Watchdog 'nobody' not found"})


async def test_a_watchdog_that_failed_for_good_is_shown_unhealthy(tmp_path):
    async with open_house(tmp_path) as house:
        await house.system.runtime.remove("watchdog:price_anomaly")
        value = {**house.system.board.get("watchdog:price_anomaly"), "running": True, "status": "healthy"}
        house.system.board.put("watchdog:price_anomaly", value, house.system.runtime.now_us())
        row = await row_of(house)
        health = dashboard_health(house.system)
    assert (row["running"], row["status"]) == (False, "unhealthy")
    assert health.status == "unhealthy"


async def test_a_symbol_whose_past_can_not_be_read_has_nulls_and_the_rest_have_rows(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        await told(house, Trade("AAPL", 100.0, 1.0, "", "1", now_us, "simulated"))
        await house.system.runtime.remove("history")  # who would open it again
        house.system.store.close()
        reply = await house.get("/dashboard/assets/monitor?symbols=AAPL,NOBODY")
    assert reply.status == 200
    assert [(row["symbol"], row["price"], row["change_percent"], row["volume"]) for row in reply.json] == [
        ("AAPL", 100.0, None, None), ("NOBODY", None, None, None)]  # fmt: skip
    assert all(is_strictly(row, AssetNow) for row in reply.json)


async def test_health_has_the_worst_and_each(tmp_path):
    async with open_house(tmp_path) as house:
        shown = msgspec.json.decode(msgspec.json.encode(dashboard_health(house.system)))
    assert is_strictly(shown, DashboardHealth)
    assert shown["status"] == "healthy" and shown["watchdogs"][0]["uptime_seconds"] >= 0


# ---- events


async def test_events_are_newest_first_filtered_before_the_limit_and_survive_a_restart(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        highs = [watchdog_event(runtime, ago_s=10 * n, salt=n) for n in range(4)]
        lows = [watchdog_event(runtime, ago_s=1, salt=10 + n, severity=Severity.low, kind="flash_crash") for n in range(4)]
        await told(house, *highs, *lows)
    async with open_house(tmp_path) as house:
        await house.post("/api/oracle/inbox", json={})
        every = (await house.get("/dashboard/events")).json
        high = (await house.get("/dashboard/events?severity=high&limit=2")).json
        crash = (await house.get("/dashboard/events?event_type=flash_crash")).json
        none = (await house.get("/dashboard/events?event_type=whale_movement")).json
        stats = (await house.get("/dashboard/stats")).json
    assert len(every) == 8 and stats["total_events"] == 8
    assert [row["timestamp"] for row in every] == sorted((row["timestamp"] for row in every), reverse=True)
    assert [row["event_id"] for row in high] == [highs[0].id, highs[1].id]
    assert {row["event_id"] for row in crash} == {event.id for event in lows}
    assert none == []
    assert all(is_strictly(row, WatchdogEvent) for row in every)


async def test_limits_are_one_to_a_thousand(tmp_path):
    async with open_house(tmp_path) as house:
        seen = [(await house.get(f"/dashboard/events?limit={n}")).status for n in (1, 1000, 0, 1001, -1)]
        assert seen == [200, 200, 422, 422, 422]
        low = (await house.get("/dashboard/events?limit=0")).json
        high = (await house.get("/dashboard/events?limit=1001")).json
        word = (await house.get("/dashboard/events?limit=all")).json
    assert low["detail"] == [{"type": "greater_than_equal", "loc": ["query", "limit"], "input": "0", "ctx": {"ge": 1},
                              "msg": "Input should be greater than or equal to 1"}]  # fmt: skip
    assert high["detail"] == [{"type": "less_than_equal", "loc": ["query", "limit"], "input": "1001", "ctx": {"le": 1000},
                               "msg": "Input should be less than or equal to 1000"}]  # fmt: skip
    assert word["detail"] == [{"type": "int_parsing", "loc": ["query", "limit"], "input": "all",
                               "msg": "Input should be a valid integer, unable to parse string as an integer"}]  # fmt: skip


async def test_an_unknown_severity_is_422_and_an_unknown_type_400(tmp_path):
    async with open_house(tmp_path) as house:
        severity = await house.get("/dashboard/events?severity=loud")
        kind = await house.get("/dashboard/events?event_type=nonsense")
    expected = "'low', 'medium', 'high' or 'critical'"
    assert severity.status == 422
    assert severity.json["detail"] == [{"type": "enum", "loc": ["query", "severity"], "input": "loud",
                                        "msg": f"Input should be {expected}", "ctx": {"expected": expected}}]  # fmt: skip
    assert (kind.status, kind.json) == (400, {"detail": "Invalid event type: nonsense"})


# ---- assets


async def test_assets_are_answered_one_row_each_in_order(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        await told(house, Trade("AAPL", 190.5, 10.0, "", "1", now_us, "simulated"),
                   Quote("MSFT", 400.0, 1.0, 402.0, 1.0, now_us, "simulated"))  # fmt: skip
        path = "/dashboard/assets/monitor?symbols=AAPL,GOOGL,MSFT&asset_type=equity&market=US"
        commas = (await house.get(path)).json
        keys = (await house.get("/dashboard/assets/monitor?symbols=AAPL&symbols=GOOGL&symbols=,%20MSFT")).json
    assert all(is_strictly(row, AssetNow) for row in commas)
    assert [(row["symbol"], row["asset_type"], row["price"]) for row in commas] == [
        ("AAPL", "equity", 190.5), ("GOOGL", "equity", None), ("MSFT", "equity", 401.0)]  # fmt: skip
    assert commas[0]["metadata"] == {"provider": "simulated", "simulated": True}
    assert commas[1] | {"change_percent": None, "volume": None, "metadata": {}} == commas[1]
    assert [(row["symbol"], row["price"]) for row in keys] == [(row["symbol"], row["price"]) for row in commas]


@pytest.mark.parametrize("query", ["", "symbols=", "symbols=,%20,", "symbols=A&asset_type=stock", "symbols=A&market=MOON",
                                   "symbols=" + ",".join(["A"] * 101)])  # fmt: skip
def test_bad_asset_questions_are_422(house, query):
    reply = house.get(f"/dashboard/assets/monitor?{query}")
    assert reply.status == 422 and reply.json["detail"][0]["loc"][0] == "query"


async def test_change_and_volume_come_from_what_was_watched_and_are_null_where_it_was_not(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        midnight_us = now_us - now_us % DAY_US
        watched = [Trade("BTC-USD", 100.0, 1.0, "", "1", midnight_us - MINUTE_US, "one"),
                   Trade("BTC-USD", 104.0, 2.0, "", "2", midnight_us + MINUTE_US, "one"),
                   Trade("BTC-USD", 110.0, 3.0, "", "3", now_us, "one")]  # fmt: skip
        late = [Trade("ETH-USD", 10.0, 1.0, "", "1", midnight_us - 3_600_000_000, "two"),
                Trade("ETH-USD", 11.0, 2.0, "", "2", max(midnight_us + 20 * MINUTE_US, now_us), "two")]  # fmt: skip
        await told(house, *watched, *late)
        btc, eth = (await house.get("/dashboard/assets/monitor?symbols=BTC,eth/usd&asset_type=crypto&market=CRYPTO")).json
    assert (btc["price"], btc["change_percent"], btc["volume"]) == (110.0, 10.0, 5.0)
    assert (eth["symbol"], eth["price"], eth["change_percent"]) == ("eth/usd", 11.0, None)
    assert btc["metadata"] == {"provider": "one", "simulated": False}


@pytest.mark.parametrize(("text", "kind", "meant"), [
    ("BTC-USDT", "crypto", "BTC-USDT"), ("btc/usdt", "crypto", "BTC-USDT"), ("BTCUSDT", "crypto", "BTC-USDT"),
    ("BTC", "crypto", "BTC-USD"), ("BTC", "equity", "BTC-USD"), ("NKN", "crypto", "NKN-USDT"), ("ODD", "crypto", "ODD-EUR"),
    ("AAPL", "equity", "AAPL"), ("aapl", "equity", "AAPL"), ("AAPL", "crypto", None), ("GOOGL", "equity", None),
    ("SOL", "equity", "SOL"), ("SOL", "crypto", "SOL-USD"), ("", "equity", None), ("-", "crypto", None),
])  # fmt: skip
def test_what_a_client_means_by_a_symbol(text, kind, meant):
    known = {"BTC-USD", "BTC-USDT", "BTC-EUR", "NKN-USDT", "ODD-EUR", "ODD-GBP", "AAPL", "SOL", "SOL-USD"}
    assert symbol_meant(text, kind, known) == meant


# ---- habits of the family


async def test_the_family_speaks_detail(tmp_path):
    async with open_house(tmp_path) as house:
        lost = await house.get("/dashboard/nothing")
        slash = await house.get("/dashboard/stats/")
        wrong = await house.post("/dashboard/stats")
        head = await house.ask("HEAD", "/dashboard/stats")
        get = await house.get("/dashboard/watchdogs/price_anomaly/enable")
    assert (lost.status, lost.json) == (404, {"detail": "Not Found"})
    assert slash.status == 404
    assert (wrong.status, wrong.json, wrong.headers["allow"]) == (405, {"detail": "Method Not Allowed"}, "GET")
    assert (head.status, head.headers["allow"]) == (405, "GET")
    assert (get.status, get.headers["allow"]) == (405, "POST")


async def test_a_fault_of_ours_is_500_and_tells_nothing(tmp_path):
    async with open_house(tmp_path) as house:
        house.system.board.put("watchdog:price_anomaly", {"secret": "inside"}, house.system.runtime.now_us())
        reply = await house.get("/dashboard/watchdogs")
        alive = await house.get("/healthz")
    assert reply.status == 500
    assert reply.json["error"] == "InternalServerError" and "inside" not in reply.body.decode()
    assert alive.status == 200


async def test_the_board_is_ready_before_the_first_request(tmp_path):
    async with open_house(tmp_path) as house:
        state = await said(house.system.runtime, "state:watchdog:price_anomaly")
    assert state.value["name"] == "price_anomaly"
