"""An exchange through ccxt: a local HTTP server gives the answers that Kraken's REST documentation shows."""

import importlib.util
import json

import pytest
import trio
from sink import answering, open_sink

from actors import open_runtime
from actors.testing import probe
from oracle.feeds.ccxt import Ccxt
from oracle.feeds.statistics import FeedStatistics
from oracle.model import Depth, Quote, Sample, Trade

INSTALLED = bool(importlib.util.find_spec("ccxt") and importlib.util.find_spec("trio_asyncio"))
with_the_extra = pytest.mark.skipif(not INSTALLED, reason="the extra `exchanges` is not installed")

PAIR = {"altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT", "aclass_quote": "currency",
        "quote": "ZUSD", "lot": "unit", "cost_decimals": 5, "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1,
        "leverage_buy": [2, 3], "leverage_sell": [2, 3], "fees": [[0, 0.26]], "fees_maker": [[0, 0.16]],
        "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40, "ordermin": "0.0001", "costmin": "0.5",
        "tick_size": "0.1", "status": "online", "long_position_limit": 250, "short_position_limit": 200}  # fmt: skip
ANSWERS = {
    "AssetPairs": {"XXBTZUSD": PAIR},
    "Assets": {"XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "display_decimals": 5, "status": "enabled"},
               "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4, "display_decimals": 2, "status": "enabled"}},
    "Ticker": {"XXBTZUSD": {"a": ["30300.10000", "1", "1.000"], "b": ["30300.00000", "1", "1.000"], 
                            "c": ["30303.20000", "0.00067643"], "v": ["4083.67001100", "4412.73601799"], "t": [34619, 38907],
                            "p": ["30706.77771", "30689.13205"],
                            "l": ["29868.30000", "29868.30000"], "h": ["31631.00000", "31631.00000"], "o": "30502.80000"}},
    "Trades": {"XXBTZUSD": [["30243.40000", "0.34507674", 1688669597.8277369, "b", "m", "", 61044952],
                            ["30243.30000", "0.00376960", 1688669598.2804112, "s", "l", "", 61044953]],
               "last": "1688671969993150842"},
    "Depth": {"XXBTZUSD": {"asks": [["30384.10000", "2.059", 1688671659], ["30387.90000", "1.500", 1688671380]],
                           "bids": [["30297.00000", "1.115", 1688671636], ["30296.70000", "2.002", 1688671674]]}},
}  # fmt: skip


async def exchange(call, stream):
    """The answer to a path."""
    name = call.path.partition("?")[0].rpartition("/")[2]
    body = {"error": [], "result": ANSWERS[name]} if name in ANSWERS else {"error": ["EGeneral:Unknown method"]}
    await answering(200, json.dumps(body).encode(), Content_Type="application/json")(call, stream)


@with_the_extra
async def test_quotes_trades_and_books_are_told_and_trades_once():
    statistics, messages = FeedStatistics(), []
    async with open_sink(exchange) as sink:
        there, what = sink.url("").removesuffix("/"), ("trades", "ticker", "book")
        settings = Ccxt(symbols=("BTC-USD",), what=what, every_s=0.1, base_url=there)
        async with open_runtime([]) as runtime:
            told = probe(runtime, "*")
            runtime.add(settings.child("mine", statistics))
            with trio.fail_after(30):
                while statistics.frames.get("duplicate", 0) < 1:
                    messages.append(await told.next())
    (first, second) = [m for m in messages if isinstance(m, Trade)]
    assert (first.symbol, first.price, first.size, first.side, first.source) == ("BTC-USD", 30243.4, 0.34507674, "buy", "mine")
    assert second.side == "sell"
    quote = next(m for m in messages if isinstance(m, Quote))
    assert (quote.bid, quote.ask, quote.symbol) == (30300.0, 30300.1, "BTC-USD")
    depth = next(m for m in messages if isinstance(m, Depth))
    assert (depth.snapshot, depth.bids[0], depth.asks[0]) == (True, (30297.0, 1.115), (30384.1, 2.059))
    samples = {m.name: m.value for m in messages if isinstance(m, Sample)}
    assert samples["book_spread"] == pytest.approx(87.1)


@with_the_extra
@pytest.mark.parametrize(("settings", "why"), [
    ({"exchange": "nosuch"}, "knows no exchange"), ({"base_url": "http://127.0.0.1:9"}, "ExchangeNotAvailable"),
])  # fmt: skip
async def test_an_exchange_that_is_away_is_tried_again(settings, why):
    statistics = FeedStatistics()
    async with open_runtime([]) as runtime:
        lives = probe(runtime, "life:feed:mine")
        runtime.add(Ccxt(symbols=("BTC-USD",), **settings).child("mine", statistics))
        with trio.fail_after(30):
            while (life := await lives.next()).what != "lost":
                pass
    assert why in life.error and not statistics.connected and statistics.last_error


@with_the_extra
async def test_an_answer_of_no_use_is_counted_and_costs_no_other():
    statistics, odd = FeedStatistics(), {
        "Trades": b'{"error":[],"result":{"XXBTZUSD":[["a"],5]}}', "Depth": b'{"error":[],"result":"' + b"x" * 20_000 + b'"}',
    }  # fmt: skip

    async def script(call, stream):
        name = call.path.partition("?")[0].rpartition("/")[2]
        await (answering(200, odd[name]) if name in odd else exchange)(call, stream)

    async with open_sink(script) as sink:
        there = sink.url("").removesuffix("/")
        settings = Ccxt(symbols=("NO-SUCH", "BTC-USD"), what=("trades", "book", "ticker"), base_url=there, max_bytes=8192)
        async with open_runtime([]) as runtime:
            quotes = probe(runtime, "quote:*")
            runtime.add(settings.child("mine", statistics))
            with trio.fail_after(30):
                assert (await quotes.next()).bid == 30300.0
            assert statistics.connected
    refused = {f"BadSymbol:{what}": 1 for what in settings.what}
    assert statistics.frames == {**refused, "unreadable:trades": 1, "too_big:book": 1, "ticker": 1}
    assert statistics.last_error.startswith("BTC-USD too_big:book")


def kraken_trade(price="30243.4", size="0.3", at="1688669597.8", number=1):
    return f'["{price}","{size}",{at},"b","m","",{number}]'


TICKER = json.dumps(ANSWERS["Ticker"])


@with_the_extra
@pytest.mark.parametrize(("what", "path", "result", "frames", "told"), [
    ("book", "Depth", '{"XXBTZUSD":{"asks":[["30384.1","-2",1]],"bids":[["30297","1",1]]}}', {"out_of_range:book": 1}, 0),
    ("book", "Depth", '{"XXBTZUSD":{"asks":[["1e400","1",1]],"bids":[["30297","1",1]]}}', {"out_of_range:book": 1}, 0),
    ("book", "Depth", '{"XXBTZUSD":{"asks":[["30385","nan",1]],"bids":[["30297","1",1]]}}', {"out_of_range:book": 1}, 0),
    ("book", "Depth", '{"XXBTZUSD":{"asks":[["30290","1",1]],"bids":[["30297","1",1]]}}', {"crossed:book": 1}, 0),
    ("book", "Depth", '{"XXBTZUSD":{"asks":[],"bids":[["30297","1",1]]}}', {"no_book": 1}, 0),
    ("ticker", "Ticker", TICKER.replace('"1.000"', '"-5"'), {"out_of_range:ticker": 1}, 0),
    ("ticker", "Ticker", TICKER.replace('"1.000"', '"nan"'), {"out_of_range:ticker": 1}, 0),
    ("ticker", "Ticker", TICKER.replace("30300.10000", "30000"), {"crossed:ticker": 1}, 0),
    ("trades", "Trades", f'{{"XXBTZUSD":[{kraken_trade()},{kraken_trade(at="1e17")},{kraken_trade(at="-5e9")}]}}',
     {"trades": 1, "out_of_range:trades": 2}, 1),
    ("trades", "Trades", f'{{"XXBTZUSD":[{kraken_trade(at="4070908800")},{kraken_trade(size="0")},{kraken_trade(price="-1")}]}}',
     {"bad_time:trades": 1, "out_of_range:trades": 2}, 0),
])  # fmt: skip
async def test_numbers_that_can_not_be_are_counted_and_not_told(what, path, result, frames, told):
    async def script(call, stream):
        odd = call.path.partition("?")[0].endswith(path)
        body = f'{{"error":[],"result":{result}}}'.encode()
        await (answering(200, body, Content_Type="application/json") if odd else exchange)(call, stream)

    statistics = FeedStatistics()
    async with open_sink(script) as sink:
        settings = Ccxt(symbols=("BTC-USD",), what=(what, "ticker" if what == "trades" else "trades"), every_s=60.0,
                        base_url=sink.url("").removesuffix("/"))  # fmt: skip
        async with open_runtime([]) as runtime:
            messages = probe(runtime, "*")
            runtime.add(settings.child("mine", statistics))
            with trio.fail_after(30):
                while settings.what[1] not in statistics.frames:
                    await messages.next()
            kinds = {"book": (Depth, Sample), "ticker": Quote, "trades": Trade}[what]
            assert len([one for one in messages.took() if isinstance(one, kinds)]) <= told
    assert statistics.frames == frames | {settings.what[1]: 1}
    assert statistics.connected is False and statistics.failures == 0


@with_the_extra
async def test_a_question_that_hangs_costs_no_other_and_an_exchange_that_hangs_is_away():
    hung = {"Trades"}

    async def script(call, stream):
        name = call.path.partition("?")[0].rpartition("/")[2]
        await (trio.sleep_forever() if name in hung or "all" in hung else exchange(call, stream))

    statistics = FeedStatistics()
    async with open_sink(script) as sink:
        settings = Ccxt(symbols=("BTC-USD",), what=("trades", "ticker", "book"), every_s=0.1, timeout_s=0.3,
                        base_url=sink.url("").removesuffix("/"))  # fmt: skip
        async with open_runtime([]) as runtime:
            lives, told = probe(runtime, "life:feed:mine"), probe(runtime, "depth:*")
            runtime.add(settings.child("mine", statistics))
            with trio.fail_after(30):
                for _ in range(2):
                    await told.next()
                assert statistics.connected and statistics.failures == 0
                assert statistics.frames["RequestTimeout:trades"] >= 2 and statistics.frames["ticker"] >= 2
                hung.add("all")
                while (life := await lives.next()).what != "lost":
                    pass
            assert "RequestTimeout" in life.error and not statistics.connected


@with_the_extra
async def test_an_exchange_that_answers_html_to_everything_is_away():
    statistics = FeedStatistics()
    async with open_sink(answering(200, b"<html>busy</html>")) as sink, open_runtime([]) as runtime:
        lives = probe(runtime, "life:feed:mine")
        runtime.add(Ccxt(symbols=("BTC-USD",), base_url=sink.url("").removesuffix("/")).child("mine", statistics))
        with trio.fail_after(30):
            while (life := await lives.next()).what != "lost":
                pass
    assert "ExchangeAway" in life.error and not statistics.connected and statistics.frames["BadSymbol:ticker"] == 1


@pytest.mark.skipif(INSTALLED, reason="the extra `exchanges` is installed")
async def test_without_the_extra_it_says_what_to_install():
    statistics = FeedStatistics()
    async with open_runtime([]) as runtime:
        said = probe(runtime, "event:*")
        runtime.add(Ccxt().child("mine", statistics))
        with trio.fail_after(30):
            assert "oracle-runtime[exchanges]" in (await said.next()).summary
    assert "oracle-runtime[exchanges]" in statistics.last_error
