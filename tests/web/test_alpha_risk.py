"""Alpha-oracle's risk routes: their shapes, and what they say of a desk."""

import attrs
import trio
from running import open_house, said

from actors.testing import probe
from oracle.model import Quote, Sample
from oracle.settings import Auth, Data, Settings
from oracle.settings_trading import Broker
from oracle.trading.ledger import Account, Position
from web.routes import Scope

AUTONOMY = "/api/risk/autonomy"
NAMES = ["vix", "stale_data", "drawdown", "daily_loss", "reconciliation", "dead_man_switch"]


def test_limits_have_the_parts_that_the_seed_names(house):
    limits = house.get("/api/risk/limits").json
    assert sorted(limits) == ["circuit_breakers", "pdt_guard", "portfolio_limits", "position_limits"]
    assert limits["position_limits"] == {"max_position_pct": 5.0, "max_sector_pct": 25.0, "stop_loss_pct": 2.0, "min_price": 5.0,
                                         "no_leverage": True}  # fmt: skip
    assert limits["portfolio_limits"] == {"max_drawdown_pct": 10.0, "max_daily_loss_pct": 3.0, "max_positions": 20,
                                          "max_daily_trades": 50, "min_cash_reserve_pct": 10.0}  # fmt: skip
    assert limits["pdt_guard"] == {"enabled": True, "max_day_trades": 3, "rolling_window_days": 5, "account_threshold": 25_000.0}
    assert limits["circuit_breakers"]["max_vix"] == 35.0


def test_breakers_are_listed_in_their_order(house):
    listed = house.get("/api/risk/circuit-breakers").json
    assert [one["name"] for one in listed] == NAMES
    assert {(type(one["tripped"]), type(one["reason"])) for one in listed} == {(bool, str)}
    values = [one["value"] for one in listed]
    assert values[0] is None and values[4] in (None, 0.0) and 0 < values[5] < 600
    assert {one["name"] for one in listed if one["tripped"]} <= {"stale_data"}, "nobody has said a price here"
    assert [(one["unit"], one["kill_switch"]) for one in listed] == [
        ("points", False), ("s", False), ("percent", True), ("percent", True), ("percent", True), ("s", False)]


def test_day_trades_are_counted_from_the_start(house):
    status = house.get("/api/risk/pdt-status").json
    assert {"day_trades_used", "max_day_trades", "account_threshold"} < set(status)
    assert (status["max_day_trades"], status["account_threshold"], status["rolling_window_days"]) == (3, 25_000.0, 5)
    assert (status["exempt"], status["enabled"]) == (True, True), "the paper account is above the threshold"


def without_an_account(folder):
    """Whose account is a bot's, which has not reported."""
    return Settings(auth=Auth(mode="open"), data=Data(folder=folder), broker=Broker(provider="push"))


async def test_a_desk_is_summed_up_against_its_limits(tmp_path):
    async with open_house(tmp_path, settings=without_an_account(tmp_path)) as house:
        system = house.system
        marked = probe(system.runtime, "state:equity:desk")
        hold(system, 300, 60_000.0)
        await next_mark(marked)
        system.runtime.publish(Quote("AAPL", 98.0, 1.0, 98.0, 1.0, system.runtime.now_us(), "feed"))
        system.runtime.publish(Sample("vix", "VIX", 40.0, "points", system.runtime.now_us(), "feed"))
        await next_mark(marked)
        got = (await house.get("/api/risk/summary")).json
        assert (got["daily_pnl"], got["total_positions"], got["max_positions"]) == (-600.0, 1, 20)
        percents = [round(got[name], 3) for name in ("current_drawdown_pct", "daily_pnl_pct", "cash_reserve_pct")]
        assert percents == [0.667, -0.667, 67.114]
        assert {sector: round(pct, 3) for sector, pct in got["sector_exposure"].items()} == {"Technology": 32.886}
        assert got["positions_at_risk"] == [{"symbol": "AAPL", "loss_pct": 2.0, "stop_loss_pct": 2.0}]
        assert (got["breakers_tripped"], got["kill_switch_active"], got["autonomy"]) == (["vix"], False, "PAPER_ONLY")
        assert (got["pdt_trades_used"], got["pdt_max"], got["trades_today"]) == (0, 3, 0)
        assert (await house.get("/api/risk/pdt-status")).json["exempt"] is True
        (vix,) = [one for one in (await house.get("/api/risk/circuit-breakers")).json if one["name"] == "vix"]
        assert (vix["tripped"], vix["reason"], vix["value"]) == (True, "the VIX is 40.00, above 35", 40.0)


async def test_without_an_account_nothing_is_made_up(tmp_path):
    async with open_house(tmp_path, settings=without_an_account(tmp_path)) as house:
        got = (await house.get("/api/risk/summary")).json
        unknown = {"current_drawdown_pct", "max_drawdown_pct", "daily_pnl", "daily_pnl_pct", "cash_reserve_pct", "as_of"}
        assert {name for name, value in got.items() if value is None} - {"pdt_trades_used"} == unknown


async def test_autonomy_is_raised_by_an_admin_step_by_step_and_lowered_by_an_operator(tmp_path):
    settings = Settings(auth=Auth(mode="token"), data=Data(folder=tmp_path))
    async with open_house(tmp_path, settings=settings) as house:
        mint, now_us = house.doorman.tokens.mint, house.system.runtime.now_us()
        tokens = {scope: await mint(scope, now_us, name=str(scope)) for scope in Scope}

        async def ask(scope, mode, confirmation=""):
            return await house.post(AUTONOMY, json={"mode": mode, "confirmation": confirmation},
                                    headers={"authorization": f"Bearer {tokens[scope]}"})  # fmt: skip

        assert (await ask(Scope.read, "PAPER_ONLY")).status == 403
        assert (await ask(Scope.operate, "MANUAL_APPROVAL")).status == 403
        assert (await ask(Scope.admin, "BOUNDED_AUTONOMOUS")).status == 409
        assert (await ask(Scope.admin, "SOME")).status == 422
        assert (await ask(Scope.admin, "MANUAL_APPROVAL")).json["next"] == "BOUNDED_AUTONOMOUS"
        assert (await ask(Scope.admin, "BOUNDED_AUTONOMOUS")).status == 200
        no = await ask(Scope.admin, "FULL_AUTONOMOUS", "yes")
        assert (no.status, no.json["detail"][0]["loc"]) == (422, ["body", "confirmation"])
        done = await ask(Scope.admin, "FULL_AUTONOMOUS", "FULL_AUTONOMOUS")
        assert (done.json["mode"], done.json["by"], done.json["next"]) == ("FULL_AUTONOMOUS", "admin", None)
        assert (await ask(Scope.operate, "MANUAL_APPROVAL")).json["mode"] == "MANUAL_APPROVAL"
        rows = (await house.system.queries.events(kind="autonomy_changed")).items
        assert [row["data"]["to"] for row in rows] == [
            "MANUAL_APPROVAL", "FULL_AUTONOMOUS", "BOUNDED_AUTONOMOUS", "MANUAL_APPROVAL"]
    async with open_house(tmp_path) as house:
        assert (await house.get(AUTONOMY)).json["mode"] == "MANUAL_APPROVAL"


async def test_a_heartbeat_is_on_record_and_carried_out_once(tmp_path):
    async with open_house(tmp_path) as house:
        first = await house.post("/api/system/heartbeat", headers={"idempotency-key": "h-1"})
        again = await house.post("/api/system/heartbeat", headers={"idempotency-key": "h-1"})
        assert first.status == 200 and first.json == again.json and (first.json["status"], first.json["by"]) == ("ok", "local")
        assert set(first.json) == {"status", "at", "by", "due"}
        assert len((await house.system.queries.events(kind="heartbeat")).items) == 1
        value = await said(house.system.runtime, "state:heartbeat:operator")
        assert value.value["by"] == "local"


def hold(system, quantity, cash):
    now_us = system.runtime.now_us()
    position = Position(symbol="AAPL", quantity=quantity, avg_entry_price=100.0, opened_us=now_us, added_us=now_us)
    system.board.put(position.ref, attrs.asdict(position), now_us)
    system.board.put("account:desk", attrs.asdict(Account(initial_cash=90_000.0, cash=cash)), now_us)


async def next_mark(marked):
    with trio.fail_after(30):
        return await marked.next()
