"""The seed's browser client of `/ws/dashboard`, which subscribes before its socket is open, in a real browser."""

from functools import partial

import pytest
import trio
from running import open_served

from tests.chromium import ANY_HOST, CHROMIUM, MISSING, PATIENCE_MS, chromium
from tests.web.test_flopy_dashboard import configure, control, created, raised

SEED = """
const ws = new WebSocket('ws://localhost:3001/ws/dashboard');
ws.onmessage = function(event) {
const update = JSON.parse(event.data);
switch(update.type) {
case 'experiment_update':
console.log('Experiment update:', update.data);
break;
case 'metrics_update':
console.log('Metrics update:', update.data);
break;
case 'alert':
console.log('Alert:', update.data);
break;
}
};
// Subscribe to specific updates
ws.send(JSON.stringify({
action: 'subscribe',
topics: ['experiments', 'metrics', 'alerts'],
experiment_ids: ['exp_001', 'exp_002']
}));
"""
WELL_BEHAVED = """
const heard = [];
const second = new WebSocket('ws://localhost:3001/ws/dashboard');
second.onopen = () => second.send(JSON.stringify({
  action: 'subscribe', topics: ['experiments'], experiment_ids: ['exp_002'], ack: true}));
second.onmessage = (event) => heard.push(JSON.parse(event.data));
"""
TOPICS = ("Experiment update:", "Metrics update:", "Alert:")


@pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
async def test_the_seeds_client_is_told_all_and_one_that_waits_what_it_wants(tmp_path):
    async with open_served(tmp_path / "data") as house:
        await configure(house, dashboard={"refresh_interval": 200})

        async def happens() -> None:
            first, second = await created(house), await created(house, "two")
            await raised(house)
            await control(house, first, "abort")
            await control(house, second, "abort")

        shown = await trio.to_thread.run_sync(partial(_visit, house.port, tmp_path / "browser", happens))
    assert {text.partition(" {")[0].partition(" JS")[0] for text in shown["logged"]} >= set(TOPICS)
    assert len(shown["complaints"]) == 1 and "send" in shown["complaints"][0]  # as it does with any server
    told = [frame["data"] for frame in shown["heard"] if frame["type"] != "subscribed"]
    assert {one["id"] for one in told} == {"exp_002"} and told[-1]["status"] == "aborted"


def _visit(port, folder, happens):
    """Both clients, each in a script of its own, on a page of this server; what they were told."""
    here = f"127.0.0.1:{port}"
    script = f"<!doctype html><script>{SEED}</script><script>{WELL_BEHAVED}</script>".replace("localhost:3001", here)
    with chromium(folder, ANY_HOST) as context:
        page, complaints, logged = context.pages[0], [], []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: logged.append(message.text))
        page.route("**/client", lambda route: route.fulfill(body=script, content_type="text/html"))
        page.goto(f"http://{here}/client")
        page.wait_for_function("ws.readyState === 1 && heard.some((one) => one.type === 'subscribed')", timeout=PATIENCE_MS)
        trio.from_thread.run(happens)
        page.wait_for_function("heard.length > 2", timeout=PATIENCE_MS)
        while not all(any(text.startswith(topic) for text in logged) for topic in TOPICS):
            page.wait_for_event("console", timeout=PATIENCE_MS)
        return {"complaints": complaints, "logged": logged, "heard": page.evaluate("heard")}
