"""The seed's Python program as it is printed, against a server in a process of its own, which is killed on the way."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from serving import clean_env, serving
from soak import rounds

from flopy_net_client import DashboardClient, RemoteFailed

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
ROUNDS = rounds(4, 20)


@contextlib.contextmanager
def killed_and_back(folder):
    """A server, and how to kill it and have it back at the same address."""
    with contextlib.ExitStack() as stack:
        server = [stack.enter_context(serving(folder / "data", "--no-demo", "--auth", "open"))]

        def again() -> None:
            server[0].process.kill()
            server[0].process.wait()
            at = f"127.0.0.1:{server[0].port}"
            server[0] = stack.enter_context(serving(folder / "data", "--no-demo", "--auth", "open", listen=(at,)))

        yield server[0].url, again


def test_an_experiment_goes_on_over_a_kill_and_the_printed_program_runs(tmp_path):
    with killed_and_back(tmp_path) as (url, again):
        client = DashboardClient(f"{url}/api/v1", "your_api_key", deadline_s=60)
        wish = {"name": "kept", "scenario": "basic_fl", "configuration": {"rounds": ROUNDS, "local_epochs": 1}}
        made = client.experiments.create(wish, command_id="mine")
        told = []
        for update in client.experiments.monitor(made.id):
            told.append(update)
            if update.current_round == 2 and update.status == "running" and len(told) < 10:
                again()
                assert client.experiments.create(wish, command_id="mine").id == made.id, "made once"
        numbers = [one.current_round for one in told if one.status == "running" and one.current_round]
        assert sorted({*numbers}) == [*range(1, ROUNDS + 1)]
        assert (told[-1].status, told[-1].current_round, told[-1].over) == ("completed", ROUNDS, True)
        kept = {row.round: row.accuracy for row in client.experiments.rounds(made.id)}
        assert {one.current_round: one.accuracy for one in told if one.current_round} == kept
        assert client.experiments.get(made.id).over
        assert [one.id for one in client.experiments.list("completed")] == [made.id]
        with pytest.raises(RemoteFailed, match="there is no experiment 'exp_999'"):
            next(client.experiments.monitor("exp_999"))
        client.close()

        program = PRINTED.replace("http://localhost:3001", url).replace('"rounds": 10', f'"rounds": {rounds(2, 10)}')
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=clean_env(),
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Round 0: Accuracy None\nRound 1: Accuracy 0.")
        assert f"Round {rounds(2, 10)}: Accuracy 0." in done.stdout
