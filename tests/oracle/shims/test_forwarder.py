"""What a bot's thread says reaches a server: in order, once, whatever is wrong with some of it, and holds nobody up."""

import threading
from datetime import UTC, datetime

import numpy as np
import trio
from running import open_served

from oracle.client import Client
from oracle.shims.forwarder import Forwarder
from tests.sink import answering, open_sink

HELLO = {"type": "CRITIC_REVIEW", "symbol": "XAUUSDm"}


def forwarder(port, most=1_000):
    return Forwarder(lambda: Client(f"http://127.0.0.1:{port}", deadline_s=0.5), most)


async def flushed(one):
    assert await trio.to_thread.run_sync(one.flush, 60.0)


async def test_all_threads_words_arrive_once_and_those_of_one_in_order(tmp_path):
    async with open_served(tmp_path) as house:
        one = forwarder(house.port)
        threads = [threading.Thread(target=lambda by=by: [one.push({**HELLO, "by": by, "score": n}) for n in range(40)])
                   for by in range(4)]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            await trio.to_thread.run_sync(thread.join)
        await flushed(one)
        told = (await house.get("/api/state")).json["events"]
        assert len(told) == 160 == one.counts.sent
        for by in range(4):
            assert [event["score"] for event in told if event["by"] == by] == list(range(40))


async def test_an_object_is_sent_as_it_was_and_what_json_has_no_word_for_is_put_into_words(tmp_path):
    async with open_served(tmp_path) as house:
        one = forwarder(house.port)
        account = {"balance": np.float64(10.5), "leverage": np.int64(100)}
        assert one.push({"type": "ACCOUNT_UPDATE", "account": account, "timestamp": datetime(2024, 3, 15, tzinfo=UTC)})
        account["balance"] = 0.0
        await flushed(one)
        assert (await house.get("/api/account")).json == {"balance": 10.5, "leverage": 100}


async def test_what_no_server_would_take_is_said_at_once_and_the_rest_is_sent(tmp_path):
    async with open_served(tmp_path) as house:
        one = forwarder(house.port)
        circle = {"type": "X"}
        circle["self"] = circle
        for wrong in (circle, {"no": "type"}, {**HELLO, "score": float("nan")}, {**HELLO, "x": object()}, "text", None,
                      {"type": "ACCOUNT_UPDATE"}, [HELLO, 1]):  # fmt: skip
            assert not one.push(wrong)
        assert one.push([HELLO, HELLO])
        await flushed(one)
        assert (one.counts.sent, one.counts.refused) == (2, 8)


async def test_of_a_batch_only_what_the_server_refuses_is_left_out(caplog):
    async def picky(call, stream) -> None:
        status = 422 if b'"bad"' in call.body else 202
        await answering(status, b"{}")(call, stream)

    async with open_sink(picky) as sink:
        one = forwarder(sink.port)
        one.push([{"type": "bad" if n == 5 else "good", "n": n} for n in range(8)])
        await flushed(one)
    assert (one.counts.sent, one.counts.refused) == (7, 1)
    assert "answered 422" in caplog.text


async def test_without_a_server_the_oldest_are_dropped_and_the_rest_waits_for_one(tmp_path, caplog):
    async with open_served(tmp_path) as house:
        port = [1]
        one = Forwarder(lambda: Client(f"http://127.0.0.1:{port[0]}", deadline_s=0.1), 10)
        for n in range(250):
            assert one.push({**HELLO, "score": n})
        assert not one.flush(0.0)
        port[0] = house.port
        await flushed(one)
        scores = [event["score"] for event in (await house.get("/api/state")).json["events"]]
        assert scores[-10:] == list(range(240, 250)) and scores == sorted(scores)
        assert one.counts.sent + one.counts.dropped == 250 and one.counts.dropped > 0
        assert "dropped" in caplog.text
