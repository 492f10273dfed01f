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


@built
def test_a_rule_is_built_with_its_faults_marked_then_changed_with_its_secret_kept(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("alerts")
    tab = page.browser
    tab.get_by_role("link", name="Build a rule").click()
    tab.get_by_role("textbox", name="Name").fill("Boiling over")
    expect(tab.get_by_role("textbox", name="Id", exact=True)).to_have_value("boiling_over")
    tab.get_by_role("radio", name="a condition").press("Space")
    condition = tab.get_by_role("textbox", name="Condition", exact=True)
    condition.fill('sample("pot", "here") > 1.02 * averg(sample("pot", "here"), "1m")')
    expect(condition).to_have_attribute("aria-invalid", "true")
    expect(tab.locator(".entry", has=condition)).to_contain_text("no function is called 'averg'; did you mean avg?")
    tab.get_by_role("button", name="Create disabled").click()
    expect(condition).to_be_focused()
    condition.fill('sample("pot", "here") > 1')
    tab.get_by_role("checkbox", name="webhook").press("Space")
    tab.get_by_role("textbox", name="URL").fill("http://127.0.0.1:1/hook")
    tab.get_by_role("textbox", name="Bearer token").fill("hush")
    expect(tab.get_by_role("region", name="Create")).to_contain_text("It would be taken.")
    expect(tab.get_by_role("region", name="On the past")).to_contain_text("It would not have fired.")
    tab.get_by_role("button", name="Create disabled").click()

    expect(tab.locator('[data-alert="boiling_over"]')).to_contain_text('sample("pot", "here") > 1')
    made = ask(server, "/api/alerts/boiling_over")
    assert (made["enabled"], made["webhook_config"]["auth_token"]) == (False, "********")
    assert made["delivery_methods"] == ["log", "webhook"] and made["trigger"]["condition"] == 'sample("pot", "here") > 1'

    tab.get_by_role("link", name="Change").click()
    expect(tab.get_by_role("textbox", name="Bearer token")).to_have_value("********")
    tab.get_by_role("spinbutton", name="At most once every").fill("7")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("table", name="What Boiling over is set to")).to_contain_text("7 s")
    changed = ask(server, "/api/alerts/boiling_over")
    assert (changed["cooldown_seconds"], changed["webhook_config"], changed["created_at"]) == (
        7, made["webhook_config"], made["created_at"])

    tab.get_by_role("button", name="Delete").click()
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("link", name="Boiling over")).to_have_count(0)
    assert "boiling_over" not in {one["alert_id"] for one in ask(server, "/api/alerts")}
    assert page.complaints == []


@built
def test_what_is_typed_key_by_key_is_what_the_rule_becomes(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    Visited(tab, server).opened("alerts?new")
    assets = tab.get_by_role("combobox", name="Assets")
    assets.press_sequentially("BTC,ETH, SOL")
    for _ in "ETH, SOL,":
        assets.press("Backspace")
    expect(assets).to_have_value("BTC")
    tab.get_by_text("a price", exact=True).click()
    tab.get_by_role("combobox", name="Symbol").fill("SOL-USD")
    for name, typed in (("Level", "0.050"), ("Over once back by", "0.5")):
        field = tab.get_by_role("spinbutton", name=name)
        field.clear()
        field.press_sequentially(typed)
        expect(field).to_have_value(typed)
    expect(tab.locator("#check")).to_contain_text('price("SOL-USD") > 0.05025')
    expect(tab.locator("#preview")).to_contain_text("1-minute bars until")  # there were no ticks before the first start
    tab.get_by_role("button", name="Create disabled").click()
    expect(tab.get_by_role("heading", name="alert", exact=True)).to_be_visible()  # it was given no name, and has its id


@built
def test_a_delivery_shows_its_tries_and_is_sent_again(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("alerts")
    row = page.has_an_alert_on("urn")
    page.reads("urn", 5)
    expect(row).to_contain_text("fired once")
    page.opened("alerts?tab=deliveries&rule=urn")
    tab = page.browser
    table = tab.get_by_role("table", name="Deliveries, newest first")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(table).to_contain_text("delivered")
    (sent,) = ask(server, "/api/oracle/deliveries?rule_id=urn")["items"]
    table.get_by_role("button", name="1 tries of").click()
    tries = tab.get_by_role("table", name=f"Tries of delivery {sent['id']}")
    expect(tries.get_by_role("row").last).to_contain_text("delivered")

    table.get_by_role("button", name="Resend").click()
    expect(tab.locator("[data-delivery]")).to_have_count(2)
    again = ask(server, "/api/oracle/deliveries?rule_id=urn")["items"]
    assert [one["payload"].get("resend_of") for one in again] == [sent["id"], None]
    tab.get_by_role("combobox", name="Outcome").select_option("failed")
    expect(tab.get_by_text("Nothing was delivered that fits.")).to_be_visible()

    page.opened("alerts?tab=numbers")
    numbers = next(one for one in ask(server, "/api/oracle/alerts/analytics")["items"] if one["alert_id"] == "urn")
    cells = tab.get_by_role("row", name="urn is hot").get_by_role("cell")
    expect(cells.first).to_have_text(str(numbers["firings"]))
    assert page.complaints == []


@built
def test_a_rule_says_it_in_words_of_its_own_which_are_shown_before_and_delivered(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    tab.add_init_script(SHOWN)
    page = Visited(tab, server).opened("alerts?new")
    tab.get_by_role("textbox", name="Name").fill("Worded")
    for name in ("flash crash", "critical"):
        tab.get_by_role("checkbox", name=name, exact=True).press("Space")
    tab.get_by_role("checkbox", name="this desktop").press("Space")
    tab.get_by_text("In your words").click()
    text = tab.get_by_role("textbox", name="Text", exact=True)
    text.fill("{{ event.asset.symbol }} {{ event.severity | uper }}")
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(tab.locator(".entry", has=text).last).to_contain_text("uper is no filter")
    expect(tab.locator("#check")).to_contain_text("templates.text")
    tab.get_by_text("What can stand between").click()
    expect(tab.get_by_role("definition").filter(has_text="low, medium, high or critical")).to_be_visible()
    text.fill("{{ event.asset.symbol }} is {{ event.severity | upper }}: {{ event.type }}")
    tab.get_by_role("textbox", name="Subject").fill("{{ alert_name }}!")
    told = tab.get_by_role("figure", name="What people are told")
    expect(told).to_contain_text("BTC is CRITICAL: flash_crash")
    expect(told.locator("strong")).to_have_text("Worded!")
    tab.get_by_role("button", name="Create disabled").click()

    tab.get_by_role("link", name="Change").wait_for()
    page.opened("alerts")
    tab.get_by_role("button", name="Allow notifications").click()
    tab.get_by_role("button", name="Test alert rule Worded").click()
    expect(tab.locator("html")).to_have_attribute("data-shown", "1")
    ((title, options),) = tab.evaluate("window.shown")
    assert (title, options["body"]) == ("Worded!", "BTC is CRITICAL: flash_crash")
    made = ask(server, "/api/alerts/worded")["templates"]
    assert made == {"subject": "{{ alert_name }}!", "html": None,
                    "text": "{{ event.asset.symbol }} is {{ event.severity | upper }}: {{ event.type }}"}
    assert page.complaints == []


@built
def test_a_name_that_turns_the_direction_of_writing_turns_nothing_beside_it(browser: BrowserContext, server: Serving):
    name = "Bill \u202etxt.exe"
    ask(server, "/api/alerts", {"alert_id": "turned", "name": name, "description": "d", "delivery_methods": ["log"],
                                "trigger": {"type": "watchdog_event"}, "enabled": False})  # fmt: skip
    ask(server, "/api/oracle/silences", {"matchers": {"alert_id": "turned"}, "for_s": 600, "comment": "\u202eyawa og"})
    tab = browser.new_page()
    Visited(tab, server).opened("alerts")
    row = tab.locator("[data-silence]", has_text=name)
    about, until, why = (row.locator(one).bounding_box() for one in ("bdi", "time", "q"))
    assert about and until and why
    assert about["x"] + about["width"] <= until["x"] < why["x"]
