"""The page's one stream: what is followed while views come and go, and after the server was killed."""

from __future__ import annotations

import json
import re
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving, serving

PLACES = ("markets", "markets/BTC-USD", "alerts", "markets?show=wall", "markets/QS-USD", "watchdogs", "runtime", "markets/QS-USD")
EACH = 4  # trades and webhooks told between two changes of the view
TAPE = 40  # trades that a symbol shows


class Wire:
    """What came over each socket of a page, in order."""

    def __init__(self, tab: Page) -> None:
        self.sockets: list[list[dict[str, Any]]] = []
        tab.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        told: list[dict[str, Any]] = []
        self.sockets.append(told)
        socket.on("framereceived", lambda frame: told.append(json.loads(frame)))

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [frame for told in self.sockets for frame in told if frame.get("topic") == topic]


@built
def test_changing_views_while_data_flows_loses_and_doubles_nothing(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    wire = Wire(tab)
    page = Visited(tab, server).opened("watchdogs")
    price = 1_000
    words = []
    for turn, place in enumerate(PLACES * 2):
        tab.evaluate("place => { location.hash = '#/' + place }", place)  # and not waited for
        for _ in range(EACH):
            price += 1
            ask(server, "/api/oracle/push", {"kind": "trade", "symbol": "QS-USD", "price": price, "size": 1, "side": "buy"})
        words.append(f"word-{turn}")
        ask(server, "/api/oracle/inbox", {"alert_name": words[-1]})

    trades = tab.get_by_role("region", name="Trades, newest first").locator("tbody td:nth-child(3)")
    expect(trades.first).to_have_text(f"{price:,}.00")
    expect(trades).to_have_text([f"{price - back:,}.00" for back in range(TAPE)])
    tab.evaluate("location.hash = '#/watchdogs'")
    for word in words:
        expect(page.event(word)).to_be_visible()
        expect(tab.locator("#events summary", has_text=re.compile(rf"\b{word}\b(?!\d)"))).to_have_count(1)

    (told,) = wire.sockets  # the link was never made anew
    webhooks = wire.of("event:webhook_received:inbox")
    assert [json.dumps(frame["data"]).count("word-") > 0 for frame in webhooks] == [True] * len(words)
    followed = [frame["offset"] for frame in told if frame.get("topic", "").startswith("event:")]
    assert all(a < b for a, b in pairwise(followed))
    changes = [frame["type"] for frame in told if frame["type"] in {"subscribed", "ready", "error"}]
    assert changes == ["subscribed", "ready"] * (len(changes) // 2) and len(changes) > 8
    assert page.complaints == []


@built
def test_a_killed_server_costs_no_place(browser: BrowserContext, tmp_path: Path):
    place = "markets/BTC-USD?interval=5m&line=15m"
    with serving(tmp_path / "data") as server:
        tab = browser.new_page()
        page = Visited(tab, server).opened(place)
        expect(tab.get_by_text("The present 5m opened at")).to_be_visible()
        tab.get_by_role("button", name="Older").click()
        expect(tab).to_have_url(re.compile("range="))
        seen = tab.url
        tab.evaluate("window.never = 'loaded again'")
        page.tells_the_server_something_only_it_can_know()  # all of before is on disk
        server.end(signal.SIGKILL)
        expect(page.badge).to_have_attribute("data-link", "reconnecting")

    with serving(tmp_path / "data", listen=(f"127.0.0.1:{server.port}",)) as again:
        expect(page.badge).to_have_attribute("data-link", "live")
        expect(tab.get_by_text(re.compile("messages (caught up|are missing)"))).to_be_visible()
        assert tab.url == seen
        assert tab.evaluate("window.never") == "loaded again"
        expect(tab.get_by_role("radio", name="5m", exact=True)).to_be_checked()
        expect(tab.get_by_role("radio", name="15 min")).to_be_checked()
        shown = tab.locator(".head .card", has_text="Last trade").locator("dd > span").first
        expect(shown).to_have_text(re.compile(r"[\d,]+\.\d\d"))
        page.server = again
        page.tells_the_server_something_only_it_can_know()
        trades = ask(again, "/api/oracle/ticks?kind=trade&symbol=BTC-USD&order=desc&limit=500")["items"]
        assert float(shown.inner_text().replace(",", "")) in {trade["price"] for trade in trades}
