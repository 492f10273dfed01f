"""The running actors on the page: the tree, feeds, clients, dead letters."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving


@built
def test_a_restart_is_asked_for_twice_and_shown(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("runtime")
    row = page.browser.locator('[data-actor="feed:simulated"]')
    expect(row).to_contain_text("running")
    row.hover()

    page.browser.get_by_role("button", name="Restart feed:simulated").click()
    page.browser.get_by_role("button", name="Cancel").click()
    expect(page.browser.get_by_role("dialog")).to_have_count(0)
    page.browser.get_by_role("button", name="Restart feed:simulated").click()
    page.browser.get_by_role("dialog").get_by_role("button", name="Restart").click()

    expect(row).to_contain_text("running")
    page.browser.get_by_role("link", name="Watchdogs").click()
    expect(page.event("feed:simulated was restarted")).to_be_visible()
    assert page.complaints == []


@built
def test_an_actor_is_found_by_its_name(browser: BrowserContext, server: Serving):
    tab = Visited(browser.new_page(), server).opened("runtime").browser
    tab.get_by_label("Find an actor").fill("whale")
    rows = tab.get_by_role("treegrid").locator("[data-actor]")
    expect(rows).to_have_count(3)  # it, and where it stands
    expect(rows.last).to_have_attribute("data-actor", "watchdog:whale_movement")


@built
def test_feeds_and_clients_say_how_they_are(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server).opened("runtime/feeds")
    expect(page.browser.locator('[data-feed="feed:simulated"]')).to_contain_text("connected")
    page.browser.get_by_role("link", name="Clients").click()
    own = page.browser.locator("[data-socket]", has_text="event:*")
    expect(own.first).to_contain_text("local")

    named = {socket["name"] for socket in clients(server)}
    assert own.first.get_attribute("data-socket") in named
    page.browser.get_by_role("link", name="Dead letters").click()
    expect(page.browser.locator("#dead")).to_contain_text("Dead letters")


def clients(server: Serving):
    return next(one for one in ask(server, "/api/oracle/tree")["children"] if one["name"] == "sockets")["children"]
