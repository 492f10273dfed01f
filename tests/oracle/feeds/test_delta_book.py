"""A book of numbered changes and a snapshot, whatever is lost, told twice or late: when it is believed, it is right."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue import EXCHANGE, needs_recordings

from oracle.feeds.binance_frames import parse
from oracle.feeds.delta_book import DeltaBooks
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
    assert taken.take(delta(6, 6, [(99, 5)]), NOW_US) == ("old_change", ())
    _, (gap,) = taken.take(delta(8, 9), NOW_US + 5)
    assert isinstance(gap, Gap) and gap.reason == "book of BTC-USDT: changes 7 to 7 are missing"
    assert taken.book("BTC-USDT") is None
    assert taken.wishes(NOW_US + 5) == ["BTC-USDT"]
    assert taken.begin("BTC-USDT", 6, (), (), NOW_US + 6) == ("snapshot_too_old", ()), "older than what was kept"
    assert taken.begin("BTC-USDT", 9, ((102, 1),), ((101, 1),), NOW_US + 6) == ("snapshot_crossed", ())
    kind, told = taken.begin("BTC-USDT", 8, ((99, 1),), ((101, 1),), NOW_US + 7)
    assert (kind, [type(one) for one in told][:2]) == ("snapshot", [Gap, Depth])
    _, (crossed,) = taken.take(delta(10, 10, [(105, 1)]), NOW_US + 8)
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


def synced(last=10):
    taken = books()
    taken.take(delta(last, last), NOW_US)
    taken.begin("BTC-USDT", last, ((99, 1),), ((101, 1),), NOW_US)
    return taken


FAR = 10**15


@pytest.mark.parametrize("ids", [
    [(1001, FAR), *((number, number) for number in range(1002, 1050))],
    [(1001, 1001), *((number, number) for number in range(48))],
])  # fmt: skip
def test_a_number_that_is_wrong_or_begins_again_freezes_no_book_for_long(ids):
    taken = synced(1000)
    told = [taken.take(delta(*pair, [(99, 2)]), NOW_US + place) for place, pair in enumerate(ids)]
    kinds = Counter(kind for kind, _ in told)
    assert kinds["old_change"] == 20
    (gap,) = [one for _, messages in told for one in messages if isinstance(one, Gap)]
    assert gap.reason.startswith("book of BTC-USDT: 20 changes in a row are older than ")
    assert taken.book("BTC-USDT") is None and taken.wishes(NOW_US + 100) == ["BTC-USDT"]
    last = ids[-1][1]
    kind, told = taken.begin("BTC-USDT", last - 2, ((98, 1),), ((101, 1),), NOW_US + 200)
    assert (kind, [type(one) for one in told][:2]) == ("snapshot", [Gap, Depth])
    assert taken.book("BTC-USDT").bids == ((99, 2), (98, 1))
    assert taken.take(delta(last + 1, last + 1, [(98, 0)]), NOW_US + 300)[0] == "depthUpdate"


def test_a_snapshot_is_ahead_of_the_stream_for_some_seconds_or_it_is_none():
    taken = books()
    taken.take(delta(5, 5), NOW_US)
    assert taken.begin("BTC-USDT", FAR, ((99, 1),), ((101, 1),), NOW_US)[0] == "snapshot"
    for number in range(6, 106):
        assert taken.take(delta(number, number), NOW_US + number * 94_000) == ("old_change", ())
    kind, (gap,) = taken.take(delta(106, 106), NOW_US + 10_000_000)
    assert (kind, gap.reason) == ("old_change", f"book of BTC-USDT: 101 changes in a row are older than {FAR}")
    assert taken.book("BTC-USDT") is None and taken.wishes(NOW_US + 10_000_000) == ["BTC-USDT"]
    assert taken.begin("BTC-USDT", 106, ((99, 1),), ((101, 1),), NOW_US + 10_100_000)[0] == "snapshot"
    assert taken.take(delta(107, 107), NOW_US + 10_200_000)[0] == "depthUpdate"


def test_changes_told_twice_among_news_are_no_reason_to_doubt():
    taken = synced()
    for number in range(11, 111):
        assert taken.take(delta(number, number), NOW_US)[0] == "depthUpdate"
        assert taken.take(delta(number, number), NOW_US) == ("old_change", ())


@pytest.mark.parametrize("first", [(20, FAR), (FAR, FAR)])
def test_a_wrong_number_while_a_book_waits_for_its_snapshot_makes_none_impossible(first):
    taken = books()
    for pair in (first, (21, 21), (22, 22)):
        taken.take(delta(*pair), NOW_US)
    assert taken.begin("BTC-USDT", 21, ((99, 1),), ((101, 1),), NOW_US)[0] == "snapshot"


def test_a_book_of_one_side_says_nothing_and_is_counted():
    taken = synced()
    assert taken.take(delta(11, 11, [(99, 0)]), NOW_US + 2_000_000) == ("one_sided", ())
    kind, told = taken.take(delta(12, 12, [(98, 1)]), NOW_US + 4_000_000)
    assert (kind, {one.name for one in told}) == (
        "depthUpdate", {"book_mid", "book_spread", "book_depth_bid", "book_depth_ask"})  # fmt: skip
    taken = books()
    taken.take(delta(10, 10), NOW_US)
    assert [type(one) for one in taken.begin("BTC-USDT", 10, (), ((101, 1),), NOW_US)[1]] == [Depth]


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
        assert not [one for one in taken.take(delta(number, number, [(60.0 + tick, size)]), NOW_US)[1] if isinstance(one, Gap)]
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
