"""The page that describes the API, in a browser: everything is there, is found by keyboard, and can be tried as it is printed."""

import re
import shlex
import subprocess
from html import unescape

import httpx
import pytest

from tests.chromium import CHROMIUM, MISSING, PATIENCE_MS, chromium
from tests.serving import serving
from web.reference import FILES
from web.routes import WS
from web.table import routes

MOST_BYTES = 40_000  # of our own code


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("reference")) as server:
        yield server


@pytest.fixture(scope="module")
def written(running):
    return httpx.get(f"{running.url}/docs").text


def test_every_route_and_stream_is_on_it_under_a_name_of_its_own(written):
    names = re.findall(r"<section class=entry id='([^']+)'", written)
    shown = {unescape(one) for one in re.findall(r"<code>([^<]+)</code></a></h3>", written)}
    assert len(names) == len(set(names))
    assert {f"{'WebSocket' if one.method == WS else one.method} {one.path.replace('...}', '}')}" for one in routes()} <= shown
    for anchor in set(re.findall(r"href=['\"]#([\w.-]+)['\"]", written)):
        assert re.search(rf"id=['\"]?{re.escape(anchor)}['\" >]", written), anchor


def test_it_names_the_host_it_was_reached_by_and_is_not_made_anew_for_each(running, written):
    port = running.url.rpartition(":")[2]
    there = httpx.get(f"{running.url}/docs", headers={"Host": f"localhost:{port}"}).text
    assert there == written.replace(f"127.0.0.1:{port}", f"localhost:{port}") != written
    spoken = httpx.get(f"{running.url}/asyncapi.json", headers={"Host": f"localhost:{port}"}).json()
    assert {one["host"] for one in spoken["servers"].values()} == {f"localhost:{port}"}
    assert "oracle-host" not in there + str(spoken)


def test_it_is_small_and_asks_nobody_else(written):
    assert sum(len(body) for body, _ in FILES.values()) < MOST_BYTES
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", written)
    assert "style=" not in written and "<style" not in written and " onclick" not in written


@pytest.mark.parametrize("path", ["GET /dashboard/stats", "GET /api/risk/summary", "POST /api/tasks", "GET /api/v1/config"])
def test_its_commands_can_be_tried_as_they_are_printed(running, written, path):
    entry = written[written.index(f"<code>{path}</code></a></h3>") :]
    command = shlex.split(unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", entry)[1]))
    done = subprocess.run([*command, "-o", "/dev/null", "-w", "%{http_code}"], capture_output=True, text=True, check=True)
    assert done.stdout == ("401" if "TOKEN" in " ".join(command) else "200")
    assert ("TOKEN" in " ".join(command)) == path.endswith("/api/v1/config")


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
def test_it_is_used_by_keyboard(running, tmp_path):
    complaints = []
    with chromium(tmp_path / "profile") as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{running.url}/docs")
        page.keyboard.press("/")
        page.keyboard.type("kill-switch history")
        page.wait_for_function("document.querySelector('output').textContent !== ''")
        shown = page.locator(".entry:visible h3").all_text_contents()
        assert "GET /api/risk/kill-switch/history" in shown and len(shown) < 10
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.className") == "anchor"
        page.get_by_role("button", name="Copy the command for GET /api/risk/kill-switch/history").click()
        page.wait_for_function("[...document.querySelectorAll('button')].some((one) => /Copied|Selected/.test(one.textContent))")
        page.goto(f"{page.url.partition('#')[0]}#stream-ws")  # what the filter hides is shown when a link leads there
        page.wait_for_function("document.querySelector('#stream-ws').checkVisibility()")
        page.get_by_label("Filter").press("Escape")
        assert page.locator(".entry:visible").count() == page.locator(".entry").count()
    assert complaints == []
