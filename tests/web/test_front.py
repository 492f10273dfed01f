"""The door: the page for browsers, links for programs, health, and the page's files."""

from pathlib import Path

import pytest
import trio
from running import open_house

from actors import Actor, Child, Supervisor
from actors.testing import probe
from web.page_files import PageFiles
from web.surfaces.front import VERSION


async def test_programs_get_links_that_lead_somewhere(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.get("/", headers={"accept": "*/*"})
        body = reply.json
        for name, path in body["links"].items():
            expected = 426 if name.endswith("stream") else 200
            assert (await house.get(path)).status == expected, path
        ends = (*body["health_endpoints"].values(), *body["metrics_endpoints"].values())
        for path in (body["docs"], body["health"], body["metrics"], *ends):
            assert (await house.get(path)).status == 200, path
    assert (body["status"], body["service"], body["version"]) == ("ok", "oracle", VERSION)
    assert reply.headers["vary"] == "Accept"


async def test_the_api_is_described_for_people_too(tmp_path):
    async with open_house(tmp_path) as house:
        reply, script = await house.get("/docs"), await house.get("/docs/script.js")
        assert (await house.get("/docs/nowhere")).status == 404
        assert (await house.get("/asyncapi.json")).json["asyncapi"] == "3.0.0"
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    for one in (reply, script):
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy


async def test_browsers_get_the_page_under_a_strict_policy(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.get("/", headers={"accept": "text/html,application/xhtml+xml;q=0.9"})
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert reply.headers["x-frame-options"] == "DENY"


def test_without_a_built_page_there_is_one_that_says_so(tmp_path):
    answer = PageFiles(tmp_path / "nowhere").index()
    assert answer.status == 200 and b"make page" in answer.body


def dist(folder: Path) -> Path:
    (folder / "index.html").write_text("<p>the page</p>")
    (folder / "page-UAEEVDMN.js").write_text("1")
    (folder / "icon.svg").write_text("<svg/>")
    return folder


def test_files_named_by_their_content_are_kept_for_ever_and_others_are_asked_for(tmp_path):
    files = PageFiles(dist(tmp_path))
    script, icon = (dict(files.file(name).headers)["Cache-Control"] for name in ("page-UAEEVDMN.js", "icon.svg"))
    assert ("immutable" in script, icon) == (True, "no-cache")
    assert files.file("page-UAEEVDMN.js").content_type == "text/javascript; charset=utf-8"
    assert files.file("icon.svg").content_type == "image/svg+xml"


def test_a_file_the_browser_has_is_not_sent_again(tmp_path):
    files = PageFiles(dist(tmp_path))
    first = files.index()
    again = files.index(dict(first.headers)["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert files.index('"other"').body == b"<p>the page</p>"


@pytest.mark.parametrize("name", ["../settings.toml", "..%2f..%2fpyproject.toml", "/etc/passwd", "%2fetc%2fpasswd", "nothing.js",
                                  "....//....//etc/passwd", "index.html%00.js", "."])  # fmt: skip
def test_no_path_leads_out_of_the_page(house, name):
    reply = house.get(f"/page/{name}")
    assert reply.status == 404


class Broken(Actor):
    """Never starts."""

    async def start(self):
        raise OSError("secret of the house")


async def test_what_failed_for_good_is_not_ready(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        lives = probe(runtime, "life:part:*")
        parts = [Child("part:good", Actor), Child("part:bad", Broken)]
        runtime.add(Child("parts", lambda: Supervisor(parts, max_restarts=0, exhausted="park")))
        with trio.fail_after(30):
            while (await lives.next()).what != "failed":
                pass
        reply = await house.get("/readyz")
    rows = {row["name"]: row for row in reply.json["dependencies"]}
    assert (reply.status, reply.json["status"]) == (503, "not_ready")
    assert rows["parts"] == {"name": "parts", "ready": False, "reason": "failed for good: part:bad"}
    for name in ("channels", "rules", "alerts", "watchdogs", "switchboard"):
        assert rows[name] == {"name": name, "ready": True, "reason": ""}


async def test_health_and_readiness(tmp_path):
    async with open_house(tmp_path) as house:
        alive, ready, head = await house.get("/healthz"), await house.get("/readyz"), await house.ask("HEAD", "/healthz")
    assert alive.json == {"status": "ok"} and head.status == 200
    assert ready.json["status"] == "ready"
    assert {"name": "history", "ready": True, "reason": ""} in ready.json["dependencies"]
