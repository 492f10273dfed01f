"""FIML's market sockets, their list, its metrics and health, over real sockets."""

from contextlib import asynccontextmanager

import pytest
import trio
from live import Client, upgrade
from running import open_house, open_served

from oracle.history import Commit
from oracle.model import Bar, Quote, Trade

PRICE_KEYS = {"symbol", "price", "change", "change_percent", "volume", "timestamp", "provider", "confidence"}


@asynccontextmanager
async def market(tmp_path, path="/ws/stream"):
    """A client of a market socket, and the house where AAPL and BTC-USD have prices."""
    async with open_served(tmp_path) as house:
        runtime = house.system.runtime
        now_us = runtime.now_us()
        for symbol, price in (("AAPL", 262.0), ("BTC-USD", 97_000.0)):
            runtime.publish(Trade(symbol, price, 2.0, "buy", "t1", now_us, "test"))
            runtime.publish(Quote(symbol, price - 1, 1.0, price + 1, 2.0, now_us - 1, "test"))
        runtime.publish(Bar("AAPL", "1m", 260, 263, 259, 262, 100.0, 7, True, now_us - now_us % 60_000_000 - 60_000_000, "test"))
        await runtime.ask("history", Commit(()))  # bars are read from there
        with trio.fail_after(30):
            client = await Client.connect(house, path)
            yield house, client


def wish(stream_type="price", symbols=("AAPL",), **more):
    return {"type": "subscribe", "stream_type": stream_type, "symbols": list(symbols), "interval_ms": 100, **more}


async def test_an_ack_comes_first_and_data_one_interval_later(tmp_path):
    async with market(tmp_path) as (_, client):
        await client.say(wish(symbols=["aapl", "BTC"]))
        await client.say(wish("quote"))
        ack, second = await client.message(), await client.message()
        assert (ack["type"], ack["stream_type"]) == ("subscription_ack", "price")
        assert (ack["symbols"], ack["interval_ms"]) == (["AAPL", "BTC"], 100)
        assert "LICENSE" in ack["disclaimer"] and ack["timestamp"].endswith("Z")
        assert (second["type"], second["stream_type"]) == ("subscription_ack", "quote")
        data = await client.message_of("data")
        assert (data["subscription_id"], data["metadata"], data["disclaimer"]) == (ack["subscription_id"], {}, None)
        apple, bitcoin = data["data"]
        assert set(apple) == PRICE_KEYS
        assert (apple["symbol"], apple["price"], apple["provider"], apple["confidence"]) == ("AAPL", 262.0, "test", 1.0)
        assert apple["change"] is None, "no close of yesterday is known"
        assert (bitcoin["symbol"], bitcoin["price"]) == ("BTC", 97_000.0)


@pytest.mark.parametrize(("stream_type", "facts"), [
    ("quote", {"bid": 261.0, "ask": 263.0, "provider": "test"}), ("trades", {"price": 262.0, "size": 2.0, "side": "buy"}),
    ("multi_asset", {"price": 262.0, "asset_type": "equity"}),
    ("ohlcv", {"open": 260, "high": 263, "low": 259, "close": 262, "volume": 100.0, "is_closed": True}),
])  # fmt: skip
async def test_each_stream_type_tells_the_newest_there_is(tmp_path, stream_type, facts):
    async with market(tmp_path) as (_, client):
        await client.say(wish(stream_type, ["AAPL", "NOSUCH"]))
        (item,) = (await client.message_of("data"))["data"]
        if stream_type == "ohlcv" and item["volume"] == 2.0:  # the minute of the trade, which may be over, is newer than the bar
            facts = {"open": 262.0, "close": 262.0}
        assert item | facts == item


async def test_what_is_not_wanted_any_more_is_not_told(tmp_path):
    async with market(tmp_path) as (house, client):
        await client.say(wish(symbols=["AAPL", "BTC"]))
        assert (await client.message())["type"] == "subscription_ack"
        connections = (await house.get("/ws/connections")).json
        assert connections == {"active_connections": 1, "total_subscriptions": 2, "subscribed_symbols": ["AAPL", "BTC"]}
        assert (await house.get("/dashboard/stats")).json["active_subscriptions"] == 1
        await client.say({"type": "unsubscribe", "stream_type": "price", "symbols": ["btc"]})
        assert (await client.message_of("unsubscribe_ack"))["symbols"] == ["BTC"]
        assert [item["symbol"] for item in (await client.message_of("data"))["data"]] == ["AAPL"]
        await client.say({"type": "unsubscribe", "stream_type": "price", "symbols": None})
        assert (await client.message_of("unsubscribe_ack"))["symbols"] is None
        assert (await house.get("/ws/connections")).json["subscribed_symbols"] == []


WRONG = [
    (b"{", "INVALID_JSON"), (b"7", "INVALID_MESSAGE_TYPE"), ({"type": "hello"}, "INVALID_MESSAGE_TYPE"),
    ({"type": "subscribe", "stream_type": "price"}, "SUBSCRIPTION_ERROR"), (wish(symbols=[]), "SUBSCRIPTION_ERROR"),
    (wish(symbols=[f"S{i}" for i in range(51)]), "SUBSCRIPTION_ERROR"), (wish("weather"), "SUBSCRIPTION_ERROR"),
    (wish(interval_ms=99), "SUBSCRIPTION_ERROR"), (wish(asset_type="x"), "SUBSCRIPTION_ERROR"),
    (wish(market="XX"), "SUBSCRIPTION_ERROR"),
    ({"type": "unsubscribe"}, "UNSUBSCRIBE_ERROR"),
]  # fmt: skip


async def test_what_is_wrong_is_told_and_the_socket_stays_open(tmp_path):
    async with market(tmp_path) as (_, client):
        for said, code in WRONG:
            await (client.send(1, said) if isinstance(said, bytes) else client.say(said))
            error = await client.message()
            assert (error["type"], error["error_code"], error["details"]) == ("error", code, None) and error["message"]
        await client.say(wish())
        assert (await client.message())["type"] == "subscription_ack"


async def test_prices_of_an_address_come_by_themselves(tmp_path):
    async with market(tmp_path, "/ws/prices/aapl,%20BTC") as (_, client):
        ack = await client.message()
        assert (ack["symbols"], ack["interval_ms"], ack["stream_type"]) == (["AAPL", "BTC"], 1_000, "price")
        assert [item["symbol"] for item in (await client.message_of("data"))["data"]] == ["AAPL", "BTC"]


async def test_metrics_and_health_say_what_was_counted(tmp_path):
    async with open_house(tmp_path) as house:
        dogs = (await house.get("/api/metrics/watchdog")).json
        assert (dogs["total_watchdogs"], dogs["active_watchdogs"], dogs["total_events"]) == (11, 11, 0)
        assert dogs["total_checks"] >= 11 and dogs["success_rate"] == 1 - dogs["failed_checks"] / dogs["total_checks"]
        for part, key in (("cache", "kept_topics"), ("performance", "published"), ("tasks", "total")):
            assert isinstance((await house.get(f"/api/metrics/{part}")).json[key], int)
        assert (await house.get("/api/metrics/nothing")).status == 404
        for path in ("/health/db", "/health/cache", "/health/providers"):
            assert (await house.get(path)).json["status"] == "healthy"
        assert (await house.get("/health/providers/nobody")).status == 404
        assert (await house.get("/health/nothing")).status == 404


async def test_a_history_that_can_not_be_read_is_told_and_the_subscription_goes_on(tmp_path):
    async with market(tmp_path) as (house, client):
        await client.say(wish("ohlcv", ["AAPL"]))
        assert (await client.message_of("data"))["data"]
        await house.system.runtime.remove("history")  # who would open it again
        house.system.store.close()
        error = await client.message_of("error")
        assert (error["error_code"], error["details"]) == ("PROCESSING_ERROR", None)
        house.system.store.open()
        assert (await client.message_of("data"))["data"]


@pytest.mark.parametrize("path", ["/ws/prices/,,", "/ws/prices/%20"])
async def test_an_address_without_a_symbol_is_refused_at_the_door(tmp_path, path):
    async with open_served(tmp_path) as house:
        with trio.fail_after(30):
            stream = await trio.open_tcp_stream("127.0.0.1", house.port)
            await stream.send_all(upgrade(path))
            assert b" 422 " in await stream.receive_some(64)
            await stream.aclose()
