"""One walk through the page by what can be seen and heard of it: from a detection to an alert in the history.

Every click, key and filled field is an action; each thing is found by its accessible name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browsing import Visited, ask, built
from tests.forked import run
from tests.serving import READY_S, Serving, clean_env, serving

MOST_ACTIONS = 25
SETTINGS = """
[watchdogs.metric]
names = ["boiler"]
above = 1.0
odd = false
"""


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server without a market that watches a boiler, and did so yesterday."""
    folder: Path = tmp_path_factory.mktemp("walk")
    (folder / "settings.toml").write_text(SETTINGS)
    child = Path(__file__).parents[2] / "yesterday_child.py"
    made = run(child, folder / "data", "boiler:here", timeout_s=READY_S, env=clean_env())
    assert made.returncode == 0, made.stderr
    with serving(folder / "data", "--no-demo", "--settings", folder / "settings.toml") as server:
        yield server


class Walker:
    """Acts by accessible names, and counts."""

    def __init__(self, page: Visited) -> None:
        self.page = page.browser
        self.actions = 0

    def named(self, role: Any, name: str, within: Locator | None = None, exact: bool = False) -> Locator:
        return (within or self.page).get_by_role(role, name=name, exact=exact)

    def press(self, role: Any, name: str, key: str = "", **where: Any) -> None:
        found = self.named(role, name, **where)
        found.press(key) if key else found.click()
        self.actions += 1

    def fill(self, role: Any, name: str, text: str) -> None:
        self.named(role, name).fill(text)
        self.actions += 1


@built
def test_from_a_detection_to_the_history_in_a_few_actions(browser: BrowserContext, watching: Serving):
    page = Visited(browser.new_page(), watching).opened()
    walker = Walker(page)
    page.reads("boiler", 0)
    page.reads("boiler", 5)

    walker.press("link", "Watchdogs", exact=True)
    detection = walker.named("list", "Events, newest first").get_by_role("listitem").filter(has_text="boiler").first
    expect(detection).to_contain_text("high")
    walker.press("link", "Build a rule on: ", within=detection)

    expect(walker.named("textbox", "Name")).to_have_value("Metric anomaly of boiler:here")
    walker.fill("textbox", "Name", "The boiler is odd")
    walker.press("radio", "yesterday", key="Space")
    past = walker.named("region", "On the past")
    expect(past).to_contain_text("It would have fired once.")
    expect(past).to_contain_text("boiler was odd")

    walker.press("button", "Create disabled")
    switch = walker.named("switch", "Alert rule The boiler is odd")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert ask(watching, "/api/alerts/the_boiler_is_odd")["enabled"] is False
    walker.press("switch", "Alert rule The boiler is odd")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(switch).to_have_attribute("aria-busy", "false")

    page.reads("boiler", 0)
    page.reads("boiler", 7)
    received = walker.named("table", "Deliveries, newest first").get_by_role("row").filter(has_text="7")
    expect(received).to_contain_text("delivered")

    walker.press("button", "Acknowledge The boiler is odd")
    walker.fill("textbox", "Comment", "The valve sticks")
    walker.press("textbox", "Comment", key="Enter")
    expect(walker.named("group", "Alert The boiler is odd")).to_contain_text("Unacknowledge")

    walker.press("link", "All alerts")
    walker.press("link", "History", exact=True)
    walker.fill("searchbox", "Search the history", "VALVE")
    found = walker.named("table", "Firings, newest first").get_by_role("row")
    expect(found).to_have_count(2)  # the heading, and it
    expect(found.last).to_contain_text("acknowledged by local")
    expect(found.last).to_contain_text("The valve sticks")

    assert walker.actions <= MOST_ACTIONS
    assert page.complaints == [] and page.asked_only_this_server()
    agrees(watching)


def agrees(server: Serving) -> None:
    """What the page showed is what the server has."""
    (firing,) = ask(server, "/api/oracle/alerts/history?text=valve")["items"]
    assert (firing["alert_id"], firing["steps"][0]["kind"], firing["steps"][0]["comment"]) == (
        "the_boiler_is_odd", "acknowledged", "The valve sticks")
    (delivery,) = ask(server, "/api/oracle/deliveries?rule_id=the_boiler_is_odd")["items"]
    assert (delivery["status"], [delivery["id"]]) == ("delivered", firing["deliveries"])
    (life,) = [one for one in ask(server, "/api/oracle/alerts")["items"] if one["alert_id"] == "the_boiler_is_odd"]
    assert (life["phase"], life["comment"]) == ("acknowledged", "The valve sticks")
