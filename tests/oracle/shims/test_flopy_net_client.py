"""The seed's Python program as it is printed, against a server in a process of its own, which is killed on the way."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import trio
from serving import clean_env, serving
from soak import rounds

from flopy_net_client import DashboardClient, RemoteFailed
from oracle.sdk.room import Trio
from oracle.shims.flopy_net_client import Started

REPO = Path(__file__).resolve().parents[3]

PRINTED = """
from flopy_net_client import DashboardClient

# Initialize client
client = DashboardClient(
base_url="http://localhost:3001/api/v1",
api_key="your_api_key"
)

# Create experiment
experiment = client.experiments.create({
"name": "Python SDK Test",
"scenario": "basic_fl",
"configuration": {
"dataset": "mnist",
"rounds": 10,
"clients_per_round": 3
}
})

# Monitor experiment
for update in client.experiments.monitor(experiment.id):
    print(f"Round {update.current_round}: Accuracy {update.accuracy}")
    if update.status == "completed":
        break
"""
ROUNDS, SHORT = rounds(4, 20), rounds(2, 10)


def printed(url: str, key: str) -> subprocess.CompletedProcess[str]:
    """The program, run as it is but for where the server is, the key, and how long it takes."""
    program = PRINTED.replace("http://localhost:3001", url).replace("your_api_key", key)
    program = program.replace('"rounds": 10', f'"rounds": {SHORT}')
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=clean_env(),
                          check=False)  # fmt: skip


def test_an_experiment_goes_on_over_a_kill_and_the_printed_program_runs(tmp_path):
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "data", "--no-demo", "--auth", "open"))
        done = printed(server.url, "your_api_key")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Round 0: Accuracy None\nRound 1: Accuracy 0.") and f"Round {SHORT}: Acc" in done.stdout

        with DashboardClient(f"{server.url}/api/v1/", "anything") as anybody:
            key = anybody.tokens.create("operate", ttl="1h")["token"]
        client = DashboardClient(f"{server.url}/api/v1", key, deadline_s=60)
        wish = {"name": "kept", "scenario": "basic_fl", "configuration": {"rounds": ROUNDS, "local_epochs": 1}}
        made = client.experiments.create(wish, command_id="mine")
        told = []
        for update in client.experiments.monitor(made.id):
            told.append(update)
            if update.current_round == 2 and server is not None:
                server.process.kill()
                server.process.wait()
                at, server = f"127.0.0.1:{server.port}", None
                stack.enter_context(serving(tmp_path / "data", "--no-demo", "--auth", "token", listen=(at,)))
                assert client.experiments.create(wish, command_id="mine").id == made.id, "made once"
        assert {one.current_round for one in told if one.status == "running"} >= {*range(1, ROUNDS + 1)}
        assert (told[-1].status, told[-1].current_round, told[-1].over) == ("completed", ROUNDS, True)
        kept = {row.round: row.accuracy for row in client.experiments.rounds(made.id)}
        assert {one.current_round: one.accuracy for one in told if one.current_round} == kept
        assert client.experiments.get(made.id).over
        assert [one.id for one in client.experiments.list("completed", page_size=1)] == [made.id, "exp_001"]
        with pytest.raises(RemoteFailed, match="there is no experiment 'exp_999'"):
            next(client.experiments.monitor("exp_999", transport="poll"))
        with pytest.raises(RemoteFailed) as stranger:
            DashboardClient(f"http://{at}/api/v1", "your_api_key").experiments.create(wish)
        assert stranger.value.status == 401
        done = printed(f"http://{at}", key)
        assert done.returncode == 0 and f"Round {SHORT}: Accuracy 0." in done.stdout, done.stderr
        client.close()


def test_one_that_is_not_to_begin_is_not_started():
    sent = []

    class Far:
        async def command(self, method, path, body, **named):
            sent.append((path, body.get("action"), named.get("id")))
            return {"experiment": {"id": "exp_001"}, "status": "running"}

    async def create(**fields):
        await Started(Far(), Trio()).create({"name": "x", "scenario": "basic_fl"}, **fields)

    for fields in ({}, {"start": False}, {"scheduled_at": "2030-01-01T00:00:00Z"}):
        trio.run(functools.partial(create, **fields))
    create_, control = "api/v1/experiments", "api/v1/experiments/exp_001/control"
    assert sent == [(create_, None, ""), (control, "start", "start:exp_001"), (create_, None, ""), (create_, None, "")]


def test_it_is_shipped_under_its_own_name():
    build = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert "flopy_net_client" in build["wheel"]["packages"] and "flopy_net_client" in build["sdist"]["include"]
    assert find_spec("flopy_net_client").origin.endswith("flopy_net_client/__init__.py")
