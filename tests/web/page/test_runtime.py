"""The running actors on the page."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, built
from tests.serving import Serving


@built
def test_a_restart_is_asked_for_twice_and_shown(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened("runtime")
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
