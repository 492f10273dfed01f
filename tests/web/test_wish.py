"""Commands over the stream: whatever a route does, once for each id, whether asked here or over HTTP."""

from __future__ import annotations

import trio
from live import Client
from running import open_house, open_served

from oracle.settings_runs import Experiments
from web.hourly import Hours
from web.routes import Identity, Scope
from web.table import routes
from web.wish import Wish, grant

RULE = {"alert_id": "crash.1", "name": "Crash", "description": "falls", "delivery_methods": [],
        "trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["flash_crash"]}}}  # fmt: skip


def command(ident: str, method: str, path: str, body=None) -> dict:
    return {"action": "command", "id": ident, "method": method, "path": path} | ({"body": body} if body is not None else {})


async def talking(house) -> Client:
    client = await Client.connect(house, "/api/oracle/stream")
    await client.message_of("ready")
    return client


async def asked(client: Client, wish: dict) -> dict:
    await client.say(wish)
    return await client.message_of("answer")


async def test_a_command_is_carried_out_once_however_often_and_wherever_it_is_sent(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        first = await asked(client, command("a", "POST", "/api/alerts", RULE))
        assert (first["status"], first["body"]["alert_id"], first["replayed"]) == (200, "crash.1", False)
        again = await asked(client, command("a", "POST", "/api/alerts", RULE))
        assert {**again, "replayed": False} == first and again["replayed"]
        await client.stream.aclose()
        other = await talking(house)
        assert (await asked(other, command("a", "POST", "/api/alerts", RULE)))["replayed"]
        reply = await house.post("/api/alerts", json=RULE, headers={"Idempotency-Key": "a"})
        assert reply.json == first["body"] and reply.headers["idempotent-replayed"] == "true"
        reused = await asked(other, command("a", "POST", "/api/alerts", {**RULE, "name": "Other"}))
        assert reused["status"] == 422
        events = (await house.get("/api/oracle/events?kind=rule_created")).json["items"]
        assert len(events) == 1
        await other.stream.aclose()


async def test_it_is_the_command_that_the_route_is_over_http(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        path = "/dashboard/watchdogs/price%5Fanomaly/restart"
        told = await asked(client, command("e", "POST", path, {"a body": "that the route does not take"}))
        reply = await house.post(path, headers={"Idempotency-Key": "e"})
        assert told["status"] == reply.status == 200 and reply.headers["idempotent-replayed"] == "true"
        await client.stream.aclose()


async def test_it_survives_a_restart_of_the_server(tmp_path):
    for turn in range(2):
        async with open_served(tmp_path) as house:
            client = await talking(house)
            told = await asked(client, command("b", "POST", "/dashboard/watchdogs/price_anomaly/disable"))
            assert (told["status"], told["replayed"]) == (200, bool(turn))
            await client.stream.aclose()


async def test_a_client_that_left_before_the_answer_gets_it_when_it_comes_back(tmp_path):
    async with open_served(tmp_path) as house:
        for turn in range(10):
            client = await talking(house)
            await client.say(command(f"gone-{turn}", "POST", "/api/oracle/inbox", {"n": turn}))
            await client.stream.aclose()
        client = await talking(house)
        idents = set()
        for turn in range(10):
            told = await asked(client, command(f"gone-{turn}", "POST", "/api/oracle/inbox", {"n": turn}))
            assert told["status"] == 202
            idents.add(told["body"]["event_id"])
        events = (await house.get("/api/oracle/events?kind=webhook_received")).json["items"]
        assert sorted(one["id"] for one in events) == sorted(idents) and len(idents) == 10
        await client.stream.aclose()


ANSWERS = [
    (command("x", "POST", "/nothing"), 404), (command("x", "GET", "/dashboard/stats"), 405),
    (command("x", "POST", "/api/oracle/stream"), 404), (command("x", "DELETE", "/api/alerts"), 405),
    (command("x", "POST", "/api/oracle/ticket"), 422), (command("x", "POST", "/api/alerts"), 400),
    (command("x", "POST", "/api/alerts", {"alert_id": 1}), 422), (command("x", "DELETE", "/api/alerts/none"), 404),
    (command("x", "post", "/dashboard/watchdogs/price_anomaly/restart"), 200),
    (command("x", "POST", "/dashboard/watchdogs/../restart"), 404),
]  # fmt: skip


async def test_a_no_is_an_answer(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        for number, (wish, status) in enumerate(ANSWERS):
            told = await asked(client, {**wish, "id": f"x{number}"})
            assert (told["status"], told["id"]) == (status, f"x{number}"), told
        assert (await asked(client, command("y", "POST", "/api/oracle/inbox", {})))["status"] == 202, "and the socket goes on"
        await client.stream.aclose()


NO_COMMANDS = [
    {"action": "command"}, {"action": "command", "id": 1, "method": "POST", "path": "/x"},
    {"action": "command", "id": "a b", "method": "POST", "path": "/x"}, command("a" * 65, "POST", "/x"),
    command("a", "POST", "/" + "x" * 600), {**command("a", "POST", "/x"), "path": None},
]  # fmt: skip


async def test_what_is_no_command_is_refused_by_its_field(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        for said in NO_COMMANDS:
            await client.say(said)
            told = await client.message_of("error")
            assert told["error"]["code"] == "invalid" and told["error"]["details"][0]["field"] in ("id", "method", "path")
        await client.stream.aclose()


class Table:
    """What a wish needs of the house."""

    routes = routes()
    hours = Hours(Experiments())

    def __init__(self, doorman):
        self.doorman = doorman


async def test_a_scope_that_is_too_small_is_refused(tmp_path):
    async with open_house(tmp_path) as house:
        reader = Identity("reader", Scope.read)
        for method, path in (("DELETE", "/api/alerts/x"), ("POST", "/api/oracle/actors/hub/kill")):
            assert (await grant(house.system, Table(house.doorman), reader, Wish("a", method, path))).status == 403


async def test_more_than_a_few_at_once_are_told_to_wait(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        for n in range(30):
            await client.say(command(f"m{n}", "POST", "/api/oracle/inbox", {"n": n}))
        answered, refused = 0, 0
        with trio.fail_after(30):
            while answered + refused < 30:
                told = await client.message()
                answered += told["type"] == "answer"
                refused += told["type"] == "error" and told["error"]["code"] == "full"
        stored = (await house.get("/api/oracle/events?kind=webhook_received")).json["items"]
        assert answered >= 8 and len(stored) == answered
        await client.stream.aclose()


async def test_the_answer_is_on_disk_before_it_is_told(tmp_path):
    async with open_served(tmp_path) as house:
        client = await talking(house)
        await asked(client, command("d", "POST", "/api/oracle/inbox", {"n": 1}))
        rows = (await house.get("/api/oracle/events?kind=command_answered")).json["items"]
        assert len(rows) == 1 and rows[0]["data"]["status"] == 202
        await client.stream.aclose()
