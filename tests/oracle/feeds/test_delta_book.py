"""A book of numbered changes and a snapshot, whatever is lost, told twice or late: when it is believed, it is right."""

import json
from collections import Counter
from functools import partial

import pytest
import trio
import trio_websocket
from hypothesis import given
from hypothesis import strategies as st
from sink import open_raw
from venue import EXCHANGE, needs_recordings, open_venue

from actors import open_runtime, trio_clock
from actors.testing import probe
from oracle.feeds.binance import Binance
from oracle.feeds.binance_frames import parse
from oracle.feeds.binance_futures import BinanceFutures
from oracle.feeds.delta_book import DeltaBooks
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http
from oracle.model import Depth, Gap, Sample
from oracle.recording import read_recording

NOW_US = 1_795_449_600_000_000


def books(levels=1000):
    return DeltaBooks("binance", ("BTC-USDT",), levels, within_bps=500.0, sample_every_s=1.0)


def delta(first, last, bids=(), asks=()):
    return Depth("BTC-USDT", tuple(bids), tuple(asks), False, first, last, NOW_US, "binance")


def model(changes, upto):
    """Both sides after the change that ends with `upto`, worked out with nothing of ours."""
    sides = ({}, {})
    for _first, last, bids, asks in changes:
        if last <= upto:
            for side, told in zip(sides, (bids, asks), strict=True):
                for price, size in told:
                    side.pop(price, None)
                    if size:
                        side[price] = size
    return sides


@st.composite
def sessions(draw):
    """Changes of a venue, where its snapshot was made, and which of the changes arrive: some never, some twice."""
    changes, ident = [], 10
    for _ in range(draw(st.integers(2, 25))):
        last = ident + draw(st.integers(0, 3))
        level = st.tuples(st.integers(0, 5), st.integers(0, 3))
        bids = [(90.0 + p, float(s)) for p, s in draw(st.lists(level, max_size=3))]
        asks = [(100.0 + p, float(s)) for p, s in draw(st.lists(level, max_size=3))]
        changes.append((ident, last, bids, asks))
        ident = last + 1
    place = draw(st.integers(0, len(changes) - 1))
    arrives = draw(st.lists(st.sampled_from((0, 1, 1, 1, 1, 2)), min_size=len(changes), max_size=len(changes)))
    return changes, place, arrives, draw(st.integers(0, len(changes) - 1))


@given(sessions())
def test_what_is_believed_is_right(session):
    changes, place, arrives, when = session
    taken, newest = books(), -1
    snapshot_id = changes[place][1]
    for number, (first, last, bids, asks) in enumerate(changes):
        for _ in range(arrives[number]):
            taken.take(delta(first, last, bids, asks), NOW_US)
            newest = max(newest, last)
        if number == when:
            sides = model(changes, snapshot_id)
            taken.begin("BTC-USDT", snapshot_id, tuple(sides[0].items()), tuple(sides[1].items()), NOW_US)
        book = taken.book("BTC-USDT")
        if book is not None:
            bids_now, asks_now = model(changes, max(newest, snapshot_id))
            assert (dict(book.bids), dict(book.asks)) == (bids_now, asks_now)
            assert not book.crossed


def test_a_missing_change_is_a_gap_and_a_wish_and_a_new_snapshot_heals():
    taken = books()
    assert taken.wishes(NOW_US) == []
    taken.take(delta(5, 6, [(99, 1)], [(101, 1)]), NOW_US)
    assert taken.wishes(NOW_US) == ["BTC-USDT"]
    assert taken.wishes(NOW_US + 1) == [], "asked for already"
    assert taken.wishes(NOW_US + 10_000_000) == ["BTC-USDT"]
    _, told = taken.begin("BTC-USDT", 5, ((98, 2),), ((102, 2),), NOW_US)
    (depth,) = [one for one in told if isinstance(one, Depth)]
    assert (depth.snapshot, depth.first_id, depth.last_id, depth.bids) == (True, 5, 6, ((99, 1), (98, 2)))
    assert {one.name: one.value for one in told if isinstance(one, Sample)} == {
        "book_mid": 100.0, "book_spread": 2.0, "book_depth_bid": 295.0, "book_depth_ask": 305.0}  # fmt: skip
    assert taken.take(delta(6, 6, [(99, 5)]), NOW_US) == ()
    (gap,) = taken.take(delta(8, 9), NOW_US + 5)
    assert isinstance(gap, Gap) and gap.reason == "book of BTC-USDT: changes 7 to 7 are missing"
    assert taken.book("BTC-USDT") is None
    assert taken.wishes(NOW_US + 5) == ["BTC-USDT"]
    assert taken.begin("BTC-USDT", 6, (), (), NOW_US + 6) == ("snapshot_too_old", ()), "older than what was kept"
    assert taken.begin("BTC-USDT", 9, ((102, 1),), ((101, 1),), NOW_US + 6) == ("snapshot_crossed", ())
    kind, told = taken.begin("BTC-USDT", 8, ((99, 1),), ((101, 1),), NOW_US + 7)
    assert (kind, [type(one) for one in told][:2]) == ("snapshot", [Gap, Depth])
    (crossed,) = taken.take(delta(10, 10, [(105, 1)]), NOW_US + 8)
    assert "cross" in crossed.reason


def test_a_book_that_has_worn_down_goes_on_until_a_snapshot_that_is_older_than_it_is_caught_up():
    taken = books(levels=4)
    taken.begin("BTC-USDT", 1, ((99, 1), (98, 1), (97, 1), (96, 1)), ((101, 1),), NOW_US)
    for number, price in ((2, 99), (3, 98), (4, 97)):
        assert taken.wishes(NOW_US) == []
        taken.take(delta(number, number, [(price, 0)]), NOW_US)
    assert taken.wishes(NOW_US) == ["BTC-USDT"]
    taken.take(delta(5, 5, [(96.5, 2)]), NOW_US)
    assert taken.begin("BTC-USDT", 3, ((97, 1), (96, 1)), ((101, 1),), NOW_US) == ("snapshot_too_old", ())
    assert taken.book("BTC-USDT").bids == ((96.5, 2), (96, 1))
    kind, told = taken.begin("BTC-USDT", 4, ((96, 1), (95, 1), (94, 1), (93, 1)), ((101, 1),), NOW_US)
    assert (kind, [type(one) for one in told if not isinstance(one, Sample)]) == ("snapshot", [Depth])
    assert taken.book("BTC-USDT").bids == ((96.5, 2), (96, 1), (95, 1), (94, 1))


@given(st.lists(st.tuples(st.integers(15, 31), st.integers(0, 1)), min_size=1, max_size=60), st.integers(3, 8),
       st.integers(0, 60))  # fmt: skip
def test_a_book_of_few_levels_has_the_best_of_the_whole(steps, levels, again):
    taken = books(levels)
    whole = {90.0 - n: 1.0 for n in range(12)}

    def snapshot(ident):
        best = tuple(sorted(whole.items(), reverse=True)[:levels])
        return taken.begin("BTC-USDT", ident, best, ((101.0, 1.0),), NOW_US)

    snapshot(0)
    for number, (tick, size) in enumerate(steps, 1):
        wished = number == again or taken.wishes(NOW_US)
        late, before = number - 1, dict(whole)
        whole.pop(60.0 + tick, None)
        if size:
            whole[60.0 + tick] = float(size)
        assert not [one for one in taken.take(delta(number, number, [(60.0 + tick, size)]), NOW_US) if isinstance(one, Gap)]
        if wished:  # by the time it is there the change after it was taken
            best = tuple(sorted(before.items(), reverse=True)[:levels])
            kind, told = taken.begin("BTC-USDT", late, best, ((101.0, 1.0),), NOW_US)
            assert (kind == "snapshot") or number == again
            assert not [one for one in told if isinstance(one, Gap)]
        bids = taken.book("BTC-USDT").bids
        assert bids == tuple(sorted(whole.items(), reverse=True)[: len(bids)])


# As the venue's documentation of its futures shows them.
MARK = ('{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091",'
        '"P":"11784.25641265","r":"0.00038167","T":1562306400000}')  # fmt: skip
FORCE = ('{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910",'
         '"ap":"9910","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}')  # fmt: skip


def test_mark_price_funding_and_forced_liquidations_are_told():
    kind, (mark, funding) = parse(MARK, NOW_US, source="binance_futures", funding_hours=4)
    assert kind == "markPriceUpdate"
    assert (mark.topic, mark.value, mark.unit) == ("sample:mark_price:BTC-USDT:binance", 11794.15, "USDT")
    assert (funding.topic, funding.unit) == ("sample:funding_rate:BTC-USDT:binance", "per_8h")
    assert funding.value == pytest.approx(2 * 0.00038167)
    kind, (event,) = parse(FORCE, NOW_US, source="binance_futures")
    assert (kind, event.topic) == ("forceOrder", "event:liquidation:BTC-USDT")
    assert event.data == {"provider": "binance_futures", "side": "sell", "price": 9910.0, "size": 0.014, "usd_value": 138.74}
    assert parse(MARK.replace("11794.15000000", "-1"), NOW_US) == ("out_of_range", ())
    assert parse(FORCE.replace('"z":"0.014"', '"z":"0"'), NOW_US) == ("out_of_range", ())
    assert parse(FORCE.replace("BTCUSDT", "XX"), NOW_US) == ("unknown_symbol", ())


@needs_recordings
def test_the_recording_of_futures_is_read_whole_and_its_changes_follow_each_other():
    frames = read_recording(EXCHANGE / "binance-futures.rec").frames
    kinds, ours, last, trades = Counter(), Counter(), {}, Counter()
    for frame in frames:
        data = json.loads(frame.text)["data"]
        kinds[data["e"]] += 1
        trades[data["s"]] += float(data["q"]) if data["e"] == "aggTrade" else 0
        kind, messages = parse(frame.text, NOW_US)
        ours[kind] += 1
        trades[data["s"]] -= messages[0].size if kind == "aggTrade" else 0
        if kind == "depthUpdate":
            depth = messages[0]
            assert last.get(depth.symbol) in (None, depth.first_id - 1)
            last[depth.symbol] = depth.last_id
    assert ours == kinds
    assert all(abs(rest) < 1e-9 for rest in trades.values())


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
