"""A server is killed while a worker puts out its task's output: what was acknowledged is there, what is sent again is there once,
and the task goes on with its worker. Real processes."""

import json
import urllib.error
import urllib.request
from contextlib import suppress

import pytest
from soak import rounds

from tests.serving import serving

PATIENCE_S = 30
KILL_AFTER = 25  # lines that were acknowledged


def ask(server, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.loads(answer.read() or b"null")


@pytest.mark.parametrize("run", range(rounds(1, 30)))
def test_no_line_that_was_acknowledged_is_lost_and_none_is_there_twice(tmp_path, run):
    said = 0
    with serving(tmp_path / "data", "--no-demo") as server:
        ask(server, "POST", "/api/tasks", {"task_id": "t", "input_message": "do", "conversation_id": "conv-1"})
        assert ask(server, "POST", "/api/tasks/claim", {"worker": "w"})["task_id"] == "t"
        with suppress(urllib.error.URLError, ConnectionError):
            while True:
                ask(server, "POST", "/api/tasks/t/output", {"output": f"line {said + 1}", "sequence": said + 1, "worker": "w"})
                said += 1
                if said == KILL_AFTER + run:
                    server.process.kill()  # at any moment of what comes next
        server.process.wait()
    with serving(tmp_path / "data", "--no-demo") as server:
        task = ask(server, "GET", "/api/tasks/t")
        kept = task["output_stream"].splitlines()
        assert kept[:said] == [f"line {number}" for number in range(1, said + 1)] and len(kept) <= said + 1
        assert (task["status"], task["worker"]) == ("running", "w")
        for number in (said, said + 1):  # a worker that does not know sends it again
            ask(server, "POST", "/api/tasks/t/output", {"output": f"line {number}", "sequence": number, "worker": "w"})
        assert ask(server, "POST", "/api/tasks/t/heartbeat", {"worker": "w"})["status"] == "running"
        ask(server, "PATCH", "/api/tasks/t", {"status": "completed", "worker": "w"})
        task = ask(server, "GET", "/api/tasks/t")
        assert task["output_stream"].splitlines() == [f"line {number}" for number in range(1, said + 2)]
        assert (task["status"], task["result"]) == ("completed", task["output_stream"])
