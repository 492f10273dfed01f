"""`/ws/dashboard`: all three topics until the client says what it wants, and agent-bot's frames until it says anything."""

import json
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio
from running import open_served
from trio_websocket import ConnectionClosed, open_websocket_url

from oracle.model import Command
from tests.oracle.experiments.test_wish import SEED

PATH = "/api/v1/experiments"
SEEDS = {"action": "subscribe", "topics": ["experiments", "metrics", "alerts"], "experiment_ids": ["exp_001", "exp_002"]}


class Reader:
    """A client that reads JSON objects."""

    def __init__(self, socket):
        self.socket = socket

    async def next(self, *kinds):
        """The next frame, of these types where some are named."""
        with trio.fail_after(30):
            while True:
                frame = json.loads(await self.socket.get_message())
                if not kinds or frame["type"] in kinds:
                    return frame

    async def says(self, **body):
        """Send, and read the acknowledgement; what came before it is passed over."""
        await self.socket.send_message(json.dumps({**body, "ack": True}))
        return await self.next("subscribed", "error")


@asynccontextmanager
async def client(house, query=""):
    async with open_websocket_url(f"ws://127.0.0.1:{house.port}/ws/dashboard{query}") as socket:
        yield Reader(socket)


@asynccontextmanager
async def house_of(folder, refresh_ms=3_600_000):
    """A house that tells metrics so often."""
    async with open_served(folder) as house:
        await configure(house, dashboard={"refresh_interval": refresh_ms})
        yield house


async def configure(house, **change):
    reply = await house.ask("PUT", "/api/v1/config", json=change)
    assert reply.status == 200, reply.json


async def created(house, name="one"):
    reply = await house.post(PATH, json={**SEED, "scenario": "hospital", "name": name})
    return reply.json["experiment"]["id"]


async def control(house, ident, action):
    return (await house.post(f"{PATH}/{ident}/control", json={"action": action})).json


async def report(house, ident, number, accuracy=0.5):
    body = {"round": number, "accuracy": accuracy, "loss": 0.25, "duration_s": 1.5, "bytes": 10}
    return (await house.post(f"{PATH}/{ident}/rounds", json=body)).json


async def raised(house, **more):
    body = {"severity": "warning", "title": "High Memory Usage", "service": "fl_server", "threshold": 80, "current_value": 85.2}
    return (await house.post("/api/v1/alerts", json={**body, **more})).json


async def test_who_says_nothing_is_told_all_three(tmp_path):
    async with house_of(tmp_path, 100) as house, client(house) as reader:
        metrics = await reader.next("metrics_update")
        assert set(metrics) == {"type", "data"} and {"timestamp", "services"} <= set(metrics["data"])
        ident = await created(house)
        update = (await reader.next("experiment_update"))["data"]
        assert (update["id"], update["status"], update["current_round"], update["accuracy"]) == (ident, "created", 0, None)
        alert = await raised(house)
        assert (await reader.next("alert"))["data"] == alert
        await control(house, ident, "start")
        await report(house, ident, 1, 0.75)
        while (update := (await reader.next("experiment_update"))["data"])["current_round"] == 0:
            pass
        assert update == {"id": ident, "name": "one", "status": "running", "current_round": 1, "rounds_total": 20,
                          "accuracy": 0.75, "loss": 0.25, "progress": 0.05, "timestamp": update["timestamp"]}  # fmt: skip
        assert update["timestamp"].endswith("Z")


async def test_a_subscription_narrows_to_topics_and_to_experiments(tmp_path):
    async with house_of(tmp_path) as house, client(house) as reader, client(house) as alarmed:
        first, second = await created(house), await created(house, "two")
        assert (first, second) == ("exp_001", "exp_002")
        told = await reader.says(action="subscribe", topics=["experiments"], experiment_ids=[second])
        assert told == {"type": "subscribed", "topics": ["experiments"], "experiment_ids": [second]}
        await alarmed.says(action="subscribe", topics=["alerts"], experiment_ids=[second])
        await raised(house)
        await raised(house, experiment_id=first)
        await raised(house, experiment_id=second)
        await control(house, first, "abort")
        await control(house, second, "abort")
        frame = await reader.next()
        assert (frame["type"], frame["data"]["id"], frame["data"]["status"]) == ("experiment_update", second, "aborted")
        assert [(await alarmed.next())["data"]["experiment_id"] for _ in range(2)] == [None, second]


async def test_a_further_subscription_takes_the_place_of_the_first(tmp_path):
    async with house_of(tmp_path) as house, client(house) as reader:
        await reader.says(**SEEDS)
        assert (await reader.says(action="subscribe", topics=["alerts"]))["topics"] == ["alerts"]
        ident = await created(house)
        await raised(house)
        assert (await reader.next())["type"] == "alert"
        assert (await reader.says(action="subscribe"))["topics"] == ["alerts", "experiments", "metrics"]
        await control(house, ident, "start")
        assert (await reader.next())["type"] == "experiment_update"


async def test_metrics_come_as_often_as_the_configuration_says_and_not_when_it_says_no(tmp_path):
    async with house_of(tmp_path, 100) as house, client(house) as reader:
        first = await reader.next("metrics_update")
        assert (await reader.next("metrics_update"))["data"]["services"].keys() == first["data"]["services"].keys()
        await configure(house, features={"real_time_metrics": False, "alert_notifications": False})
        await reader.says(action="subscribe")  # what was on its way is read by now
        await raised(house)
        ident = await created(house)
        assert (await reader.next())["data"]["id"] == ident


async def test_a_message_that_is_none_is_refused_by_its_fields_and_the_socket_stays(tmp_path):
    async with house_of(tmp_path) as house, client(house) as reader:
        for body, field in (
            ({"action": "fly"}, "action"), ({}, "action"), ({"action": "subscribe", "topics": ["x"]}, "topics"),
            ({"action": "subscribe", "topics": "metrics"}, "topics"),
            ({"action": "subscribe", "experiment_ids": ["../x"]}, "experiment_ids"),
            ({"action": "subscribe", "experiment_ids": ["x"] * 101}, "experiment_ids"),
        ):  # fmt: skip
            await reader.socket.send_message(json.dumps(body))
            error = (await reader.next())["error"]
            assert error["code"] == "VALIDATION_ERROR" and [key.partition(".")[0] for key in error["details"]] == [field]
        await reader.socket.send_message("no json")
        assert (await reader.next())["error"]["code"] == "VALIDATION_ERROR"
        assert (await reader.says(**SEEDS))["type"] == "subscribed"


async def test_the_eleventh_that_subscribes_is_told_so_and_closed(tmp_path):
    async with house_of(tmp_path) as house, AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(client(house)) for _ in range(12)]
        for reader in readers[:10]:
            assert (await reader.says(**SEEDS))["type"] == "subscribed"
        assert (await readers[0].says(**SEEDS))["type"] == "subscribed"  # counts once
        error = await readers[10].says(**SEEDS)
        assert (error["type"], error["error"]["code"]) == ("error", "RATE_LIMITED") and error["error"]["retry_after"] > 0
        with pytest.raises(ConnectionClosed), trio.fail_after(30):
            await readers[10].next()
        await created(house)
        assert (await readers[11].next())["type"] == "experiment_update"  # it has not subscribed, and counts for nothing
        await readers[3].socket.aclose()
        with trio.fail_after(30):
            while True:  # until it is seen that one has gone
                async with client(house) as another:
                    if (await another.says(**SEEDS))["type"] == "subscribed":
                        break


async def test_agent_bots_page_is_told_of_tasks_until_it_says_something(tmp_path):
    async with house_of(tmp_path) as house, client(house) as page, client(house) as other:
        await other.says(**SEEDS)
        args = {"kind": "task", "params": {"prompt": "x"}, "id": "t1", "conversation": "c1"}
        await house.system.runtime.ask("runs", Command("start", args))
        await created(house)
        frame = await page.next()
        assert (frame["type"], frame["task_id"], frame["status"]) == ("task_status", "t1", "queued")
        assert frame["conversation_id"] == "c1" and frame["timestamp"].endswith("Z")
        assert (await other.next())["type"] == "experiment_update"


async def test_who_comes_back_is_told_what_it_missed(tmp_path):
    async with house_of(tmp_path) as house:
        async with client(house, "?since=") as reader:
            assert (await reader.next())["type"] == "ready"
            ident = await created(house)
            frame = await reader.next()
            place = f"{frame['epoch']}:{frame['offset']}"
        await control(house, ident, "start")
        await report(house, ident, 1)
        async with client(house, f"?since={place}") as reader:
            assert (await reader.next())["recovered"] is True
            missed = [await reader.next("experiment_update", "ready")]
            while missed[-1]["type"] != "ready":
                missed.append(await reader.next("experiment_update", "ready"))
            assert [one["data"]["current_round"] for one in missed[:-1]][-1] == 1
            assert missed[0]["data"]["status"] == "queued"
