"""A page of a real server in a real browser, as tests of the page see it, and the server behind it."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.serving import Serving

PAGE = Path(__file__).resolve().parents[1] / "web" / "page"
DIST = PAGE / "dist"

built = pytest.mark.skipif(not (DIST / "index.html").exists(), reason="the page is not built: run make page")


class Visited:
    """A page of a server, with what it asked for and what the browser complained about."""

    def __init__(self, browser: Page, server: Serving) -> None:
        self.browser = browser
        self.server = server
        self.asked: list[str] = []
        self.complaints: list[str] = []
        browser.on("request", lambda request: self.asked.append(request.url))
        browser.on("pageerror", lambda error: self.complaints.append(str(error)))
        browser.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.badge = browser.locator("[data-link]")

    def opened(self, place: str = "") -> Visited:
        """At a place such as `markets/BTC-USD?interval=5m`, and live."""
        self.browser.goto(f"{self.server.url}/#/{place}")
        expect(self.badge).to_have_attribute("data-link", "live")
        return self

    def asked_only_this_server(self) -> bool:
        return {urllib.parse.urlsplit(url).netloc for url in self.asked} == {f"127.0.0.1:{self.server.port}"}

    def event(self, words: str) -> Locator:
        """The newest event that says this."""
        return self.browser.locator("#events summary", has_text=words).first

    def has_an_alert_on(self, name: str) -> Locator:
        """The line of an alert that fires once a reading of this name is above 1."""
        ask(self.server, "/api/alerts", {
            "alert_id": name, "name": f"{name} is hot", "description": "d", "delivery_methods": ["log"], "cooldown_seconds": 0,
            "trigger": {"type": "custom_condition", "condition": f'sample("{name}", "here") > 1'}})
        self.reads(name, 0)
        return self.browser.locator(f'[data-alert="{name}"]')

    def reads(self, name: str, value: float) -> None:
        row = {"kind": "sample", "name": name, "subject": "here", "value": value, "unit": "bar"}
        ask(self.server, "/api/oracle/push", row)

    def tells_the_server_something_only_it_can_know(self) -> str:
        """A webhook that arrives by another way; answered once it and all before it are recorded."""
        word = uuid.uuid4().hex
        ask(self.server, "/api/oracle/inbox", {"alert_name": word})
        return word

    def shows_a_price_this_server_recorded(self, symbol: str) -> None:
        cell = self.browser.locator(f'[data-symbol="{symbol}"] .price').first
        expect(cell).to_have_text(re.compile(r"^[\d,]+\.\d+$"))
        shown = float(cell.inner_text().replace(",", ""))
        self.tells_the_server_something_only_it_can_know()
        recorded = ask(self.server, f"/api/oracle/ticks?kind=quote&symbol={symbol}&limit=10000")["items"]
        assert any(abs(quote["bid"] - shown) < 0.006 for quote in recorded)


def ask(server: Serving, path: str, body: object = None, method: str = "", headers: dict[str, str] | None = None):
    """What the server answers to a program; POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    said = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(server.url + path, data, said, method=method or None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
