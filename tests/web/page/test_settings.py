"""The settings on the page: how it looks, who may come in, what is configured, what the server runs on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browsing import Visited, ask, built
from tests.serving import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """In mode token, so that there are tokens to look at; without a market."""
    with serving(tmp_path_factory.mktemp("page") / "data", "--auth", "token", "--no-demo") as running:
        yield running


@pytest.fixture
def page(browser: BrowserContext, server: Serving, keys: dict[str, str]) -> Visited:
    """Let in as whoever opens the printed address."""
    tab = browser.new_page()
    tab.goto(f"{server.url}/?token={keys['Authorization'].split()[1]}")
    return Visited(tab, server)


@pytest.fixture(scope="module")
def keys(server: Serving) -> dict[str, str]:
    return {"Authorization": "Bearer " + server.ready.rpartition("token=")[2]}


@built
def test_a_token_is_made_shown_once_and_taken_back(page: Visited, server: Serving, keys: dict[str, str]):
    tab = page.opened("settings/tokens").browser
    tab.get_by_label("Scope").select_option("operate")
    tab.get_by_label("Lasts").fill("2h")
    tab.get_by_role("button", name="Make a token").click()
    secret = tab.get_by_role("status").locator("code").inner_text()
    (made,) = [one for one in ask(server, "/api/oracle/tokens", headers=keys)["tokens"] if one["scope"] == "operate"]
    assert ask(server, "/api/oracle/vitals", headers={"Authorization": f"Bearer {secret}"})["version"]

    tab.get_by_role("button", name=f"Revoke {made['id']}").click()
    tab.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(tab.locator(f'[data-token="{made["id"]}"]')).to_have_count(0)
    assert not [one for one in ask(server, "/api/oracle/tokens", headers=keys)["tokens"] if one["scope"] == "operate"]
    assert page.complaints == []


@built
def test_what_is_configured_is_changed_for_the_server(page: Visited, server: Serving, keys: dict[str, str]):
    tab = page.opened("settings/dashboard").browser
    tab.get_by_label("max experiments").fill("0")
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator("#dashboard").get_by_role("alert")).to_contain_text("max_experiments")
    tab.get_by_label("max experiments").fill("7")
    tab.get_by_label("collector url").fill("http://localhost:9")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved, and in force.")).to_be_visible()
    told = ask(server, "/api/v1/config", headers=keys)
    assert (told["dashboard"]["max_experiments"], told["integration"]["collector_url"]) == (7, "http://localhost:9")


@built
def test_the_server_s_settings_are_found_by_their_letters(page: Visited, server: Serving):
    tab = page.opened("settings/server").browser
    expect(tab.locator('[data-setting="demo.enabled"]')).to_contain_text("falsechanged")
    tab.get_by_label("Find a setting").fill("data.fol")
    expect(tab.locator("[data-setting]")).to_have_count(1)
    expect(tab.locator('[data-setting="data.folder"]')).to_contain_text(str(server.data))
    expect(tab).to_have_url(re.compile("find=data.fol"))


@built
def test_theme_and_time_zone_are_kept_in_this_browser(page: Visited):
    tab = page.opened("settings").browser
    tab.get_by_text("light", exact=True).click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(ground) == "rgb(244, 245, 246)"
    tab.get_by_label("Time zone").fill("Mars/Base")
    tab.get_by_label("Time zone").press("Enter")
    expect(tab.locator("#looks").get_by_role("alert")).to_contain_text("knows no time zone")
    tab.get_by_label("Time zone").fill("Asia/Tokyo")
    tab.get_by_label("Time zone").press("Enter")
    expect(tab.locator("footer")).to_contain_text("Asia/Tokyo")
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("data-theme", "light")
    expect(tab.locator("footer")).to_contain_text("Asia/Tokyo")


@built
def test_everything_is_reached_with_the_keys(page: Visited):
    tab = page.opened().browser
    tab.keyboard.press("Control+k")
    tab.get_by_role("combobox", name="Command").fill("run")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("main", name="Runtime")).to_be_focused()
    tab.keyboard.press("/")
    tab.get_by_role("combobox", name="Command").fill("whale")
    tab.get_by_role("option", name="whale_movement watchdog", exact=True).click()
    expect(tab.get_by_role("main", name="Watchdogs")).to_be_visible()
    tab.keyboard.press("g")
    tab.keyboard.press("s")
    expect(tab.get_by_role("main", name="Settings")).to_be_visible()
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keys")).to_contain_text("Go to Markets")
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)
