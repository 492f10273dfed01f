"""The page as a reader meets it: the built files, and what stands around every view."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browsing import DIST, PAGE, Visited, built
from tests.serving import Serving, serving

MOST_BYTES = 250 * 1024

# ---- the files


@built
def test_the_page_is_small():
    shipped = [path for path in DIST.iterdir() if path.suffix in {".html", ".js", ".css", ".svg"}]
    assert len(shipped) >= 4
    assert sum(len(gzip.compress(path.read_bytes())) for path in shipped) < MOST_BYTES


@built
def test_the_page_asks_nobody_else_and_runs_under_a_strict_policy():
    index = (DIST / "index.html").read_text()
    assert set(re.findall(r'(?:src|href)="(/page/)?', index)) <= {"/page/", ""}
    assert "://" not in index
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", index)
    script = "".join(path.read_text() for path in DIST.glob("*.js"))
    assert not re.search(r"\beval\(|new Function\(", script)
    assert set(re.findall(r"https://[\w./]+", script)) <= {"https://www.tradingview.com/"}  # a link that its licence wants
    assert set(re.findall(r"http://[\w./]+", script)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml",
                                                         "http://www.w3.org/1998/Math/MathML"}  # names, not addresses


def test_the_lock_file_holds_no_addresses():
    packages = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    assert packages and not [name for name, package in packages.items() if "resolved" in package]
    assert "registry" not in (PAGE / "package-lock.json").read_text()


@pytest.mark.skipif(not (PAGE / "node_modules" / "typescript").exists() or shutil.which("npm") is None,
                    reason="TypeScript is not installed: run make page on a machine with npm")
def test_the_sources_type_check():
    checked = subprocess.run(["npm", "run", "--silent", "check"], cwd=PAGE, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


# ---- the browser


@built
def test_the_page_shows_what_this_server_says_and_is_kept_to_it(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened()

    told = page.tells_the_server_something_only_it_can_know()
    expect(page.event(told)).to_be_visible()
    views = page.browser.get_by_role("navigation", name="Views")
    views.get_by_role("link", name="Markets").click()
    page.shows_a_price_this_server_recorded("BTC-USD")
    expect(page.browser.locator("#quotes").get_by_text("simulated", exact=True).first).to_be_visible()
    views.get_by_role("link", name="Runtime").click()
    expect(page.browser.locator('[data-actor="feed:simulated"]')).to_contain_text("running")

    page.browser.go_back()
    expect(page.browser.get_by_role("main", name="Markets")).to_be_visible()

    assert page.asked_only_this_server()
    assert page.complaints == []


@built
def test_the_page_comes_back_after_the_server_was_killed_and_keeps_its_lists(browser: BrowserContext, tmp_path: Path):
    with serving(tmp_path / "data") as server:
        page = Visited(browser.new_page(), server)
        page.opened()
        before = page.tells_the_server_something_only_it_can_know()
        expect(page.event(before)).to_be_visible()

        server.end(signal.SIGKILL)
        expect(page.badge).to_have_attribute("data-link", "reconnecting")
        expect(page.browser.get_by_text("The server does not answer.")).to_be_visible()
        expect(page.event(before)).to_be_visible()

    with serving(tmp_path / "data", listen=(f"127.0.0.1:{server.port}",)) as again:
        expect(page.badge).to_have_attribute("data-link", "live")
        expect(page.browser.get_by_text("The server does not answer.")).to_have_count(0)
        expect(page.browser.get_by_text(re.compile("messages (caught up|are missing)"))).to_be_visible()
        page.server = again
        after = page.tells_the_server_something_only_it_can_know()
        expect(page.event(after)).to_be_visible()
        expect(page.event(before)).to_be_visible()


@built
def test_a_server_that_says_nothing_is_not_called_live(browser: BrowserContext, server: Serving):
    tab = browser.new_page()
    tab.clock.install()
    page = Visited(tab, server).opened("settings")
    server.process.send_signal(signal.SIGSTOP)  # as a network that was cut: the socket stays open
    try:
        for seconds in (10, 15):  # asked for a word, and left without an answer
            tab.clock.fast_forward(seconds * 1_000)
        expect(page.badge).to_have_attribute("data-link", "reconnecting")
    finally:
        server.process.send_signal(signal.SIGCONT)
    tab.clock.fast_forward(10_000)
    expect(page.badge).to_have_attribute("data-link", "live")


@built
def test_a_page_without_its_token_says_what_to_do(browser: BrowserContext, tmp_path: Path):
    with serving(tmp_path / "data", "--auth", "token") as server:
        page = browser.new_page()
        page.goto(server.url)
        expect(page.get_by_role("alert")).to_contain_text("wants a token")

        page.goto(server.ready.split()[-1])
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")
        assert "token" not in page.url
