"""Draws docs/screens/*.png: a server with the simulated market, somebody who works with it for two minutes, and each view as it
stands then.

    .venv/bin/python docs/screens.py

Needs Debian's Chromium and a built page. Nothing is drawn that the server did not say.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.chromium import chromium
from tests.serving import serving

FOLDER = Path(__file__).with_name("screens")
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LIGHT = ("alerts", "trading")
WORK_S = 100.0
"""How long the market is watched before the first picture."""
LOOK_S = 6.0
"""How long each view is looked at before it is drawn, so that its lines have some length."""

# What a reader of the page would ask for with its buttons, asked for by the page itself.
ASK = """async ([method, path, body]) => {
  const told = await fetch(path, {method, headers: {"Content-Type": "application/json"}, body: body && JSON.stringify(body)});
  return told.json();
}"""


def main() -> None:
    """Write docs/screens/NAME.png."""
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(serving(folder / "data")).url
        browser = stack.enter_context(chromium(folder / "browser", viewport=SIZE, color_scheme="dark"))
        tab = browser.new_page()
        tab.goto(url)
        places = work(tab)
        time.sleep(WORK_S)
        for name, place in places.items():
            tab.emulate_media(color_scheme="light" if name in LIGHT else "dark")
            tab.set_viewport_size(PHONE if name == "phone" else SIZE)
            tab.goto("about:blank")
            tab.goto(f"{url}/#/{place}")
            time.sleep(LOOK_S)
            tab.screenshot(path=FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")


def work(tab: Any) -> dict[str, str]:
    """Ask for an experiment, a task, two orders and two alerts; where each view is to be looked at, by its name."""
    experiment = tab.evaluate(ASK, ["POST", "/api/v1/experiments", {
        "name": "Digits, three at a time", "scenario": "basic_fl",
        "configuration": {"dataset": "mnist", "rounds": 20, "clients_per_round": 3}}])  # fmt: skip
    ident = experiment["experiment"]["id"] if "experiment" in experiment else experiment["id"]
    tab.evaluate(ASK, ["POST", f"/api/v1/experiments/{ident}/start", None])
    said = {"message": "What is the difference between a watchdog and a rule?"}
    tab.evaluate(ASK, ["POST", "/api/chat?session_id=tour&agent=demo", said])
    for symbol, quantity in (("AAPL", 40), ("SPY", 15)):
        tab.evaluate(ASK, ["POST", "/api/trades/orders", {"symbol": symbol, "side": "BUY", "quantity": quantity}])
    for alert in (
        {"alert_id": "whales", "name": "Whales on the move", "trigger": {
            "type": "watchdog_event", "event_filter": {"event_types": ["whale_movement"], "severities": ["high", "critical"]}}},
        {"alert_id": "btc", "name": "Bitcoin under 100,000", "trigger": {
            "type": "price_threshold", "symbol": "BTC-USD", "price_threshold": 100_000, "direction": "below"}},
    ):  # fmt: skip
        tab.evaluate(ASK, ["POST", "/api/alerts", {"description": "", "delivery_methods": ["log", "browser"], **alert}])
    return {
        "overview": "overview", "markets": "markets/BTC-USD", "watchdogs": "watchdogs/price_anomaly", "alerts": "alerts",
        "trading": "trading", "experiments": f"experiments/{ident}", "tasks": "tasks?tab=chat", "runtime": "runtime",
        "phone": "markets/BTC-USD",
    }  # fmt: skip


if __name__ == "__main__":
    main()
