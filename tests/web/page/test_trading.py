"""Trading on the page: orders through the gate, what is held, risk, strategies, backtests, and what was said."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving, serving

ORDERS = "/api/trades/orders"
COOLDOWN_S = "1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The simulated market with few symbols to look at, whose strategies give no orders of their own."""
    few = {"ORACLE__TRADING__LIVE_STRATEGIES": "false", "ORACLE__TRADING__UNIVERSE": "AAPL,GLD"}
    data = tmp_path_factory.mktemp("page") / "data"
    with serving(data, ORACLE__RISK__KILL_SWITCH_COOLDOWN_S=COOLDOWN_S, **few) as running:
        yield running


def priced(server: Serving, symbol: str, mid: float) -> str:
    """A symbol at a price that nobody but this server was told."""
    quote = {"kind": "quote", "symbol": symbol, "bid": mid - 0.01, "ask": mid + 0.01, "bid_size": 1e6, "ask_size": 1e6}
    ask(server, "/api/oracle/push", quote)
    return symbol


def wish(page: Visited, symbol: str, quantity: float, kind: str = "Market", **prices: float) -> Locator:
    """The form of a new order, filled in."""
    form = page.browser.locator("#order-form")
    form.get_by_label("Symbol").fill(symbol)
    form.get_by_label("Type").select_option(label=kind)
    form.get_by_label("Quantity").fill(str(quantity))
    for name, price in prices.items():
        form.get_by_role("spinbutton", name=name).fill(str(price))
    return form


def give(form: Locator, says: str) -> None:
    form.get_by_role("button", name="Give the order").click()
    expect(form.locator(".done")).to_contain_text(says)


def number(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text))


@built
def test_an_order_is_judged_first_and_becomes_a_position_that_can_be_closed(browser: BrowserContext, server: Serving):
    priced(server, "ACME", 61.37)
    page = Visited(browser.new_page(), server).opened("trading/orders")
    tab = page.browser
    form = wish(page, "ACME", 400)
    expect(form.locator(".gate")).to_contain_text("The gate makes it smaller")
    expect(form.locator(".gate")).to_contain_text("more than 5 %")
    assert ask(server, ORDERS) == [], "it was only asked about"
    form = wish(page, "ACME", 10, "Market, with stop and target", Stop=50, Target=80)
    expect(form.locator(".gate")).to_contain_text("The gate lets it through")
    give(form, "BUY 10 ACME is")
    expect(tab.locator("#open-orders tbody tr")).to_have_count(2)  # its stop and its target
    expect(tab.locator('[data-fill="ACME"]').first).to_contain_text("bought ACME")

    tab.get_by_role("link", name="Account", exact=True).click()
    held = tab.locator('[data-position="ACME"]')
    expect(held).to_contain_text("61.37")
    expect(held).to_contain_text("50.00")
    expect(held).to_contain_text("80.00")
    (theirs,) = ask(server, "/api/portfolio/positions")
    assert (theirs["symbol"], theirs["quantity"]) == ("ACME", 10.0)
    equity = tab.get_by_label("Account in numbers").locator("dd").first
    shown, told = number(equity.inner_text().split("\n")[0]), ask(server, "/api/portfolio")["total_equity"]
    assert shown == pytest.approx(told, abs=0.02)
    priced(server, "ACME", 67.77)
    expect(held).to_contain_text("67.77")
    expect(held).to_contain_text("+$63")

    tab.get_by_role("button", name="Close ACME").click()
    tab.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(held).to_be_visible()
    tab.get_by_role("button", name="Close ACME").click()
    tab.get_by_role("dialog").get_by_role("button", name="Close the position").click()
    expect(held).to_have_count(0)
    assert ask(server, "/api/portfolio/positions") == []
    (trade,) = ask(server, "/api/trades/trades")
    tab.get_by_role("link", name="Journal").click()
    expect(tab.locator('[data-closed="ACME"]')).to_contain_text(f"+${trade['pnl']:.2f}")
    expect(tab.locator(".calendar [aria-current]")).to_contain_text(f"+{trade['pnl']:.2f}")

    tab.get_by_role("link", name="Execution").click()
    rows = tab.locator("[data-quality]")
    found = ask(server, "/api/trades/execution-quality")
    expect(rows).to_have_count(len(found))
    expect(rows.first).to_contain_text(f"{found[0]['slippage_bps']:.1f} bps")
    assert page.complaints == [] and page.asked_only_this_server()


@built
def test_an_order_at_work_is_cancelled_and_one_that_waits_is_approved_or_not(browser: BrowserContext, server: Serving):
    priced(server, "WAIT", 40.0)
    page = Visited(browser.new_page(), server).opened("trading/orders")
    tab = page.browser
    give(wish(page, "WAIT", 3, "Limit", Limit=20), "is submitted")
    tab.get_by_role("button", name="Cancel BUY WAIT LIMIT").click()
    expect(tab.locator("#past-orders tbody tr").first).to_contain_text("cancelled")
    assert ask(server, ORDERS)[0]["status"] == "CANCELLED"

    tab.get_by_role("link", name="Risk").click()
    tab.get_by_role("button", name="More: Manual approval").press("Enter")
    expect(tab.locator("#autonomy [aria-current]")).to_contain_text("Manual approval")
    assert ask(server, "/api/risk/autonomy")["mode"] == "MANUAL_APPROVAL"
    tab.get_by_role("link", name="Orders").click()
    for quantity in (1, 2):
        form = wish(page, "WAIT", quantity)
        expect(form.locator(".gate")).to_contain_text("It will wait for an approval")
        give(form, f"BUY {quantity} WAIT is pending")
    waits = tab.locator("[data-approval]")
    waits.filter(has_text="BUY 1 WAIT").get_by_role("button", name="Approve").click()
    expect(waits).to_have_count(1)
    waits.get_by_role("button", name="Reject").click()
    expect(waits).to_have_count(0)
    expect(tab.locator('[data-fill="WAIT"]')).to_have_count(1)
    ended = {order["quantity"]: order["status"] for order in ask(server, f"{ORDERS}?symbol=WAIT&limit=2")}
    assert ended == {1.0: "FILLED", 2.0: "REJECTED"}

    tab.get_by_role("link", name="Risk").click()
    tab.get_by_role("button", name="Less: Paper only").press("Enter")
    expect(tab.locator("#autonomy [aria-current]")).to_contain_text("Paper only")
    assert page.complaints == []


@built
def test_the_kill_switch_takes_its_word_and_its_cooldown(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("trading/risk")
    tab, why = page.browser, f"drill {uuid.uuid4().hex}"
    panel = tab.locator("#kill-switch")
    expect(panel).to_contain_text("trading may go on")
    halt = panel.get_by_role("button", name="Halt trading")
    panel.get_by_label("Type KILL to confirm").fill("kill")
    expect(halt).to_be_disabled()
    panel.get_by_label("Type KILL to confirm").fill("KILL")
    panel.get_by_label("Reason").fill(why)
    halt.click()
    expect(panel.locator(".kill-why")).to_contain_text(why)
    assert ask(server, "/api/risk/kill-switch")["reason"] == why
    expect(tab.locator(".banner")).to_contain_text("Trading is stopped")
    expect(panel.get_by_role("list")).to_contain_text("halted by local")

    panel.get_by_label("Type RESUME to confirm").fill("RESUME")
    panel.get_by_role("button", name="Resume trading").click()  # which waits for the cooldown
    expect(panel).to_contain_text("trading may go on")
    assert ask(server, "/api/risk/kill-switch")["active"] is False
    expect(panel.get_by_role("listitem").first).to_contain_text("resumed by local")

    bounds = ask(server, "/api/risk/limits")["portfolio_limits"]
    expect(tab.locator('[data-gauge="Drawdown"]')).to_contain_text(f"{bounds['max_drawdown_pct']:.2f}%")
    expect(tab.locator("[data-breaker]")).to_have_count(6)
    expect(tab.locator('[data-breaker="drawdown"]')).to_contain_text("fine")
    tab.get_by_role("button", name="I am here").click()
    tab.get_by_role("button", name="Compare now").click()
    expect(tab.get_by_role("button", name="I am here")).to_have_attribute("title", re.compile("from local"))
    (beat,) = ask(server, "/api/oracle/board?kind=heartbeat")["items"]
    assert beat["value"]["by"] == "local" and page.complaints == []


@built
def test_strategies_are_switched_and_the_scanner_says_what_they_read(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("trading/strategies")
    tab = page.browser
    switch = tab.get_by_role("switch", name="Strategy MeanReversion")
    for on in (False, True):
        switch.click()
        expect(switch).to_have_attribute("aria-busy", "false")
        expect(switch).to_have_attribute("aria-checked", str(on).lower())
        assert ask(server, "/api/strategies/MeanReversion")["enabled"] is on
    expect(tab.locator(".banner")).to_have_count(0)  # trading goes on all the while
    tab.get_by_role("link", name="Scanner").click()
    scan = ask(server, "/api/scan")["symbols"]
    assert set(scan) == {"AAPL", "GLD"}
    expect(tab.locator("[data-scan]")).to_have_count(len(scan))
    reading = re.sub(r"^Low Score \((.*)\)$", r"\1", scan["GLD"])
    expect(tab.locator('[data-scan="GLD"] .verdict')).to_contain_text(reading.removeprefix("CANDIDATE (").removesuffix(")"))
    tab.get_by_role("link", name="Order GLD").click()
    expect(tab.get_by_label("Symbol")).to_have_value("GLD")
    assert page.complaints == []


@built
def test_backtests_are_begun_followed_and_compared(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("trading/backtests")
    tab = page.browser
    form = tab.locator("#backtest-form")
    for name in ("SwingMomentum", "MeanReversion"):
        form.get_by_label("Strategy").select_option(name)
        form.get_by_label("From").fill("2023-01-01")
        form.get_by_label("Symbols").fill("gld")
        form.get_by_text("How it trades").click()
        form.get_by_label("Size").select_option("all_in")
        form.get_by_text("How it trades").click()
        form.get_by_role("button", name="Begin the backtest").click()
        row = tab.locator("[data-backtest]", has_text=name)
        expect(row).to_contain_text("completed")
        expect(row.get_by_role("checkbox")).to_be_checked()
    expect(tab.locator(".figures thead th")).to_have_count(3)
    second, first = ask(server, "/api/strategies/backtests")
    assert first["metadata"]["symbols"] == ["GLD"] and first["metadata"]["sizing"] == "all_in"
    final = tab.locator(".figures tr", has_text="Final capital").locator("td")
    expect(final).to_have_text([f"${second['final_capital']:,.2f}", f"${first['final_capital']:,.2f}"])
    held = first["metadata"]["benchmark"]["total_return_pct"]
    expect(tab.locator(".figures tr", has_text="Buy and hold").locator("td").last).to_contain_text(f"{abs(held):.2f}%")
    expect(tab.get_by_role("img", name="beside buying and holding")).to_be_visible()
    trades = ask(server, f"/api/strategies/backtests/{second['id']}")["trades"]
    expect(tab.locator("#backtest-trades")).to_contain_text(f"{len(trades)} closed")
    tab.reload()
    expect(tab.locator(".figures thead th")).to_have_count(3)  # the address says what is compared
    assert page.complaints == []


@built
def test_what_a_bot_says_is_in_the_log_and_a_job_is_run_by_hand(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("trading/log")
    tab, word = page.browser, uuid.uuid4().hex
    lines = tab.get_by_role("log").locator("tbody tr")
    say(server, f"before {word}")
    expect(lines.filter(has_text=f"before {word}")).to_have_count(1)
    tab.get_by_role("button", name="Hold").click()
    say(server, f"meanwhile {word}")
    expect(tab.locator("#log .note")).to_contain_text("1 more since")
    expect(lines.filter(has_text=f"meanwhile {word}")).to_have_count(0)
    tab.get_by_role("button", name="Go on").click()
    tab.get_by_label("Filter the log").fill(f"research {word}")
    expect(lines).to_have_count(2)

    tab.get_by_role("link", name="Jobs").click()
    job = tab.locator('[data-job="weekly_trends"]')
    expect(job).to_contain_text("never yet")
    job.get_by_role("button", name="Run now: weekly_trends").click()
    expect(job).not_to_contain_text("never yet")
    (theirs,) = [one for one in ask(server, "/api/system/scheduler/jobs") if one["id"] == "weekly_trends"]
    assert theirs["last_run_id"] and page.complaints == []


def say(server: Serving, text: str) -> None:
    ask(server, "/api/push", {"type": "RESEARCH_START", "text": text})
