"""The parser of Binance's spot frames: what it reads, what it refuses, and that nothing makes it raise."""

import json
import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue import EXCHANGE, needs_recordings

from oracle.feeds.binance_frames import parse
from oracle.feeds.sequence import TradesSeen
from oracle.model import Bar, Depth, Quote, Trade
from oracle.recording import read_recording

NOW_US = 1_672_515_783_000_001

TICKER = {"u": 400900217, "s": "BNBUSDT", "b": "25.35190000", "B": "31.21000000", "a": "25.36520000", "A": "40.66000000"}
TRADE = {"e": "aggTrade", "E": 1672515782136, "s": "BNBBTC", "a": 12345, "p": "0.001", "q": "100", "f": 100, "l": 105,
         "T": 1672515782136, "m": True, "M": True}  # fmt: skip
DEPTH = {"e": "depthUpdate", "E": 1672515782136, "s": "BNBBTC", "U": 157, "u": 160, "b": [["0.0024", "10"]],
         "a": [["0.0026", "100"], ["0.0027", "0"]]}  # fmt: skip
KLINE = {"e": "kline", "E": 1672515782136, "s": "BNBBTC", "k": {
    "t": 1672515780000, "T": 1672515839999, "s": "BNBBTC", "i": "1m", "f": 100, "L": 200, "o": "0.0010", "c": "0.0020",
    "h": "0.0025", "l": "0.0009", "v": "1000", "n": 100, "x": False, "q": "1.0", "V": "500", "Q": "0.500", "B": "1"}}  # fmt: skip


def combined(data, stream="bnbbtc@x"):
    return json.dumps({"stream": stream, "data": data}).encode()


def bare(data):
    return json.dumps(data).encode()


@pytest.mark.parametrize("wrap", [combined, bare])
@pytest.mark.parametrize(("data", "stream", "kind", "message"), [
    (TICKER, "bnbusdt@bookTicker", "bookTicker",
     Quote("BNB-USDT", 25.3519, 31.21, 25.3652, 40.66, NOW_US, "binance")),
    (TRADE, "bnbbtc@aggTrade", "aggTrade", Trade("BNB-BTC", 0.001, 100.0, "sell", "12345", 1672515782136000, "binance")),
    (TRADE | {"m": False}, "bnbbtc@aggTrade", "aggTrade",
     Trade("BNB-BTC", 0.001, 100.0, "buy", "12345", 1672515782136000, "binance")),
    (DEPTH, "bnbbtc@depth@100ms", "depthUpdate",
     Depth("BNB-BTC", ((0.0024, 10.0),), ((0.0026, 100.0), (0.0027, 0.0)), False, 157, 160, 1672515782136000, "binance")),
    (KLINE, "bnbbtc@kline_1m", "kline",
     Bar("BNB-BTC", "1m", 0.001, 0.0025, 0.0009, 0.002, 1000.0, 100, False, 1672515780000000, "binance")),
])  # fmt: skip
def test_the_documented_frames_become_messages(wrap, data, stream, kind, message):
    raw = combined(data, stream) if wrap is combined else bare(data)
    assert parse(raw, NOW_US) == (kind, (message,))
    assert parse(raw.decode(), NOW_US) == (kind, (message,))


def with_candle(**changes):
    return KLINE | {"k": KLINE["k"] | changes}


@pytest.mark.parametrize(("data", "kind"), [
    (TICKER | {"b": "NaN"}, "out_of_range"),
    (TICKER | {"b": "inf"}, "out_of_range"),
    (TICKER | {"b": "-1"}, "out_of_range"),
    (TICKER | {"b": "0"}, "out_of_range"),
    (TICKER | {"a": "1e300"}, "out_of_range"),
    (TICKER | {"a": "1e400"}, "garbage"),
    (TICKER | {"B": "0"}, "out_of_range"),
    (TICKER | {"A": "-3"}, "out_of_range"),
    (TICKER | {"b": "25.37"}, "crossed"),
    (TICKER | {"b": "1_0"}, "garbage"),
    (TICKER | {"b": ""}, "garbage"),
    (TICKER | {"b": None}, "garbage"),
    (TICKER | {"s": 5}, "garbage"),
    (TICKER | {"s": "NOQUOTE"}, "unknown_symbol"),
    (TICKER | {"s": "BTC:USDT"}, "unknown_symbol"),
    (TRADE | {"p": "0"}, "out_of_range"),
    (TRADE | {"q": "0"}, "out_of_range"),
    (TRADE | {"q": "NaN"}, "out_of_range"),
    (TRADE | {"T": 0}, "out_of_range"),
    (TRADE | {"T": -5}, "out_of_range"),
    (TRADE | {"T": 10**30}, "out_of_range"),
    (TRADE | {"T": 4_070_908_800_000}, "bad_time"),
    (TRADE | {"T": TRADE["T"] + 3_600_000}, "bad_time"),
    (TICKER | {"T": 4_070_908_800_000}, "bad_time"),
    (DEPTH | {"E": 4_070_908_800_000}, "bad_time"),
    (DEPTH | {"u": 156}, "out_of_range"),
    (DEPTH | {"pu": 160}, "out_of_range"),
    (TRADE | {"a": -1}, "out_of_range"),
    (TRADE | {"a": 2**63}, "out_of_range"),
    (TRADE | {"a": "x"}, "garbage"),
    ({k: v for k, v in TRADE.items() if k != "p"}, "garbage"),
    (DEPTH | {"b": [["-1", "5"]]}, "out_of_range"),
    (DEPTH | {"b": [["1", "-5"]]}, "out_of_range"),
    (DEPTH | {"a": [["NaN", "1"]]}, "out_of_range"),
    (DEPTH | {"a": [["1"]]}, "garbage"),
    (DEPTH | {"a": {}}, "garbage"),
    (with_candle(h="0.0001"), "crossed"),
    (with_candle(o="NaN"), "out_of_range"),
    (with_candle(v="-1"), "out_of_range"),
    (with_candle(t=4_070_908_800_000), "bad_time"),
    (with_candle(i="7m"), "garbage"),
    (KLINE | {"k": 5}, "garbage"),
    (TRADE | {"e": "24hrTicker"}, "unknown:24hrTicker"),
    (TRADE | {"e": "x" * 500}, "unknown:other"),
    (TRADE | {"e": "a\nb"}, "unknown:other"),
    (TRADE | {"e": 7}, "garbage"),
])  # fmt: skip
def test_what_cannot_be_trusted_is_counted_under_a_name_and_published_nowhere(data, kind):
    stream = "bnbusdt@bookTicker" if "e" not in data else "bnbbtc@trade"
    assert parse(combined(data, stream), NOW_US) == (kind, ())
    if "e" not in data or isinstance(data["e"], str):
        assert parse(bare(data), NOW_US) == (kind, ())


@pytest.mark.parametrize(("raw", "kind"), [
    (b"", "not_json"), (b"{", "not_json"), (b"\xff\xfe", "not_json"), (b"<html>no</html>", "not_json"),
    ("\ud800", "not_json"), (b"[" * 100_000, "garbage"), (b'{"data":' + b"[" * 100_000, "not_json"),
    (b"null", "garbage"), (b"5", "garbage"), (b"[]", "garbage"), (b"{}", "garbage"), (b'"x"', "garbage"),
    (b'{"stream":"a@bookTicker"}', "garbage"), (b'{"stream":"a@bookTicker","data":5}', "garbage"),
    (b'{"stream":"a@depth5","data":{"bids":[]}}', "unknown:depth5"), (b'{"stream":5,"data":{}}', "garbage"),
    (b'{"result":null,"id":1}', "reply"), (b'{"error":{"code":2,"msg":"x"},"id":1}', "error"),
    (b'{"code": 0, "msg": "Unknown property"}', "error"),
])  # fmt: skip
def test_frames_without_market_data(raw, kind):
    assert parse(raw, NOW_US) == (kind, ())


def test_a_word_that_splits_no_way_is_known_by_its_subscription():
    raw = bare(TICKER | {"s": "BTCODD"})
    assert parse(raw, NOW_US)[0] == "unknown_symbol"
    assert parse(raw, NOW_US, {"BTCODD": "BTC-ODD"})[1][0].symbol == "BTC-ODD"


def test_a_trade_told_again_is_a_duplicate_but_a_new_count_is_not():
    seen = TradesSeen("binance")

    def kinds(*trades):
        return [seen.once(parse(bare(TRADE | trade), NOW_US), NOW_US)[0] for trade in trades]

    assert kinds({"a": 1}, {"a": 2}, {"a": 2}, {"a": 1}) == ["aggTrade", "aggTrade", "duplicate", "duplicate"]
    assert kinds({"a": 1, "s": "ETHBTC"}) == ["aggTrade"]
    assert kinds({"a": 0, "T": TRADE["T"] + 1}, {"a": 1, "T": TRADE["T"] + 2}) == ["aggTrade", "aggTrade"]
    assert seen.once(("depthUpdate", ()), NOW_US) == ("depthUpdate", ())


@pytest.mark.parametrize("wrong", [{"a": 10**18}, {"a": 10**18, "T": TRADE["T"] + 500_000}, {"T": 4_070_908_800_000}])
def test_one_wrong_trade_silences_nothing_for_long(wrong):
    seen = TradesSeen("binance")

    def told(**trade):
        return seen.once(parse(bare(TRADE | trade), NOW_US), NOW_US)

    told(a=7)
    told(**wrong)
    after = [told(a=number) for number in range(8, 14)]
    assert [kind for kind, _ in after[3:]] == ["aggTrade"] * 3
    assert [told(a=number)[0] for number in (7, 13, 12)] == ["duplicate"] * 3
    (gap, trade) = next((messages for kind, messages in after if kind == "counted_anew"), (None, None))
    if "a" in wrong:
        assert (gap.who, gap.reason[:26], trade.trade_id) == ("feed:binance", "BNB-BTC is counted anew: w", "10")
    else:
        assert gap is None


@needs_recordings
def test_the_recorded_session_says_the_same_as_an_independent_count():
    kinds, last, trades, quantity = Counter(), {}, Counter(), defaultdict(float)
    for line in (EXCHANGE / "binance-spot.rec").read_text().splitlines():
        at, _, text = line.partition(": ")
        if text and at.replace(".", "").isdigit():
            data = json.loads(text)["data"]
            kinds[data.get("e", "bookTicker")] += 1
            if "e" not in data:
                last[data["s"]] = (float(data["b"]), float(data["a"]))
            if data.get("e") == "aggTrade":
                trades[data["s"]] += 1
                quantity[data["s"]] += float(data["q"])

    read_kinds, read_last, read_trades, read_quantity = Counter(), {}, Counter(), defaultdict(float)
    for frame in read_recording(EXCHANGE / "binance-spot.rec").frames:
        kind, messages = parse(frame.text, frame.at_us)
        read_kinds[kind] += 1
        for message in messages:
            word = message.symbol.replace("-", "")
            match message:
                case Quote():
                    read_last[word] = (message.bid, message.ask)
                case Trade():
                    read_trades[word] += 1
                    read_quantity[word] += message.size
    assert read_kinds == kinds
    assert (read_last, read_trades, read_quantity) == (last, trades, quantity)


@needs_recordings
@pytest.mark.parametrize("name", ["binance-futures", "coinbase", "kraken-trade", "kraken-ticker"])
def test_other_venues_are_read_or_counted_and_never_raise(name):
    kinds = Counter()
    for frame in read_recording(EXCHANGE / f"{name}.rec").frames:
        kind, messages = parse(frame.text, frame.at_us)
        kinds[kind] += 1
        assert_finite(messages)
    assert set(kinds) <= ({"bookTicker", "aggTrade", "depthUpdate", "kline"} if "binance" in name else {"garbage"})


# ---- any bytes, any JSON

KEYS = st.sampled_from([*"eEsaAbBpqflTmMUuktiohcvnx", "stream", "data", "result", "error"])
WORDS = st.sampled_from([
    "bookTicker", "aggTrade", "depthUpdate", "kline", "BTCUSDT", "btcusdt@bookTicker", "1m", "NaN", "-inf", "Infinity", "0",
    "-0", "1e308", "1e-320", "0.1", "1672515782136", "true", "",
])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8))


@given(st.binary())
def test_any_bytes(raw):
    assert_sound(parse(raw, NOW_US))


@given(st.text())
def test_any_text(raw):
    assert_sound(parse(raw, NOW_US))


@given(JSON)
def test_any_json(value):
    assert_sound(parse(json.dumps(value), NOW_US))


@given(st.sampled_from([TICKER, TRADE, DEPTH, KLINE, KLINE["k"]]), st.dictionaries(KEYS, JSON, max_size=3), st.booleans())
def test_any_change_of_a_sound_frame(data, changes, in_stream):
    data = data | changes
    if data.get("v") == "1000":  # the candle alone
        data = KLINE | {"k": data}
    raw = combined(data, f"bnbbtc@{data.get('e', 'bookTicker')}") if in_stream else bare(data)
    assert_sound(parse(raw, NOW_US))


@given(st.sampled_from([TICKER, TRADE, DEPTH, KLINE]), st.data())
def test_half_of_a_sound_frame(data, draw):
    raw = combined(data, "bnbusdt@bookTicker" if data is TICKER else "x@y")
    cut = draw.draw(st.integers(0, len(raw) - 1))
    assert parse(raw[:cut], NOW_US) == ("not_json", ())


def assert_sound(parsed):
    kind, messages = parsed
    assert kind
    assert len(kind) <= 64
    assert (kind in {"bookTicker", "aggTrade", "depthUpdate", "kline"}) == bool(messages)
    assert_finite(messages)


def assert_finite(messages):
    for message in messages:
        match message:
            case Quote():
                numbers = (message.bid, message.bid_size, message.ask, message.ask_size, message.mid)
                assert message.bid <= message.ask
                assert all(n > 0 for n in numbers)
            case Trade():
                numbers = (message.price, message.size, message.price * message.size)
                assert all(n > 0 for n in numbers)
            case Bar():
                numbers = (message.open, message.high, message.low, message.close, message.volume)
                assert message.low <= min(message.open, message.close) <= max(message.open, message.close) <= message.high
            case Depth():
                numbers = [n for level in message.bids + message.asks for n in level]
        assert all(math.isfinite(n) and n >= 0 for n in numbers)
        assert 0 < message.ts_us < 2**63
