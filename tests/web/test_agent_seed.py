"""agent-bot's documented endpoints and its socket, as printed, on an address that is its own and with a real token."""

import json
import urllib.error
import urllib.request

import pytest
import trio
from serving import serving
from trio_websocket import open_websocket_url

READS = (
    "status", "tasks", "tasks/{task}", "tasks/{task}/logs/full", "agents", "analytics/summary", "analytics/costs/histogram",
    "analytics/performance", "conversations", "conversations/{talk}/messages", "webhooks", "webhooks/events", "webhooks/stats",
    "health",
)  # fmt: skip
DONE = {"status": "completed", "result": "...", "cost_usd": 0.05, "input_tokens": 1000, "output_tokens": 500}
OUTPUT = {"type": "task_output", "task_id": "uuid", "output": "CLI output line"}
STATUS = {
    "type": "task_status", "task_id": "uuid", "status": "completed",
    "result": {"stdout": "CLI output line\n", "cost_usd": 0.05, "input_tokens": 1000, "output_tokens": 500},
}  # fmt: skip


class Client:
    """One with a token, or without."""

    def __init__(self, url, token=""):
        self.url = url
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/{path}", data, self.headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    async def watch(self, happen):
        """The frames of the task `uuid`: those of what was, then those of what happens."""
        url, frames = f"ws{self.url.removeprefix('http')}/ws", []
        headers = [(name, value) for name, value in self.headers.items() if name == "Authorization"]
        with trio.fail_after(30):
            async with open_websocket_url(url, extra_headers=headers) as socket:
                await socket.send_message(json.dumps({"type": "subscribe", "channel": "task:uuid"}))
                while not frames or frames[-1].get("status") != "completed":
                    frames.append(json.loads(await socket.get_message()))
                    if frames[-1].get("status") == "running":
                        await trio.to_thread.run_sync(happen)
        return frames


def test_each_example_runs_with_a_real_token_and_none_without(tmp_path):
    with serving(tmp_path / "data", "--no-demo", "--auth", "token", listen=("127.0.0.1:0/agent_bot",)) as server:
        client, stranger = Client(server.url, server.ready.partition("?token=")[2]), Client(server.url)
        talk = client.ask("conversations", {"title": "as printed"})["conversation_id"]
        client.ask("tasks", {"task_id": "uuid", "input_message": "do", "conversation_id": talk})
        client.ask("tasks/uuid", {"status": "running"}, "PATCH")
        client.ask("tasks/uuid/output", {"output": OUTPUT["output"]})
        frames = trio.run(client.watch, lambda: client.ask("tasks/uuid", DONE, "PATCH"))
        assert [frame["type"] for frame in frames] == ["subscribed", "task_output", "task_status", "task_status"]
        assert OUTPUT.items() <= frames[1].items() and frames[1]["timestamp"].endswith("Z")
        assert STATUS.items() <= frames[3].items()
        for path in READS:
            path = path.format(task="uuid", talk=talk)
            assert client.ask(path) is not None
            with pytest.raises(urllib.error.HTTPError, match="401"):
                stranger.ask(path)
        assert [said["content"] for said in client.ask(f"conversations/{talk}/messages")] == ["..."]
