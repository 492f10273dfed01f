"""The dashboard and an alert's whole life: create, fire, deliver, acknowledge, explain, preview, delete.

    ORACLE__HTTP__ALLOW='["127.0.0.1"]' oracle serve        # in one terminal; lets webhooks reach this machine
    python examples/dashboard_alerts_demo.py --seconds 10   # in another

The webhook's receiver is in this program. Needs nothing but what oracle itself is installed with.
"""

from __future__ import annotations

import argparse
import json
import secrets
from functools import partial
from typing import Any

import trio

from oracle.client import Client, Frame

ALERT = "demo_of_alerts"
PATIENCE_S = 30
TOPICS = ("event:whale_movement:*", "event:alert_fired:*", "event:alert_acknowledged:*", "event:notification:*")


def alert(hook: str) -> dict[str, Any]:
    """Large transfers, told by a webhook to this program, and to every open dashboard."""
    return {
        "alert_id": ALERT, "name": "Whales", "description": "Shows the life of an alert",
        "trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["whale_movement"], "severities": ["critical"]}},
        "delivery_methods": ["webhook", "browser"], "webhook_config": {"url": hook},
        "templates": {"text": "{{ event.description }} ({{ event.severity | upper }})"}, "cooldown_seconds": 3600,
    }  # fmt: skip


def transfer() -> dict[str, Any]:
    """A whale of our own, so that nobody has to wait for one."""
    row = {"kind": "transfer", "symbol": "BTC", "from": "here", "to": "there", "amount": 250, "usd_value": 25e6,
           "tx_hash": secrets.token_hex(16)}  # fmt: skip
    return {"source": "demo", "rows": [row]}


async def receive(stream: trio.SocketStream) -> None:
    """Take one webhook, the plainest way there is."""
    head, _, body = b"", b"", b""
    while b"\r\n\r\n" not in head and (chunk := await stream.receive_some()):
        head += chunk
    head, _, body = head.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(headers.get(b"content-length", 0)) and (chunk := await stream.receive_some()):
        body += chunk
    told = json.loads(body)
    kind = "a test of" if told.get("test") else "alert"
    print(f"  webhook {headers[b'webhook-id'].decode()}: {kind} {told['alert_id']}, {told['event']['description']}")
    await stream.send_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


async def dashboard(oracle: Client) -> None:
    """How everything is now."""
    stats = await oracle.get("/dashboard/stats")
    print(f"{stats['total_events']} events so far {stats['events_by_severity']}, "
          f"{stats['healthy_watchdogs']} of {stats['active_watchdogs']} watchdogs healthy")
    for dog in await oracle.get("/dashboard/watchdogs"):
        print(f"  {dog['name']:<24}{dog['status']:<12}{dog['total_checks']:>6} checks")
    print("the newest events")
    for event in await oracle.get("/dashboard/events", limit=5):
        print(f"  {event['timestamp'][11:19]}  {event['severity']:<9}{event['description']}")


async def watch(oracle: Client, fired: trio.MemorySendChannel[list[str]], *, task_status: trio.TaskStatus[None]) -> None:
    """Print what happens, as it happens; tell the deliveries of our alert where it fires."""
    async with oracle.stream(*TOPICS) as told:
        task_status.started()
        async for one in told:
            if isinstance(one, Frame) and not one.snapshot:
                print(f"  stream {one.topic}: {one.data['summary']}")
                if one.topic == f"event:alert_fired:{ALERT}":
                    await fired.send(one.data["data"]["deliveries"])


async def delivered(oracle: Client, idents: list[str]) -> None:
    """Say what became of deliveries, once it is decided."""
    for ident in idents:
        while (row := await oracle.get(f"/api/oracle/deliveries/{ident}"))["status"] == "pending":
            await trio.sleep(0.1)
        print(f"  {row['channel']} {ident}: {row['status']} at try {len(row['attempts'])} {row['last_error']}")


async def life(oracle: Client, hook: str, fired: trio.MemoryReceiveChannel[list[str]]) -> None:
    """Everything that may be done with an alert."""
    made = await oracle.command("POST", "/api/alerts", alert(hook))
    print(f"created {made['alert_id']}, which tells {hook}")
    await oracle.command("POST", "/api/oracle/push", transfer())
    with trio.fail_after(PATIENCE_S):
        idents = await fired.receive()
    await delivered(oracle, idents)

    test = await oracle.command("POST", f"/api/alerts/{ALERT}/test")
    print(f"tested: {len(test['deliveries'])} deliveries on their way")
    await delivered(oracle, test["deliveries"])

    said = await oracle.command("POST", f"/api/alerts/{ALERT}/acknowledge", {"comment": "I look after it"})
    print(f"{said['phase']} by {said['by']}: {said['comment']}; fired {said['trigger_count']} times")

    why = await oracle.get(f"/api/alerts/{ALERT}/explain")
    print(f"explained: {why['summary']}")

    run = await oracle.command("POST", "/api/alerts/preview", {"alert_id": ALERT})
    while run["status"] in ("queued", "running"):
        await trio.sleep(0.2)
        run = await oracle.get(run["url"])
    print(f"previewed on the last day: {run['status']}, {(run['result'] or {}).get('firings')} firings")


async def main(url: str, seconds: float) -> None:
    """The dashboard, then an alert's life while the stream goes on; nothing is left behind."""
    async with Client(url) as oracle, trio.open_nursery() as nursery:
        await dashboard(oracle)
        (listener,) = await nursery.start(partial(trio.serve_tcp, receive, 0, host="127.0.0.1"))
        ends = trio.current_time() + seconds
        firings, fired = trio.open_memory_channel[list[str]](1)
        await nursery.start(partial(watch, oracle, firings))
        try:
            await life(oracle, f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook", fired)
            await trio.sleep_until(ends)
        finally:
            with trio.CancelScope(shield=True):
                gone = await oracle.command("DELETE", f"/api/alerts/{ALERT}")
        print(f"{gone['status']} {gone['alert_id']}")
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to watch, at least (%(default)s)")
    arguments = parser.parse_args()
    trio.run(main, arguments.url, arguments.seconds)
