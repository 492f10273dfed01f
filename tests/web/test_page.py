"""The page as a reader meets it: the built files, a real server, a real browser."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.chromium import CHROMIUM, MISSING, PATIENCE_MS
from tests.chromium import chromium as started
from tests.serving import Serving, serving

PAGE = Path(__file__).resolve().parents[2] / "web" / "page"
DIST = PAGE / "dist"
MOST_BYTES = 60 * 1024

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

built = pytest.mark.skipif(not (DIST / "index.html").exists(), reason="the page is not built: run make page")


# ---- the files


@built
def test_the_page_is_small():
    shipped = [path for path in DIST.iterdir() if path.suffix in {".html", ".js", ".css", ".svg"}]
    assert len(shipped) == 4
    assert sum(len(gzip.compress(path.read_bytes())) for path in shipped) < MOST_BYTES


@built
def test_the_page_asks_nobody_else_and_runs_under_a_strict_policy():
    index = (DIST / "index.html").read_text()
    assert set(re.findall(r'(?:src|href)="(/page/)?', index)) <= {"/page/", ""}
    assert "://" not in index
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", index)
    script = "".join(path.read_text() for path in DIST.glob("*.js"))
    assert not re.search(r"\beval\(|new Function\(|https://", script)
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("page") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with started(tmp_path_factory.mktemp("browser"), viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        yield context


@pytest.fixture
def browser(chromium: BrowserContext) -> Iterator[BrowserContext]:
    """One browser for all, without what the test before left in it."""
    yield chromium
    for page in chromium.pages[1:]:  # a browser ends with its last page
        page.close()
    chromium.clear_cookies()


@built
def test_the_page_shows_what_this_server_says_and_is_kept_to_it(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened()

    told = page.tells_the_server_something_only_it_can_know()
    expect(page.event(told)).to_be_visible()
    page.shows_a_price_this_server_recorded("BTC-USD")
    expect(page.browser.locator("#quotes").get_by_text("simulated", exact=True).first).to_be_visible()
    expect(page.browser.locator('[data-actor="feed:simulated"]')).to_contain_text("running")

    assert {urllib.parse.urlsplit(url).netloc for url in page.asked} == {f"127.0.0.1:{server.port}"}
    assert page.complaints == []


@built
def test_a_switch_on_the_page_is_a_switch_in_the_server(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened()
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


@built
def test_an_alert_for_the_browser_is_shown_on_the_desktop_once_that_was_allowed(browser: BrowserContext, server: Serving):
    ask(server, "/api/alerts", {
        "alert_id": "desk", "name": "Shown <b>here</b>", "description": "d", "trigger": {"type": "watchdog_event"},
        "delivery_methods": ["browser"], "enabled": False})
    tab = browser.new_page()
    tab.add_init_script(SHOWN)
    page = Visited(tab, server)
    page.opened()
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
    page.opened()
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
    page.opened()
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
    page.opened()
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
    page.opened()
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


@built
def test_a_restart_is_asked_for_twice_and_shown(browser: BrowserContext, server: Serving):
    page = Visited(browser.new_page(), server)
    page.opened()
    row = page.browser.locator('[data-actor="feed:simulated"]')
    expect(row).to_contain_text("running")
    row.hover()

    page.browser.get_by_role("button", name="Restart feed:simulated").click()
    page.browser.get_by_role("button", name="Cancel").click()
    expect(page.browser.get_by_role("dialog")).to_have_count(0)
    page.browser.get_by_role("button", name="Restart feed:simulated").click()
    page.browser.get_by_role("dialog").get_by_role("button", name="Restart").click()

    expect(page.event("feed:simulated was restarted")).to_be_visible()
    expect(row).to_contain_text("running")


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
def test_a_page_without_its_token_says_what_to_do(browser: BrowserContext, tmp_path: Path):
    with serving(tmp_path / "data", "--auth", "token") as server:
        page = browser.new_page()
        page.goto(server.url)
        expect(page.get_by_role("alert")).to_contain_text("wants a token")

        page.goto(server.ready.split()[-1])
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")
        assert "token" not in page.url


class Visited:
    """A page of a server, with what it asked for and what the browser complained about."""

    def __init__(self, browser: Page, server: Serving) -> None:
        self.browser = browser
        self.server = server
        self.asked: list[str] = []
        self.complaints: list[str] = []
        browser.on("request", lambda request: self.asked.append(request.url))
        browser.on("pageerror", lambda error: self.complaints.append(str(error)))
        browser.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.badge = browser.locator("[data-link]")

    def event(self, words: str) -> Locator:
        """The newest event that says this."""
        return self.browser.locator("#events summary", has_text=words).first

    def opened(self) -> None:
        self.browser.goto(self.server.url)
        expect(self.badge).to_have_attribute("data-link", "live")

    def has_an_alert_on(self, name: str) -> Locator:
        """The line of an alert that fires once a reading of this name is above 1."""
        ask(self.server, "/api/alerts", {
            "alert_id": name, "name": f"{name} is hot", "description": "d", "delivery_methods": ["log"], "cooldown_seconds": 0,
            "trigger": {"type": "custom_condition", "condition": f'sample("{name}", "here") > 1'}})
        self.reads(name, 0)
        return self.browser.locator(f'[data-alert="{name}"]')

    def reads(self, name: str, value: float) -> None:
        row = {"kind": "sample", "name": name, "subject": "here", "value": value, "unit": "bar"}
        ask(self.server, "/api/oracle/push", row)

    def tells_the_server_something_only_it_can_know(self) -> str:
        """A webhook that arrives by another way; answered once it and all before it are recorded."""
        word = uuid.uuid4().hex
        ask(self.server, "/api/oracle/inbox", {"alert_name": word})
        return word

    def shows_a_price_this_server_recorded(self, symbol: str) -> None:
        cell = self.browser.locator(f'[data-symbol="{symbol}"] .price').first
        expect(cell).to_have_text(re.compile(r"^[\d,]+\.\d+$"))
        shown = float(cell.inner_text().replace(",", ""))
        self.tells_the_server_something_only_it_can_know()
        recorded = ask(self.server, f"/api/oracle/ticks?kind=quote&symbol={symbol}&limit=10000")["items"]
        assert any(abs(quote["bid"] - shown) < 0.006 for quote in recorded)


def ask(server: Serving, path: str, body: object = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def life(server: Serving, alert_id: str):
    return next(row for row in ask(server, "/api/oracle/alerts")["items"] if row["alert_id"] == alert_id)


def watchdog(server: Serving, name: str):
    return next(row for row in ask(server, "/dashboard/watchdogs") if row["name"] == name)
