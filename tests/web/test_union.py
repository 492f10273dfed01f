"""`/ws`: the snapshot first, then each family's own frames; who says whose client it is gets no others; nothing is missed."""

import json
from contextlib import asynccontextmanager

import pytest
import trio
from running import open_served, said
from trio_websocket import ConnectionRejected, open_websocket_url

from oracle.model import Event, Quote, Severity
from oracle.settings_trading import Trading
from tests.web.test_mt5 import ACCOUNT, CYCLE

FILL = {"id": "f1", "order_id": "o", "symbol": "AAPL", "side": "BUY", "quantity": 10.0, "price": 150.0, "fee": 0.0}


class Reader:
    """A client, as the seeds' clients are: it reads JSON objects."""

    def __init__(self, socket):
        self.socket = socket

    async def next(self):
        """The next frame that is not of what the house does by itself: its scanner speaks, and a breaker misses prices."""
        with trio.fail_after(30):
            while True:
                frame = json.loads(await self.socket.get_message())
                scan = frame["type"] in ("SCAN_START", "SCAN_SUMMARY") and frame["count"] == len(Trading().universe)
                if not scan and not (frame["type"] == "risk_alert" and frame["data"].get("breaker") == "stale_data"):
                    return frame

    async def until(self, channel):
        """The next frame of a channel, and those before it."""
        before = []
        while (frame := await self.next())["channel"] != channel:
            before.append(frame)
        return frame, before


@asynccontextmanager
async def client(house, query=""):
    async with open_websocket_url(f"ws://127.0.0.1:{house.port}/ws{query}") as socket:
        yield Reader(socket)


def tell(house, kind, subject, data, ident="evt_1"):
    runtime = house.system.runtime
    runtime.publish(Event(ident, kind, subject, "desk", Severity.high, f"{kind} of {subject}", data, runtime.now_us()))


async def test_a_terminals_client_gets_its_snapshot_and_then_what_is_pushed_unchanged(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader:
        first = await reader.next()
        assert (first["type"], set(first["data"])) == (
            "STATE_SNAPSHOT", {"account", "positions", "scan_summary", "recent_trades", "events"})
        await house.post("/api/push", json=CYCLE)
        frames = [await reader.next() for _ in CYCLE]
        assert [{k: v for k, v in one.items() if k != "channel"} for one in frames] == CYCLE
        assert [one["channel"] for one in frames] == [
            "state:scan", "state:scan", "state:positions", "state:account", "state:trades"]
        async with client(house) as late:
            assert (await late.next())["data"]["account"] == ACCOUNT


async def test_alpha_oracles_clients_get_channels_under_their_names(tmp_path):
    async with open_served(tmp_path) as house, client(house, "?surface=alpha_oracle") as reader:
        assert (await reader.next())["type"] == "STATE_SNAPSHOT"
        tell(house, "fill", "AAPL", FILL)
        fill = await reader.next()
        assert (fill["channel"], fill["type"]) == ("execution:fills", "fill")
        assert {"symbol", "side", "quantity", "price", "timestamp"} <= set(fill["data"])
        assert fill["data"]["timestamp"].endswith("Z")
        tell(house, "signal", "AAPL", {"symbol": "AAPL", "direction": "LONG"})
        assert [(await reader.next())["channel"] for _ in range(2)] == ["execution:signals", "signal:generated"]
        tell(house, "risk_breach", "AAPL", {"type": "pdt", "reason": "one too many"})
        assert (await reader.next())["data"]["type"] == "pdt"
        tell(house, "breaker_tripped", "vix", {"reason": "VIX 40"})
        alert, _ = await reader.until("risk:alerts")
        assert (alert["data"]["action"], alert["data"]["breaker"]) == ("activated", "vix")
        tell(house, "system:feed:disconnected", "feed:binance", {})
        feed, _ = await reader.until("system:feed:disconnected")
        assert feed["data"]["feed"] == "binance"
        tell(house, "ml_drift", "MLSignalStrategy", {"psi": 0.3})
        assert (await reader.next())["channel"] == "ml:drift:alerts"
        house.system.runtime.publish(Quote("AAPL", 149.0, 1, 151.0, 2, house.system.runtime.now_us(), "feed"))
        quote = await reader.next()
        assert quote["channel"] == "market:quotes:AAPL" and (quote["data"]["bid"], quote["data"]["ask_price"]) == (149.0, 151.0)


async def test_a_ping_is_answered_and_narrows_to_alpha_oracle(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader, client(house) as other:
        assert (await reader.next())["type"] == (await other.next())["type"] == "STATE_SNAPSHOT"
        await reader.socket.send_message("no json")
        await reader.socket.send_message('{"type": "ping"}')
        assert (await reader.next())["type"] == "pong"
        await reader.socket.send_message('{"type": "ping"}')
        assert (await reader.next())["type"] == "pong"  # by now it is narrowed
        await house.post("/api/push", json=CYCLE[0])
        tell(house, "fill", "AAPL", FILL)
        assert (await reader.next())["channel"] == "execution:fills"
        assert (await other.next())["type"] == "SCAN_START"  # and no pong


async def test_globs_choose_channels(tmp_path):
    globs, name = "?channels=market:quotes:*,system:feed:*,ml:drift:*", "?channels=market:quotes:MSFT"
    async with open_served(tmp_path) as house, client(house, globs) as reader, client(house, name) as one:
        await reader.next()
        await one.next()
        tell(house, "fill", "AAPL", FILL)
        runtime = house.system.runtime
        for number, symbol in enumerate(("AAPL", "MSFT", "AAPL")):
            runtime.publish(Quote(symbol, 1.0 + number, 0, 9.0, 0, runtime.now_us(), "feed"))
        tell(house, "system:feed:connected", "feed:x", {})
        tell(house, "ml_drift", "m", {})
        assert [(await reader.next())["channel"] for _ in range(5)] == [
            "market:quotes:AAPL", "market:quotes:MSFT", "market:quotes:AAPL", "system:feed:connected", "ml:drift:alerts"]
        assert (await one.next())["channel"] == "market:quotes:MSFT"


async def test_who_has_not_said_whose_client_it_is_gets_few_quotes_and_the_newest(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader:
        await reader.next()
        runtime = house.system.runtime
        for number in range(1, 1_001):
            runtime.publish(Quote("AAPL", float(number), 0, 2_000.0, 0, runtime.now_us(), "feed"))
        seen = []
        while not seen or seen[-1]["data"]["bid"] != 1_000:
            seen.append(await reader.next())
        assert len(seen) < 50 and all(one["channel"] == "market:quotes:AAPL" for one in seen)


async def test_who_comes_back_is_told_what_it_missed_also_over_a_restart(tmp_path):
    async with open_served(tmp_path) as house:
        async with client(house, "?surface=mt5&since=") as reader:
            snapshot = await reader.next()
            assert snapshot["epoch"] == house.system.runtime.epoch
            assert (await reader.next())["type"] == "ready"
            await house.post("/api/push", json=CYCLE[0])
            seen = await reader.next()
        await house.post("/api/push", json=CYCLE[1])
        place = f"{seen['epoch']}:{seen['offset']}"
    async with open_served(tmp_path) as house:
        await house.post("/api/push", json=CYCLE[4])
        async with client(house, f"?surface=mt5&since={place}") as reader:
            assert (await reader.next())["type"] == "STATE_SNAPSHOT"
            words, told = [], []
            while not words or words[-1]["type"] != "ready":
                frame = await reader.next()
                (words if frame["channel"] == "system:stream" else told).append(frame)
            assert words[0]["recovered"] is True
            assert [one["type"] for one in told if one["type"] not in ("ACCOUNT_UPDATE", "POSITION_UPDATE")] == [
                "SCAN_SUMMARY", "TRADE_EXECUTION"]


async def test_a_producer_pushes_and_is_answered(tmp_path):
    async with open_served(tmp_path) as house, client(house, "?role=producer") as bot, client(house) as reader:
        assert (await bot.next())["type"] == (await reader.next())["type"] == "STATE_SNAPSHOT"
        for one in CYCLE:
            await bot.socket.send_message(json.dumps(one))
        acks = [await bot.next() for _ in CYCLE]
        assert [(one["type"], one["push"], one["accepted"]) for one in acks] == [("ack", n, 1) for n in range(1, 6)]
        assert [(await reader.next())["type"] for _ in CYCLE] == [one["type"] for one in CYCLE]
        await bot.socket.send_message('{"type": "ACCOUNT_UPDATE"}')
        refused = await bot.next()
        assert (refused["type"], refused["push"]) == ("error", 6) and "account" in json.dumps(refused)


async def test_a_producer_may_push_much_at_once(tmp_path):
    async with open_served(tmp_path) as house, client(house, "?role=producer") as bot:
        await bot.next()
        for number in range(150):
            await bot.socket.send_message(json.dumps({"type": "X", "n": number}))
        assert [(await bot.next())["push"] for _ in range(150)] == list(range(1, 151))
        for number in range(150, 160):
            await bot.socket.send_message(json.dumps({"type": "X", "n": number}))
        await bot.socket.send_message('{"type": "LAST", "n": 160}')
        await bot.socket.aclose()  # what it sent before is taken all the same
        await said(house.system.runtime, "event:terminal:LAST")
        events = (await house.get("/api/state")).json["events"]  # the scanner may have said something before
        assert [one["n"] for one in events if "n" in one] == list(range(161))


async def test_who_says_whose_it_is_while_it_catches_up_is_told_no_others_afterwards(tmp_path):
    async with open_served(tmp_path) as house:
        async with client(house, "?since=") as reader:
            ready = [await reader.next() for _ in range(2)][-1]
        for _ in range(50):
            await house.post("/api/push", json=CYCLE)
        async with client(house, f"?since={ready['epoch']}:{ready['offset']}") as reader:
            await reader.socket.send_message('{"type": "ping"}')
            types = set()
            while not {"pong", "ready"} <= types:
                types.add((await reader.next())["type"])
            await reader.socket.send_message('{"type": "ping"}')
            while (await reader.next())["type"] != "pong":
                pass
            await house.post("/api/push", json=CYCLE)
            tell(house, "fill", "AAPL", FILL)
            assert (await reader.next())["channel"] == "execution:fills"


@pytest.mark.parametrize("query", ["?channels=a*b", "?surface=moon", "?since=x", "?role=king"])
async def test_who_asks_for_what_there_is_not_is_not_let_in(tmp_path, query):
    async with open_served(tmp_path) as house:
        with pytest.raises(ConnectionRejected) as rejected:
            async with client(house, query):
                pass
        assert rejected.value.status_code == 422
