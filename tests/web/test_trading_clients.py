"""The browser clients of alpha-oracle and of the terminal, both on `/ws` at once, in a real browser."""

from functools import partial

import pytest
import trio
from running import open_served

from oracle.model import Quote
from tests.chromium import ANY_HOST, CHROMIUM, MISSING, PATIENCE_MS, chromium
from tests.web.test_mt5 import ACCOUNT, CYCLE, POSITION
from tests.web.test_union import FILL, tell

ALPHA = """
const fills = [], prices = {}, banners = [];
const ws = new WebSocket("ws://localhost:8000/ws");
ws.onmessage = (event) => {
  const msg = JSON.parse(event.data);
  if (msg.channel === "execution:fills") {
    fills.push(`${msg.data.side} ${msg.data.quantity} ${msg.data.symbol}`);
  } else if (msg.channel.startsWith("market:quotes:")) {
    prices[msg.data.symbol] = [msg.data.bid, msg.data.ask];
  } else if (msg.channel === "risk:alerts") {
    banners.push(msg.data.reason);
  }
};
"""
TERMINAL = """
let state = {connected: false, account: null, positions: [], scanSummary: {}, recentTrades: [], events: []};
function reduce(msg) {
  switch (msg.type) {
    case "STATE_SNAPSHOT": {
      const {account, positions, scan_summary, recent_trades, events} = msg.data;
      state = {...state, account, positions, scanSummary: scan_summary, recentTrades: recent_trades, events};
      break;
    }
    case "ACCOUNT_UPDATE": state.account = {...state.account, ...msg.account}; break;
    case "POSITION_UPDATE": state.positions = msg.positions; break;
    case "SCAN_SUMMARY": state.scanSummary = msg; break;
    case "TRADE_EXECUTION": state.recentTrades = [msg, ...state.recentTrades].slice(0, 50); break;
    default: state.events.push(msg.type);
  }
}
const bot = new WebSocket("ws://localhost:8000/ws");
bot.onopen = () => { state.connected = true; };
bot.onmessage = (event) => reduce(JSON.parse(event.data));
async function poll() {
  const [positions, account, trades] = await Promise.all(
    ["positions", "account", "trades"].map((name) => fetch(`http://localhost:8000/api/${name}`).then((res) => res.json())));
  if (Array.isArray(positions)) state.positions = positions;
  if (account && typeof account === "object") state.account = account;
  if (Array.isArray(trades)) state.recentTrades = trades;
}
"""


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
async def test_both_clients_run_on_one_stream(tmp_path):
    async with open_served(tmp_path / "data") as house:
        runtime = house.system.runtime
        # with a price no breaker has to say that there is none
        runtime.publish(Quote("MSFT", 1.0, 0, 1.0, 0, runtime.now_us(), "feed"))

        async def happens() -> None:
            await house.post("/api/push", json=CYCLE)
            tell(house, "fill", "AAPL", FILL)
            tell(house, "risk_breach", "AAPL", {"type": "pdt", "reason": "one day trade too many"}, "evt_2")
            runtime.publish(Quote("AAPL", 149.0, 1, 151.0, 2, runtime.now_us(), "feed"))

        shown = await trio.to_thread.run_sync(partial(_visit, house.port, tmp_path / "browser", happens))
    state = shown["state"]
    assert shown["fills"] == ["BUY 10 AAPL"] and shown["prices"] == {"AAPL": [149, 151]}
    assert "one day trade too many" in shown["banners"] and shown["complaints"] == []
    assert (state["connected"], state["account"], state["positions"]) == (True, ACCOUNT, [POSITION])
    assert state["scanSummary"]["symbols"] == CYCLE[1]["symbols"] and state["events"][:1] == ["SCAN_START"]
    assert [trade["price"] for trade in state["recentTrades"]] == [2345.5]


def _visit(port, folder, happens):
    """Both clients on one page of this server; what they hold after it happened."""
    here = f"127.0.0.1:{port}"
    script = f"<!doctype html><script>{ALPHA}{TERMINAL}</script>".replace("localhost:8000", here)
    with chromium(folder, ANY_HOST) as context:
        page, complaints = context.pages[0], []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/client", lambda route: route.fulfill(body=script, content_type="text/html"))
        page.goto(f"http://{here}/client")
        page.wait_for_function("state.connected && state.account && ws.readyState === 1", timeout=PATIENCE_MS)
        trio.from_thread.run(happens)
        there = "prices.AAPL && banners.includes('one day trade too many') && fills.length"
        page.wait_for_function(there, timeout=PATIENCE_MS)
        page.evaluate("poll()")
        return page.evaluate("({state, fills, prices, banners})") | {"complaints": complaints}
