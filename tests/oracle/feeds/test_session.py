"""What a feed with order books makes of frames that follow each other, without a socket: each says what comes of it."""

import json

import pytest

from oracle.feeds.coinbase import Coinbase
from oracle.feeds.kraken import Kraken
from oracle.model import Depth, Gap, Quote, Sample, Trade

S = 1_000_000
T0 = 1_700_000_000 * S
AT = "2023-11-14T22:13:20Z"


def coinbase(**settings):
    return begun(Coinbase(**settings).child("coinbase").build())


def kraken(**settings):
    return begun(Kraken(**settings).child("kraken").build())


def begun(feed):
    feed.opening()
    return feed


def snapshot(bids=((99, 1),), asks=((101, 1),), symbol="BTC-USD"):
    sides = {"bids": [list(map(str, level)) for level in bids], "asks": [list(map(str, level)) for level in asks]}
    return json.dumps({"type": "snapshot", "product_id": symbol, "time": AT} | sides)


def update(*changes, symbol="BTC-USD"):
    return json.dumps({"type": "l2update", "product_id": symbol, "time": AT, "changes": [list(map(str, c)) for c in changes]})


def match(number, kind="match", at=AT, symbol="BTC-USD"):
    return json.dumps({"type": kind, "trade_id": number, "sequence": number * 10, "side": "sell", "size": "1", "price": "100",
                       "product_id": symbol, "time": at})  # fmt: skip


def ticker(sequence, bid="98", ask="102"):
    return json.dumps({"type": "ticker", "sequence": sequence, "product_id": "BTC-USD", "best_bid": bid, "best_ask": ask,
                       "time": AT})  # fmt: skip


def of(kind, messages):
    return [message for message in messages if isinstance(message, kind)]


# ---- what is asked for


def test_coinbase_is_asked_for_all_at_once():
    feed = Coinbase(symbols=("BTC-USD", "ETH-EUR"), channels=("ticker", "level2")).child("coinbase").build()
    assert [json.loads(text) for text in feed.opening()] == [
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-EUR"], "channels": ["ticker", "level2"]}]


def test_kraken_is_asked_channel_by_channel_in_its_own_words():
    feed = Kraken(symbols=("BTC-USD", "DOGE-BTC"), channels=("trade", "book"), levels=25).child("kraken").build()
    assert [json.loads(text) for text in feed.opening()] == [
        {"event": "subscribe", "pair": ["XBT/USD", "XDG/XBT"], "subscription": {"name": "trade"}},
        {"event": "subscribe", "pair": ["XBT/USD", "XDG/XBT"], "subscription": {"name": "book", "depth": 25}}]


# ---- books


def test_a_snapshot_and_its_changes_say_quote_depth_and_samples():
    feed = coinbase(within_bps=150.0)
    kind, messages = feed.parse(snapshot(), T0)
    assert kind == "snapshot"
    assert of(Quote, messages) == [Quote("BTC-USD", 99.0, 1.0, 101.0, 1.0, T0, "coinbase")]
    assert messages[-1] == Depth("BTC-USD", ((99.0, 1.0),), ((101.0, 1.0),), True, 0, 0, T0, "coinbase")
    assert {s.name: (s.subject, s.value, s.unit) for s in of(Sample, messages)} == {
        "book_mid": ("BTC-USD:coinbase", 100.0, "USD"), "book_spread": ("BTC-USD:coinbase", 2.0, "USD"),
        "book_depth_bid": ("BTC-USD:coinbase", 99.0, "USD"), "book_depth_ask": ("BTC-USD:coinbase", 101.0, "USD")}
    kind, messages = feed.parse(update(("buy", 99.5, 2)), T0 + 1)
    assert messages == (Quote("BTC-USD", 99.5, 2.0, 101.0, 1.0, T0, "coinbase"),
                        Depth("BTC-USD", ((99.5, 2.0),), (), False, 0, 0, T0, "coinbase"))  # fmt: skip
    assert [type(m) for m in feed.parse(update(("sell", 105, 2)), T0 + 2)[1]] == [Depth]  # the best is the same
    assert feed.parse(update(("sell", 107, 0)), T0 + 3) == ("l2update", ())  # there was none
    assert len(of(Sample, feed.parse(update(("sell", 105, 3)), T0 + S)[1])) == 4


@pytest.mark.parametrize(("bad", "kind"), [
    (update(("buy", 101, 1)), "crossed"), (update(("buy", 100.0, -1)), "out_of_range"), ("<html>busy</html>", "not_json"),
    (update(("buy", 100.0, 1))[:-9], "not_json"), (update(("hold", 100.0, 1)), "garbage"), ('{"type":"l2update"}', "garbage"),
])  # fmt: skip
def test_what_a_book_can_not_follow_is_a_gap_and_wishes_for_a_new_snapshot_once(bad, kind):
    feed = coinbase()
    feed.parse(snapshot(), T0)
    said, messages = feed.parse(bad, T0 + S)
    assert said == kind
    [gap] = messages
    assert (gap.who, gap.from_us, gap.to_us) == ("feed:coinbase", T0, T0 + S)
    assert gap.reason.startswith("book of BTC-USD: ")
    assert [json.loads(text) for text in feed.answers()] == [
        {"type": verb, "product_ids": ["BTC-USD"], "channels": ["level2_batch"]} for verb in ("unsubscribe", "subscribe")]
    assert feed.parse(update(("buy", 100.0, 1)), T0 + 2 * S) == ("unsynced", ())
    assert feed.answers() == ()
    said, messages = feed.parse(snapshot(bids=((100, 1),)), T0 + 3 * S)
    assert said == "snapshot"
    assert of(Gap, messages) == [Gap("feed:coinbase", T0, T0 + 3 * S, "book of BTC-USD: a new snapshot")]
    assert of(Quote, messages) == [Quote("BTC-USD", 100.0, 1.0, 101.0, 1.0, T0, "coinbase")]
    assert len(of(Depth, feed.parse(update(("buy", 100.5, 1)), T0 + 4 * S)[1])) == 1


def test_a_frame_that_names_its_book_leaves_the_others_alone():
    feed = coinbase()
    feed.parse(snapshot(), T0)
    feed.parse(snapshot(symbol="ETH-USD"), T0)
    feed.parse(update(("buy", 1, -1)), T0 + 1)
    assert of(Depth, feed.parse(update(("buy", 98, 1), symbol="ETH-USD"), T0 + 2)[1])
    assert len(feed.parse("<html>", T0 + 3)[1]) == 1  # the one that was believed
    assert "ETH-USD" in feed.answers()[-1]


def test_a_wish_that_is_not_granted_is_repeated_after_ten_seconds_whatever_comes():
    feed = coinbase()
    assert feed.parse(update(("buy", 1, 1)), T0) == ("unsynced", ())
    assert len(feed.answers()) == 2
    for later, wishes in ((9, 0), (10, 2), (11, 0), (20, 2), (-3600, 2)):
        feed.parse('{"type":"heartbeat"}', T0 + later * S)
        assert len(feed.answers()) == wishes


def test_a_snapshot_that_crosses_is_no_book():
    feed = coinbase()
    assert feed.parse(snapshot(bids=((101, 1),)), T0) == ("crossed", ())
    assert len(feed.answers()) == 2


def test_a_book_that_has_worn_down_is_read_anew_and_goes_on_meanwhile():
    feed = coinbase(levels=10)
    feed.parse(snapshot(asks=[(200 + n, 1) for n in range(20)]), T0)
    for n in range(6):
        kind, messages = feed.parse(update(("sell", 200 + n, 0)), T0 + n)
        assert (kind, len(of(Depth, messages)), of(Gap, messages)) == ("l2update", 1, [])
    assert len(feed.answers()) == 2


def test_a_new_connection_knows_no_book():
    feed = coinbase()
    feed.parse(snapshot(), T0)
    feed.opening()
    assert feed.parse(update(("buy", 1, 1)), T0) == ("unsynced", ())


def test_more_books_than_can_be_kept_are_counted():
    feed = coinbase()
    kinds = [feed.parse(snapshot(symbol=f"A{n}-USD"), T0)[0] for n in range(1001)]
    assert kinds == ["snapshot"] * 1000 + ["too_many_symbols"]


# ---- quotes and trades of Coinbase


def test_the_ticker_is_quoted_until_there_is_a_book_and_while_it_is_not_believed():
    feed = coinbase()
    assert of(Quote, feed.parse(ticker(1), T0)[1])
    assert feed.parse(ticker(1), T0) == ("duplicate", ())
    feed.parse(snapshot(), T0)
    assert feed.parse(ticker(5), T0) == ("ticker", ())
    feed.parse("<html>", T0)
    assert of(Quote, feed.parse(ticker(6), T0)[1])
    assert feed.parse(ticker(4), T0) == ("duplicate", ())


def test_trades_are_told_once_and_missing_ones_are_a_gap():
    feed = coinbase()
    assert feed.parse(match(7, "last_match"), T0) == ("last_match", ())
    kind, [trade] = feed.parse(match(8), T0 + S)
    assert (kind, trade.trade_id, trade.side) == ("match", "8", "buy")
    assert feed.parse(match(8), T0) == ("duplicate", ())
    kind, (gap, trade) = feed.parse(match(11), T0 + 2 * S)
    assert (kind, trade.trade_id) == ("after_missing", "11")
    assert gap == Gap("feed:coinbase", T0 + S, T0 + 2 * S, "2 trades of BTC-USD are missing")
    assert feed.parse(match(1, symbol="ETH-USD"), T0)[0] == "match"


def test_after_a_connection_that_was_lost_the_last_trade_is_told_if_it_is_news():
    feed = coinbase()
    feed.parse(match(8), T0)
    feed.opening()
    assert feed.parse(match(8, "last_match"), T0 + S) == ("last_match", ())
    kind, [trade] = feed.parse(match(9, "last_match"), T0 + S)
    assert (kind, trade.trade_id) == ("last_match", "9")
    feed.opening()
    kind, (gap, trade) = feed.parse(match(12, "last_match"), T0 + 2 * S)
    assert (kind, trade.trade_id, gap.reason) == ("after_missing", "12", "2 trades of BTC-USD are missing")


def test_a_venue_that_begins_to_count_anew_is_followed():
    feed = coinbase()
    feed.parse(match(10**17), T0)
    assert feed.parse(match(3), T0)[0] == "duplicate"
    assert feed.parse(match(3, at="2023-11-14T22:13:21Z"), T0)[0] == "match"
    assert feed.parse(match(4, at="2023-11-14T22:13:22Z"), T0)[0] == "match"


# ---- trades of Kraken, which have no number


def fills(*rows):
    return json.dumps([1, [[price, "1", at, "b", "l", ""] for price, at in rows], "trade", "XBT/USD"])


def test_trades_without_numbers_are_told_once():
    feed = kraken()
    at, later = "1700000000.000001", "1700000000.000002"

    def prices(frame):
        return [trade.price for trade in of(Trade, feed.parse(frame, T0)[1])]

    assert prices(fills(("5", at), ("5", at))) == [5.0, 5.0]  # two fills of one order
    assert feed.parse(fills(("5", at)), T0) == ("duplicate", ())
    assert prices(fills(("6", at), ("5", at))) == [6.0]
    assert prices(fills(("5", at), ("6", at), ("7", later))) == [7.0]
    assert feed.parse(fills(("8", at)), T0) == ("duplicate", ())
    feed.opening()
    assert feed.parse(fills(("7", later)), T0) == ("duplicate", ())


def test_trades_that_cannot_be_read_are_a_gap_beside_those_that_can():
    feed = kraken()
    feed.parse(fills(("5", "1700000000.5")), T0 + S)
    kind, (gap, trade) = feed.parse(fills(("x", "1700000001.0"), ("6", "1700000001.0")), T0 + 2 * S)
    assert (kind, trade.price) == ("trade_in_part", 6.0)
    assert gap == Gap("feed:kraken", T0 + S // 2, T0 + 2 * S, "1 trades of BTC-USD could not be read")
    kind, (gap,) = feed.parse(fills(("-1", "1700000003.0")), T0 + 3 * S)
    assert (kind, gap.from_us, gap.to_us) == ("out_of_range", T0 + S, T0 + 3 * S)
    kind, (gap,) = feed.parse('[1,5,"trade","ETH/USD"]', T0 + 3 * S)
    assert (kind, gap.from_us) == ("garbage", T0 + 3 * S)  # nothing was known of it


def test_a_trade_from_the_future_silences_nothing():
    feed = kraken()
    assert feed.parse(fills(("5", "1700000100.0")), T0)[0] == "trade"
    assert feed.parse(fills(("5", "1700000000.5")), T0)[0] == "trade"
    kind, (gap,) = feed.parse(fills(("5", "1900000000.0")), T0)
    assert (kind, gap.reason) == ("bad_time", "1 trades of BTC-USD could not be read")
    assert feed.parse(fills(("5", "1700000000.6")), T0)[0] == "trade"


FAR = "2099-01-01T00:00:00Z"


@pytest.mark.parametrize("told", [match, ticker])
def test_one_wrong_number_or_time_of_coinbase_silences_nothing_for_long(told):
    feed = coinbase()
    feed.parse(told(7), T0)
    assert feed.parse(told(9).replace(AT, FAR), T0) == ("bad_time", ())
    feed.parse(told(10**17), T0)
    after = [feed.parse(told(number), T0 + S) for number in range(8, 14)]
    assert [kind for kind, _ in after] == ["duplicate"] * 2 + ["counted_anew"] + [told.__name__] * 3
    assert [type(message) for message in after[2][1]] == [Gap, Trade if told is match else Quote]
    assert feed.parse(told(7), T0) == ("duplicate", ())


def test_a_book_of_another_time_is_not_believed():
    feed = coinbase()
    assert feed.parse(snapshot().replace(AT, FAR), T0) == ("bad_time", ())
    feed.parse(snapshot(), T0)
    kind, (gap,) = feed.parse(update(("buy", 1, 1)).replace(AT, FAR), T0)
    assert (kind, type(gap)) == ("bad_time", Gap)
