"""Alerts on the page: acknowledged, silenced, explained, tried, made, shown on the desktop."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving

# A browser without a desktop shows nothing: this stands where it would, keeps what it was given, and says yes when asked.
SHOWN = """
window.shown = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, options) { document.documentElement.dataset.shown = window.shown.push([title, options]); }
  close() {}
};
"""


@built
def test_an_alert_for_the_browser_is_shown_on_the_desktop_once_that_was_allowed(browser: BrowserContext, server: Serving):
    ask(server, "/api/alerts", {
        "alert_id": "desk", "name": "Shown <b>here</b>", "description": "d", "trigger": {"type": "watchdog_event"},
        "delivery_methods": ["browser"], "enabled": False})
    tab = browser.new_page()
    tab.add_init_script(SHOWN)
    page = Visited(tab, server)
    page.opened("alerts")
    tab.get_by_role("button", name="Test alert rule Shown").click()
    expect(tab.locator("[data-delivery]", has_text="nothing has happened").first).to_contain_text("delivered")
    assert tab.evaluate("window.shown") == []  # nobody allowed it yet

    tab.get_by_role("button", name="Allow notifications").click()
    expect(tab.get_by_role("button", name="Allow notifications")).to_have_count(0)
    tab.get_by_role("button", name="Test alert rule Shown").click()
    expect(tab.locator("html")).to_have_attribute("data-shown", "1")
    ((title, options),) = tab.evaluate("window.shown")
    assert title == "Shown <b>here</b> (test)" and "nothing has happened" in options["body"]
    assert options["tag"].startswith("dlv_")
    assert page.complaints == []


@built
def test_an_alert_is_acknowledged_with_the_keys_and_its_phases_come_by_themselves(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("alerts")
    row = page.has_an_alert_on("boiler")
    phase = row.locator(".phase")
    expect(phase).to_have_text("inactive")
    expect(row).to_contain_text('sample("boiler", "here") > 1')
    expect(row.get_by_role("button", name="Acknowledge")).to_have_count(0)  # there is nothing to acknowledge

    page.reads("boiler", 5)
    expect(phase).to_have_text("firing")
    row.get_by_role("button", name="Acknowledge boiler is hot").press("Enter")
    page.browser.keyboard.type("I look")
    page.browser.keyboard.press("Enter")
    expect(phase).to_have_text("acknowledged")
    expect(row).to_contain_text("by local")
    expect(row.locator("q")).to_have_text("I look")
    expect(row.get_by_role("group")).to_be_focused()
    assert life(server, "boiler")["comment"] == "I look"

    expect(row.get_by_role("button", name="Resolve")).to_have_count(0)  # its condition is still met
    page.reads("boiler", 0)
    expect(phase).to_have_text("inactive")


@built
def test_an_alert_is_silenced_on_the_page_and_the_silence_ended(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("alerts")
    row = page.has_an_alert_on("kettle")
    row.get_by_role("button", name="Silence kettle is hot").click()
    row.get_by_text("8 h", exact=True).click()
    row.get_by_label("Comment").fill("tea")
    row.locator("form").get_by_role("button", name="Silence").click()

    shown = page.browser.locator("[data-silence]", has_text="kettle is hot")
    expect(shown).to_contain_text("by local")
    expect(shown.locator("q")).to_have_text("tea")
    expect(row).to_contain_text("silenced until")
    (silence,) = ask(server, "/api/oracle/silences")["items"]
    assert silence["matchers"]["alert_id"] == "kettle"
    length = datetime.fromisoformat(silence["until"]) - datetime.fromisoformat(silence["since"])
    assert round(length / timedelta(hours=1)) == 8
    page.reads("kettle", 5)
    expect(row).to_contain_text("held back 1 (silence)")

    shown.get_by_role("button", name="End silence of kettle is hot").click()
    expect(shown).to_have_count(0)
    expect(row).not_to_contain_text("silenced until")
    assert ask(server, "/api/oracle/silences")["items"] == []


@built
def test_the_page_says_why_an_alert_fired_and_tries_it_on_the_past(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("alerts")
    row = page.has_an_alert_on("stove")
    page.reads("stove", 5)
    expect(row).to_contain_text("fired once")

    row.get_by_role("button", name="Why? stove is hot").click()
    expect(row).to_contain_text("It was met")
    clause = row.locator(".clauses tbody tr")
    expect(clause).to_have_text(['sample("stove", "here") > 151true'])
    row.get_by_role("button", name="At the last firing").click()
    expect(row).to_contain_text("It fired then.")

    row.get_by_role("button", name="Try stove is hot").click()
    row.get_by_role("button", name="Week").click()
    expect(row).to_contain_text("It would have fired once.")
    expect(row).to_contain_text("The same as live.")
    expect(row.get_by_role("img", name="Firings by day")).to_be_visible()
    link = row.get_by_role("link", name="The rows").get_attribute("href")
    assert link is not None
    assert [firing["subject"] for firing in ask(server, link)["items"]] == ["stove"]


@built
def test_an_alert_is_made_of_a_preset(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("alerts")
    page.browser.set_viewport_size({"width": 390, "height": 844})
    page.browser.get_by_role("button", name="New alert").click()
    form = page.browser.get_by_role("dialog")
    form.get_by_role("spinbutton", name=re.compile("^The level")).fill("123456.5")
    form.get_by_role("textbox", name="Id", exact=True).fill("a/b")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_contain_text("alert_id")
    form.get_by_role("textbox", name="Id", exact=True).fill("level")
    form.get_by_role("button", name="Create").click()
    expect(page.browser.locator('[data-alert="level"]')).to_contain_text("BTC-USD crosses 123,456.5, over once 0.1 % back")
    expect(form).to_have_count(0)
    assert page.browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    made = ask(server, "/api/alerts/level")
    assert made["trigger"]["price_threshold"] == 123456.5 and made["delivery_methods"] == ["log"]


def life(server: Serving, alert_id: str):
    return next(row for row in ask(server, "/api/oracle/alerts")["items"] if row["alert_id"] == alert_id)
