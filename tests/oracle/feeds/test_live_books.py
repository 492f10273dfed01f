"""Order books of Binance over a real WebSocket, with their snapshots asked for at a real HTTP server; both do what they like."""

import email.utils
import json
from functools import partial

import pytest
import trio
import trio_websocket
from sink import open_raw
from venue import open_venue

from actors import open_runtime, trio_clock
from actors.testing import probe
from oracle.feeds.binance import Binance
from oracle.feeds.binance_futures import BinanceFutures
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http
from oracle.model import Depth, Event, Gap, Sample

NOW_US = 1_795_449_600_000_000

TOO_MANY = b"too many requests"


async def answered(stream, snapshots, asked):
    """A REST server: each request is answered with the next of `snapshots`, the last one for ever; notes what was asked, when."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive_some(65536)
    asked.append((data.split(b" ")[1].decode(), trio.current_time()))
    body = snapshots.pop(0) if len(snapshots) > 1 else snapshots[0]
    head = b"429 No\r\nretry-after: 100" if body == TOO_MANY else b"200 OK"
    await stream.send_all(b"HTTP/1.1 %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (head, len(body)) + body)


@pytest.mark.parametrize(("feed", "path"), [(Binance, "/api/v3/depth"), (BinanceFutures, "/fapi/v1/depth")])
async def test_a_local_venue_with_gaps_html_and_a_late_snapshot(feed, path, autojump_clock):
    def update(first, last, bids):
        data = {"e": "depthUpdate", "E": 1_795_449_600_000, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": []}
        if feed is BinanceFutures:
            data |= {"U": last, "pu": first - 1}  # futures count with gaps
        return json.dumps({"stream": "btcusdt@depth@100ms", "data": data})

    more = trio.Event()

    async def script(connection: trio_websocket.WebSocketConnection) -> None:
        await connection.send_message(update(5, 6, [["99", "1"]]))
        await connection.send_message(update(7, 8, [["99.5", "2"]]))
        await more.wait()
        for _ in range(2):
            await connection.send_message(update(9, 9, [["99", "0"]]))
        await connection.send_message(update(12, 12, [["98", "7"]]))  # 10 and 11 are missing
        await connection.send_message(update(13, 14, [["97", "3"]]))
        await trio.sleep_forever()

    snapshots = [json.dumps({"lastUpdateId": ident, "bids": bids, "asks": [["101", "1"]]}).encode()
                 for ident, bids in ((6, [["99", "1"]]), (12, [["99.5", "2"], ["98", "7"]]))]  # fmt: skip
    snapshots[:0] = [b"<html>busy</html>", b'{"lastUpdateId": 6, "bids": [["NaN", "1"]], "asks": []}', TOO_MANY]
    asked = []
    statistics = FeedStatistics()
    async with open_venue(script) as url, open_raw(partial(answered, snapshots=snapshots, asked=asked)) as port:
        http = Http(allow=["127.0.0.1"])
        settings = feed(url=url, symbols=("BTC-USDT",), streams=("depth@100ms",), rest_url=f"http://127.0.0.1:{port}")
        async with open_runtime([], clock=trio_clock(NOW_US)) as runtime:
            told = probe(runtime, "*")
            runtime.add(settings.child("binance", statistics, http))
            depths, gaps = [], []
            with trio.fail_after(600):
                while sum(depth.snapshot for depth in depths) < 2:
                    message = await told.next()
                    depths += [message] if isinstance(message, Depth) else []
                    gaps += [message] if isinstance(message, Gap) else []
                    if sum(depth.snapshot for depth in depths) == 1:
                        more.set()
    first, second = [depth for depth in depths if depth.snapshot]
    assert (first.last_id, first.bids) == (8, ((99.5, 2.0), (99.0, 1.0)))
    assert (second.last_id, second.bids) == (14, ((99.5, 2.0), (98.0, 7.0), (97.0, 3.0)))
    assert [gap.reason for gap in gaps] == ["book of BTC-USDT: changes 10 to 11 are missing", "book of BTC-USDT: a new snapshot"]
    assert asked[0][0] == f"{path}?symbol=BTCUSDT&limit=1000"
    assert asked[3][1] - asked[2][1] >= 100, "it was told to wait so many seconds"
    refused = ("snapshot_not_readable", "snapshot_out_of_range", "snapshot_status:429")
    assert [statistics.frames[kind] for kind in refused] == [1, 1, 1]
    assert statistics.last_error == "snapshot_status:429"


async def test_without_books_nothing_is_asked_for():
    async def script(connection):
        data = {"e": "depthUpdate", "E": 1_795_449_600_000, "s": "BTCUSDT", "U": 5, "u": 6, "b": [["99", "1"]], "a": []}
        await connection.send_message(json.dumps(data))
        await trio.sleep_forever()

    asked = []
    async with open_venue(script) as url, open_raw(partial(answered, snapshots=[b""], asked=asked)) as port:
        settings = Binance(url=url, symbols=("BTC-USDT",), rest_url=f"http://127.0.0.1:{port}", books=False)
        async with open_runtime([], clock=trio_clock(NOW_US)) as runtime:
            told = probe(runtime, "depth:*")
            runtime.add(settings.child("binance", None, Http(allow=["127.0.0.1"])))
            with trio.fail_after(30):
                assert (await told.next()).last_id == 6
            await trio.testing.wait_all_tasks_blocked()
    assert asked == []


def changed(first, last, bids=()):
    data = {"e": "depthUpdate", "E": 1_795_449_600_000, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": []}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": data})


def snapshot(last):
    body = json.dumps({"lastUpdateId": last, "bids": [["99", "1"]], "asks": [["101", "1"]]}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body


def refusal(status, *headers):
    return "\r\n".join((f"HTTP/1.1 {status} No", *headers, "content-length: 0", "connection: close", "", "")).encode()


async def telling(stream, answers, asked):
    """A REST server whose answers are bytes, the last one for ever; `None` is no answer at all."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive_some(65536)
    asked.append(trio.current_time())
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    await (stream.send_all(answer) if answer is not None else trio.sleep_forever())


async def told_until(script, answers, wanted, statistics, asked):
    """All messages of a feed of this venue up to the first that will do."""
    messages = []
    async with open_venue(script) as url, open_raw(partial(telling, answers=answers, asked=asked)) as port:
        settings = Binance(url=url, symbols=("BTC-USDT",), streams=("depth@100ms",), rest_url=f"http://127.0.0.1:{port}")
        async with open_runtime([], clock=trio_clock(NOW_US), seed=1) as runtime:
            told = probe(runtime, "*")
            runtime.add(settings.child("binance", statistics, Http(allow=["127.0.0.1"])))
            with trio.fail_after(20_000):
                while not messages or not wanted(messages[-1]):
                    messages.append(await told.next())
    return messages


def is_snapshot(message):
    return isinstance(message, Depth) and message.snapshot


@pytest.mark.parametrize("after", ["3600", email.utils.formatdate(NOW_US / 1e6 + 3600, usegmt=True)])
@pytest.mark.parametrize("status", [418, 429])
async def test_a_ban_is_kept_to_however_often_the_stream_is_lost(status, after, autojump_clock):
    async def script(connection):
        for number in range(5, 125):
            await connection.send_message(changed(number, number))
            await trio.sleep(5)
        await connection.aclose(1001, "going away")

    asked, statistics = [], FeedStatistics()
    answers = [refusal(status, f"Retry-After: {after}"), snapshot(5)]
    await told_until(script, answers, is_snapshot, statistics, asked)
    assert len(asked) == 2 and asked[1] - asked[0] >= 3590
    assert statistics.connects > 5 and statistics.frames[f"snapshot_status:{status}"] == 1


async def test_a_snapshot_that_never_comes_is_given_up_and_asked_for_again(autojump_clock):
    async def script(connection):
        await connection.send_message(changed(5, 5))
        await trio.sleep_forever()

    asked, statistics = [], FeedStatistics()
    answers = [None, refusal(500), b"\x00\xff", refusal(429, "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT"), snapshot(5)]
    await told_until(script, answers, is_snapshot, statistics, asked)
    kinds = ("snapshot_failed:timeout", "snapshot_status:500", "snapshot_failed:protocol", "snapshot_status:429")
    assert {kind: statistics.frames.get(kind) for kind in kinds} == dict.fromkeys(kinds, 1)
    assert statistics.connects == 1


@pytest.mark.parametrize("wrong", ["a change", "a snapshot", "a new count"])
async def test_a_live_book_with_a_wrong_number_is_read_anew(wrong, autojump_clock):
    """Ten changes a second for ever, and one number that is wrong."""
    far = 10**15
    first = [far if wrong == "a change" else 1006, *range(1007, 1012)]
    rest = range(1012, 4000) if wrong != "a new count" else range(4000)

    async def script(connection):
        await connection.send_message(changed(1000, 1005))
        await trio.sleep(1)
        for number in (*first, *rest):
            await connection.send_message(changed(1006 if number == far else number, number))
            sent.append(number)
            await trio.sleep(0.1)
        await trio.sleep_forever()

    async def answer(stream):
        asked.append(None)
        last = far if wrong == "a snapshot" and len(asked) == 1 else sent[-1] if sent else 1005
        await telling(stream, [snapshot(last)], [])

    asked, sent, statistics, messages = [], [], FeedStatistics(), []
    async with open_venue(script) as url, open_raw(answer) as port:
        settings = Binance(url=url, symbols=("BTC-USDT",), streams=("depth@100ms",), rest_url=f"http://127.0.0.1:{port}")
        async with open_runtime([], clock=trio_clock(NOW_US), seed=1) as runtime:
            told = probe(runtime, "*")
            runtime.add(settings.child("binance", statistics, Http(allow=["127.0.0.1"])))
            with trio.fail_after(60):
                while sum(map(is_snapshot, messages)) < 2:
                    messages.append(await told.next())
                while not isinstance(await told.next(), Sample):
                    pass
    reasons = [gap.reason for gap in messages if isinstance(gap, Gap)]
    assert len(reasons) == 2 and "changes in a row are older than" in reasons[0] and reasons[1].endswith("a new snapshot")
    assert statistics.frames["old_change"] >= 20 and statistics.connects == 1


async def test_liquidations_and_funding_of_a_live_line_are_told_whatever_stands_between_them():
    force = {"e": "forceOrder", "E": 1_795_449_600_000, "o": {
        "s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "9910", "ap": "9910", "X": "FILLED",
        "l": "0.014", "z": "0.014", "T": 1_795_449_600_000}}  # fmt: skip
    mark = {"e": "markPriceUpdate", "E": 1_795_449_600_000, "s": "BTCUSDT", "p": "11794.15", "i": "1", "P": "1",
            "r": "0.00038167", "T": 1_795_459_600_000}  # fmt: skip
    odd = [force | {"o": force["o"] | {"T": 4_070_908_800_000}}, force | {"o": force["o"] | {"z": "-1"}}, force | {"o": []},
           mark | {"E": 4_070_908_800_000}, mark | {"r": "NaN"}, mark | {"p": 10**400}, mark | {"s": "\u0000"}]  # fmt: skip

    async def script(connection):
        for data in (*odd, mark, force):
            await connection.send_message(json.dumps({"stream": f"btcusdt@{data['e']}", "data": data}))
        await trio.sleep_forever()

    statistics, messages = FeedStatistics(), []
    async with open_venue(script) as url, open_runtime([], clock=trio_clock(NOW_US)) as runtime:
        told = probe(runtime, "*")
        runtime.add(BinanceFutures(url=url, symbols=("BTC-USDT",), funding_hours=4.0).child("futures", statistics))
        with trio.fail_after(30):
            while not messages or not messages[-1].topic.startswith("event:liquidation"):
                messages.append(await told.next())
    assert {one.name: one.value for one in messages if isinstance(one, Sample)} == {
        "mark_price": 11794.15, "funding_rate": pytest.approx(2 * 0.00038167)}
    assert [one.data["usd_value"] for one in messages if isinstance(one, Event) and one.kind == "liquidation"] == [138.74]
    assert statistics.frames == {
        "bad_time": 2, "out_of_range": 2, "garbage": 2, "unknown_symbol": 1, "markPriceUpdate": 1, "forceOrder": 1}
    assert statistics.connects == 1
