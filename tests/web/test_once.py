"""A command with an `Idempotency-Key` through the real routes: applied once, answered as often as it is sent."""

import itertools

import attrs
import pytest
import trio
from running import AWAY, open_house

from actors import Actor, Child, Refused, Runtime, open_runtime
from actors.testing import probe
from oracle.receipts import Key, Receipts
from web import once
from web.routes import Answer, Call, Identity, Scope
from web.table import routes

LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": []}
KEY = Key("ada", "k-1", "d1")
SECRETIVE = {**LEAST, "webhook_config": {"url": "https://a.test/", "auth_token": "hush-hush"}}


async def send(house, ident, path="/api/alerts", body=LEAST, method="POST", **how):
    options = {} if body is None else {"json": body}
    headers = {"Idempotency-Key": ident, **how.pop("headers", {})}
    return await house.ask(method, path, headers=headers, **options, **how)


async def stored(house, **asked):
    """Events on disk, oldest first."""
    return (await house.system.queries.events(newest_first=False, **asked)).items


def first(reply):
    return "idempotent-replayed" not in reply.headers


def again(reply):
    return reply.headers.get("idempotent-replayed") == "true"


def shown(reply):
    return reply.status, reply.body, reply.headers["content-type"]


# ---- sent again


async def test_a_command_that_is_sent_again_is_answered_again_and_not_applied(tmp_path):
    async with open_house(tmp_path) as house:
        said = probe(house.system.runtime, "event:rule_created:*")
        one = await send(house, "k-1")
        assert one.status == 200 and first(one)
        two = await send(house, "k-1")
        assert again(two) and shown(two) == shown(one)
        (told,) = said.took()
        (answered,) = await stored(house, kind="command_answered")
    assert told.cause == answered["cause"] and told.cause.startswith("client/local/k-1/")
    data = answered["data"]
    assert (data["by"], data["id"], data["method"], data["path"]) == ("local", "k-1", "POST", "/api/alerts")
    assert (data["status"], data["body"].encode()) == (200, one.body)


async def test_without_an_id_everything_is_as_it_was(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/alerts", json=LEAST)).status == 200
        assert (await house.post("/api/alerts", json=LEAST)).status == 400
        assert await stored(house, kind="command_answered") == []
        assert len(house.system.receipts) == 0
        assert (await house.get("/api/alerts", headers={"Idempotency-Key": "not an id!"})).status == 200


async def test_the_answer_is_that_of_then_whatever_came_since(tmp_path):
    async with open_house(tmp_path) as house:
        one = await send(house, "k-1")
        await house.ask("DELETE", "/api/alerts/a")
        assert shown(await send(house, "k-1")) == shown(one)
        assert (await house.get("/api/alerts/a")).status == 404


async def test_the_order_of_keys_is_no_other_request(tmp_path):
    async with open_house(tmp_path) as house:
        await send(house, "k-1")
        assert again(await send(house, "k-1", body=dict(reversed(LEAST.items()))))


@pytest.mark.parametrize(("path", "body", "method"), [
    ("/api/alerts", {**LEAST, "name": "m"}, "POST"),
    ("/api/oracle/inbox", LEAST, "POST"),
    ("/api/alerts/a", LEAST, "PUT"),
    ("/api/alerts/a", None, "DELETE"),
])
async def test_an_id_that_was_given_to_another_request_is_refused(tmp_path, path, body, method):
    async with open_house(tmp_path) as house:
        one = await send(house, "k-1")
        reply = await send(house, "k-1", path, body, method)
        assert reply.status == 422 and b"Idempotency-Key" in reply.body and b"k-1" in reply.body
        assert first(reply)
        assert (await house.get("/api/alerts")).json == [one.json]
        assert again(await send(house, "k-1"))


async def test_what_was_refused_stays_refused(tmp_path):
    async with open_house(tmp_path) as house:
        one = await send(house, "k-1", "/api/alerts/a", LEAST, "PUT")
        assert one.status == 404 and first(one)
        await send(house, "k-2")
        two = await send(house, "k-1", "/api/alerts/a", LEAST, "PUT")
        assert again(two) and shown(two) == shown(one)
        unfit = [await send(house, "k-3", body={**LEAST, "alert_id": ""}) for _ in range(2)]
        assert [one.status for one in unfit] == [422, 422] and again(unfit[1])


async def test_what_says_nothing_about_the_command_is_not_kept(tmp_path):
    async with open_house(tmp_path) as house:
        house.system.runtime.kill("alerts")
        assert (await send(house, "k-0", "/api/oracle/actors/root/kill", None)).status == 403
        plain = {"Idempotency-Key": "k-1", "Content-Type": "text/plain"}
        assert (await house.post("/api/alerts", data=b"{}", headers=plain)).status == 415
        assert (await send(house, "k-1", "/api/oracle/inbox", {"x": "y" * 70_000})).status == 413
        await house.system.runtime.remove("alerts")
        down = await send(house, "k-1")
        assert down.status == 503 and down.headers["retry-after"]
        assert len(house.system.receipts) == 0
        assert (await send(house, "k-1", "/api/oracle/inbox", {"x": 1})).status == 202


async def test_ids_belong_to_their_callers(tmp_path):
    async with open_house(tmp_path, auth="token") as house:
        tokens = [house.doorman.tokens, house.system.runtime.now_us()]
        passes = [await tokens[0].mint(Scope.operate, tokens[1], name=name) for name in ("ada", "bob")]
        replies = [await send(house, "k-1", headers={"Authorization": f"Bearer {one}"}) for one in passes]
        assert [one.status for one in replies] == [200, 400] and first(replies[1])
        nobody = await send(house, "k-1", scope=AWAY)
        assert nobody.status == 401


async def test_an_id_has_a_form(tmp_path):
    wrong = ["", "a b", "a/b", "x" * 65, "ö", "client/local/k"]
    async with open_house(tmp_path) as house:
        for ident, path in itertools.product(wrong, ("/api/alerts", "/api/oracle/inbox")):
            reply = await send(house, ident, path)
            assert reply.status == 422 and b"Idempotency-Key" in reply.body
        assert (await house.get("/api/alerts")).json == []
        assert (await send(house, "x" * 62 + ".:")).status == 200


async def test_a_route_whose_answer_is_a_secret_takes_no_id_and_stores_nothing(tmp_path):
    secret = [route for route in routes() if route.secret]
    assert [route.name for route in secret] == ["POST /api/oracle/ticket", "POST /api/oracle/tokens"]
    async with open_house(tmp_path) as house:
        reply = await send(house, "k-1", "/api/oracle/ticket", None)
        assert reply.status == 422 and "Idempotency-Key" in reply.json["error"]["message"] + str(reply.json)
        assert (await house.post("/api/oracle/ticket")).json["ticket"]
        assert await stored(house, kind="command_answered") == []


async def test_no_secret_of_a_request_is_in_what_is_kept(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await send(house, "k-1", body=SECRETIVE)).status == 200
        assert again(await send(house, "k-1", body=SECRETIVE))
        assert (await send(house, "k-1", body={**SECRETIVE, "webhook_config": {"url": "https://a.test/", "auth_token": "x"}})
                ).status == 422
        assert "hush-hush" not in str(await stored(house))


# ---- every kind of command


async def test_webhooks_switches_and_actors_are_touched_once(tmp_path):
    async with open_house(tmp_path) as house:
        said = probe(house.system.runtime, "event:*")
        for ident, path, body in (
            ("k-1", "/api/oracle/inbox", {"n": 1}),
            ("k-2", "/dashboard/watchdogs/price_anomaly/disable", None),
            ("k-3", "/dashboard/watchdogs/price_anomaly/enable", None),
            ("k-4", "/dashboard/watchdogs/price_anomaly/restart", None),
            ("k-5", "/api/oracle/actors/feeds/restart", None),
            ("k-6", "/api/oracle/actors/channels/kill", None),
            ("k-2", "/dashboard/watchdogs/price_anomaly/disable", None),
        ):
            replies = [await send(house, ident, path, body) for _ in range(2)]
            assert shown(replies[0]) == shown(replies[1]) and again(replies[1])
            assert replies[0].status in (200, 202)
        causes = [(event.kind, event.cause.split("/")[2]) for event in said.took() if event.cause]
        assert causes == [("webhook_received", "k-1"), ("watchdog_disabled", "k-2"), ("watchdog_enabled", "k-3"),
                          ("watchdog_restarted", "k-4"), ("actor_restarted", "k-5"), ("actor_killed", "k-6")]  # fmt: skip
        assert house.system.runtime.alive("watchdog:price_anomaly")


@pytest.mark.parametrize(("path", "name"), [("actors/{name}/restart", "feeds"), ("actors/{name}/kill", "feeds"), ("inbox", "")])
async def test_what_was_applied_and_not_answered_is_not_applied_again(tmp_path, path, name):
    (route,) = [route for route in routes() if route.path == f"/api/oracle/{path}"]
    async with open_house(tmp_path) as house:
        said = probe(house.system.runtime, "event:*")
        who = Identity("local", Scope.admin)
        call = Call(house.system, route, {"name": name}, who, {"n": 1}, command_id=KEY.command_id)
        answers = [await route.view(call) for _ in range(2)]
        assert answers[0] == answers[1]
        assert len(said.took()) == 1


async def test_those_who_send_at_the_same_time_have_one_answer(tmp_path):
    async with open_house(tmp_path) as house:
        said = probe(house.system.runtime, "event:*")
        replies = []

        async def one():
            replies.append(await send(house, "k-1", "/api/oracle/inbox", {"n": 1}))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one)
        assert len({shown(reply) for reply in replies}) == 1
        assert sorted(map(again, replies)) == [False, True, True, True, True]
        assert [event.kind for event in said.took()] == ["webhook_received"]
        assert len(await stored(house, kind="webhook_received")) == 1


# ---- over a restart


async def test_an_answer_outlives_the_process(tmp_path):
    async with open_house(tmp_path) as house:
        one = await send(house, "k-1")
        no = await send(house, "k-2", "/api/alerts/b/enable", None)
    async with open_house(tmp_path) as house:
        two = await send(house, "k-1")
        assert again(two) and shown(two) == shown(one)
        assert shown(await send(house, "k-2", "/api/alerts/b/enable", None)) == shown(no)
        assert (await send(house, "k-1", body={**LEAST, "name": "m"})).status == 422
        assert len((await house.get("/api/alerts")).json) == 1
        assert len(await stored(house, kind="rule_created")) == 1


async def test_metrics_say_how_much_is_kept(tmp_path):
    async with open_house(tmp_path) as house:
        for _ in range(3):
            await send(house, "k-1")
        text = (await house.get("/metrics")).body.decode()
    numbers = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(("oracle_receipts", "oracle_commands")))
    assert float(numbers["oracle_receipts"]) == 1 and float(numbers["oracle_receipts_bytes"]) > 500
    assert float(numbers["oracle_receipts_replayed_total"]) == 2
    assert float(numbers["oracle_receipts_forgotten_total"]) == float(numbers["oracle_commands_under_way"]) == 0


# ---- what a client's id is worth when things go wrong


class Notebook(Actor):
    """A history that says what is on `answers`, then yes."""

    def __init__(self, rows, answers):
        self.rows = rows
        self.answers = answers

    def receive(self, commit):
        no = self.answers.pop(0) if self.answers else None
        if no is not None:
            raise no
        self.rows.extend(commit.messages)


@attrs.frozen(eq=False)
class Desk:
    """As much of a system as a command needs, and work that can be held up."""

    runtime: Runtime
    receipts: Receipts
    done: list = attrs.field(factory=list)
    begun: trio.Event = attrs.field(factory=trio.Event)
    go: trio.Event = attrs.field(factory=trio.Event)

    async def work(self, command_id):
        self.begun.set()
        await self.go.wait()
        self.done.append(command_id)
        return Answer({"n": len(self.done)})

    async def run(self, work=None):
        return await once.run(self, KEY, ("POST", "/x"), work or self.work)


@pytest.fixture
async def desk():
    rows, answers = [], []
    async with open_runtime([Child("history", lambda: Notebook(rows, answers))]) as runtime:
        desk = Desk(runtime, Receipts(runtime.now_us))
        yield desk, rows, answers


async def test_a_client_that_leaves_finds_the_answer_when_it_comes_back(desk):
    desk, rows, _ = desk
    async with trio.open_nursery() as nursery:
        nursery.start_soon(desk.run)
        await desk.begun.wait()
        nursery.cancel_scope.cancel()
        desk.go.set()
    assert len(rows) == 1
    assert again_(await desk.run()) == (200, b'{"n":1}', True)
    assert desk.done == [KEY.command_id]


async def test_who_asks_meanwhile_waits(desk):
    desk, rows, _ = desk
    got = []

    async def one():
        got.append(again_(await desk.run()))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        assert (got, desk.receipts.under_way) == ([], 1)
        desk.go.set()
    assert sorted(got) == [(200, b'{"n":1}', False)] + 2 * [(200, b'{"n":1}', True)]
    assert len(rows) == len(desk.done) == 1


async def test_an_answer_is_given_when_it_is_on_disk_and_the_command_is_not_done_again_for_it(desk):
    desk, rows, answers = desk
    desk.go.set()
    answers += [Refused("disk full", "unavailable"), Refused("disk full", "unavailable")]
    assert [(await desk.run()).status for _ in range(2)] == [503, 503]
    assert rows == []
    assert again_(await desk.run())[:2] == (200, b'{"n":1}')
    assert len(rows) == len(desk.done) == 1


async def test_a_crash_is_no_answer_and_who_waited_tries_again(desk):
    desk, _, _ = desk
    tries = []

    async def work(command_id):
        tries.append(command_id)
        await desk.go.wait()
        if len(tries) == 1:
            raise ValueError("a bug")
        return Answer(None)

    async def fails():
        with pytest.raises(ValueError, match="a bug"):
            await desk.run(work)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fails)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(desk.run, work)
        await trio.testing.wait_all_tasks_blocked()
        desk.go.set()
    assert len(tries) == 2
    assert again_(await desk.run())[2] is True


async def test_work_that_never_ends_is_given_up_and_may_be_sent_again(autojump_clock, desk):
    desk, _, _ = desk
    assert (await desk.run()).status == 504
    assert desk.receipts.under_way == 0
    desk.go.set()
    assert (await desk.run()).status == 200


def again_(answer):
    """Status, body, and whether it is said to be one from before."""
    return answer.status, answer.body, once.REPLAYED in answer.headers
