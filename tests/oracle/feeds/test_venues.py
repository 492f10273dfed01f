"""Coinbase and Kraken over real WebSockets: their recordings, and exchanges of the test's own that lose and falsify things.

What comes of it is compared with counts and books made here, with nothing of ours.
"""

import json
import random
import zlib
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from venue import EXCHANGE, needs_recordings, open_venue

from actors import open_runtime, trio_clock
from actors.testing import probe
from oracle.feeds import FeedStatistics
from oracle.feeds.binance_futures import BinanceFutures
from oracle.feeds.coinbase import Coinbase
from oracle.feeds.kraken import Kraken
from oracle.model import Depth, Event, Gap, Quote, Sample, Trade
from oracle.recording import read_recording
from oracle.replay import replay_url, serve_recording

T0_US = 1_700_000_000_000_000


@asynccontextmanager
async def feeding(settings):
    """A runtime with one feed; gives its statistics, a probe of everything and the runtime."""
    statistics = FeedStatistics()
    name = type(settings).__name__.lower()
    async with open_runtime([], clock=trio_clock(T0_US), seed=1) as runtime:
        seen = probe(runtime, "*")
        runtime.add(settings.child(name, statistics))
        yield statistics, seen, runtime


async def until(seen, wanted):
    """Everything up to the first message that will do."""
    messages = []
    with trio.fail_after(3600):
        while not messages or not wanted(messages[-1]):
            messages.append(await seen.next())
    return messages


def of(kind, messages):
    return [message for message in messages if isinstance(message, kind)]


def rebuilt(messages, symbol):
    """The book that the Depth messages of a symbol tell."""
    sides = {}, {}
    for depth in of(Depth, messages):
        if depth.symbol == symbol:
            for side, told in zip(sides, (depth.bids, depth.asks), strict=True):
                if depth.snapshot:
                    side.clear()
                side.update(told)
    return [{price: size for price, size in side.items() if size} for side in sides]


# ---- the recordings


def recorded(name):
    """The frames of a recording, read with nothing of ours."""
    for line in (EXCHANGE / f"{name}.rec").read_text().splitlines():
        at, _, text = line.partition(": ")
        if text and at.replace(".", "").isdigit():
            yield json.loads(text)


async def replayed(name, settings):
    """All messages and the counters of a feed that hears a whole recording."""
    recording = read_recording(EXCHANGE / f"{name}.rec")
    messages = []
    async with trio.open_nursery() as nursery:
        port = await nursery.start(partial(serve_recording, recording, speed=0))
        async with feeding(settings(url=replay_url("127.0.0.1", port))) as (statistics, _, runtime):
            told = probe(runtime, "*")
            with trio.fail_after(3600):
                while sum(statistics.frames.values()) < len(recording.frames):
                    messages.append(await told.next())
            messages += told.took()
            quotes = {p.message.symbol: p.message for p in runtime.bus.retained("quote:*")}
        nursery.cancel_scope.cancel()
    return messages, quotes, statistics


@needs_recordings
async def test_coinbase_s_recording_arrives_whole():
    kinds, trades, books = Counter(), defaultdict(list), defaultdict(lambda: ({}, {}))
    for frame in recorded("coinbase"):
        kinds[frame["type"]] += 1
        if frame["type"] == "match":
            trades[frame["product_id"]].append(float(frame["size"]))
        if frame["type"] == "snapshot":
            books[frame["product_id"]] = tuple({float(p): float(s) for p, s in frame[side]} for side in ("bids", "asks"))
        for side, price, size in frame.get("changes", ()):
            books[frame["product_id"]][side == "sell"][float(price)] = float(size)
    books = {symbol: [{p: s for p, s in side.items() if s} for side in book] for symbol, book in books.items()}

    messages, quotes, statistics = await replayed("coinbase", partial(Coinbase, levels=10_000))
    assert statistics.frames == kinds
    told = defaultdict(list)
    for trade in of(Trade, messages):
        told[trade.symbol].append(trade.size)
    assert told == trades
    assert {symbol: rebuilt(messages, symbol) for symbol in books} == books
    assert {s: (q.bid, q.bid_size, q.ask, q.ask_size) for s, q in quotes.items()} == {
        symbol: (max(bids), bids[max(bids)], min(asks), asks[min(asks)]) for symbol, (bids, asks) in books.items()}
    assert not of(Gap, messages)
    assert all(quote.bid < quote.ask for quote in of(Quote, messages))
    assert {sample.name for sample in of(Sample, messages)} == {"book_mid", "book_spread", "book_depth_bid", "book_depth_ask"}


@needs_recordings
async def test_a_book_of_few_levels_has_the_best_of_the_whole():
    quotes = {}
    for levels in (10_000, 100):
        messages, quotes[levels], statistics = await replayed("coinbase", partial(Coinbase, levels=levels))
        assert set(statistics.frames) == {"snapshot", "l2update", "ticker", "match", "last_match", "subscriptions"}
    assert [(q.symbol, q.bid, q.ask) for q in quotes[100].values()] == [(q.symbol, q.bid, q.ask) for q in quotes[10_000].values()]
    for symbol in quotes[100]:
        assert all(len(side) <= 100 for side in rebuilt(messages, symbol))


@needs_recordings
async def test_the_recording_of_binance_s_futures_arrives_whole():
    kinds, trades, quotes = Counter(), defaultdict(list), {}
    for frame in recorded("binance-futures"):
        data = frame["data"]
        kinds[data["e"]] += 1
        symbol = f"{data['s'].removesuffix('USDT')}-USDT"
        if data["e"] == "aggTrade":
            trades[symbol].append(float(data["q"]))
        elif data["e"] == "bookTicker":
            quotes[symbol] = tuple(float(data[name]) for name in "bBaA")
    messages, last, statistics = await replayed("binance-futures", BinanceFutures)
    assert statistics.frames == kinds
    told = defaultdict(list)
    for trade in of(Trade, messages):
        told[trade.symbol].append(trade.size)
    assert told == trades
    assert {symbol: (q.bid, q.bid_size, q.ask, q.ask_size) for symbol, q in last.items()} == quotes


def ours(word):
    return "-".join({"XBT": "BTC", "XDG": "DOGE"}.get(asset, asset) for asset in word.split("/"))


@needs_recordings
async def test_kraken_s_recordings_arrive_whole(autojump_clock):  # their last frames say nothing: it waits for silence
    last, trades, kinds = {}, defaultdict(list), {"kraken-ticker": Counter(), "kraken-trade": Counter()}
    for name, counted in kinds.items():
        for frame in recorded(name):
            if isinstance(frame, dict):
                counted[frame["event"]] += 1
                continue
            _, body, channel, word = frame
            counted[channel] += 1
            if channel == "ticker":
                last[ours(word)] = tuple(float(body[side][place]) for side in "ba" for place in (0, 2))
            else:
                trades[ours(word)] += [(float(price), float(size), side) for price, size, _, side, *_ in body]

    messages, quotes, statistics = await replayed("kraken-ticker", Kraken)
    assert statistics.frames == kinds["kraken-ticker"]
    assert {s: (q.bid, q.bid_size, q.ask, q.ask_size) for s, q in quotes.items()} == last
    messages, _, statistics = await replayed("kraken-trade", Kraken)
    assert statistics.frames == kinds["kraken-trade"]
    told = defaultdict(list)
    for trade in of(Trade, messages):
        told[trade.symbol].append((trade.price, trade.size, trade.side[0]))
    assert told == trades


# ---- exchanges of the test's own, each with a true book that its client should end up with


class Market:
    """A book of random walk: integer ticks and lots, so that it can be written in decimals."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.mid = 1000
        self.sides = {"b": {}, "a": {}}
        self.step()

    def step(self):
        """Changes as (side, tick, lots), in an order that never crosses."""
        self.mid += self.random.choice((-1, 0, 0, 1))
        changes = []
        for side, sign in (("b", -1), ("a", 1)):
            known = self.sides[side]
            for tick in [tick for tick in known if (tick - self.mid) * sign <= 0]:
                changes.append((side, tick, 0))
            away = {self.mid + sign * self.random.randint(1, 40) for _ in range(3 if known else 60)}
            changes += [(side, tick, self.random.choice((0, 5, 70, 300)) if known else 10) for tick in away]
            for _, tick, lots in (change for change in changes if change[0] == side):
                if lots:
                    known[tick] = lots
                else:
                    known.pop(tick, None)
        return changes

    def best(self, side, levels):
        return dict(sorted(self.sides[side].items(), reverse=side == "b")[:levels])

    def true(self, levels):
        return [{tick / 100: lots / 1000 for tick, lots in self.best(side, levels).items()} for side in "ba"]


BEAT = '{"event":"heartbeat"}'


def price(tick):
    return f"{tick // 100}.{tick % 100:02}"


def size(lots):
    return f"{lots // 1000}.{lots % 1000:03}"


def checksum(market):
    text = ""
    for side in "ab":
        for tick, lots in market.best(side, 10).items():
            text += str(int(price(tick).replace(".", ""))) + str(int(size(lots).replace(".", "")))
    return zlib.crc32(text.encode())


async def asked(connection, beat):
    """What the client asks for next; meanwhile the heart of the venue beats."""
    while True:
        with trio.move_on_after(1):
            return json.loads(await connection.get_message())
        await connection.send_message(beat)


class KrakenVenue:
    """Shows the best `levels` of a book. `faults` by the number of an update: `lost`, or sent with a `wrong` checksum."""

    def __init__(self, seed, updates, faults, levels=10):
        self.market = Market(seed)
        self.updates, self.faults, self.levels = updates, faults, levels
        self.asked = []

    async def serve(self, connection):
        self.asked.append(await asked(connection, BEAT))
        await connection.send_message(self.whole())
        for number in range(self.updates):
            fault = self.faults.get(number)
            shown = before = self.best()
            self.market.step()
            while fault == "lost" and not self.misses(shown, before):  # some changes show in no sum
                before = self.best()
                self.market.step()
            await connection.send_message(self.change(before, checksum(self.market) + (fault == "wrong")))
            if fault:
                self.asked += [await asked(connection, BEAT) for _ in range(2)]
                await connection.send_message('{"event":"subscriptionStatus","status":"subscribed"}')
                await connection.send_message(self.whole())
        await connection.send_message('[1,[["1","1","1700000000.5","b","l",""]],"trade","XBT/USD"]')
        while True:
            await connection.get_message()

    def best(self):
        return {side: self.market.best(side, self.levels) for side in "ba"}

    def misses(self, shown, before):
        return any(shown[side].get(tick) != lots == before[side].get(tick) for side, levels in self.best().items()
                   for tick, lots in levels.items())  # fmt: skip

    def rows(self, levels):
        return [[price(tick), size(lots), "1700000000.123456"] for tick, lots in levels.items()]

    def whole(self):
        sides = {side + "s": self.rows(self.market.best(side, self.levels)) for side in "ba"}
        return json.dumps([1, sides, f"book-{self.levels}", "XBT/USD"])

    def change(self, before, summed):
        parts = []
        for side in "ab":
            now = self.market.best(side, self.levels)
            gone = {tick: 0 for tick in before[side] if tick not in self.market.sides[side]}
            rows = self.rows(gone | {tick: lots for tick, lots in now.items() if before[side].get(tick) != lots})
            if rows:
                parts.append({side: rows})
        parts = parts or [{"a": self.rows(dict([next(iter(self.market.best("a", 1).items()))]))}]
        parts[-1]["c"] = str(summed)
        return json.dumps([1, *parts, f"book-{self.levels}", "XBT/USD"])


@pytest.mark.parametrize("seed", range(4))
async def test_kraken_s_book_is_the_true_one_after_lost_updates_and_wrong_checksums(autojump_clock, seed):
    venue = KrakenVenue(seed, 300, {50: "wrong", 120: "lost", 200: "wrong"})
    async with open_venue(venue.serve) as url:
        settings = Kraken(url=url, symbols=("BTC-USD",), channels=("book",), levels=10)
        async with feeding(settings) as (statistics, seen, _):
            messages = await until(seen, lambda message: isinstance(message, Trade))
    assert rebuilt(messages, "BTC-USD") == venue.market.true(10)
    assert (statistics.frames["bad_checksum"], statistics.frames["snapshot"]) == (3, 4)
    assert [gap.reason for gap in of(Gap, messages)] == [
        "book of BTC-USD: the checksum differs", "book of BTC-USD: a new snapshot"] * 3
    assert all(quote.bid < quote.ask for quote in of(Quote, messages))
    *_, last = of(Quote, messages)
    bids, asks = venue.market.true(10)
    assert (last.bid, last.bid_size, last.ask, last.ask_size) == (max(bids), bids[max(bids)], min(asks), asks[min(asks)])
    assert statistics.connects == 1
    assert [(wish["event"], wish["pair"]) for wish in venue.asked] == [("subscribe", ["XBT/USD"])] + [
        ("unsubscribe", ["XBT/USD"]), ("subscribe", ["XBT/USD"])] * 3


class CoinbaseVenue:
    """Shows a whole book, and after some updates something that can't be right: prices that cross, or what is no frame."""

    def __init__(self, seed, updates, faults):
        self.market = Market(seed)
        self.updates, self.faults = updates, faults
        self.asked = []

    async def serve(self, connection):
        self.asked.append(await asked(connection, HEART))
        await connection.send_message(self.whole())
        for number in range(self.updates):
            changes = [["buy" if side == "b" else "sell", price(tick), size(lots)] for side, tick, lots in self.market.step()]
            await connection.send_message(self.faults.get(number) or self.said("l2update", time=AT, changes=changes))
            if number in self.faults:
                self.asked += [await asked(connection, HEART) for _ in range(2)]
                await connection.send_message(self.whole())
        for number in (1, 2, 5):
            await connection.send_message(self.said("match", trade_id=number, sequence=number, side="buy", size="1", price="1",
                                                    time=AT))  # fmt: skip
        while True:
            await connection.get_message()

    def whole(self):
        sides = {name: [[price(tick), size(lots)] for tick, lots in self.market.sides[side].items()]
                 for name, side in (("bids", "b"), ("asks", "a"))}  # fmt: skip
        return self.said("snapshot", **sides)

    def said(self, kind, **rest):
        return json.dumps({"type": kind, "product_id": "BTC-USD", **rest})


AT = "2023-11-14T22:13:20Z"
HEART = '{"type":"heartbeat"}'


@pytest.mark.parametrize("seed", range(3))
async def test_coinbase_s_book_is_the_true_one_after_frames_that_can_not_be_right(autojump_clock, seed):
    crossing = {"type": "l2update", "product_id": "BTC-USD", "time": AT, "changes": [["buy", "999", "1"]]}
    venue = CoinbaseVenue(seed, 200, {40: json.dumps(crossing), 90: "<html>busy</html>", 150: json.dumps(crossing)[:-20]})
    async with open_venue(venue.serve) as url, feeding(Coinbase(url=url, symbols=("BTC-USD",))) as (statistics, seen, _):
        messages = await until(seen, lambda message: isinstance(message, Trade) and message.trade_id == "5")
    assert rebuilt(messages, "BTC-USD") == venue.market.true(10_000)
    assert {kind: statistics.frames[kind] for kind in ("crossed", "not_json", "snapshot", "after_missing")} == {
        "crossed": 1, "not_json": 2, "snapshot": 4, "after_missing": 1}
    reasons = Counter(gap.reason for gap in of(Gap, messages))
    assert reasons == {"book of BTC-USD: bids and asks cross": 1, "book of BTC-USD: a frame could not be read, not_json": 2,
                       "book of BTC-USD: a new snapshot": 3, "2 trades of BTC-USD are missing": 1}  # fmt: skip
    assert all(quote.bid < quote.ask for quote in of(Quote, messages))
    assert [wish["type"] for wish in venue.asked] == ["subscribe", *["unsubscribe", "subscribe"] * 3]
    assert (statistics.connects, statistics.failures) == (1, 0)


@pytest.mark.parametrize(("kind", "opening", "first"), [(Coinbase, 1, '{"type":"error"}'), (Kraken, 3, BEAT)])
async def test_after_a_loss_all_is_subscribed_again_and_silence_is_stale(autojump_clock, kind, opening, first):
    asked_for = []

    async def script(connection):
        asked_for.append([await connection.get_message() for _ in range(opening)])
        await connection.send_message(first)
        if len(asked_for) == 1:
            await connection.aclose(1001, "going away")
        while True:
            await connection.get_message()

    async with open_venue(script) as url, feeding(kind(url=url)) as (statistics, seen, _):
        messages = await until(seen, lambda message: isinstance(message, Event) and message.kind == "feed_stale")
    assert asked_for[0] == asked_for[1]
    assert len(asked_for) == statistics.connects == 2
    assert [gap.reason for gap in of(Gap, messages)] == ["closed: 1001 going away", "reconnected"]
