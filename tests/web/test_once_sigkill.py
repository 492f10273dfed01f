"""The process is killed at each named point between a command and its answer, started again, and told the same once more:
it was applied once and is answered as if nothing had been, real processes.
"""

import json
import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from soak import SOAK

from oracle.history import Queries, Store
from tests.forked import run_beside
from tests.serving import clean_env

CHILD = Path(__file__).with_name("once_child.py")
RULE = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": []}
CREATE = ("POST", "/api/alerts", "k-1", json.dumps(RULE))
DISABLE = ("POST", "/api/alerts/a/disable", "k-2")
HOOK = ("POST", "/api/oracle/inbox", "k-3", '{"n": 1}')
DEADLINE_S = 60.0
# Before anything is on disk; when the effect is, and nobody knows; when the desk knows; when the answer is there; when that
# is on disk, and nobody knows; when it is known.
POINTS = ("history:before-commit:1", "history:before-answer:1", "alerts:rule-committed", "once:before-answer",
          "history:before-answer:2", "once:after-answer")  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
async def test_a_rule_is_created_once_wherever_the_process_was_killed(tmp_path, point):
    assert await run_child(tmp_path, CREATE, point) == (-signal.SIGKILL, [])
    code, (answer, again) = await run_child(tmp_path, CREATE)
    status, headers, body = answer
    assert (code, status, json.loads(body)["alert_id"]) == (0, 200, "a")
    assert headers.get("idempotent-replayed") == (None if point == POINTS[0] else "true")
    assert (again[0], again[2]) == (status, body) and again[1]["idempotent-replayed"] == "true"
    rules, events = await ledger(tmp_path)
    assert rules == ["rule:a"]
    assert events["rule_created"] == events["command_answered"] == 1


async def test_a_webhook_is_taken_once(tmp_path):
    assert await run_child(tmp_path, HOOK, "history:before-answer:1") == (-signal.SIGKILL, [])
    code, answers = await run_child(tmp_path, HOOK)
    assert (code, {answer[0] for answer in answers}) == (0, {202})
    _, events = await ledger(tmp_path)
    assert events["webhook_received"] == events["command_answered"] == 1


@pytest.mark.skipif(not SOAK, reason="takes minutes")
@pytest.mark.parametrize("round_", range(20))
async def test_a_row_of_kills_applies_each_command_once(tmp_path, round_):
    chance = random.Random(f"7 {round_}")
    for command in (CREATE, DISABLE, HOOK):
        for _ in range(3):
            point = chance.choice((*POINTS[1:], f"history:after-commit:{chance.randint(1, 6)}"))
            await run_child(tmp_path, command, point)
        code, answers = await run_child(tmp_path, command)
        assert code == 0 and {answer[0] for answer in answers} <= {200, 202}
    rules, events = await ledger(tmp_path)
    assert rules == ["rule:a"]
    kinds = ("rule_created", "rule_disabled", "webhook_received", "command_answered", "command_undone")
    assert [events[kind] for kind in kinds] == [1, 1, 1, 3, 0]


async def run_child(folder, command, crash_at=""):
    """The exit code and the answers."""
    done = await run_beside(CHILD, folder, crash_at, *command, timeout_s=DEADLINE_S, env=clean_env())
    said = [line for line in done.stdout.splitlines() if line.startswith("answer ")]
    return done.returncode, [json.loads(line.removeprefix("answer ")) for line in said]


async def ledger(folder):
    """The rules there are, and how many events of each kind, by their ids."""
    store = Store(folder)
    store.open()
    try:
        rows = (await Queries(store).events(limit=1000)).items
        return [one.ref for one in store.states() if one.ref.startswith("rule:")], Counter(row["kind"] for row in rows)
    finally:
        store.close()
