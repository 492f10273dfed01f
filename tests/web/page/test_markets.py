"""Markets on the page: the table, the wall, and one symbol."""

from __future__ import annotations

import re
from itertools import pairwise

from playwright.sync_api import BrowserContext, Page, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving

MARK = re.compile("^Alert: ")


@built
def test_the_table_is_sorted_and_filtered_and_the_address_keeps_it(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("markets")
    tab = page.browser
    names = tab.locator("#quotes tbody th a")
    expect(names.first).to_have_text("AAPL")
    tab.get_by_role("button", name="Bid").click()
    expect(names.first).to_have_text("BTC-USD")
    expect(tab.get_by_role("columnheader", name="Bid")).to_have_attribute("aria-sort", "descending")
    bids = [float(text.replace(",", "")) for text in tab.locator("#quotes tbody td:nth-child(4)").all_inner_texts()]
    assert bids == sorted(bids, reverse=True) and len(bids) == 12

    tab.keyboard.press("f")
    tab.keyboard.type("sol")
    expect(names).to_have_text(["SOL-USD"])
    assert "sort=-bid" in tab.url and "filter=sol" in tab.url
    tab.reload()
    expect(names).to_have_text(["SOL-USD"])
    tab.get_by_role("searchbox", name="Filter symbols").fill("nobody")
    expect(tab.get_by_text("No symbol is called “nobody”.")).to_be_visible()
    assert page.complaints == []


@built
def test_a_symbol_shows_what_was_pushed_to_this_server(browser: BrowserContext, server: Serving):
    day = {"open": 70.5, "high": 99.5, "low": 61.25, "close": 81.5, "volume": 5}
    push(server, {"kind": "bar", "symbol": "QX-USD", "interval": "1d", **day},
         {"kind": "trade", "symbol": "QX-USD", "price": 81.125, "size": 2.75, "side": "buy"},
         {"kind": "quote", "symbol": "QX-USD", "bid": 81.0, "ask": 81.5, "bid_size": 4.125, "ask_size": 3},
         {"kind": "sample", "name": "mood_of_test", "subject": "QX-USD:me", "value": 0.777, "unit": "share"})  # fmt: skip
    page = Visited(browser.new_page(), server).opened("markets/QX-USD?interval=1d")
    tab = page.browser
    shows(tab, Mid="81.250", Bid="81.000", Ask="81.500", Spread="61.54 bps", Source="push:push")
    assert ask(server, "/api/oracle/quote?symbol=QX-USD")["mid"] == 81.25
    expect(tab.get_by_role("region", name="Trades, newest first")).to_contain_text("81.1252.75")
    expect(tab.locator("#about tbody tr")).to_contain_text(["mood of test me0.777share"])
    expect(tab.get_by_text(re.compile("The present 1d opened at 70.500, between 61.250 and 99.500"))).to_be_visible()
    expect(tab.get_by_text("No order book of QX-USD has come yet.")).to_be_visible()

    push(server, {"kind": "quote", "symbol": "QX-USD", "bid": 82.0, "ask": 82.25, "bid_size": 1, "ask_size": 3},
         {"kind": "trade", "symbol": "QX-USD", "price": 82.125, "size": 1.5, "side": "sell"},
         {"kind": "trade", "symbol": "QX-USD", "price": 82.125, "size": 1.5, "side": "sell"},
         {"kind": "sample", "name": "mood_of_test", "subject": "QX-USD:me", "value": 0.333, "unit": "share"})  # fmt: skip
    shows(tab, Mid="82.125", Spread="30.44 bps")
    trades = tab.get_by_role("region", name="Trades, newest first").locator("tbody tr")
    expect(trades).to_contain_text(["sell82.1251.5", "sell82.1251.5", "buy81.1252.75"])  # two that look the same are two
    expect(tab.locator("#about tbody tr")).to_contain_text(["0.333"])
    assert page.asked_only_this_server()
    assert page.complaints == []


@built
def test_a_symbol_that_is_only_traded_has_no_mid_and_a_tiny_price_is_not_nothing(browser: BrowserContext, server: Serving):
    ask(server, "/api/oracle/push", {"kind": "trade", "symbol": "TINY-USD", "price": 1e-12, "size": 1, "side": "buy"})
    tab = browser.new_page()
    page = Visited(tab, server).opened("markets/TINY-USD")
    cards = tab.locator(".head")
    expect(cards).to_contain_text("0.000000000001")
    expect(cards).not_to_contain_text("NaN")
    assert page.complaints == []


@built
def test_an_alert_stands_at_its_point_and_an_event_leads_to_a_rule(browser: BrowserContext, server: Serving):
    ask(server, "/api/alerts", {
        "alert_id": "marked", "name": "Marked", "description": "d", "delivery_methods": ["log"], "cooldown_seconds": 0,
        "trigger": {"type": "price_threshold", "symbol": "QM-USD", "price_threshold": 100, "direction": "above"}})  # fmt: skip
    push(server, {"kind": "trade", "symbol": "QM-USD", "price": 99, "size": 1, "side": "buy"})
    page = Visited(browser.new_page(), server).opened("markets/QM-USD")
    tab = page.browser
    expect(tab.get_by_text("Nothing has happened to QM-USD.")).to_be_visible()
    push(server, {"kind": "trade", "symbol": "QM-USD", "price": 101, "size": 1, "side": "buy"})

    on_candles = tab.locator("#candles").get_by_role("button", name=MARK)
    expect(on_candles).to_have_count(1)
    expect(tab.locator("#ticks").get_by_role("button", name=MARK)).to_have_count(1)
    on_candles.press("Enter")
    chosen = tab.get_by_role("article", name="The chosen event")
    page.tells_the_server_something_only_it_can_know()
    (fired,) = ask(server, "/api/oracle/events?kind=alert_fired&subject=marked")["items"]
    expect(chosen).to_contain_text(fired["id"])
    expect(chosen.get_by_role("link", name="Its alert")).to_have_attribute("href", "#/alerts/marked")
    chosen.get_by_role("button", name="Close").click()
    expect(chosen).to_have_count(0)

    tab.evaluate("location.hash = '#/markets/BTC-USD'")
    tab.get_by_role("list", name="Events about BTC-USD, newest first").get_by_role("button").last.click()
    ident = re.search("event=(evt_[0-9a-f]+)", tab.url)[1]
    page.tells_the_server_something_only_it_can_know()
    (told,) = [event for event in ask(server, "/api/oracle/events?subject=BTC-USD&limit=300")["items"] if event["id"] == ident]
    expect(chosen).to_contain_text(told["summary"])
    expect(chosen.get_by_role("link", name="Build a rule on it")).to_have_attribute("href", f"#/alerts?new={ident}")
    tab.evaluate("location.hash = '#/watchdogs'")
    tab.locator(f'[data-event="{ident}"]').get_by_role("link", name="Chart of BTC-USD").click()
    expect(chosen).to_contain_text(told["summary"])
    assert page.complaints == []


@built
def test_the_order_book_is_the_one_the_server_recorded(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("markets/ETH-USD")
    rows = page.browser.get_by_role("table", name="The best 10 levels of each side").locator("tbody tr")
    expect(rows).to_have_count(10)
    ladder = [row.split() for row in page.browser.locator(".ladder tbody").inner_text().replace(",", "").splitlines()]
    shown = [(float(row[2]), float(row[3])) for row in ladder]
    page.tells_the_server_something_only_it_can_know()
    books = ask(server, "/api/oracle/ticks?kind=depth&symbol=ETH-USD&limit=10000")["items"]
    told = [[(bid[0], ask[0]) for bid, ask in zip(book["bids"], book["asks"], strict=True)] for book in books]
    assert shown in told
    assert all(a[0] > b[0] and a[1] < b[1] for a, b in pairwise(shown))


@built
def test_keys_and_buttons_move_through_symbols_intervals_and_time(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("markets/MSFT")
    tab = page.browser
    expect(tab.get_by_text("The present 1m opened at")).to_be_visible()
    tab.keyboard.press("2")
    expect(tab.get_by_role("radio", name="5m", exact=True)).to_be_checked()
    expect(tab.get_by_text("The present 5m opened at")).to_be_visible()
    tab.keyboard.press("ArrowLeft")
    expect(tab.get_by_role("heading", name="GOOGL")).to_be_visible()
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("heading", name="MSFT")).to_be_visible()
    assert tab.url.endswith("#/markets/MSFT?interval=5m")

    for _ in range(5):  # until a page of older bars is needed
        tab.get_by_role("button", name="More candles").click()
    tab.get_by_role("button", name="Older").click()
    expect(tab).to_have_url(re.compile("range="))
    tab.get_by_role("button", name="Newest").click()
    expect(tab).not_to_have_url(re.compile("range="))
    assert len([url for url in page.asked if "bars?symbol=MSFT&interval=5m" in url and "cursor=" in url]) >= 1

    tab.keyboard.press("Control+k")
    tab.get_by_role("combobox", name="Command").fill("tlt")
    tab.get_by_role("option", name="TLT").click()
    expect(tab.get_by_role("heading", name="TLT")).to_be_visible()
    assert page.complaints == []


@built
def test_who_asks_for_a_symbol_nobody_knows_is_told_which_there_are(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("markets/NOBODY")
    expect(page.browser.get_by_text("Nobody quotes or trades “NOBODY” here.")).to_be_visible()
    page.browser.get_by_role("main").get_by_role("link", name="SPY").click()
    expect(page.browser.get_by_role("heading", name="SPY")).to_be_visible()
    assert page.complaints == []


@built
def test_the_wall_shows_the_newest_of_each_topic(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("markets?show=wall&topics=sample:walled:*")
    tab = page.browser
    expect(tab.get_by_text("Nothing has been told about")).to_be_visible()
    push(server, *({"kind": "sample", "name": "walled", "subject": subject, "value": value, "unit": "1"}
                   for subject, value in (("a", 1.5), ("b", 2.5), ("a", 7.25))))  # fmt: skip
    numbers = tab.locator("#wall output")
    expect(numbers).to_have_text(["7.25", "2.5"])
    push(server, {"kind": "sample", "name": "walled", "subject": "b", "value": 8.125, "unit": "1"})
    expect(numbers).to_have_text(["7.25", "8.125"])

    tab.get_by_role("textbox", name="Topics of the wall").fill("quote:SPY, quote:QQQ")
    tab.keyboard.press("Enter")
    expect(tab.locator("#wall li")).to_have_count(2)
    expect(tab.locator("#wall li").first).to_have_attribute("data-topic", "quote:QQQ")
    tab.locator("#wall").get_by_role("link", name="QQQ").click()
    expect(tab.get_by_role("heading", name="QQQ")).to_be_visible()
    assert page.complaints == []


def push(server: Serving, *rows: dict[str, object]) -> None:
    ask(server, "/api/oracle/push", {"rows": list(rows)})


def shows(tab: Page, **cards: str) -> None:
    for name, text in cards.items():
        expect(tab.locator(".head .card").filter(has=tab.get_by_text(name.replace("_", " "), exact=True))).to_contain_text(text)
