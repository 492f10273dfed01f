"""Workers of agent-bot's tasks: one has a task at a time, a piece sent again is put out once, and the log says what was done."""

from functools import partial

import pytest
import trio
from running import open_house

from tests.web.test_agent_tasks import made, patched

LOG = [
    {"type": "webhook:received", "data": {"event": "pull_request"}, "timestamp": "2026-01-31T12:00:00Z"},
    {"type": "webhook:matched"}, {"type": "task:created"}, {"type": "task:started"},
    {"type": "task:thinking", "data": {"content": "hm"}},
    {"type": "task:tool_call", "data": {"tool_name": "read", "tool_input": {"path": "a.py"}}},
    {"type": "task:tool_result", "data": {"tool_name": "read", "content": "no such file", "is_error": True}},
    {"type": "knowledge:query", "data": {"tool_name": "search", "query": "a.py"}},
    {"type": "knowledge:result", "data": {"tool_name": "search", "content": "b.py"}},
    {"type": "task:user_input", "data": {"message": "try b.py"}}, {"type": "task:output", "data": {"content": "it is b.py"}},
    {"type": "task:completed", "data": {"result": "found it", "cost_usd": 0.25, "input_tokens": 10, "output_tokens": True}},
    {"type": "task:response_posted", "data": {"content": "commented"}},
]  # fmt: skip


async def test_of_two_workers_one_has_the_task_and_who_lost_it_is_told(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/tasks", json={"task_id": "t", "input_message": "do", "assigned_agent": "coder"})
        answers = []

        async def claim(worker, agent=""):
            answers.append((worker, await house.post("/api/tasks/claim", json={"worker": worker, "agent": agent})))

        await claim("stranger", "planner")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(claim, "a")
            nursery.start_soon(claim, "b", "coder")
        assert sorted(reply.status for _, reply in answers) == [200, 204, 204] and answers[0][1].status == 204
        winner, task = next((worker, reply.json) for worker, reply in answers if reply.status == 200)
        assert (task["task_id"], task["status"], task["worker"], task["attempts"]) == ("t", "running", winner, 1)
        other = "b" if winner == "a" else "a"
        beat = await house.post("/api/tasks/t/heartbeat", json={"worker": winner, "lease_s": 600})
        assert beat.json["lease_until"] > task["lease_until"] and beat.json["requested"] is None
        for path, body in (("heartbeat", {}), ("output", {"output": "x"}), ("events", {"type": "task:thinking"})):
            lost = await house.post(f"/api/tasks/t/{path}", json={"worker": other, **body})
            assert lost.status == 409
        assert (await house.ask("PATCH", "/api/tasks/t", json={"worker": other, "status": "completed"})).status == 409
        assert (await house.get("/api/tasks/t")).json["status"] == "running"


def test_a_piece_with_a_number_is_put_out_once(house):
    ident = made(house, "w-pieces")
    patched(house, ident, status="running")
    for number, duplicate in ((1, False), (1, True), (2, False), (1, True), (5, False)):
        done = house.post(f"/api/tasks/{ident}/output", json={"output": f"line {number}", "sequence": number})
        assert done.json == {"task_id": ident, "sequence": number, "duplicate": duplicate}
    house.post(f"/api/tasks/{ident}/input", json={"message": "a word in between"})
    house.post(f"/api/tasks/{ident}/output", json={"output": "no ", "stream": "stderr", "partial": True})
    house.post(f"/api/tasks/{ident}/output", json={"output": "more", "stream": "stderr", "sequence": 6})
    log = house.get(f"/api/tasks/{ident}/logs").json
    put_out = "line 1\nline 2\nline 5\nno more\n"
    assert log == {"task_id": ident, "status": "running", "output": put_out, "error": None, "is_live": True}
    entries = house.get(f"/api/tasks/{ident}/logs/agent-output").json
    assert [one["is_error"] for one in entries] == [False, False, False, True, True]


async def test_a_report_that_is_sent_twice_at_once_counts_once(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/tasks", json={"task_id": "t", "input_message": "do", "conversation_id": "conv-1"})
        await house.ask("PATCH", "/api/tasks/t", json={"status": "running"})
        said = {"status": "completed", "output": "all of it", "cost_usd": 1.0}
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(partial(house.ask, "PATCH", "/api/tasks/t", json=said))
        task = (await house.get("/api/tasks/t")).json
        assert (task["output_stream"], task["status"], task["cost_usd"]) == ("all of it\n", "completed", 1.0)
        assert len(await house.system.outputs.messages("conv-1")) == 1


async def test_numbers_are_known_over_a_restart(tmp_path):
    for output, duplicate in (("first", False), ("first", True)):
        async with open_house(tmp_path) as house:
            await house.post("/api/tasks", json={"task_id": "t", "input_message": "do"})
            await house.ask("PATCH", "/api/tasks/t", json={"status": "running"})
            done = await house.post("/api/tasks/t/output", json={"output": output, "sequence": 3})
            assert done.json["duplicate"] is duplicate
            assert (await house.get("/api/tasks/t")).json["output_stream"] == "first\n"


def test_the_log_of_a_task_moves_it_and_is_shown_in_its_parts(house):
    ident = made(house, "w-log", source="github", source_metadata={"pr": 1}, flow_id="github:a/b#1")
    first = house.post(f"/api/tasks/{ident}/events", json=LOG[0])
    assert first.json == {"task_id": ident, "events": 1, "status": "queued"}
    assert house.get(f"/api/tasks/{ident}/logs/agent-output").status == 404
    assert house.get(f"/api/tasks/{ident}/logs/final-result").status == 404
    done = house.post(f"/api/tasks/{ident}/events", json={"events": LOG[1:]})
    assert done.json == {"task_id": ident, "events": 12, "status": "completed"}
    task = house.get(f"/api/tasks/{ident}").json
    assert (task["output_stream"], task["result"]) == ("it is b.py\n", "found it")
    assert (task["cost_usd"], task["input_tokens"], task["output_tokens"]) == (0.25, 10, 0)
    full = house.get(f"/api/tasks/{ident}/logs/full").json
    assert set(full) == {"metadata", "input", "user_inputs", "webhook_flow", "agent_output", "knowledge_interactions",
                         "final_result", "truncated"}  # fmt: skip
    assert {"task_id", "status", "source", "flow_id", "created_at", "assigned_agent", "cost_usd"} <= set(full["metadata"])
    assert full["input"]["message"] == "do w-log" and full["input"]["source_metadata"] == {"pr": 1}
    assert [one["stage"] for one in full["webhook_flow"]] == ["received", "matched"]
    assert full["webhook_flow"][0]["timestamp"] == "2026-01-31T12:00:00Z"
    assert [one["type"] for one in full["agent_output"]] == ["thinking", "tool_call", "tool_result", "output", "response_posted"]
    call, result = full["agent_output"][1:3]
    assert (call["tool_input"], result["is_error"], result["content"]) == ('{"path":"a.py"}', True, "no such file")
    assert [(one["type"], one["input"], one["content"]) for one in full["knowledge_interactions"]] == [
        ("query", "a.py", ""), ("result", None, "b.py")]  # fmt: skip
    assert [one["message"] for one in full["user_inputs"]] == ["try b.py"]
    final = full["final_result"]
    assert (final["success"], final["result"], final["error"]) == (True, "found it", None) and final["completed_at"]
    assert set(final["metrics"]) == {"cost_usd", "duration_seconds", "input_tokens", "output_tokens"}
    assert house.get(f"/api/tasks/{ident}/logs/knowledge-summary").json == {
        "total_queries": 1, "total_results": 1, "errors": 0, "tools": {"search": 1}}  # fmt: skip
    for part in ("metadata", "input", "webhook-flow", "user-inputs", "agent-output", "final-result", "knowledge-interactions"):
        assert house.get(f"/api/tasks/{ident}/logs/{part}").json == full[part.replace("-", "_")]
    assert house.get(f"/api/tasks/{ident}/logs/full?limit=1").json["truncated"] is True


def test_a_log_of_the_wrong_types_is_shown_all_the_same(house):
    ident = made(house, "w-odd")
    patched(house, ident, status="running")
    odd = {"tool_name": ["x"], "tool_input": 5, "content": {"a": 1}, "is_error": "yes", "timestamp": "at noon"}
    kinds = ("task:tool_call", "task:output", "task:user_input", "knowledge:query", "knowledge:result", "webhook:received")
    house.post(f"/api/tasks/{ident}/events", json={"events": [{"type": kind, "data": odd} for kind in kinds]})
    full = house.get(f"/api/tasks/{ident}/logs/full").json
    call, said = full["agent_output"]
    assert (call["tool_name"], call["tool_input"], call["content"], call["is_error"]) == ('["x"]', "5", '{"a":1}', False)
    assert said["content"] == '{"a":1}' and "noon" not in call["timestamp"]
    assert house.get(f"/api/tasks/{ident}/logs").json["output"] == '{"a":1}\n'
    assert house.get(f"/api/tasks/{ident}/logs/knowledge-summary").json["tools"] == {'["x"]': 1}


@pytest.mark.parametrize(("path", "field", "body"), [
    ("/api/tasks", "conversation_id", {"input_message": "x"}),
    ("/api/conversations/{talk}/messages", "message_id", {"role": "user", "content": "x"}),
    ("/api/conversations/{talk}/messages", "task_id", {"role": "user", "content": "x"}),
    ("/api/chat?session_id=s&conversation_id=..%2Fx", "conversation_id", {"message": "x"}),
])  # fmt: skip
def test_ids_that_look_like_paths_are_refused(house, path, field, body):
    talk = house.post("/api/conversations", json={"title": "x"}).json["conversation_id"]
    said = body if "chat" in path else {**body, field: "../x"}
    reply = house.post(path.format(talk=talk), json=said)
    assert reply.status == 422 and reply.json["detail"][0]["loc"][-1] == field


def test_the_log_of_a_task_that_has_put_out_nothing_is_there(house):
    ident = made(house, "w-nothing")
    assert house.get(f"/api/tasks/{ident}/logs").json["output"] == ""
    for part in ("user-inputs", "knowledge-interactions"):
        assert house.get(f"/api/tasks/{ident}/logs/{part}").json == []
    assert house.get(f"/api/tasks/{ident}/logs/webhook-flow").status == 404
    assert house.get(f"/api/tasks/{ident}/logs/full").status == 200


def test_the_machine_says_how_much_there_is_to_do(house):
    made(house, "w-queued", session_id="s-status")
    health, status = house.get("/api/health").json, house.get("/api/status").json
    assert (health["status"], health["service"]) == ("healthy", "dashboard-api")
    assert set(health) >= {"queue_length", "sessions", "connections"} and health["queue_length"] >= 1
    assert (status["machine_id"], status["status"], status["connections"]) == ("claude-agent-001", "online", 0)
    sessions = {one["session_id"]: one for one in house.get("/api/sessions").json}
    assert (sessions["s-status"]["open_tasks"], sessions["s-status"]["active"]) == (1, True)
    assert [one["task_id"] for one in house.get("/api/sessions/s-status").json["tasks"]] == ["w-queued"]
    assert house.get("/api/sessions/nobody").status == 404


def test_agents_are_builtin_or_put_in(house):
    assert [one["name"] for one in house.get("/api/agents").json][:2] == ["planning", "executor"]
    assert set(house.get("/api/agents").json[0]) == {"name", "agent_type", "description", "is_builtin"}
    put = house.ask("PUT", "/api/agents/reviewer", json={"agent_type": "consultation", "description": "reads"})
    assert put.json == {"name": "reviewer", "agent_type": "consultation", "description": "reads", "is_builtin": False}
    assert put.json in house.get("/api/agents").json
    assert house.ask("PUT", "/api/agents/planning", json={}).status == 409
    assert house.ask("PUT", "/api/agents/a%20b", json={}).status == 422
    assert house.ask("DELETE", "/api/agents/reviewer").status == 200
    assert house.ask("DELETE", "/api/agents/reviewer").status == 404


def test_command_lines_are_open_or_not(house):
    assert house.get("/api/cli-status").json == {"active": False, "sessions": []}
    said = {"session_id": "s", "active": True}
    assert house.ask("PUT", "/api/cli-status", json=said).json == said
    assert house.get("/api/cli-status?session_id=s").json["active"] is True
    assert house.get("/api/cli-status?session_id=other").json["active"] is False
    assert house.ask("PUT", "/api/cli-status", json={"session_id": "s"}).status == 422
