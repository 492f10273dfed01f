"""The reader of Coinbase's frames: what it reads, what it refuses, and that nothing makes it raise."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue import EXCHANGE, needs_recordings

from oracle.feeds.coinbase_frames import parse
from oracle.feeds.heard import Heard, Levels
from oracle.model import Quote, Trade
from oracle.recording import read_recording

NOW_US = 1_633_998_512_000_001
AT = "2021-04-17T16:43:37.089723Z"
AT_US = 1_618_677_817_089_723

SNAPSHOT = {"type": "snapshot", "product_id": "SKL-BTC", "bids": [["0.00001302", "110.0"]], "asks": [["0.00001305", "4781"]]}
UPDATE = {"type": "l2update", "product_id": "SKL-BTC", "time": AT,
          "changes": [["sell", "0.00001306", "660.5"], ["buy", "0.00001302", "0"]]}  # fmt: skip
TICKER = {"type": "ticker", "sequence": 333938798, "product_id": "BAND-GBP", "price": "14.7775", "best_bid": "14.7550",
          "best_ask": "14.8060", "side": "buy", "time": AT, "trade_id": 881613, "last_size": "0.04"}  # fmt: skip
MATCH = {"type": "match", "trade_id": 280232, "maker_order_id": "2a", "taker_order_id": "3c", "side": "sell", "size": "985",
         "price": "0.00001305", "product_id": "SKL-BTC", "sequence": 177100030, "time": AT}  # fmt: skip


@pytest.mark.parametrize(("data", "heard"), [
    (SNAPSHOT, Heard("snapshot", "SKL-BTC",
                     levels=Levels(((0.00001302, 110.0, ""),), ((0.00001305, 4781.0, ""),), True, NOW_US))),
    (SNAPSHOT | {"time": AT}, Heard("snapshot", "SKL-BTC",
                     levels=Levels(((0.00001302, 110.0, ""),), ((0.00001305, 4781.0, ""),), True, AT_US))),
    (UPDATE, Heard("l2update", "SKL-BTC",
                   levels=Levels(((0.00001302, 0.0, ""),), ((0.00001306, 660.5, ""),), False, AT_US))),
    (TICKER, Heard("ticker", "BAND-GBP", sequence=333938798,
                   quote=Quote("BAND-GBP", 14.755, 0.0, 14.806, 0.0, AT_US, "coinbase"))),
    (TICKER | {"best_bid_size": "2.5", "best_ask_size": "1"}, Heard("ticker", "BAND-GBP", sequence=333938798,
                   quote=Quote("BAND-GBP", 14.755, 2.5, 14.806, 1.0, AT_US, "coinbase"))),
    # a maker who sold has sold to a taker who bought
    (MATCH, Heard("match", "SKL-BTC", sequence=280232,
                  trades=(Trade("SKL-BTC", 0.00001305, 985.0, "buy", "280232", AT_US, "coinbase"),))),
    (MATCH | {"type": "last_match", "side": "buy"}, Heard("last_match", "SKL-BTC", sequence=280232,
                  trades=(Trade("SKL-BTC", 0.00001305, 985.0, "sell", "280232", AT_US, "coinbase"),))),
])  # fmt: skip
def test_the_venue_s_frames_are_read(data, heard):
    assert parse(json.dumps(data), NOW_US) == heard
    assert parse(json.dumps(data).encode(), NOW_US) == heard


@pytest.mark.parametrize(("data", "kind", "doubt"), [
    ({"type": "subscriptions", "channels": []}, "subscriptions", False),
    ({"type": "heartbeat", "sequence": 1}, "heartbeat", False),
    ({"type": "error", "message": "x", "reason": "y"}, "error", False),
    ({"type": "received", "product_id": "BTC-USD"}, "unknown:received", False),
    ({"type": "x" * 500}, "unknown:other", False),
    (MATCH | {"product_id": "BTCUSD"}, "unknown_symbol", False),
    (MATCH | {"product_id": "BTC-USD:*"}, "unknown_symbol", False),
    (MATCH | {"price": "-1"}, "out_of_range", False),
    (MATCH | {"price": "NaN"}, "out_of_range", False),
    (MATCH | {"size": "0"}, "out_of_range", False),
    (MATCH | {"trade_id": -1}, "out_of_range", False),
    (MATCH | {"sequence": 2**63}, "out_of_range", False),
    (MATCH | {"time": "1960-01-01T00:00:00Z"}, "out_of_range", False),
    (MATCH | {"time": "2021-04-17T16:43:37"}, "garbage", False),
    (MATCH | {"side": "both"}, "garbage", False),
    ({k: v for k, v in MATCH.items() if k != "trade_id"}, "garbage", False),
    (TICKER | {"best_bid": "15"}, "crossed", False),
    (TICKER | {"best_bid": "0"}, "out_of_range", False),
    ({k: v for k, v in TICKER.items() if k != "sequence"}, "garbage", False),
    (SNAPSHOT | {"bids": [["-1", "1"]]}, "out_of_range", True),
    (SNAPSHOT | {"bids": [["1"]]}, "garbage", True),
    (UPDATE | {"changes": [["buy", "1", "-1"]]}, "out_of_range", True),
    (UPDATE | {"changes": [["buy", "1", "Infinity"]]}, "out_of_range", True),
    (UPDATE | {"changes": [["hold", "1", "1"]]}, "garbage", True),
    ({k: v for k, v in UPDATE.items() if k != "time"}, "garbage", True),
    ({"type": "l2update"}, "garbage", True),
    ([1], "garbage", True),
    ({}, "garbage", True),
    (None, "garbage", True),
    ({"type": 5}, "garbage", True),
])  # fmt: skip
def test_what_cannot_be_trusted_is_counted_under_a_name_and_says_whether_a_book_may_have_missed_it(data, kind, doubt):
    heard = parse(json.dumps(data), NOW_US)
    assert (heard.kind, heard.doubt) == (kind, doubt)
    assert not (heard.quote or heard.trades or heard.levels)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"<html>no</html>", "\ud800", b'{"type":' + b"[" * 100_000])
def test_what_is_no_json_may_have_been_anything(raw):
    assert parse(raw, NOW_US) == Heard("not_json", doubt=True)


@given(st.sampled_from([SNAPSHOT, UPDATE, TICKER, MATCH]), st.data())
def test_half_of_a_sound_frame(data, draw):
    raw = json.dumps(data)
    assert parse(raw[: draw.draw(st.integers(0, len(raw) - 1))], NOW_US) == Heard("not_json", doubt=True)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(
    ["snapshot", "match", "buy", "BTC-USD", "NaN", "1e308", "0.1", AT, ""]) | st.text(max_size=4)  # fmt: skip
KEYS = st.sampled_from(sorted({*SNAPSHOT, *UPDATE, *TICKER, *MATCH}))
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6))


@given(st.binary() | st.text() | JSON.map(json.dumps))
def test_nothing_makes_it_raise(raw):
    assert parse(raw, NOW_US).kind


@given(st.sampled_from([SNAPSHOT, UPDATE, TICKER, MATCH]), st.dictionaries(KEYS, JSON, max_size=3))
def test_any_change_of_a_sound_frame(data, changes):
    heard = parse(json.dumps(data | changes), NOW_US)
    assert (heard.kind in {"snapshot", "l2update", "ticker", "match", "last_match"}) == bool(
        heard.quote or heard.trades or heard.levels)


@needs_recordings
def test_every_recorded_frame_has_the_kind_it_says():
    kinds = Counter()
    for frame in read_recording(EXCHANGE / "coinbase.rec").frames:
        kind = parse(frame.text, frame.at_us).kind
        assert kind == json.loads(frame.text)["type"]
        kinds[kind] += 1
    assert kinds == {"l2update": 4881, "ticker": 41, "match": 31, "snapshot": 10, "last_match": 10, "subscriptions": 3}


@needs_recordings
@pytest.mark.parametrize("name", ["binance-spot", "binance-futures", "kraken-trade", "kraken-ticker"])
def test_other_venues_are_counted_and_never_raise(name):
    assert {parse(frame.text, 1).kind for frame in read_recording(EXCHANGE / f"{name}.rec").frames} == {"garbage"}
