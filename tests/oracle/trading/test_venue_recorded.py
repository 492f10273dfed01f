"""Orders against what exchanges really said. What they had to get is worked out from the raw frames, with nothing of ours."""

import json
from itertools import count

import pytest
import trio
from broker_ends import open_end
from orders import order
from venue import EXCHANGE, needs_recordings

from oracle.feeds.binance_frames import parse
from oracle.model import Depth, Quote
from oracle.recording import read_recording
from oracle.settings_trading import Paper
from oracle.symbols import split_pair
from oracle.trading.reports import Place
from oracle.trading.venue import PaperVenue


@needs_recordings
async def test_fills_are_of_the_quotes_of_their_time(autojump_clock):
    recording = read_recording(EXCHANGE / "binance-futures.rec")
    quoted, placed, numbers = {}, {}, count()
    paper = Paper(slippage_bps=0.0, latency_ms=20.0)
    async with open_end("paper", paper, start_us=recording.opened_us) as end:
        for frame in recording.frames:
            await trio.sleep(max(0, frame.at_us - end.runtime.now_us()) / 1e6)
            for message in parse(frame.text, frame.at_us)[1]:
                end.runtime.publish(message)
            data = json.loads(frame.text)["data"]
            if data["e"] != "bookTicker":
                continue
            bid, bid_size, ask, ask_size = (float(data[key]) for key in "bBaA")
            symbol = split_pair(data["s"])
            quoted.setdefault(symbol, []).append((end.runtime.now_us(), bid, bid_size, ask, ask_size))
            number = next(numbers)
            if number % 7 == 0:
                buys, kind = number % 2 == 0, ("MARKET", "LIMIT")[number % 3 == 0]
                one = order(f"o{number}", "BUY" if buys else "SELL", kind, 1.5 * (ask_size if buys else bid_size), symbol=symbol,
                            limit_price=ask if buys else bid, created_us=end.runtime.now_us())  # fmt: skip
                placed[one.id] = one, end.runtime.now_us()
                await end.runtime.ask("broker", Place(one))
        await trio.sleep(1)
        fills = end.fills
    assert {placed[fill.order_id][0].order_type for fill in fills} == {"MARKET", "LIMIT"}
    assert len({fill.order_id for fill in fills}) > len(placed) * 0.8
    assert any(sum(fill.order_id == ident for fill in fills) > 1 for ident in placed), "some waited for their rest"
    total = dict.fromkeys(placed, 0.0)
    for fill in fills:
        one, at_us = placed[fill.order_id]
        assert fill.ts_us >= at_us + 19_000
        total[one.id] += fill.quantity
        known = [row for row in quoted[fill.symbol] if row[0] <= fill.ts_us]
        shown = [(ask, size) if one.side == "BUY" else (bid, bid_size) for _, bid, bid_size, ask, size in known]
        if one.order_type == "LIMIT":
            assert (one.limit_price - fill.price) * one.side.sign >= 0
            assert fill.price in {price for price, _ in shown}
        else:
            # of the touch, or of the book behind it, which is not better
            assert (fill.price - shown[-1][0]) * one.side.sign >= 0
            assert abs(fill.price / shown[-1][0] - 1) < 0.01
            assert fill.price != shown[-1][0] or fill.quantity <= shown[-1][1]
    assert all(total[ident] <= one.quantity + 1e-9 for ident, (one, _) in placed.items())


@needs_recordings
def test_a_book_is_walked_as_it_really_stood():
    books, taken, ids, walked = {}, {}, {}, 0
    venue = PaperVenue(Paper(slippage_bps=0.0, latency_ms=0.0))
    for number, frame in enumerate(read_recording(EXCHANGE / "coinbase.rec").frames):
        data = json.loads(frame.text)
        if data["type"] == "snapshot":
            changes = [(side, *map(float, level)) for side in ("bids", "asks") for level in data[side]]
            books[data["product_id"]] = {"bids": {}, "asks": {}}
        elif data["type"] == "l2update":
            changes = [("bids" if side == "buy" else "asks", *map(float, level)) for side, *level in data["changes"]]
        else:
            continue
        symbol = data["product_id"]
        for side, price, size in changes:
            if books[symbol][side].pop(price, None) != size and side == "asks":
                taken.pop((symbol, price), None)
            if size:
                books[symbol][side][price] = size
        bids, asks = sorted(books[symbol]["bids"].items(), reverse=True), sorted(books[symbol]["asks"].items())
        ids[symbol] = ids.get(symbol, 0) + 1
        told = [tuple((price, size) for side, price, size in changes if side == which) for which in ("bids", "asks")]
        quote = Quote(symbol, *bids[0], *asks[0], frame.at_us, "coinbase")
        venue.learn(symbol, quote, frame.at_us)
        venue.learn(symbol, Depth(symbol, *told, data["type"] == "snapshot", ids[symbol], ids[symbol], frame.at_us, "coinbase"),
                    frame.at_us)  # fmt: skip
        if number % 20:
            continue
        there = [(price, size - taken.get((symbol, price), 0.0)) for price, size in asks[:40]]
        there = [(price, size) for price, size in there if size > 1e-9][:4]
        there[-1] = there[-1][0], there[-1][1] / 2
        venue.place(order(f"o{number}", quantity=sum(size for _, size in there), symbol=symbol), frame.at_us)
        fills = [one.fill for one in venue.on_time(frame.at_us)]
        assert [fill.price for fill in fills] == [price for price, _ in there]
        assert [fill.quantity for fill in fills] == pytest.approx([size for _, size in there])
        for price, size in there:
            taken[symbol, price] = taken.get((symbol, price), 0.0) + size
        walked += 1
    assert walked > 100
