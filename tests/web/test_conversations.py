"""Conversations over HTTP: what is said is on disk, what tasks came to is computed, what is cleared or deleted is not shown."""

import pytest
import trio
from running import open_house

from oracle.history import Commit
from oracle.model import Message
from oracle.runs.run import value_of
from tests.factories import ConversationFactory, TaskFactory, TaskStatus

ALL = "/api/conversations"
SHAPE = {
    "conversation_id": str, "user_id": str, "title": str, "flow_id": (str, type(None)), "created_at": str, "updated_at": str,
    "is_archived": bool, "metadata": dict, "message_count": int, "total_cost_usd": float, "total_tasks": int,
    "total_duration_seconds": float, "started_at": (str, type(None)), "completed_at": (str, type(None)),
}  # fmt: skip
SAID = {"message_id": str, "conversation_id": str, "role": str, "content": str, "task_id": (str, type(None)), "created_at": str,
        "metadata": dict}  # fmt: skip


def begin(house, **different):
    reply = house.post(ALL, json=ConversationFactory.create(**different))
    assert reply.status == 200, reply.body
    return reply.json


def say(house, conversation, content="hello", role="user", status=200, **more):
    reply = house.post(f"{ALL}/{conversation}/messages", json={"role": role, "content": content, **more})
    assert reply.status == status, reply.body
    return reply.json


def said(house, conversation, query=""):
    return [one["content"] for one in house.get(f"{ALL}/{conversation}/messages{query}").json]


def has_shape(value, shape):
    assert value.keys() == shape.keys()
    assert all(isinstance(value[name], kind) for name, kind in shape.items())


def test_a_conversation_is_as_agent_bots_clients_know_it(house):
    made = begin(house, title="Why?", user_id="shape", metadata={"a": 1}, source="dashboard")
    has_shape(made, SHAPE)
    assert made["conversation_id"].startswith("conv-") and len(made["conversation_id"]) == 17
    assert (made["title"], made["metadata"], made["flow_id"]) == ("Why?", {"a": 1, "source": "dashboard"}, None)
    one = say(house, made["conversation_id"], task_id="task-1", metadata={"b": 2})
    has_shape(one, SAID)
    assert one["message_id"].startswith("msg-") and (one["task_id"], one["metadata"]) == ("task-1", {"b": 2})
    (listed,) = house.get(f"{ALL}?user_id=shape").json
    has_shape(listed, SHAPE)
    assert listed["message_count"] == 1 and listed["updated_at"] == one["created_at"] > made["updated_at"]


def test_who_is_spoken_in_last_is_listed_first_page_by_page(house):
    first, second, third = (begin(house, user_id="order")["conversation_id"] for _ in range(3))
    say(house, first)
    reply = house.get(f"{ALL}?user_id=order&limit=2")
    assert [one["conversation_id"] for one in reply.json] == [first, third]
    assert reply.headers["x-total-count"] == "3"
    assert [one["conversation_id"] for one in house.get(f"{ALL}?user_id=order&limit=2&offset=2").json] == [second]
    assert house.get(f"{ALL}?limit=201").status == house.get(f"{ALL}?limit=0").status == 422
    assert house.get(f"{ALL}?user_id=nobody").json == []


def test_what_is_said_is_read_in_its_order(house):
    conversation = begin(house)["conversation_id"]
    for n in range(5):
        say(house, conversation, str(n), ("user", "assistant", "system")[n % 3])
    assert said(house, conversation) == list("01234")
    reply = house.get(f"{ALL}/{conversation}/messages?limit=2&offset=1")
    assert [one["content"] for one in reply.json] == ["1", "2"] and reply.headers["x-total-count"] == "5"
    context = house.get(f"{ALL}/{conversation}/context?max_messages=2&roles=user,assistant").json
    assert [(one["role"], one["content"]) for one in context] == [("user", "3"), ("assistant", "4")]
    assert context[0].keys() == {"role", "content", "created_at"}
    assert len(house.get(f"{ALL}/{conversation}/context").json) == 5
    assert house.get(f"{ALL}/{conversation}/context?max_messages=101").status == 422
    assert house.get(f"{ALL}/{conversation}/context?roles=robot").status == 422


def test_a_message_is_said_once_by_its_id_and_an_assistant_repeats_nothing(house):
    conversation = begin(house)["conversation_id"]
    first = say(house, conversation, "a", message_id="msg-mine")
    assert say(house, conversation, "a", message_id="msg-mine") == first
    no = say(house, conversation, "b", message_id="msg-mine", status=400)
    assert no["detail"] == "the message 'msg-mine' says something else"
    answer = say(house, conversation, "done", "assistant", task_id="task-1")
    assert say(house, conversation, "done", "assistant", task_id="task-1") == answer
    say(house, conversation, "done, really", "assistant", task_id="task-1")
    say(house, conversation, "done", "assistant", task_id="task-2")
    say(house, conversation, "a")
    assert said(house, conversation) == ["a", "done", "done, really", "done", "a"]


def test_one_with_a_key_of_its_own_is_carried_out_once(house):
    key = {"Idempotency-Key": "begin-1"}
    first, again = (house.post(ALL, json={"title": "once"}, headers=key).json for _ in range(2))
    assert first == again
    path = f"{ALL}/{first['conversation_id']}/messages"
    replies = [house.post(path, json={"role": "user", "content": "x"}, headers={"Idempotency-Key": "say-1"}) for _ in range(2)]
    assert replies[0].json == replies[1].json and said(house, first["conversation_id"]) == ["x"]


def test_a_flow_has_one_conversation(house):
    flow = "github:octo/hello#7"
    assert house.get(f"{ALL}/by-flow/{flow.replace('#', '%23')}").json == {"detail": "Conversation not found"}
    made = begin(house, flow_id=flow, title="one")
    assert begin(house, flow_id=flow, title="two") == made
    found = house.get(f"{ALL}/by-flow/github:octo/hello%237")
    assert (found.status, found.json["conversation_id"]) == (200, made["conversation_id"])
    house.ask("DELETE", f"{ALL}/{made['conversation_id']}")
    assert begin(house, flow_id=flow)["conversation_id"] != made["conversation_id"]


def test_it_is_changed_in_what_is_given(house):
    ident = begin(house, user_id="change", metadata={"a": 1})["conversation_id"]
    changed = house.ask("PUT", f"{ALL}/{ident}", json={"title": "New"}).json
    assert (changed["title"], changed["metadata"], changed["is_archived"]) == ("New", {"a": 1}, False)
    archived = house.ask("PUT", f"{ALL}/{ident}", json={"is_archived": True, "metadata": {}}).json
    assert (archived["title"], archived["metadata"], archived["is_archived"]) == ("New", {}, True)
    assert house.get(f"{ALL}?user_id=change").json == []
    assert len(house.get(f"{ALL}?user_id=change&include_archived=true").json) == 1


def test_what_was_cleared_is_not_shown_and_what_is_said_afterwards_is(house):
    ident = begin(house)["conversation_id"]
    say(house, ident, "before")
    assert house.post(f"{ALL}/{ident}/clear").json == {
        "success": True, "message": "Conversation cleared", "data": {"conversation_id": ident}, "error": None}
    assert said(house, ident) == [] == house.get(f"{ALL}/{ident}/context").json
    say(house, ident, "after")
    whole = house.get(f"{ALL}/{ident}").json
    assert [one["content"] for one in whole["messages"]] == ["after"] and whole["message_count"] == 1
    assert "messages" not in house.get(f"{ALL}/{ident}?include_messages=false").json


def test_what_was_cleared_or_deleted_is_not_found_by_its_words_either(house):
    def found(words):
        return [one["conversation"] for one in house.get(f"/api/oracle/search?q={words}&in=messages").json["items"]]

    cleared, deleted, kept = (begin(house)["conversation_id"] for _ in range(3))
    for ident in (cleared, deleted, kept):
        say(house, ident, "the walrus spoke")
    house.post(f"{ALL}/{cleared}/clear")
    house.ask("DELETE", f"{ALL}/{deleted}")
    assert found("walrus") == [kept]
    say(house, cleared, "the walrus is back")
    assert found("walrus") == [cleared, kept]


def test_what_was_deleted_is_not_found(house):
    ident = begin(house)["conversation_id"]
    say(house, ident)
    assert house.ask("DELETE", f"{ALL}/{ident}").json["success"] is True
    asked = ("GET", ""), ("GET", "/messages"), ("GET", "/metrics"), ("GET", "/context"), ("POST", "/clear"), ("DELETE", "")
    for method, path in asked:
        reply = house.ask(method, f"{ALL}/{ident}{path}")
        assert (reply.status, reply.json) == (404, {"detail": "Conversation not found"}), path
    assert say(house, ident, status=404) == {"detail": "Conversation not found"}
    assert house.ask("PUT", f"{ALL}/{ident}", json={"title": "x"}).status == 404


@pytest.mark.parametrize(("body", "where", "kind"), [
    ({}, "title", "missing"), ({"title": ""}, "title", "string_too_short"), ({"title": 1}, "title", "string_type"),
    ({"title": "x" * 501}, "title", "string_too_long"), ({"title": "x", "metadata": []}, "metadata", "dict_type"),
    ({"title": "x", "flow_id": "x" * 201}, "flow_id", "string_too_long"),
    ({"title": "x", "user_id": ""}, "user_id", "string_too_short"),
])  # fmt: skip
def test_a_conversation_is_refused_by_its_field(house, body, where, kind):
    reply = house.post(ALL, json=body)
    assert (reply.status, [(one["loc"], one["type"]) for one in reply.json["detail"]]) == (422, [(["body", where], kind)])


@pytest.mark.parametrize(("body", "where", "kind"), [
    ({"content": "x"}, "role", "missing"), ({"role": "robot", "content": "x"}, "role", "enum"),
    ({"role": "user"}, "content", "missing"),
    ({"role": "user", "content": "x" * 200_001}, "content", "string_too_long"),
    ({"role": "user", "content": "x", "task_id": "x" * 65}, "task_id", "string_pattern_mismatch"),
])  # fmt: skip
def test_a_message_is_refused_by_its_field(house, body, where, kind):
    reply = house.post(f"{ALL}/{begin(house)['conversation_id']}/messages", json=body)
    assert (reply.status, [(one["loc"], one["type"]) for one in reply.json["detail"]]) == (422, [(["body", where], kind)])


# ---- what tasks came to, and what outlives the process


async def test_totals_are_those_of_the_tasks_that_completed_or_failed_each_once(tmp_path):
    async with open_house(tmp_path) as house:
        ident, other = [(await house.post(ALL, json={"title": "t"})).json["conversation_id"] for _ in range(2)]
        shared = {"conversation": ident, "cost_usd": 0.25, "duration_s": 2.0}
        done = TaskFactory.create(TaskStatus.COMPLETED, **shared)
        runs = [done, TaskFactory.create(TaskStatus.FAILED, **shared), TaskFactory.create(TaskStatus.CANCELLED, **shared)]
        await house.system.runtime.ask("history", Commit(tuple(run.row() for run in [*runs, done])))
        live = TaskFactory.create(TaskStatus.WAITING_INPUT, conversation=ident)
        house.system.board.put(live.ref, value_of(live), house.system.runtime.now_us())
        metrics = (await house.get(f"{ALL}/{ident}/metrics")).json
        one, two = (await house.get(ALL)).json
    assert metrics["task_breakdown"] == {"cancelled": 1, "completed": 1, "failed": 1, "waiting_input": 1}
    assert (metrics["total_tasks"], metrics["total_cost_usd"], metrics["total_duration_seconds"]) == (2, 0.5, 4.0)
    assert (metrics["started_at"], metrics["completed_at"]) == ("2026-11-27T00:00:01Z", "2026-11-27T00:00:02Z")
    totals = {row["conversation_id"]: (row["total_tasks"], row["total_cost_usd"], row["started_at"]) for row in (one, two)}
    assert totals == {ident: (2, 0.5, "2026-11-27T00:00:01Z"), other: (0, 0.0, None)}


async def test_what_a_run_says_moves_its_conversation_up_also_over_a_restart(tmp_path):
    async with open_house(tmp_path) as house:
        ident = (await house.post(ALL, json={"title": "t"})).json["conversation_id"]
        await house.post(ALL, json={"title": "a newer one"})
        now_us = house.system.runtime.now_us()
        words = [Message(f"msg-{n}", ident, "assistant", "done", "task-1", {}, now_us + n) for n in (1_000, 2_000)]
        await house.system.runtime.ask("history", Commit(tuple(words)))
        house.system.runtime.publish(words[0])
        await trio.testing.wait_all_tasks_blocked()
        first = (await house.get(ALL)).json[0]
        assert (first["conversation_id"], first["message_count"]) == (ident, 2)
    async with open_house(tmp_path) as house:  # what was told of last had not been heard
        rows = {row["conversation_id"]: row for row in (await house.get(ALL)).json}
        said = (await house.get(f"{ALL}/{ident}/messages")).json
        assert rows[ident]["updated_at"] == said[-1]["created_at"] and len(said) == 2
