"""Every kind of client: lists, retries, ids of commands, refusals, and streams over cuts; on trio, on asyncio, without a loop."""

from __future__ import annotations

import json
import re

import pytest
import trio
from running import open_served
from sink import answering, open_raw, open_sink

from oracle.client import Frame, Hole, RemoteFailed
from oracle.problems import Invalid
from tests.oracle.sdk.engines import ENGINES, EVERY
from tests.oracle.test_client import number, relay, say


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def experiments(query: str, count: int = 25) -> bytes:
    limit, offset = (int(re.search(rf"{name}=(\d+)", query)[1]) for name in ("limit", "offset"))
    rows = [{"id": f"exp_{n:03}", "status": "running", "accuracy": 0.5, "colour": "red"} for n in range(count)]
    return json.dumps({"experiments": rows[offset : offset + limit], "total": count, "limit": limit, "offset": offset}).encode()


@EVERY
async def test_a_list_is_read_page_by_page_and_its_rows_are_things(engine):
    async def script(call, stream) -> None:
        await answering(200, experiments(call.path))(call, stream)

    async with open_sink(script) as sink:
        rows = await engine.rows(url(sink.port), lambda client: client.experiments.list, "running", page_size=10)
    assert [row.id for row in rows] == [f"exp_{n:03}" for n in range(25)]
    assert (rows[0].accuracy, rows[0].loss, rows[0]["colour"]) == (0.5, None, "red")
    assert [call.path for call in sink.calls] == [
        f"/api/v1/experiments?status=running&sort=created_at%3Adesc&limit=10&offset={offset}" for offset in (0, 10, 20)
    ]


@EVERY
async def test_what_may_pass_is_tried_again_with_the_same_id(engine):
    made = json.dumps({"experiment": {"id": "exp_001", "status": "created"}}).encode()
    answers = [answering(503), answering(429, Retry_After="0"), answering(201, made)]

    async def script(call, stream) -> None:
        await answers.pop(0)(call, stream)

    async with open_sink(script) as sink:
        made = await engine.ask(url(sink.port), lambda client: client.experiments.create, {"name": "x"}, scenario="basic_fl")
    assert (made.id, made.status, made.over) == ("exp_001", "created", False)
    assert [call.json for call in sink.calls] == [{"name": "x", "scenario": "basic_fl"}] * 3
    assert len({call.headers["idempotency-key"] for call in sink.calls}) == 1


@EVERY
async def test_a_no_says_what_is_wrong(engine):
    body = {"error": {"code": "VALIDATION_ERROR", "message": "no", "details": {"rounds": "Must be between 1 and 100"}}}
    async with open_sink(answering(400, json.dumps(body).encode())) as sink:
        with pytest.raises(RemoteFailed) as no:
            await engine.ask(url(sink.port), lambda client: client.experiments.create, {"name": "x"})
    assert (no.value.status, no.value.code, no.value.details) == (400, "VALIDATION_ERROR", body["error"]["details"])
    assert not no.value.passing and len(sink.calls) == 1


async def test_a_command_whose_answer_is_lost_is_applied_once(tmp_path):
    given: list[float] = []

    async def lossy(near: trio.SocketStream) -> None:
        await relay(house.port, given.pop() if given else 1e12, near)

    async with open_served(tmp_path) as house, open_raw(lossy) as port:
        for name, engine in ENGINES.items():
            given[:] = [0.1, 30]  # bytes of the first answers that come through
            await engine.ask(url(port), lambda client: client.command, "POST", "/api/oracle/inbox", {"n": name}, id=name)
            assert not given
        for engine in ENGINES.values():
            events = await engine.ask(url(house.port), lambda client: client.history.events, kind="webhook_received")
            assert [json.loads(text)["n"] for text in events["data"]] == [*ENGINES]


async def test_a_stream_goes_on_over_cuts(tmp_path):
    limits: list[float] = []

    async def cut(near: trio.SocketStream) -> None:
        await relay(house.port, limits.pop() if limits else 1e12, near)

    async with open_served(tmp_path) as house, open_raw(cut) as port:
        for engine in ENGINES.values():
            limits[:] = [2_000, 700]
            since = (await engine.ask(url(house.port), lambda client: client.get, "/api/oracle/snapshot", topics="x"))["next"]
            for n in range(40):
                say(house, n)
            told = await engine.heard(url(port), lambda one: isinstance(one, Frame) and number(one) == 39,
                                      lambda client: client.stream, "event:odd:*", since=since)  # fmt: skip
            assert [number(one) for one in told if isinstance(one, Frame)] == list(range(40)) and not limits
            assert not any(isinstance(one, Hole) for one in told)
            with pytest.raises(RemoteFailed) as refused:
                await engine.heard(url(house.port), bool, lambda client: client.stream, "no*pattern")
            assert refused.value.status == 422


@EVERY
async def test_ids_stay_within_their_segment(engine):
    async with open_sink(answering(404, b'{"error": {"code": "NOT_FOUND", "message": "no"}}')) as sink:
        for ident in ("", ".", ".."):
            with pytest.raises(Invalid, match="id: "):
                await engine.ask(url(sink.port), lambda client: client.experiments.get, ident)
        for ident in ("../config", "a/b?c=d#e", "%2e"):
            with pytest.raises(RemoteFailed):
                await engine.ask(url(sink.port), lambda client: client.experiments.get, ident)
    assert [call.path for call in sink.calls] == [
        f"/api/v1/experiments/{said}" for said in ("..%2Fconfig", "a%2Fb%3Fc%3Dd%23e", "%252e")
    ]
