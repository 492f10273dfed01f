"""How an experiment and a task go: each round and each piece once, whatever the stream left out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.bookmark import Frame, Hole, Ready
from oracle.client import RemoteFailed
from oracle.remote import Said
from oracle.sdk.experiment import Experiment, Round
from oracle.sdk.monitor import monitored
from oracle.sdk.task import Task
from oracle.sdk.watching import watched
from tests.soak import rounds

READY = Ready(None, "e:1")
HOLE = Hole("unknown_epoch", None, "")


class Far:
    """A server: what it knows moves on as the stream is read. `told` are functions that make it so and say what is told then."""

    def __init__(self, told: list[Any]) -> None:
        self.told = told
        self.known: Any = None
        self.chunks: list[dict[str, Any]] = []
        self.late = 0  # pieces that are not on disk yet
        self.asked = 0
        self.topics: tuple[str, ...] = ()

    async def get(self, ident: str) -> Any:
        await trio.lowlevel.checkpoint()
        self.asked += 1
        if self.known is None:
            raise RemoteFailed("it answered 404", 404, {"error": {"code": "NOT_FOUND"}})
        return self.known

    async def rounds(self, ident: str) -> list[Round]:
        await trio.lowlevel.checkpoint()
        return [Round.of(row) for row in history(self.known.metrics.current_round)]

    async def ask(self, path: str, query: dict[str, Any]) -> Said:
        await trio.lowlevel.checkpoint()
        assert path == "api/oracle/runs/t1/output"
        kept = self.chunks[: len(self.chunks) - self.late]
        self.late = max(0, self.late - 1)
        found = [piece for piece in kept if piece["n"] > int(query.get("cursor", 0))][:2]
        more = found and found[-1]["n"] < len(kept)
        return Said({"items": found, "next": str(found[-1]["n"]) if more else None}, {})

    @asynccontextmanager
    async def stream(self, *topics: str, **how: Any):
        self.topics = topics
        yield self._words()

    async def _words(self):
        for one in self.told:
            yield one() if callable(one) else one


def frame(kind: str, data: dict[str, Any]) -> Frame:
    return Frame("topic", kind, "topic", data, "2026-01-01T00:00:00Z", "e", 1, False, "e:1")


# ---- experiments


def experiment(status: str, number: int) -> Experiment:
    metrics = {"current_round": number, "global_accuracy": number / 100 or None, "global_loss": None}
    return Experiment.of({"id": "x", "status": status, "configuration": {"rounds": 20}, "metrics": metrics})


def history(number: int) -> list[dict[str, Any]]:
    return [{"round": n, "accuracy": n / 100, "loss": 1.0} for n in range(1, number + 1)]


def stated(far: Far, status: str, number: int):
    def say() -> Frame:
        far.known = experiment(status, number)
        facts = {"history": history(number), "accuracy": number / 100 or None}
        return frame("state", {"value": {"status": status, "facts": facts}})

    return say


async def updates(far: Far) -> list[tuple[Any, ...]]:
    async with monitored(far, far, "x") as told:
        return [(one.status, one.current_round, one.accuracy) async for one in told]


async def test_the_present_comes_first_then_each_round_once_until_it_is_over():
    far = Far([])
    far.known = experiment("created", 0)
    far.told = [stated(far, "created", 0), READY, stated(far, "running", 0), stated(far, "running", 1), stated(far, "running", 2),
                stated(far, "completed", 2), stated(far, "never", 9)]  # fmt: skip
    assert await updates(far) == [("created", 0, None), ("running", 0, None), ("running", 1, 0.01), ("running", 2, 0.02),
                                  ("completed", 2, 0.02)]  # fmt: skip
    assert far.topics == ("state:run:x",)


async def test_what_the_stream_left_out_is_told_all_the_same():
    far = Far([])
    far.known = experiment("running", 2)
    far.told = [stated(far, "running", 3), HOLE, stated(far, "paused", 6), READY, stated(far, "stopped", 7)]
    ran = [("running", number, number / 100) for number in range(2, 7)]
    assert await updates(far) == [*ran, ("paused", 6, 0.06), ("paused", 7, 0.07), ("stopped", 7, 0.07)]


async def test_one_that_ended_while_the_server_was_away_is_looked_at():
    far = Far([])

    def away() -> Ready:
        far.known = experiment("completed", 4)
        return READY

    far.known = experiment("running", 1)
    far.told = [stated(far, "running", 2), HOLE, away, stated(far, "never", 9)]
    ran = [("running", number, number / 100) for number in range(1, 5)]
    assert await updates(far) == [*ran, ("completed", 4, 0.04)]


async def test_one_that_is_over_is_told_at_once():
    far = Far([])
    far.known = experiment("aborted", 4)
    assert await updates(far) == [("aborted", 4, 0.04)] and far.topics == ()


async def test_one_that_there_is_not_is_said_so():
    with pytest.raises(RemoteFailed, match="there is no experiment 'x'") as no:
        await updates(Far([]))
    assert (no.value.status, no.value.code) == (404, "NOT_FOUND")
    with pytest.raises(RemoteFailed, match="there is no task 't1'"):
        await news(Far([]))


async def test_while_the_stream_is_whole_the_server_is_asked_nothing():
    far = Far([])
    far.known = experiment("running", 0)
    far.told = [*(stated(far, "running", n) for n in range(20)), stated(far, "completed", 20)]
    assert len(await updates(far)) == 22
    assert far.asked == 1


# ---- tasks


async def news(far: Far) -> list[Any]:
    async with watched(far, far, "t1") as told:
        return [one.output if one.output is not None else one.status async for one in told]


def put_out(far: Far, n: int, *, heard: bool = True):
    """The n-th piece comes into being, and is told or left out."""

    def say() -> Frame | Hole:
        far.chunks.append({"run": "t1", "n": n, "stream": "stdout", "text": f"line {n}", "ts": "2026-01-01T00:00:00Z"})
        return frame("chunk", far.chunks[-1]) if heard else HOLE

    return say


def moves(far: Far, status: str):
    def say() -> Frame:
        far.known = Task.of({"task_id": "t1", "status": status, "result": "done"})
        return frame("state", {"value": {"status": status}})

    return say


@settings(max_examples=rounds(20, 500))
@given(before=st.integers(0, 5), heard=st.lists(st.booleans(), max_size=12))
async def test_each_piece_of_output_comes_once_and_in_order_and_the_end_last(before, heard):
    far = Far([])
    far.known = Task.of({"task_id": "t1", "status": "running"})
    for n in range(1, before + 1):
        put_out(far, n)()
    far.told = [moves(far, "running"), READY, *(put_out(far, before + 1 + k, heard=told) for k, told in enumerate(heard)),
                moves(far, "completed"), moves(far, "failed")]  # fmt: skip
    told = await news(far)
    assert [one for one in told if one.startswith("line")] == [f"line {n}" for n in range(1, before + len(heard) + 1)]
    assert told[-1] == "completed" and told.count("running") == 1 and "failed" not in told


async def test_the_last_word_has_the_task():
    far = Far([])
    far.known = Task.of({"task_id": "t1", "status": "completed", "result": "done"})
    far.told = [READY]
    async with watched(far, far, "t1") as told:
        (last,) = [one async for one in told]
    assert (last.status, last.task.result, last.over) == ("completed", "done", True)


async def test_what_was_left_out_and_is_not_on_disk_yet_is_waited_for(autojump_clock):
    far = Far([])
    far.known = Task.of({"task_id": "t1", "status": "running"})

    def late() -> Frame:
        far.late = 3
        return put_out(far, 4)()

    far.told = [READY, put_out(far, 1), put_out(far, 2, heard=False), put_out(far, 3, heard=False), late, moves(far, "completed")]
    assert await news(far) == ["running", "line 1", "line 2", "line 3", "line 4", "completed"]


async def test_what_was_told_and_lost_by_a_kill_does_not_hide_what_comes_in_its_place():
    far = Far([])
    far.known = Task.of({"task_id": "t1", "status": "running"})

    def killed() -> Hole:
        del far.chunks[1:]
        return HOLE

    far.told = [READY, put_out(far, 1), put_out(far, 2), put_out(far, 3), killed, READY, put_out(far, 2), put_out(far, 3),
                moves(far, "completed")]  # fmt: skip
    assert await news(far) == ["running", "line 1", "line 2", "line 3", "line 2", "line 3", "completed"]
