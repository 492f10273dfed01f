"""Every view for readers who hear it, use only the keys, or hold a telephone: axe-core finds nothing serious, and all fits."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browsing import PAGE, Visited, built
from tests.serving import Serving

AXE = PAGE / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = "chosen => axe.run(chosen).then(found => found.violations.filter(one => ['serious', 'critical'].includes(one.impact))" \
          ".flatMap(one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 160)}`)))"  # fmt: skip
THEMES = {"dark": {}, "light": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}}
"""What axe looks for in each: a theme changes colours and nothing else."""
FAULTS = """() => {
  const pale = Object.assign(document.createElement('p'), { textContent: 'pale' });
  Object.assign(pale.style, { color: '#eee', background: '#fff' });
  document.body.append(document.createElement('button'), pale);
}"""
PLACES = (
    "overview", "markets", "markets?show=wall", "markets/BTC-USD", "watchdogs", "watchdogs/price_anomaly", "alerts",
    "alerts?new=1", "alerts?tab=history", "alerts?tab=deliveries", "alerts?tab=numbers", "alerts/demo_price_spike",
    "trading", "trading/orders", "trading/risk", "trading/scanner", "trading/strategies", "trading/backtests",
    "trading/execution", "trading/journal", "trading/log", "trading/jobs", "experiments", "tasks", "tasks?tab=chat",
    "tasks?tab=costs", "tasks?tab=webhooks", "tasks?tab=agents", "runtime", "runtime/feeds", "runtime/clients", "settings",
    "settings/dashboard", "settings/server", "nowhere",
)  # fmt: skip

# The address is heard, and what it leads to drawn, before the second frame after it.
GO = """place => new Promise(drawn => {
  location.hash = '#/' + place;
  requestAnimationFrame(() => requestAnimationFrame(drawn));
})"""


def go(tab: Page, place: str) -> None:
    """To a place, until what is there was fetched and read."""
    view = re.split(r"[/?]", place)[0]
    tab.evaluate(GO, place)
    main = tab.get_by_role("main")
    expect(main).to_have_attribute("aria-label", "Nothing" if view == "nowhere" else view.capitalize())
    expect(main).not_to_contain_text("Opening")
    expect(main).not_to_contain_text("Reading")


audited = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: run make page on a machine with npm")


@built
@audited
def test_no_view_keeps_anybody_out(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    page = Visited(tab, server).opened()
    tab.evaluate(AXE.read_text())
    found = {}
    for place in PLACES:
        go(tab, place)
        for theme, chosen in THEMES.items():
            tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if wrong := tab.evaluate(SERIOUS, chosen):
                found[place, theme] = wrong[:8]
    assert found == {}
    assert page.complaints == []
    tab.evaluate(FAULTS)
    assert all(tab.evaluate(SERIOUS, chosen) for chosen in THEMES.values())  # it would have been found


@built
def test_every_view_fits_a_telephone(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    tab.set_viewport_size({"width": 390, "height": 844})
    Visited(tab, server).opened()
    wide = []
    for place in PLACES:
        go(tab, place)
        if not tab.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wide.append(place)
    assert wide == []
