"""Tasks over sockets: who subscribes is told everything once and in order; who does not is told how tasks get on, and may act."""

import json
from contextlib import asynccontextmanager

import trio
from running import open_served
from trio_websocket import open_websocket_url

END = {"status": "completed", "result": "done", "cost_usd": 0.05, "input_tokens": 1000, "output_tokens": 500}


class Reader:
    """A client that reads JSON objects; of those that are not about tasks it reads nothing."""

    def __init__(self, socket):
        self.socket = socket

    async def next(self):
        with trio.fail_after(30):
            while True:
                frame = json.loads(await self.socket.get_message())
                if str(frame.get("type")).startswith(("task", "cli", "subscribed", "unsubscribed", "error")):
                    return frame

    async def some(self, count):
        return [await self.next() for _ in range(count)]

    async def say(self, **message):
        await self.socket.send_message(json.dumps(message))

    async def subscribe(self, task):
        await self.say(type="subscribe", channel=f"task:{task}")
        assert await self.next() == {"type": "subscribed", "channel": f"task:{task}"}


@asynccontextmanager
async def client(house, path="/ws"):
    async with open_websocket_url(f"ws://127.0.0.1:{house.port}{path}") as socket:
        yield Reader(socket)


async def begin(house, ident, **more):
    await house.post("/api/tasks", json={"task_id": ident, "input_message": "do", **more})


async def patch(house, ident, **said):
    assert (await house.ask("PATCH", f"/api/tasks/{ident}", json=said)).status == 200


async def put_out(house, ident, text):
    assert (await house.post(f"/api/tasks/{ident}/output", json={"output": text})).status == 200


def lines(frames):
    return [one["output"] for one in frames if one["type"] == "task_output"]


async def test_a_subscriber_is_told_a_tasks_life_in_order_and_finds_the_last_words_stored(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader:
        await reader.subscribe("t")  # before there is such a task
        await begin(house, "t", conversation_id="conv-1")
        await patch(house, "t", status="running")
        await put_out(house, "t", "CLI output line")
        await put_out(house, "t", "two\nthree")
        await patch(house, "t", **END)
        frames = await reader.some(5)
        assert [one.get("status", "output") for one in frames] == ["queued", "running", "output", "output", "completed"]
        assert set(frames[2]) == {"type", "task_id", "output", "timestamp", "channel"} and frames[2]["timestamp"].endswith("Z")
        assert (frames[2]["type"], frames[2]["task_id"], frames[2]["channel"]) == ("task_output", "t", "task:t")
        assert lines(frames) == ["CLI output line", "two\nthree"]
        assert frames[4]["result"] == {"stdout": "CLI output line\ntwo\nthree\n", "cost_usd": 0.05, "input_tokens": 1000,
                                       "output_tokens": 500}  # fmt: skip
        said = await house.system.outputs.messages("conv-1")
        assert [(one.role, one.content, one.run) for one in said] == [("assistant", "done", "t")]
        await patch(house, "t", **END)
        assert len(await house.system.outputs.messages("conv-1")) == 1


async def test_who_comes_late_is_told_what_there_was_and_then_what_comes_each_once(tmp_path):
    async with open_served(tmp_path) as house, client(house, "/ws?surface=agent_bot") as reader:
        await begin(house, "t")
        await patch(house, "t", status="running")
        assert [one["status"] for one in await reader.some(2)] == ["queued", "running"]  # of all tasks, until it names one
        count = 120
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_put_out_all, house, "t", count)
            for _ in range(2):
                async with client(house) as late:
                    await late.subscribe("t")
                    told = []
                    while len(told) <= count:
                        told.append(await late.next())
                assert lines(told) == [f"line {number}" for number in range(count)]
                assert [one["status"] for one in told if one["type"] == "task_status"] == ["running"]
        await patch(house, "t", **END)
        async with client(house) as last:
            await last.subscribe("t")
            told = await last.some(count + 1)
            assert lines(told) == [f"line {number}" for number in range(count)]
            assert told[-1]["status"] == "completed" and told[-1]["result"]["cost_usd"] == 0.05


async def _put_out_all(house, ident, count):
    for number in range(count):
        await put_out(house, ident, f"line {number}")


async def test_subscriptions_are_many_and_can_be_taken_back(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader, client(house) as stranger:
        for ident in ("a", "b", "c"):
            await begin(house, ident)
            await patch(house, ident, status="running")
        assert [one["status"] for one in await stranger.some(6)] == ["queued", "running"] * 3
        await reader.some(6)
        for ident in ("a", "b"):
            await reader.subscribe(ident)
            assert (await reader.next())["status"] == "running"
        await reader.subscribe("a")  # again: it is not told twice
        for ident in ("a", "c", "b"):
            await put_out(house, ident, ident)
        assert lines(await reader.some(2)) == ["a", "b"]
        await reader.say(type="unsubscribe", channel="task:a")
        assert await reader.next() == {"type": "unsubscribed", "channel": "task:a"}
        for ident in ("a", "b"):
            await put_out(house, ident, f"{ident} again")
        assert lines([await reader.next()]) == ["b again"]
        for channel in ("task:../x", "orders", "task:"):
            await reader.say(type="subscribe", channel=channel)
            no = await reader.next()
            assert (no["type"], no["error"]["code"]) == ("error", "invalid")
        await patch(house, "c", status="failed", error="broke")
        frame = await stranger.next()  # was told no output of any
        assert (frame["type"], frame["task_id"], frame["status"], frame["error"]) == ("task_status", "c", "failed", "broke")


async def test_entries_of_the_log_are_told_as_output_and_as_events(tmp_path):
    async with open_served(tmp_path) as house, client(house) as reader:
        await reader.subscribe("t")
        await begin(house, "t")
        assert (await reader.next())["status"] == "queued"
        events = [{"type": "task:started"}, {"type": "task:thinking", "data": {"content": "hm"}},
                  {"type": "task:output", "data": {"content": "42"}},
                  {"type": "task:failed", "data": {"error": "no"}}]  # fmt: skip
        assert (await house.post("/api/tasks/t/events", json={"events": events})).json["status"] == "failed"
        frames = await reader.some(6)
        assert [one.get("event") or one.get("output") or one["status"] for one in frames] == [
            "started", "running", "thinking", "42", "failed", "failed"]  # fmt: skip
        assert frames[2]["data"] == {"content": "hm"} and frames[5]["result"]["stdout"] == "42\n"


async def test_a_session_is_told_how_tasks_get_on_and_acts(tmp_path):
    async with open_served(tmp_path) as house, client(house, "/ws/dash-1") as reader:
        await begin(house, "t", conversation_id="conv-1")
        frame = await reader.next()
        assert frame.pop("timestamp").endswith("Z")
        assert frame == {"type": "task_status", "task_id": "t", "status": "queued", "conversation_id": "conv-1",
                         "channel": "task:t"}  # fmt: skip
        await patch(house, "t", status="running")
        await put_out(house, "t", "not for everybody")
        await patch(house, "t", status="waiting_input")
        assert [one["status"] for one in await reader.some(2)] == ["running", "waiting_input"]
        await reader.say(type="task.input", task_id="t", message="go on")
        assert {(one["type"], one["status"]) for one in await reader.some(2)} == {
            ("task_status", "running"), ("task.input", "running")}  # fmt: skip
        await reader.say(type="task.stop", task_id="t")
        stopped = await reader.some(2)
        assert {(one["type"], one["status"]) for one in stopped} == {("task_status", "cancelled"), ("task.stop", "cancelled")}
        assert not any("result" in one for one in stopped)
        await reader.say(type="task.stop", task_id="t")
        assert (await reader.next())["error"]["code"] == "illegal"
        await reader.say(type="task.stop", task_id=7)
        assert (await reader.next())["of"] == "task.stop"
        assert (await house.ask("PUT", "/api/cli-status", json={"session_id": "s", "active": True})).status == 200
        cli = await reader.next()
        assert (cli["type"], cli["session_id"], cli["active"]) == ("cli_status_update", "s", True)
        sessions = {one["session_id"]: one for one in (await house.get("/api/sessions")).json}
        assert sessions["dash-1"]["connections"] == 1 and (await house.get("/api/health")).json["connections"] == 1


async def test_the_stream_of_all_tasks_says_what_they_put_out(tmp_path):
    async with open_served(tmp_path) as house, client(house, "/ws/task-stream") as reader:
        await begin(house, "t")
        await patch(house, "t", status="running")
        await put_out(house, "t", "a line")
        await reader.say(type="task.stop", task_id="t")  # it only listens
        await patch(house, "t", **END)
        frames = await reader.some(3)
        assert [one["type"] for one in frames] == ["task:created", "task:output", "task:completed"]
        assert (frames[1]["task_id"], frames[1]["chunk"]) == ("t", "a line")


async def test_a_worker_may_report_on_a_socket(tmp_path):
    async with open_served(tmp_path) as house, client(house, "/ws?role=producer") as worker, client(house) as reader:
        await begin(house, "t")
        pushed = [{"type": "task_status", "status": "running"}, {"type": "task_output", "output": "a line", "sequence": 1},
                  {"type": "task_output", "output": "a line", "sequence": 1}, {"type": "task_status", **END}]  # fmt: skip
        for one in pushed:
            await worker.say(task_id="t", **one)
        with trio.fail_after(30):
            acks = [json.loads(await worker.socket.get_message()) for _ in range(5)][1:]
        assert [(one["type"], one.get("status"), one.get("duplicate")) for one in acks] == [
            ("ack", "running", None), ("ack", None, False), ("ack", None, True), ("ack", "completed", None)]  # fmt: skip
        assert [one["status"] for one in await reader.some(3)] == ["queued", "running", "completed"]
        await worker.say(type="task_output", task_id="../x", output="x")
        no = await worker.next()
        assert (no["type"], no["error"]["details"][0]["field"]) == ("error", "task_id")


async def test_what_is_said_is_a_message_and_a_task_and_the_answer_is_there_before_the_end_is_told(tmp_path):
    async with open_served(tmp_path) as house, client(house, "/ws/dashboard-1") as reader:
        done = (await house.post("/api/chat?session_id=s-1", json={"message": "What is up? " * 20})).json
        assert (done["success"], done["message"]) == (True, "Task created")
        task, talk = done["data"]["task_id"], done["data"]["conversation_id"]
        frame = await reader.next()
        assert (frame["task_id"], frame["status"], frame["conversation_id"]) == (task, "queued", talk)
        conversation = (await house.get(f"/api/conversations/{talk}")).json
        assert conversation["title"] == ("What is up? " * 20)[:50]
        said = (await house.get(f"/api/conversations/{talk}/messages")).json
        assert [(one["role"], one["task_id"]) for one in said] == [("user", task)]
        shown = (await house.get(f"/api/tasks/{task}")).json
        assert (shown["session_id"], shown["source"], shown["assigned_agent"], shown["user_id"]) == (
            "s-1", "dashboard", "brain", "default-user")  # fmt: skip
        await patch(house, task, status="running")
        await patch(house, task, **END)
        while (await reader.next())["status"] != "completed":
            pass
        said = (await house.get(f"/api/conversations/{talk}/messages")).json
        assert [(one["role"], one["content"]) for one in said] == [("user", "What is up? " * 20), ("assistant", "done")]
        again = {"role": "assistant", "content": "done", "task_id": task}
        assert (await house.post(f"/api/conversations/{talk}/messages", json=again)).json["message_id"] == said[1]["message_id"]
        await reader.say(type="chat.message", message="And now?", conversation_id=talk)
        answer = await reader.next()
        while answer["type"] != "task.created":
            answer = await reader.next()
        assert answer["conversation_id"] == talk
        said = (await house.get(f"/api/conversations/{talk}/messages")).json
        assert [one["content"] for one in said][2:] == ["And now?"]
