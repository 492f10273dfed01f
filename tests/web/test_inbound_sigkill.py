"""The process is killed at every named point between a delivery and its task, again and again on one folder: what was answered
has its task, its conversation and its message, once; what was not is delivered again, and has them too. Real processes."""

import json
import random
import signal
from collections import Counter
from pathlib import Path

from oracle.history import Store
from tests.forked import run_beside
from tests.serving import clean_env
from tests.soak import rounds

CHILD = Path(__file__).with_name("inbound_child.py")
POINTS = ("inbound:before-commit", "inbound:committed", "inbound:conversation", "inbound:task-started")
DEADLINE_S = 60.0


async def test_a_delivery_that_was_answered_is_its_task_exactly_once(tmp_path):
    chance = random.Random(11)
    points = [point for _ in range(rounds(1, 25)) for point in POINTS]
    chance.shuffle(points)
    acknowledged: dict[int, tuple[str, str]] = {}
    for life, point in enumerate(points):
        # what was not answered in the life before is delivered again, then two that are new
        again = [number for number in range(2 * life) if number not in acknowledged]
        visit = chance.randint(1, len(again) + 1)
        answers = await run_child(tmp_path, [*again, 2 * life, 2 * life + 1], f"{point}:{visit}")
        note(acknowledged, answers)
    left = [number for number in range(2 * len(points)) if number not in acknowledged]
    assert left, "no kill came in between"
    note(acknowledged, await run_child(tmp_path, left))
    events, runs, messages, conversations = stored(tmp_path)
    assert acknowledged.keys() == set(range(2 * len(points)))
    assert set(events) == {event for event, _ in acknowledged.values()}
    assert set(runs) == {task for _, task in acknowledged.values()}
    assert Counter(task for _, task in acknowledged.values()) == dict.fromkeys(runs, 1)
    assert Counter(task for task, _ in messages.values()) == dict.fromkeys(runs, 1)
    assert len(conversations) == len(points)  # one for each issue
    assert {conversation for _, conversation in messages.values()} == conversations == set(runs.values())


def note(acknowledged, answers):
    """Whatever is answered twice is answered with the same."""
    for number, status, said in answers:
        assert status in (200, 202), said
        assert acknowledged.setdefault(number, (said["event_id"], said["task_id"])) == (said["event_id"], said["task_id"])


async def run_child(folder, numbers, point=""):
    """The answers of one life, which ends at the point if there is one."""
    done = await run_beside(CHILD, folder, ",".join(map(str, numbers)), point, timeout_s=DEADLINE_S, env=clean_env())
    assert done.returncode == (-signal.SIGKILL if point else 0), (point, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def stored(folder):
    """What is on the disk: ids of what came in; conversation by task; (task, conversation) by message; conversations."""
    store = Store(folder)
    store.open()
    try:
        states = {state.ref: state.value for state in store.states()}
        with store.reading() as cursor:
            events = cursor.execute("SELECT DISTINCT id FROM event WHERE kind = 'webhook_delivered'").fetchall()
            messages = cursor.execute("SELECT DISTINCT id, run, conversation FROM message").fetchall()
    finally:
        store.close()
    runs = {value["id"]: value["conversation"] for ref, value in states.items() if ref.startswith("run:")}
    conversations = {ref.partition(":")[2] for ref in states if ref.startswith("conversation:")}
    return [ident for (ident,) in events], runs, {ident: rest for ident, *rest in messages}, conversations
