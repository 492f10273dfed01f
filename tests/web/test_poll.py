"""Long poll: batch after batch, nothing is missed and nothing told twice."""

from __future__ import annotations

import random

import pytest
import trio
from running import open_house, open_served

from oracle.model import Event, Quote, Severity


def quote(runtime, n: int) -> int:
    return runtime.publish(Quote(f"S{n % 5}", n, 1, n + 1, 1, runtime.now_us(), "binance"))


def event(runtime, n: int) -> int:
    return runtime.publish(Event(f"evt_{n}", "odd", "BTC-USD", "watchdog:x", Severity.low, "odd", {"n": n}, runtime.now_us()))


async def ask(house, **query):
    reply = await house.get("/api/oracle/poll", query_string=query)
    assert reply.status == 200, reply.body
    return reply.json


async def test_without_a_place_it_is_a_snapshot_and_says_where_to_go_on(tmp_path):
    async with open_house(tmp_path) as house:
        for n in range(12):
            quote(house.system.runtime, n)
        first = await ask(house, topics="quote:*", wait_s=0)
        still = (await house.get("/api/oracle/snapshot?topics=quote:*")).json
        assert {**first, "next": ""} == {**still, "next": ""}  # something else may have been said in between
        assert [item["data"]["bid"] for item in first["items"]] == [7, 8, 9, 10, 11] and first["recovered"] is None
        again = await ask(house, topics="quote:*", since=first["next"], wait_s=0)
        assert again["items"] == [] and again["recovered"] is True and again["more"] is False
        offset = quote(house.system.runtime, 99)
        (item,) = (await ask(house, topics="quote:*", since=again["next"], wait_s=5))["items"]
        assert (item["offset"], item["data"]["bid"], item["type"]) == (offset, 99, "quote")


async def test_it_answers_as_soon_as_something_wanted_comes(tmp_path):
    async with open_house(tmp_path) as house:
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        told = []

        async def wait():
            told.append(await ask(house, topics="event:*", since=place, wait_s=30))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked(0.05)
            quote(house.system.runtime, 1)
            await trio.testing.wait_all_tasks_blocked(0.05)
            assert not told
            event(house.system.runtime, 7)
        assert [item["data"]["data"]["n"] for item in told[0]["items"]] == [7]


async def test_nothing_comes_and_the_place_moves_on_past_what_was_not_wanted(tmp_path):
    async with open_house(tmp_path) as house:
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        offset = quote(house.system.runtime, 1)
        told = await ask(house, topics="event:*", since=place, wait_s=0.05)
        assert told["items"] == [] and int(told["next"].split(":")[1]) >= offset


@pytest.mark.parametrize("ring_bytes", [1_000, 32 * 1024 * 1024])
async def test_batches_of_any_size_hold_everything_once_in_order(tmp_path, ring_bytes):
    rng = random.Random(3)
    async with open_house(tmp_path) as house:
        system = house.system
        system.ring.limit_bytes = ring_bytes  # small: most comes from history
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        sent, seen = 0, []
        while len(seen) < 300:
            for _ in range(rng.randrange(30) if sent < 300 else 0):
                event(system.runtime, sent)
                sent += 1
            if sent >= 300 and not sent % 2:
                sent += 1
            batch = await ask(house, topics="event:*,quote:*", since=place, limit=rng.randrange(1, 25), wait_s=0)
            assert batch["recovered"] is True
            seen += [item["data"]["data"]["n"] for item in batch["items"]]
            assert seen == list(range(len(seen)))
            place = batch["next"]


async def test_over_a_restart_and_where_it_can_not_be(tmp_path):
    async with open_house(tmp_path) as house:
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        for n in range(5):
            event(house.system.runtime, n)
    async with open_house(tmp_path) as house:
        event(house.system.runtime, 5)
        first = await ask(house, topics="event:odd:*", since=place, limit=3, wait_s=0)
        assert first["more"] is True
        second = await ask(house, topics="event:odd:*", since=first["next"], wait_s=0)
        assert [item["data"]["data"]["n"] for item in first["items"] + second["items"]] == list(range(6))
        lost = await ask(house, topics="state:*", since="nobody:5", wait_s=0)
        assert (lost["recovered"], lost["reason"]) == (False, "unknown_epoch") and lost["items"]
        beyond = await ask(house, topics="state:*", since=f"{house.system.runtime.epoch}:999999", wait_s=0)
        assert (beyond["recovered"], beyond["reason"]) == (False, "beyond_present")


async def test_who_does_not_want_to_wait_is_told_what_is_there_however_far_it_is_behind(tmp_path):
    async with open_house(tmp_path) as house:
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        for n in range(5_000):
            quote(house.system.runtime, n)
        event(house.system.runtime, 1)
        for n in range(2_000):
            quote(house.system.runtime, n)
        batch = await ask(house, topics="event:*", since=place, wait_s=0)
        assert [item["data"]["data"]["n"] for item in batch["items"]] == [1]
        rest = await ask(house, topics="event:*", since=batch["next"], wait_s=0)
        assert rest["items"] == [] and rest["more"] is False
        assert rest["next"] == f"{house.system.runtime.epoch}:{house.system.runtime.bus.offset}"


async def test_whoever_waits_is_answered_when_the_server_stops(tmp_path):
    async with open_served(tmp_path) as house:
        place = (await ask(house, topics="event:*", wait_s=0))["next"]
        stream = await trio.open_tcp_stream("127.0.0.1", house.port)
        async with stream:
            path = f"/api/oracle/poll?topics=event:odd:*&since={place}&wait_s=40".encode()
            await stream.send_all(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
            desk = await house.system.runtime.ask("web", "desk")
            with trio.fail_after(30):
                while not desk.waiting:
                    await trio.sleep(0.01)
                house.system.runtime.restart("web")
                told = b""
                while data := await stream.receive_some():
                    told += data
            assert told.startswith(b"HTTP/1.1 200") and b'"items":[]' in told and b'"recovered":true' in told


async def test_the_last_quote(tmp_path):
    async with open_house(tmp_path) as house:
        offset = quote(house.system.runtime, 3)
        told = (await house.get("/api/oracle/quote?symbol=S3")).json
        assert (told["symbol"], told["bid"], told["mid"], told["offset"], told["simulated"]) == ("S3", 3, 3.5, offset, False)
        assert (await house.get("/api/oracle/quote?symbol=S4")).status == 404
