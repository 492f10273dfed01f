"""Orders over REST: given, approved, refused, cancelled and looked up, through the gate and the paper broker; the portfolio that
they make."""

from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from running import open_house, said

from actors.testing import probe
from oracle.history import Commit
from oracle.model import Event, Quote, Severity, event_id
from oracle.settings import Auth, Data, Settings
from oracle.settings_trading import Broker, Risk, Trading
from oracle.trading.bookkeeping import order_told
from oracle.trading.order import Order
from web.routes import Scope

ORDERS = "/api/trades/orders"
PREVIEW = "/api/oracle/orders/preview"
BUY = {"symbol": "AAPL", "side": "BUY", "quantity": 10}
FAR = {**BUY, "order_type": "LIMIT", "limit_price": 50.0}
T0_US = 1_710_498_735_000_000  # 2024-03-15T10:32:15Z


@asynccontextmanager
async def open_desk(folder, autonomy="PAPER_ONLY", auth="open", **more):
    """A house whose desk has an account and knows a price of AAPL and of SPY."""
    settings = Settings(auth=Auth(mode=auth), data=Data(folder=folder), risk=Risk(autonomy=autonomy), **more)
    settings = attrs.evolve(settings, trading=attrs.evolve(settings.trading, live_strategies=False))
    async with open_house(folder, settings=settings) as house:
        await said(house.system.runtime, "state:account:desk")
        await said(house.system.runtime, "sample:equity:desk")
        quote(house)
        yield house


def quote(house, symbol="AAPL", mid=100.0):
    runtime = house.system.runtime
    runtime.publish(Quote(symbol, mid - 0.1, 1_000.0, mid + 0.1, 1_000.0, runtime.now_us(), "test"))


async def filled(house, wish):
    """The order once it is filled."""
    heard = probe(house.system.runtime, "event:order_filled:*")
    order = (await house.post(ORDERS, json=wish)).json
    with trio.fail_after(30):
        while (told := await heard.next()).data["id"] != order["id"]:
            pass
    return (await house.get(f"{ORDERS}/{told.data['id']}")).json


async def test_an_order_is_given_filled_and_becomes_a_position_and_a_trade(tmp_path):
    async with open_desk(tmp_path) as house:
        bought = await filled(house, {**BUY, "strategy_name": "by hand", "metadata": {"why": "test"}})
        assert (bought["status"], bought["filled_quantity"], bought["metadata"]["why"]) == ("FILLED", 10.0, "test")
        assert bought["filled_price"] == pytest.approx(100.11, abs=0.001) and bought["filled_at"].endswith("Z")
        now = (await house.get("/api/portfolio")).json
        assert now["cash"] == pytest.approx(100_000 - 10 * bought["filled_price"])
        assert now["total_equity"] == pytest.approx(now["cash"] + now["positions_value"]) and now["positions_value"] == 1_000.0
        assert now["timestamp"].endswith("Z") and now["total_pnl"] == pytest.approx(now["total_equity"] - 100_000)
        (held,) = (await house.get("/api/portfolio/positions")).json
        assert now["positions"] == [held] and (held["symbol"], held["quantity"], held["side"]) == ("AAPL", 10.0, "BUY")
        assert held["unrealized_pnl"] == pytest.approx(1_000 - 10 * bought["filled_price"]) and held["sector"] == "Technology"
        shares = (await house.get("/api/portfolio/sector_exposure")).json
        assert shares == now["sector_exposure"] == {"Technology": pytest.approx(100 * 1_000 / now["total_equity"])}
        assert (await house.get("/api/trades/trades")).json == []
        (then, *_) = (await house.get("/api/portfolio/history?limit=10")).json  # the first mark was stored before the order was
        assert then.keys() == now.keys() and then["timestamp"] < bought["created_at"]
        assert (then["total_equity"], then["cash"], then["total_pnl"], then["positions"]) == (100_000.0, 100_000.0, 0.0, [])
        assert (await house.get(f"/api/portfolio/history?end={then['timestamp']}")).json == []
        no = await house.get("/api/portfolio/history?limit=0&end=never")
        assert (no.status, [one["loc"][1] for one in no.json["detail"]]) == (422, ["end", "limit"])

        sold = await filled(house, {**BUY, "side": "SELL", "quantity": 4})
        (trade,) = (await house.get("/api/trades/trades")).json
        assert (trade["symbol"], trade["side"], trade["quantity"], trade["is_day_trade"]) == ("AAPL", "BUY", 4.0, True)
        assert trade["pnl"] == pytest.approx(4 * (sold["filled_price"] - bought["filled_price"]))
        assert trade["entry_time"] == bought["filled_at"] and trade["exit_time"] == sold["filled_at"]
        newest, oldest = (await house.get("/api/trades/execution-quality")).json
        assert (newest["order_id"], oldest["order_id"]) == (sold["id"], bought["id"])
        assert oldest["slippage_bps"] == oldest["arrival_slippage_bps"] == pytest.approx(11.0, abs=0.01)
        assert newest["slippage_bps"] == pytest.approx(11.0, abs=0.01), "worse is positive for a sale too"
        assert newest["fill_latency_ms"] >= 50 and newest["expected_price"] == 100.0
        ends = [one["id"] for one in (await house.get(f"{ORDERS}?status=FILLED&limit=10")).json]
        assert ends == [sold["id"], bought["id"]]
        for path in ("/api/trades/trades", "/api/trades/execution-quality", ORDERS):
            assert (await house.get(f"{path}?end={bought['created_at']}")).json == []
            assert (await house.get(f"{path}?start={sold['updated_at'].replace('2', '3', 1)}")).json == []
            assert len((await house.get(f"{path}?limit=1")).json) == 1


async def test_open_orders_and_ended_ones_are_listed_and_found_and_cancelled_once(tmp_path):
    async with open_desk(tmp_path) as house:
        given = await house.post(ORDERS, json=FAR)
        order = given.json
        assert (given.status, order["status"], order["limit_price"], order["expected_price"]) == (201, "SUBMITTED", 50.0, 50.0)
        assert given.headers["location"] == f"{ORDERS}/{order['id']}" and order["broker_order_id"]
        assert (await house.get(f"{ORDERS}/{order['id']}")).json == order
        assert [one["id"] for one in (await house.get(f"{ORDERS}?status=SUBMITTED&symbol=AAPL")).json] == [order["id"]]
        assert (await house.get(f"{ORDERS}?symbol=MSFT")).json == []
        gone = await house.ask("DELETE", f"{ORDERS}/{order['id']}")
        assert (gone.status, gone.json["status"], gone.json["reasons"]) == (200, "CANCELLED", ["cancelled by local"])
        again = await house.ask("DELETE", f"{ORDERS}/{order['id']}")
        assert again.status == 409 and "CANCELLED" in again.json["detail"]
        assert (await house.get(f"{ORDERS}?status=CANCELLED")).json == [gone.json]
        for method, path in (("GET", f"{ORDERS}/nope"), ("DELETE", f"{ORDERS}/nope"), ("POST", f"{ORDERS}/nope/approve"),
                             ("POST", f"{ORDERS}/nope/reject")):  # fmt: skip
            no = await house.ask(method, path)
            assert (no.status, no.json) == (404, {"detail": "Order 'nope' not found"}), path


async def test_the_same_wish_is_carried_out_once_by_either_of_its_names(tmp_path):
    async with open_desk(tmp_path) as house:
        first = await house.post(ORDERS, json=FAR, headers={"Idempotency-Key": "k1"})
        again = await house.post(ORDERS, json=FAR, headers={"Idempotency-Key": "k1"})
        assert (again.status, again.json["id"]) == (201, first.json["id"]) and again.headers["idempotent-replayed"] == "true"
        named = await house.post(ORDERS, json={**FAR, "client_order_id": "mine-1"})
        same = await house.post(ORDERS, json={**FAR, "client_order_id": "mine-1"})
        assert same.json["id"] == named.json["id"] != first.json["id"]
        other = await house.post(ORDERS, json={**FAR, "client_order_id": "mine-1", "quantity": 11})
        assert other.status == 409 and "mine-1" in other.json["detail"]
        assert len((await house.get(ORDERS)).json) == 2


BAD = [
    ({"quantity": -1}, "quantity"), ({"quantity": 0}, "quantity"), ({"quantity": "10"}, "quantity"), ({"side": "buy"}, "side"),
    ({"symbol": "NOPE"}, "symbol"), ({"symbol": "a:*"}, "symbol"), ({"order_type": "ICEBERG"}, "order_type"),
    ({"order_type": "LIMIT"}, "limit_price"), ({"order_type": "STOP"}, "stop_price"), ({"time_in_force": "FOK"}, "time_in_force"),
    ({"order_type": "LIMIT", "limit_price": -1.0}, "limit_price"), ({"client_order_id": "a b"}, "client_order_id"),
    ({"order_type": "BRACKET", "stop_price": 90.0}, "take_profit_price"), ({"metadata": 5}, "metadata"),
    ({"order_type": "BRACKET", "stop_price": 110.0, "take_profit_price": 90.0}, "take_profit_price"),
]  # fmt: skip


async def test_what_makes_no_sense_is_refused_by_the_name_of_its_field(tmp_path):
    async with open_desk(tmp_path) as house:
        for wish, field in BAD:
            no = await house.post(ORDERS, json={**BUY, **wish})
            assert (no.status, [one["loc"] for one in no.json["detail"]]) == (422, [["body", field]]), wish
        missing = await house.post(ORDERS, json={})
        assert [one["loc"][1] for one in missing.json["detail"]] == ["symbol", "side", "quantity"]
        raw = b'{"symbol": "AAPL", "side": "BUY", "quantity": NaN}'
        no = await house.post(ORDERS, data=raw, headers={"Content-Type": "application/json"})
        assert no.status == 422 and no.json["detail"][0]["type"] == "json_invalid"
        for query in ("status=DONE", "limit=0", "limit=1001", "start=yesterday", "end=2026-02-30",
                      "end=2026-01-01&start=2026-02-01"):  # fmt: skip
            no = await house.get(f"{ORDERS}?{query}")
            assert (no.status, no.json["detail"][0]["loc"]) == (422, ["query", query.partition("=")[0]])
        assert (await house.get(ORDERS)).json == []


async def test_what_the_gate_refuses_is_answered_with_its_reasons(tmp_path):
    async with open_desk(tmp_path) as house:
        no = await house.post(ORDERS, json={**BUY, "side": "SELL"}, headers={"Idempotency-Key": "k1"})
        assert no.status == 422 and no.json["reasons"] and no.json["reasons"][0] in no.json["detail"]
        kill = {"action": "activate", "confirmation": "KILL"}
        order = (await house.post(ORDERS, json=FAR)).json
        heard = probe(house.system.runtime, "event:order_cancelled:*")
        await house.post("/api/risk/kill-switch", json=kill)
        with trio.fail_after(30):
            assert (await heard.next()).data["id"] == order["id"], "what was open is cancelled"
        no = await house.post(ORDERS, json=BUY)
        assert no.status == 422 and any("kill switch" in reason for reason in no.json["reasons"])
        assert [one["status"] for one in (await house.get(ORDERS)).json] == ["CANCELLED"], "what was refused is no order"


async def test_an_order_that_waits_is_approved_or_refused(tmp_path):
    async with open_desk(tmp_path, autonomy="MANUAL_APPROVAL") as house:
        first, second = [await house.post(ORDERS, json=FAR) for _ in range(2)]
        assert (first.status, first.json["status"]) == (202, "PENDING") and first.json["reasons"]
        waiting = [one["id"] for one in (await house.get("/api/trades/pending")).json]
        assert waiting == [first.json["id"], second.json["id"]]
        yes = await house.post(f"{ORDERS}/{waiting[0]}/approve")
        assert (yes.status, yes.json["status"], yes.json["reasons"][-1]) == (200, "SUBMITTED", "approved by local")
        no = await house.post(f"{ORDERS}/{waiting[1]}/reject", json={"reason": "not today"})
        assert (no.status, no.json["status"], no.json["reasons"][-1]) == (200, "REJECTED", "not today")
        assert (await house.get("/api/trades/pending")).json == []
        for one in waiting:
            assert (await house.post(f"{ORDERS}/{one}/approve")).status == 409
            assert (await house.post(f"{ORDERS}/{one}/reject")).status == 409


async def test_who_may_only_read_gives_no_orders(tmp_path):
    async with open_desk(tmp_path, auth="token") as house:
        token = await house.doorman.tokens.mint(Scope.read, house.system.runtime.now_us())
        headers = {"Authorization": f"Bearer {token}"}
        assert (await house.get(ORDERS)).status == (await house.post(ORDERS, json=BUY)).status == 401
        assert (await house.get(ORDERS, headers=headers)).json == []
        for method, path in (("POST", ORDERS), ("DELETE", f"{ORDERS}/x"), ("POST", f"{ORDERS}/x/approve"),
                             ("POST", f"{ORDERS}/x/reject"), ("POST", "/api/system/scheduler/trigger/daily_bars")):  # fmt: skip
            assert (await house.ask(method, path, json=BUY if path == ORDERS else None, headers=headers)).status == 403, path


async def test_the_answers_have_the_keys_and_types_of_the_examples(tmp_path):
    async with open_desk(tmp_path) as house:
        system, runtime = house.system, house.system.runtime
        known = Order(id="abc123", symbol="AAPL", side="BUY", order_type="LIMIT", quantity=100.0, limit_price=150.0,
                      created_us=T0_US - 1_000_000, updated_us=T0_US, status="FILLED", filled_price=149.95, filled_us=T0_US,
                      filled_quantity=100.0)  # fmt: skip
        await runtime.ask("history", Commit((order_told(known),)))
        await filled(house, BUY)
        example = {"id": "abc123", "symbol": "AAPL", "side": "BUY", "order_type": "LIMIT", "quantity": 100, "limit_price": 150.00,
                   "status": "FILLED", "filled_price": 149.95, "filled_at": "2024-03-15T10:32:15Z"}  # fmt: skip
        shown = (await house.get(f"{ORDERS}?status=FILLED&limit=10&end=2024-03-15")).json
        assert [{key: one[key] for key in example} for one in shown] == [example]
        system.board.put("equity:desk", {**(system.board.get("equity:desk") or {}), "max_drawdown_pct": 3.2}, runtime.now_us())
        example = {
            "timestamp": "2024-03-15T14:30:00Z", "total_equity": 105432.50, "cash": 52716.25, "positions_value": 52716.25,
            "daily_pnl": 543.20, "daily_pnl_pct": 0.52, "max_drawdown_pct": 3.2, "sector_exposure": {"Technology": 35.0},
            "positions": [{"symbol": "AAPL", "quantity": 100.0, "unrealized_pnl": 320.00}],
        }  # fmt: skip
        now = (await house.get("/api/portfolio")).json
        assert {key: type(now[key]) for key in example} == {key: type(value) for key, value in example.items()}
        first = now["positions"][0]
        assert {key: type(first[key]) for key in ("symbol", "quantity", "unrealized_pnl")} == {
            "symbol": str, "quantity": float, "unrealized_pnl": float}  # fmt: skip
        assert now["max_drawdown_pct"] == 3.2 and set(now["sector_exposure"]) == {"Technology"}


async def test_without_an_account_there_is_no_portfolio(tmp_path):
    settings = Settings(data=Data(folder=tmp_path), broker=Broker(provider="push"), trading=Trading(live_strategies=False))
    async with open_house(tmp_path, settings=settings) as house:
        for path in ("", "/positions", "/sector_exposure"):
            no = await house.get(f"/api/portfolio{path}")
            assert no.status == 503 and "account" in no.json["detail"]
        assert (await house.get("/api/portfolio/history")).json == []
        no = await house.post(ORDERS, json=BUY)
        assert no.status == 503
        told = Event(event_id("x", "y", "z", 1), "order_filled", "AAPL", "somebody", Severity.low, "", {}, 1)
        house.system.runtime.publish(told)
        assert (await house.get("/api/trades/execution-quality")).json == [], "what others say is not the desk's"


async def test_what_the_gate_would_say_is_what_it_says_then_and_nothing_is_ordered(tmp_path):
    async with open_desk(tmp_path) as house:
        word = (await house.post(PREVIEW, json=BUY)).json
        assert (word["action"], word["quantity"], word["reasons"], word["breaches"]) == ("APPROVE", 10.0, [], [])
        assert (word["price"], word["notional"], word["entry"], word["exit"]) == (100.0, 1_000.0, 10.0, 0.0)
        big = {**BUY, "quantity": 80}  # 8 % of the equity; 5 are allowed
        smaller = (await house.post(PREVIEW, json=big)).json
        assert (smaller["action"], smaller["quantity"]) == ("REDUCE_SIZE", 50.0)
        (broken,) = smaller["breaches"]
        assert (broken["type"], broken["current_value"], broken["limit_value"]) == ("max_position_pct", 8.0, 5.0)
        told = (await house.get("/api/oracle/events?kind=risk_breach")).json["items"]
        assert (await house.get(ORDERS)).json == told == []

        given = (await house.post(ORDERS, json=big)).json
        assert (given["quantity"], given["reasons"]) == (smaller["quantity"], smaller["reasons"])


async def test_a_preview_is_refused_as_the_order_would_be(tmp_path):
    async with open_desk(tmp_path) as house:
        sold = (await house.post(PREVIEW, json={**BUY, "side": "SELL"})).json  # nothing is held
        assert (sold["action"], sold["quantity"]) == ("REJECT", 0.0) and sold["reasons"]
        for wrong in ({"quantity": -1}, {"symbol": "NOBODY"}, {"side": "UP"}, {"order_type": "LIMIT", "limit_price": None}):
            no = await house.post(PREVIEW, json={**BUY, **wrong})
            assert no.status == 422 and list(wrong)[-1] in str(no.json), no.json


async def test_the_books_are_compared_when_somebody_asks(tmp_path):
    async with open_desk(tmp_path) as house:
        now = (await house.get("/api/oracle/desk")).json
        assert (now["provider"], now["real_money"], now["sectors"]["AAPL"]) == ("paper", False, "Technology")
        assert "AAPL" in now["universe"] and now["kill_switch_cooldown_s"] > 0
        await filled(house, BUY)
        found = (await house.post("/api/oracle/desk/reconcile")).json
        assert (found["drift_pct"], found["cash_difference"], found["differences"]) == (0.0, 0.0, [])
        (state,) = (await house.get("/api/oracle/board?kind=reconciliation")).json["items"]
        assert state["value"]["drift_pct"] == 0.0 and found["checked"] >= state["value"]["checked"]
