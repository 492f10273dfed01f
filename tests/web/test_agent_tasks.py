"""agent-bot's tasks over HTTP: what its client reads, what its workers say, and what is refused."""

import pytest

NEW = {"task_id": "t-1", "source": "github", "source_metadata": {"pr": 7}, "input_message": "Look", "assigned_agent": "planning",
       "conversation_id": "conv-1", "flow_id": "github:a/b#7", "model": "claude-sonnet-4"}  # fmt: skip
FIELDS = {
    "task_id", "session_id", "user_id", "status", "assigned_agent", "agent_type", "created_at", "started_at", "completed_at",
    "input_message", "output_stream", "result", "error", "cost_usd", "input_tokens", "output_tokens", "duration_seconds",
    "source", "source_metadata", "parent_task_id", "initiated_task_id", "flow_id", "model", "conversation_id",
}  # fmt: skip


def made(house, ident, **more):
    done = house.post("/api/tasks", json={"task_id": ident, "input_message": f"do {ident}", **more})
    assert done.status == 200, done.json
    return ident


def patched(house, ident, **said):
    return house.ask("PATCH", f"/api/tasks/{ident}", json=said)


def test_a_producers_task_from_its_begin_to_its_end(house):
    assert house.post("/api/tasks", json=NEW).json == {"task_id": "t-1", "conversation_id": "conv-1"}
    assert house.post("/api/tasks", json=NEW).json["task_id"] == "t-1"  # said twice
    assert patched(house, "t-1", status="in_progress").json == {"task_id": "t-1", "status": "running"}
    took = {"input_tokens": 1_000, "output_tokens": 500, "duration_seconds": 2.5}
    done = patched(house, "t-1", status="completed", output="all\ngood", **took)
    assert done.json == {"task_id": "t-1", "status": "completed"}
    task = house.get("/api/tasks/t-1").json
    assert set(task) >= FIELDS
    assert (task["status"], task["output_stream"], task["result"]) == ("completed", "all\ngood\n", "all\ngood")
    assert task["cost_usd"] == pytest.approx(1_000 * 3e-6 + 500 * 15e-6) and task["model"] == "claude-sonnet-4"
    assert (task["duration_seconds"], task["source_metadata"], task["agent_type"]) == (2.5, '{"pr":7}', "webhook")
    assert task["session_id"] == "webhook-system" and task["created_at"].endswith("Z") and task["completed_at"]
    assert house.post("/api/tasks", json={**NEW, "input_message": "another"}).status == 400


def test_a_task_moves_as_the_table_says_and_the_same_status_again_is_nothing(house):
    ident = made(house, "t-moves")
    no = patched(house, ident, status="completed")
    assert (no.status, no.json["status"], no.json["allowed"]) == (409, "queued", ["running", "cancelled"])
    assert no.json["detail"].endswith("it can become running or cancelled")
    for status in ("running", "running", "waiting_input", "running", "failed", "failed"):
        assert patched(house, ident, status=status, error="it broke").status == 200
    no = patched(house, ident, status="running")
    assert (no.status, no.json["allowed"]) == (409, [])
    before = house.get(f"/api/tasks/{ident}").json
    assert patched(house, ident, status="failed", cost_usd=9.0, output="other").status == 200
    assert house.get(f"/api/tasks/{ident}").json == before and before["error"] == "it broke"
    assert patched(house, ident, cost_usd=0.5).status == 200  # what it cost may be known later
    assert house.get(f"/api/tasks/{ident}").json["cost_usd"] == 0.5


def test_output_that_is_reported_as_it_grows_is_put_out_once(house):
    ident = made(house, "t-grows")
    for output in ("one", "one", "one\ntwo", "one\ntwo\nthree"):
        assert patched(house, ident, **({"status": "running"} if output == "one" else {}), output=output).status == 200
    assert house.get(f"/api/tasks/{ident}").json["output_stream"] == "one\ntwo\nthree\n"
    piece = made(house, "t-pieces")
    patched(house, piece, status="running")
    house.post(f"/api/tasks/{piece}/output", json={"output": "by itself"})
    patched(house, piece, status="completed", output="by itself, in short")
    task = house.get(f"/api/tasks/{piece}").json
    assert (task["output_stream"], task["result"]) == ("by itself\n", "by itself, in short")


def test_lists_are_bare_and_say_how_long_they_are(house):
    for number in range(5):
        made(house, f"t-list-{number}", session_id="listed", assigned_agent=f"agent{number % 2}", agent_type="custom")
    page = house.get("/api/tasks?session_id=listed&limit=2")
    assert [one["task_id"] for one in page.json] == ["t-list-4", "t-list-3"] and page.headers["x-total-count"] == "5"
    assert page.headers["link"] == '</api/tasks?session_id=listed&limit=2&offset=2>; rel="next"'
    rest = house.get("/api/tasks?session_id=listed&page=3&page_size=2")
    assert [one["task_id"] for one in rest.json] == ["t-list-0"] and "link" not in rest.headers
    assert len(house.get("/api/tasks?session_id=listed&status=&source=&agent_type=&start_date=&end_date=").json) == 5
    assert house.get("/api/tasks?session_id=listed&status=running").json == []
    assert len(house.get("/api/tasks?session_id=listed&agent_type=custom&limit=3").json) == 3
    assert house.get("/api/tasks?session_id=listed&agent_type=planning").headers["x-total-count"] == "0"
    assert house.get("/api/tasks?session_id=listed&start_date=2099-01-01").json == []
    assert house.get("/api/tasks?session_id=listed&end_date=2001-01-01").json == []


def test_the_table_takes_empty_filters_as_none(house):
    for number in range(3):
        made(house, f"t-table-{number}", session_id="tabled", assigned_agent=f"a{number}")
    page = house.get("/api/tasks/table?session_id=tabled&status=&subagent=&sort_by=&sort_order=&page=1&page_size=2").json
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (3, 1, 2, 2)
    assert [one["task_id"] for one in page["tasks"]] == ["t-table-2", "t-table-1"]
    page = house.get("/api/tasks/table?session_id=tabled&sort_by=assigned_agent&sort_order=asc").json
    assert [one["assigned_agent"] for one in page["tasks"]] == ["a0", "a1", "a2"]
    assert house.get("/api/tasks/table?session_id=tabled&subagent=a1").json["total"] == 1
    assert house.get("/api/tasks/table?session_id=nobody").json["total_pages"] == 0


def test_only_what_is_not_over_can_be_stopped(house):
    ident = made(house, "t-stop")
    done = house.post(f"/api/tasks/{ident}/stop").json
    assert done == {"success": True, "message": "Task stopped", "data": {"task_id": ident, "status": "cancelled"}, "error": None}
    again = house.post(f"/api/tasks/{ident}/stop")
    assert (again.status, again.json["success"], again.json["data"]) == (200, False, None) and again.json["error"]
    assert house.post("/api/tasks/nobody/stop").json == {"detail": "Task not found"}


def test_a_waiting_task_goes_on_with_its_users_words(house):
    ident = made(house, "t-input")
    patched(house, ident, status="running")
    patched(house, ident, status="waiting_input")
    assert house.post(f"/api/tasks/{ident}/input", json={"message": "yes, do"}).json == {"task_id": ident, "status": "running"}
    assert [one["message"] for one in house.get(f"/api/tasks/{ident}/logs/user-inputs").json] == ["yes, do"]
    patched(house, ident, status="cancelled")
    assert house.post(f"/api/tasks/{ident}/input", json={"message": "more"}).status == 409


@pytest.mark.parametrize("path, body, field", [
    ("/api/tasks", {"task_id": "../x", "input_message": "x"}, "task_id"), ("/api/tasks", {"task_id": "a"}, "input_message"),
    ("/api/tasks", {"input_message": ""}, "input_message"), ("/api/tasks", {"input_message": 1}, "input_message"),
    ("/api/tasks", {"input_message": "x", "assigned_agent": "a b"}, "assigned_agent"),
    ("/api/tasks", {"input_message": "x", "agent_type": "wizard"}, "agent_type"),
    ("/api/tasks", {"input_message": "x", "source_metadata": []}, "source_metadata"),
    ("/api/tasks", {"input_message": "x", "model": "m" * 201}, "model"),
    ("/api/tasks", {"input_message": "x", "parent_task_id": "a/b"}, "parent_task_id"),
    ("/api/tasks/t-1/output", {"output": ""}, "output"), ("/api/tasks/t-1/output", {"output": "x", "stream": "s"}, "stream"),
    ("/api/tasks/t-1/output", {"output": "x", "sequence": 0}, "sequence"),
    ("/api/tasks/t-1/output", {"output": "x", "partial": "no"}, "partial"),
    ("/api/tasks/t-1/events", {"type": "task:dreaming"}, "type"),
    ("/api/tasks/t-1/events", {"type": "task:output", "data": 1}, "data"),
    ("/api/tasks/t-1/events", {"events": []}, "events"), ("/api/tasks/claim", {"worker": "../w"}, "worker"),
    ("/api/tasks/claim", {"worker": "w", "lease_s": 0}, "lease_s"), ("/api/tasks/claim", {}, "worker"),
    ("/api/tasks/t-1/heartbeat", {"worker": "w", "lease_s": 1e6}, "lease_s"),
    ("/api/tasks/t-1/input", {"message": ""}, "message"),
    ("/api/chat?session_id=s", {"message": 7}, "message"), ("/api/chat", {"message": "x"}, "session_id"),
    ("/api/chat?session_id=s&agent=a%20b", {"message": "x"}, "agent"),
])  # fmt: skip
def test_what_does_not_fit_is_named(house, path, body, field):
    no = house.post(path, json=body)
    assert (no.status, field in no.json["detail"][0]["loc"]) == (422, True), no.json


@pytest.mark.parametrize("body", [
    {"status": "done"}, {"cost_usd": -1}, {"cost_usd": "1"}, {"input_tokens": 1.5}, {"output_tokens": -1},
    {"duration_seconds": 1e10}, {"model": 5}, {"worker": "a b"}, {"error": {}}, {"output": 1},
])  # fmt: skip
def test_a_report_that_does_not_fit_names_its_field(house, body):
    no = patched(house, "t-1", **body)
    assert (no.status, no.json["detail"][0]["loc"]) == (422, ["body", *body])


@pytest.mark.parametrize("query", ["status=done", "limit=0", "page=0", "agent_type=wizard", "start_date=soon", "end_date=x"])
def test_a_question_that_does_not_fit_names_its_parameter(house, query):
    no = house.get(f"/api/tasks?{query}")
    assert (no.status, no.json["detail"][0]["loc"]) == (422, ["query", query.partition("=")[0]])


@pytest.mark.parametrize("path", ["..%2f..%2fetc", "a b", "a%0a", "x" * 65])
def test_paths_are_no_ids(house, path):
    assert house.get(f"/api/tasks/{path}").status in (404, 422)
    assert house.get(f"/api/tasks/{path}/logs/full").status in (404, 422)


def test_what_is_no_task_is_not_found(house):
    for path in ("", "/logs", "/logs/full", "/logs/metadata", "/logs/final-result"):
        assert house.get(f"/api/tasks/nobody{path}").json == {"detail": "Task not found"}
    assert patched(house, "nobody", status="running").status == 404
