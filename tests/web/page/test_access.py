"""Every view for readers who hear it, use only the keys, or hold a telephone: axe-core finds nothing serious, and all fits."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browsing import PAGE, Visited, built
from tests.serving import Serving

AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = "axe.run().then(found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact))" \
          ".flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 160)}`)))"  # fmt: skip
PLACES = (
    "overview", "markets", "markets?show=wall", "markets/BTC-USD", "watchdogs", "watchdogs/price_anomaly", "alerts",
    "alerts?new=1", "alerts?tab=history", "alerts?tab=deliveries", "alerts?tab=numbers", "alerts/demo_price_spike",
    "trading", "trading/orders", "trading/risk", "trading/strategies", "experiments", "tasks", "tasks?tab=chat",
    "tasks?tab=costs", "tasks?tab=webhooks", "tasks?tab=agents", "runtime", "runtime/feeds", "runtime/clients", "settings",
    "settings/dashboard", "settings/server", "nowhere",
)  # fmt: skip

audited = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: run make page on a machine with npm")


@built
@audited
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_view_keeps_anybody_out(browser: BrowserContext, server: Serving, theme: str):
    tab = browser.new_page()
    tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page = Visited(tab, server).opened()
    tab.evaluate(AXE.read_text())
    found = {}
    for place in PLACES:
        tab.evaluate("place => { location.hash = '#/' + place }", place)
        expect(tab.get_by_role("main")).not_to_contain_text("Opening")
        expect(tab.get_by_role("main")).not_to_contain_text("Reading")
        if wrong := tab.evaluate(SERIOUS):
            found[place] = wrong[:8]
    assert found == {}
    assert page.complaints == []
    tab.evaluate("document.body.append(document.createElement('button'))")
    assert tab.evaluate(SERIOUS)  # it would have been found


@built
def test_every_view_fits_a_telephone(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    tab.set_viewport_size({"width": 390, "height": 844})
    Visited(tab, server).opened()
    wide = []
    for place in PLACES:
        tab.evaluate("place => { location.hash = '#/' + place }", place)
        expect(tab.get_by_role("main")).not_to_contain_text("Opening")
        expect(tab.get_by_role("main")).not_to_contain_text("Reading")
        if not tab.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wide.append(place)
    assert wide == []
