"""A live look in a real kernel, and its module drawn by a real browser from what that kernel said."""

import itertools
import json
import threading
from contextlib import contextmanager
from queue import SimpleQueue

import pytest

pytest.importorskip("anywidget")
pytest.importorskip("jupyter_client")

import trio
from running import open_served
from serving import REPO, clean_env

from oracle.model import Quote
from oracle.widget.view import MODULE
from tests.chromium import CHROMIUM, MISSING, PATIENCE_MS, chromium

from .kernel import open_kernel

LOOKS = {"chart": "'quote:BTC-USD', 'quote:ETH-USD'", "table": "'quote:*'", "log": "'quote:*', kind='log'"}
HOST = """<!doctype html><title>host</title><main></main><script type=module>
import widget from "/live.js";
const traits = TRAITS, heard = {};
window.sent = [];
window.model = {
  get: (name) => traits[name], send: (word) => window.sent.push(word),
  on: (name, fn) => (heard[name] ??= new Set()).add(fn), off: (name, fn) => heard[name]?.delete(fn),
};
window.say = (name, value) => { traits[name] = value; for (const fn of heard[`change:${name}`] ?? []) fn(); };
window.listeners = () => Object.values(heard).reduce((sum, fns) => sum + fns.size, 0);
window.leave = widget.render({ model: window.model, el: document.querySelector("main") });
</script>"""


@contextmanager
def quoting(folder):
    """The URL of a house, in a thread of its own, in which three symbols are quoted all the time."""
    opened, over = SimpleQueue(), trio.Event()

    async def live():
        async with open_served(folder) as house, trio.open_nursery() as nursery:
            runtime = house.system.runtime

            async def quote():
                for n in itertools.count():
                    for place, symbol in enumerate(("AAPL", "BTC-USD", "ETH-USD")):
                        price = 1_000.0 * (place + 1) + n % 7
                        runtime.publish(Quote(symbol, price, 1.0, price + 1, 1.0, runtime.now_us(), "simulated"))
                    await trio.sleep(0.02)

            nursery.start_soon(quote)
            opened.put((f"http://127.0.0.1:{house.port}", trio.lowlevel.current_trio_token()))
            await over.wait()
            nursery.cancel_scope.cancel()

    thread = threading.Thread(target=trio.run, args=(live,))
    thread.start()
    url, token = opened.get(timeout=60)
    try:
        yield url
    finally:
        token.run_sync_soon(over.set)
        thread.join()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a kernel said of each kind of look: its traits, once somebody had looked for a while."""
    folder = tmp_path_factory.mktemp("kernel")
    env = clean_env(PYTHONPATH=str(REPO), IPYTHONDIR=str(folder))
    with quoting(folder / "data") as url, open_kernel(folder, env) as kernel:
        kernel.run(f"from oracle.client import SyncClient\noracle = SyncClient({url!r})")
        found = {}
        for kind, topics in LOOKS.items():
            kernel.run(f"{kind} = oracle.watch({topics})\n{kind}")
            widget = kernel.shown[-1]
            first = kernel.traits[widget]["said"]
            kernel.tell(widget, {"look": True})
            kernel.until(lambda widget=widget, first=first: news(kernel.traits[widget], first))
            found[kind] = dict(kernel.traits[widget])
            kernel.tell(widget, {"look": False})
            kernel.run(f"print({kind}.hears, {kind}.picture.reason)")
            assert kernel.texts[-1] == "False nobody looks\n"
        kernel.run("oracle.watch('quote:BTC-USD')")
        assert kernel.texts[-1].startswith("quote:BTC-USD: live")
        kernel.run("oracle.close(); import threading\nprint([one.name for one in threading.enumerate() if 'oracle' in one.name])")
        assert kernel.texts[-1] == "[]\n"
        yield found


def news(traits, first):
    """Whether there is anything to see that was not there at first."""
    now = traits["said"]
    return now != first and bool(now.get("newest") or now.get("rows") or now.get("lines"))


def test_what_a_kernel_says_is_what_the_server_said(said):
    chart, table, log = (said[kind]["said"] for kind in LOOKS)
    assert set(chart["newest"]) == {"quote:BTC-USD", "quote:ETH-USD"} and chart["newest"]["quote:BTC-USD"][1] > 1_000
    assert said["chart"]["past"]["quote:BTC-USD"] and chart["simulated"] and chart["state"] == "live"
    assert {"quote:AAPL", "quote:BTC-USD"} <= {row[0] for row in table["rows"]}
    assert {line[1].partition(":")[0] for line in log["lines"]} == {"quote"}
    assert json.loads(json.dumps(said["chart"]["said"])) == chart, "plain JSON"
    assert said["chart"]["_esm"] == MODULE.read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with chromium(tmp_path_factory.mktemp("chromium")) as context:
        yield context


@pytest.fixture
def shown(browser, said):
    """Opens a host page with the module, over the traits of a kind, as anywidget describes it. Nothing else can be asked for."""
    page, asked, errors = browser.new_page(), [], []
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(error))

    def answer(route):
        path = route.request.url.removeprefix("http://notebook.test")
        asked.append(path)
        if path == "/live.js":
            route.fulfill(body=said["chart"]["_esm"], content_type="text/javascript")
        else:
            route.fulfill(body=HOST.replace("TRAITS", json.dumps({"past": {}, **page.traits})), content_type="text/html")

    page.route("**/*", answer)

    def show(traits):
        page.traits = traits
        page.goto("http://notebook.test/")
        page.get_by_role("status").wait_for()
        return page

    yield show
    page.close()
    assert not errors and set(asked) <= {"/", "/live.js", "/favicon.ico"}


def test_a_table_shows_the_newest_of_each_topic(shown, said):
    traits = {name: said["table"][name] for name in ("said", "past")}
    page = shown(traits)
    assert page.get_by_role("status").inner_text() == "live" and page.get_by_text("simulated").is_visible()
    rows = page.get_by_role("table", name="the newest of each topic").get_by_role("row")
    assert rows.count() == len(traits["said"]["rows"]) + 1
    assert page.get_by_role("columnheader").all_inner_texts() == ["topic", "time (UTC)", "value", "what"]
    cells = rows.nth(1).get_by_role("cell").all_inner_texts()
    assert cells == [" ".join(text.split()) for text in traits["said"]["rows"][0]]
    page.evaluate("traits => say('said', traits)", {**traits["said"], "rows": [["quote:X", "06:30:00", "7", "bid=<b>7</b>"]]})
    assert rows.nth(1).get_by_role("cell").all_inner_texts() == ["quote:X", "06:30:00", "7", "bid=<b>7</b>"] and rows.count() == 2


def test_a_log_shows_the_newest_lines_first(shown, said):
    traits = {name: said["log"][name] for name in ("said", "past")}
    lines = shown(traits).get_by_role("listitem")
    assert lines.count() == len(traits["said"]["lines"])
    assert traits["said"]["lines"][0][1] in lines.first.inner_text()


def test_a_chart_draws_its_past_and_what_comes(shown, said):
    traits = {name: said["chart"][name] for name in ("said", "past")}
    page = shown(traits)
    chart = page.get_by_role("img")
    assert chart.get_attribute("aria-label").startswith("chart of quote:BTC-USD ")
    assert [text.split()[-2] for text in page.get_by_role("listitem").all_inner_texts()] == ["quote:BTC-USD", "quote:ETH-USD"]
    inked = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
               .data.filter((v, i) => i % 4 === 3 && v).length"""
    page.wait_for_function("() => document.querySelector('canvas').width > 300")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    before = chart.evaluate(inked)
    assert before > 100
    at, value = traits["said"]["newest"]["quote:BTC-USD"]
    for n in range(1, 4):
        page.evaluate("traits => say('said', traits)", {
            **traits["said"], "newest": {"quote:BTC-USD": [at + 60_000 * n, value * (1 + 0.1 * (n % 2))]}})  # fmt: skip
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert chart.evaluate(inked) != before
    assert f"{value * 1.1:,.2f}"[:5] in chart.get_attribute("aria-label")


def test_it_says_how_the_stream_is_and_takes_everything_away_when_it_leaves(shown, said):
    traits = {name: said["chart"][name] for name in ("said", "past")}
    page = shown(traits)
    status = page.get_by_role("status")
    page.evaluate("traits => say('said', traits)", {**traits["said"], "state": "reconnecting", "skipped": 12, "left_out": 3})
    assert "reconnecting" in status.inner_text() and page.get_by_text("skipped 12, 3 more topics are not shown").is_visible()
    page.evaluate("traits => say('said', traits)", {**traits["said"], "state": "ended", "reason": "stopped", "simulated": False})
    assert status.inner_text() == "ended (stopped)" and not page.get_by_text("simulated", exact=True).is_visible()
    assert page.evaluate("sent") == [{"look": True}]
    page.evaluate("leave()")
    assert page.evaluate("sent") == [{"look": True}, {"look": False}]
    assert page.evaluate("[document.querySelector('main').children.length, listeners()]") == [0, 0]


def test_it_can_be_read_in_the_dark(shown, said):
    traits = {name: said["table"][name] for name in ("said", "past")}
    page = shown(traits)
    page.emulate_media(color_scheme="dark")
    page.add_style_tag(content=":root { color-scheme: light dark } body { background: Canvas; color: CanvasText }")
    colours = page.evaluate("""() => {
        const cell = getComputedStyle(document.querySelector('td')), body = getComputedStyle(document.body);
        return [cell.color, body.color, body.backgroundColor];
    }""")
    assert colours[0] == colours[1] != colours[2]
