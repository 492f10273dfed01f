"""Watchdogs on the page."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving


@built
def test_a_switch_on_the_page_is_a_switch_in_the_server(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("watchdogs")
    switch = page.browser.get_by_role("switch", name="Watchdog price_anomaly")

    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-busy", "false")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert watchdog(server, "price_anomaly")["enabled"] is False

    switch.press("Space")
    expect(switch).to_have_attribute("aria-busy", "false")
    expect(switch).to_have_attribute("aria-checked", "true")
    assert watchdog(server, "price_anomaly")["enabled"] is True


def watchdog(server: Serving, name: str):
    return next(row for row in ask(server, "/dashboard/watchdogs") if row["name"] == name)
