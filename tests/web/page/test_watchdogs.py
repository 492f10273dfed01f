"""Watchdogs on the page: how each is and why, what it said and is set to, and what it would have said."""

from __future__ import annotations

import contextlib
import re
import urllib.error

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving

OVER = ("completed", "failed", "cancelled", "stopped")


@built
def test_a_switch_on_the_page_is_a_switch_in_the_server(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("watchdogs")
    row = page.browser.get_by_role("row").filter(has_text="price_anomaly")
    switch = page.browser.get_by_role("switch", name="Watchdog price_anomaly")

    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-busy", "false")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(row).to_contain_text("off")
    assert watchdog(server, "price_anomaly")["enabled"] is False
    assert shown(server, "price_anomaly")["reason"] == "switched off"

    switch.press("Space")
    expect(switch).to_have_attribute("aria-busy", "false")
    expect(switch).to_have_attribute("aria-checked", "true")
    assert watchdog(server, "price_anomaly")["enabled"] is True

    page.browser.get_by_role("button", name="Restart watchdog price_anomaly").click()
    expect(page.browser.get_by_role("link", name="price_anomaly")).to_be_visible()
    assert page.complaints == []


@built
def test_a_watchdog_says_how_it_is_what_it_said_and_what_it_is_set_to(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    name = speaker(page)
    page.opened(f"watchdogs/{name}")
    tab, told = page.browser, shown(server, name)
    table = tab.get_by_role("table", name=f"Settings of {name}")
    for setting in told["settings"]:
        row = table.get_by_role("row").filter(has=tab.get_by_text(setting["name"], exact=True))
        expect(row).to_contain_text(setting["doc"])
    interval = next(one for one in told["settings"] if one["name"] == "interval_s")
    expect(table.get_by_role("row").filter(has_text="interval_s")).to_contain_text(f"{interval['value']:g} s")

    said = ask(server, f"/api/oracle/events?source=watchdog:{name}&limit=200")["items"]
    for event in said[-3:]:
        line = tab.locator(f'[data-detection="{event["id"]}"]')
        expect(line).to_contain_text(event["summary"])
        way = line.get_by_role("link", name=f"Build a rule on: {event['summary']}")
        expect(way).to_have_attribute("href", f"#/alerts?new={event['id']}")
    expect(tab.get_by_role("img", name=re.compile(r"^Detections by day"))).to_be_visible()
    assert page.complaints == []


@built
def test_a_backtest_with_other_settings_stays_linked_beside_todays(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("watchdogs/earnings_anomaly")
    tab = page.browser
    form = tab.get_by_role("form", name="Backtest of earnings_anomaly")
    form.get_by_role("textbox", name="limit_pct, %").fill("much")
    expect(form).to_contain_text("It should be a number.")
    form.get_by_role("textbox", name="limit_pct, %").fill("0.5")
    expect(form).to_contain_text("today 10 %")
    form.get_by_role("button", name="Run backtest").click()

    found = tab.get_by_role("table", name="Found, by severity")
    expect(found.get_by_role("row")).to_have_count(3)
    expect(tab.get_by_text("Beside today's settings:")).to_be_visible()
    ids = dict(re.findall(r"(run|against)=(\w+)", tab.url))
    run, today = (ask(server, f"/api/oracle/runs/{ids[one]}") for one in ("run", "against"))
    assert run["params"]["settings"] == {"earnings_anomaly": {"limit_pct": 0.5}}
    assert today["params"]["settings"] == {"earnings_anomaly": {}} and today["params"]["watchdogs"] == ["earnings_anomaly"]
    for name, one in (("This run", run), ("Today's settings", today)):
        cells = found.get_by_role("row", name=name).get_by_role("cell").all_inner_texts()
        assert cells[4] == str(one["result"]["events"])
        assert cells[:4] == [str(one["result"]["by_severity"].get(level, 0)) for level in ("low", "medium", "high", "critical")]

    tab.reload()
    expect(form.get_by_role("textbox", name="limit_pct, %")).to_have_value("0.5")
    expect(found.get_by_role("row")).to_have_count(3)
    assert page.complaints == []


@built
def test_a_backtest_is_paused_resumed_and_called_off(browser: BrowserContext, server: Serving):
    first = paused(server)
    page = Visited(browser.new_page(), server).opened(f"watchdogs/whale_movement?run={first}")
    tab = page.browser
    expect(tab.get_by_text("Backtest: paused")).to_be_visible()

    second = ask(server, "/api/oracle/backtest", {"watchdogs": ["whale_movement"]})["id"]
    waiting = Visited(browser.new_page(), server).opened(f"watchdogs/whale_movement?run={second}").browser
    expect(waiting.get_by_text("one that is paused keeps its place")).to_be_visible()
    waiting.get_by_role("button", name="Cancel: Backtest").click()
    expect(waiting.get_by_text("It was called off")).to_be_visible()
    assert ask(server, f"/api/oracle/runs/{second}")["status"] == "cancelled"

    tab.bring_to_front()
    tab.get_by_role("button", name="Resume: Backtest").click()
    expect(tab.get_by_text("Backtest: paused")).to_have_count(0)
    assert ask(server, f"/api/oracle/runs/{first}")["status"] in ("running", "completed")
    with contextlib.suppress(urllib.error.HTTPError):  # nobody waits for it, if it is not over by now
        ask(server, f"/api/oracle/runs/{first}/cancel", {})


def paused(server: Serving) -> str:
    """The id of a backtest that was paused before it was over; one that was quicker is begun once more."""
    for _ in range(20):
        ident = str(ask(server, "/api/oracle/backtest", {})["id"])
        while (status := ask(server, f"/api/oracle/runs/{ident}")["status"]) not in OVER:
            if status == "paused":
                return ident
            with contextlib.suppress(urllib.error.HTTPError):  # not yet at work, over by now, or it has not halted yet
                ask(server, f"/api/oracle/runs/{ident}/pause", {})
    raise AssertionError("every backtest was over before it could be paused")


def speaker(page: Visited) -> str:
    """The name of a watchdog that has said something by now."""
    page.opened("watchdogs")
    link = page.browser.get_by_role("link", name=re.compile("^Build a rule on: ")).first
    expect(link).to_be_attached()
    ident = str(link.get_attribute("href")).partition("new=")[2]
    page.tells_the_server_something_only_it_can_know()
    (event,) = ask(page.server, f"/api/oracle/events?id={ident}")["items"]
    return str(event["source"]).removeprefix("watchdog:")


def watchdog(server: Serving, name: str):
    return next(row for row in ask(server, "/dashboard/watchdogs") if row["name"] == name)


def shown(server: Serving, name: str):
    return ask(server, f"/api/oracle/watchdogs/{name}")
