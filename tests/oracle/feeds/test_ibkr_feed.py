"""The feed of Interactive Brokers, against a gateway on this machine: what is live comes out, what is old or refused does not."""

import importlib.util

import pytest
import trio
from ibkr_gateway import Gateway

from actors import open_runtime
from actors.testing import probe
from oracle.feeds import FeedStatistics
from oracle.feeds.ibkr import Ibkr
from oracle.settings import Settings
from oracle.settings_trading import Broker, Trading
from oracle.settings_trading import Ibkr as Account

IB = importlib.util.find_spec("ib_async") and importlib.util.find_spec("trio_asyncio")
needs_ib = pytest.mark.skipif(not IB, reason="ib_async, of the extra `ibkr`, is not installed")


def feed_of(gateway, *symbols):
    return Ibkr(url=f"tcp://127.0.0.1:{gateway.port}", symbols=symbols)


@needs_ib
async def test_quotes_and_trades_come_out_and_the_trade_of_before_does_not():
    gateway, statistics = Gateway(unknown=("NOPE",)), FeedStatistics()
    async with gateway.opened(), open_runtime([]) as runtime:
        quotes, trades = probe(runtime, "quote:AAPL"), probe(runtime, "trade:AAPL")
        runtime.add(feed_of(gateway, "NOPE", "BTC-EUR", "AAPL").child("ib", statistics))
        with trio.fail_after(20):
            await gateway.follows.wait()
            await gateway.tick("AAPL", 4, 90.0, 7)
            await gateway.tick("AAPL", 1, 99.0, 300)
            await gateway.tick("AAPL", 2, 101.0, 200)
            await gateway.tick("AAPL", 4, 100.5, 40)
            quote, trade = await quotes.next(), await trades.next()
        assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.source) == (99, 300, 101, 200, "ib")
        assert (trade.price, trade.size, trade.side, trade.source) == (100.5, 40, "", "ib")
        assert statistics.connected and statistics.frames["unused:missed"] == 2 and list(gateway.followed) == ["AAPL"]


@needs_ib
async def test_a_gateway_that_goes_is_said_to_be_away_and_followed_again():
    gateway, statistics = Gateway(), FeedStatistics()
    async with gateway.opened(), open_runtime([]) as runtime:
        said, lives = probe(runtime, "event:*"), probe(runtime, "life:feed:ib")
        runtime.add(feed_of(gateway, "AAPL").child("ib", statistics))
        with trio.fail_after(20):
            assert (await said.next()).kind == "system:feed:connected"
            await gateway.follows.wait()
            gateway.leave()
            assert (await said.next()).kind == "system:feed:disconnected"
            while (life := await lives.next()).what != "lost":
                pass
            assert "GatewayAway" in life.error and not statistics.connected
            await gateway.come()
            assert (await said.next()).kind == "system:feed:connected"


def test_with_that_broker_it_follows_the_universe_unless_one_is_set():
    broker = Broker(provider="ibkr", ibkr=Account(port=7, client_id=4))
    with_it = {"broker": broker, "trading": Trading(universe=("AAPL", "BTC-USD"))}
    ours = {"kind": "ibkr", "url": "tcp://127.0.0.1:7", "symbols": ["AAPL", "BTC-USD"], "client_id": 5}
    assert Settings(**with_it).wanted_feeds() == {"ibkr": ours}
    assert Settings(**with_it, feeds={"kraken": {}}).wanted_feeds() == {"kraken": {}, "ibkr": ours}
    assert Settings(**with_it, feeds={"mine": {"kind": "ibkr"}}).wanted_feeds() == {"mine": {"kind": "ibkr"}}
