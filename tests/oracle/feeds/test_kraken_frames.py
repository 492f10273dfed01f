"""The reader of Kraken's frames: what it reads, what it refuses, and that nothing makes it raise."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue import EXCHANGE, needs_recordings

from oracle.feeds.heard import Heard, Levels
from oracle.feeds.kraken_frames import parse, symbol_of, word_of
from oracle.model import Quote, Trade
from oracle.recording import read_recording

NOW_US = 1_633_998_512_000_001

TICKER = [1668, {"a": ["13.253900", 35, "35.72892241"], "b": ["13.232900", 185, "185.18432037"],
                 "c": ["13.253900", "3.71672000"]}, "ticker", "WAVES/EUR"]  # fmt: skip
TRADE = [993, [["354.11", "0.89594024", "1618678142.557535", "s", "l", ""],
               ["354.55", "1.25", "1618678142.557536", "b", "m", ""]], "trade", "XMR/USD"]  # fmt: skip
WHOLE = [0, {"as": [["5541.30000", "2.50700000", "1534614248.123678"]],
             "bs": [["5541.20000", "1.52900000", "1534614248.765567"]]}, "book-100", "XBT/USD"]  # fmt: skip
PARTS = [1234, {"a": [["5541.30000", "2.50700000", "1534614248.456738"],
                      ["5542.50000", "0.40100000", "1534614248.456738", "r"]]},
         {"b": [["5541.30000", "0.00000000", "1534614335.345903"]], "c": "974942666"}, "book-10", "XBT/USD"]  # fmt: skip
ONE = [1234, {"b": [["0.05000", "0.00000304", "1534614335"]], "c": "1"}, "book-10", "XDG/XBT"]


@pytest.mark.parametrize(("data", "heard"), [
    (TICKER, Heard("ticker", "WAVES-EUR",
                   quote=Quote("WAVES-EUR", 13.2329, 185.18432037, 13.2539, 35.72892241, NOW_US, "kraken"))),
    (TRADE, Heard("trade", "XMR-USD", trades=(
        Trade("XMR-USD", 354.11, 0.89594024, "sell", "", 1618678142557535, "kraken"),
        Trade("XMR-USD", 354.55, 1.25, "buy", "", 1618678142557536, "kraken")))),
    (WHOLE, Heard("snapshot", "BTC-USD", levels=Levels(
        ((5541.2, 1.529, "554120000152900000"),), ((5541.3, 2.507, "554130000250700000"),), True, 1534614248765567))),
    (PARTS, Heard("book", "BTC-USD", levels=Levels(
        ((5541.3, 0.0, "554130000"),), ((5541.3, 2.507, "554130000250700000"), (5542.5, 0.401, "55425000040100000")), False,
        1534614335345903, 974942666))),
    (ONE, Heard("book", "DOGE-BTC", levels=Levels(((0.05, 0.00000304, "5000304"),), (), False, 1534614335000000, 1))),
])  # fmt: skip
def test_the_documented_frames_are_read(data, heard):
    assert parse(json.dumps(data), NOW_US) == heard
    assert parse(json.dumps(data).encode(), NOW_US) == heard


@pytest.mark.parametrize(("word", "symbol"), [
    ("XBT/USD", "BTC-USD"), ("ETH/XBT", "ETH-BTC"), ("XDG/EUR", "DOGE-EUR"), ("ADA/USDT", "ADA-USDT"),
])  # fmt: skip
def test_names_go_both_ways(word, symbol):
    assert (symbol_of(word), word_of(symbol)) == (symbol, word)


@pytest.mark.parametrize("word", ["XBTUSD", "", "/", "XBT/", "XBT/USD/EUR", "XBT/U:D", "xbt/usd", "A-B/USD"])
def test_what_is_no_pair_has_no_name(word):
    assert symbol_of(word) is None


def with_body(data, *body):
    return [data[0], *body, *data[-2:]]


@pytest.mark.parametrize(("data", "kind", "doubt"), [
    ({"event": "heartbeat"}, "heartbeat", False),
    ({"event": "systemStatus", "status": "online"}, "systemStatus", False),
    ({"event": "subscriptionStatus", "status": "subscribed"}, "subscriptionStatus", False),
    ({"event": "subscriptionStatus", "status": "error", "errorMessage": "Currency pair not supported"}, "error", False),
    ({"event": "news"}, "unknown:news", False),
    ([1, ["1", "2"], "spread", "XBT/USD"], "unknown:spread", False),
    ([1, [], "\n", "XBT/USD"], "unknown:other", False),
    ([*TRADE[:-1], "XMRUSD"], "unknown_symbol", False),
    (with_body(TRADE, []), "garbage", False),
    (with_body(TRADE, [["354.11", "1"]]), "garbage", False),
    (with_body(TRADE, [["1", "1", "1618678142.5", "x"]]), "garbage", False),
    (with_body(TRADE, [["1", "1", "soon", "b"]]), "garbage", False),
    (with_body(TRADE, [["1", "1", "0", "b"]]), "out_of_range", False),
    (with_body(TRADE, [["-1", "1", "1618678142.5", "b"]]), "out_of_range", False),
    (with_body(TRADE, [["1", "0.000", "1618678142.5", "b"]]), "out_of_range", False),
    (with_body(TRADE, [["NaN", "1", "1618678142.5", "b"]]), "garbage", False),
    (with_body(TICKER, {"a": ["1", 1, "1"], "b": ["2", 1, "1"]}), "crossed", False),
    (with_body(TICKER, {"a": ["1", 1, "0"], "b": ["1", 1, "1"]}), "out_of_range", False),
    (with_body(TICKER, {"a": ["1", 1, "1"]}), "garbage", False),
    (with_body(TICKER), "garbage", False),
    (with_body(ONE, {"b": [["1_0", "1", "1"]]}), "garbage", True),
    (with_body(ONE, {"b": [["-1", "1", "1"]]}), "out_of_range", True),
    (with_body(ONE, {"b": [["1", "1"]]}), "garbage", True),
    (with_body(ONE, {"b": [["1", "1", "1"]], "c": "x"}), "garbage", True),
    (with_body(ONE, {}), "garbage", True),
    (with_body(ONE), "garbage", True),
    (with_body(WHOLE, WHOLE[1], PARTS[1]), "garbage", True),
    ([1], "garbage", True),
    ([], "garbage", True),
    ({}, "garbage", True),
    (None, "garbage", True),
])  # fmt: skip
def test_what_cannot_be_trusted_is_counted_under_a_name_and_says_whether_a_book_may_have_missed_it(data, kind, doubt):
    heard = parse(json.dumps(data), NOW_US)
    assert (heard.kind, heard.doubt) == (kind, doubt)
    assert not (heard.quote or heard.trades or heard.levels)


@pytest.mark.parametrize("raw", [b"", b"[", b"\xff\xfe", b"<html>no</html>", "\ud800", b"[" * 100_000])
def test_what_is_no_json_may_have_been_anything(raw):
    assert parse(raw, NOW_US) == Heard("not_json", doubt=True)


@given(st.sampled_from([TICKER, TRADE, WHOLE, PARTS]), st.data())
def test_half_of_a_sound_frame(data, draw):
    raw = json.dumps(data)
    assert parse(raw[: draw.draw(st.integers(0, len(raw) - 1))], NOW_US) == Heard("not_json", doubt=True)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(
    ["book-10", "trade", "ticker", "XBT/USD", "NaN", "1e308", "0.1", "1618678142.5", "b", ""]) | st.text(max_size=4)  # fmt: skip
KEYS = st.sampled_from(["a", "b", "c", "as", "bs", "event", "status"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=4))


@given(st.binary() | st.text() | JSON.map(json.dumps))
def test_nothing_makes_it_raise(raw):
    assert parse(raw, NOW_US).kind


@given(st.sampled_from(["ticker", "trade", "book-10"]), st.lists(JSON, max_size=3))
def test_any_body(channel, body):
    heard = parse(json.dumps([1, *body, channel, "XBT/USD"]), NOW_US)
    sound = heard.kind in {"snapshot", "book", "ticker", "trade", "trade_in_part"}
    assert sound == bool(heard.quote or heard.trades or heard.levels)


@needs_recordings
@pytest.mark.parametrize(("name", "kinds"), [
    ("kraken-ticker", {"heartbeat": 31, "ticker": 18, "subscriptionStatus": 10, "systemStatus": 1}),
    ("kraken-trade", {"heartbeat": 30, "trade": 8, "subscriptionStatus": 10, "systemStatus": 1}),
])  # fmt: skip
def test_every_recorded_frame_has_the_kind_it_says(name, kinds):
    assert Counter(parse(frame.text, frame.at_us).kind for frame in read_recording(EXCHANGE / f"{name}.rec").frames) == kinds


@needs_recordings
@pytest.mark.parametrize("name", ["binance-spot", "binance-futures", "coinbase"])
def test_other_venues_are_counted_and_never_raise(name):
    assert {parse(frame.text, 1).kind for frame in read_recording(EXCHANGE / f"{name}.rec").frames} == {"garbage"}


def test_a_row_that_can_not_be_read_takes_no_other_with_it():
    good, bad = '["5541.2","0.158","1534614057.32","s","l",""]', '["-1","0.158","1534614057.33","b","l",""]'
    heard = parse(f'[0,[{bad},{good},[1,2,3,"b"],null],"trade","XBT/USD"]', NOW_US, source="kraken")
    assert (heard.kind, heard.lost, [trade.price for trade in heard.trades]) == ("trade_in_part", 3, [5541.2])
    assert parse(f'[0,[{bad}],"trade","XBT/USD"]', NOW_US, source="kraken").kind == "out_of_range"
