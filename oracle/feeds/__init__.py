"""Where numbers from outside come in: each feed is a class of settings that makes one supervised actor, `feed:NAME`.

To add one: one file with such a class, and one line in FEEDS.
"""

from __future__ import annotations

from typing import Protocol

from actors import Child
from oracle.feeds.binance import Binance
from oracle.feeds.binance_futures import BinanceFutures
from oracle.feeds.ccxt import Ccxt
from oracle.feeds.coinbase import Coinbase
from oracle.feeds.file import File
from oracle.feeds.health import Health
from oracle.feeds.ibkr import Ibkr
from oracle.feeds.kraken import Kraken
from oracle.feeds.poll import Poll
from oracle.feeds.simulated import Simulated
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http
from oracle.plugins import part_class

__all__ = ["FEEDS", "Feed", "FeedStatistics", "feed_class"]


class Feed(Protocol):
    """Settings of a feed: an attrs class whose docstring says each field's meaning and unit."""

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The spec of the actor `feed:NAME`; `statistics` survive its lives, `http` is what it asks the outside with."""


FEEDS: dict[str, type[Feed]] = {
    "binance": Binance, "binance_futures": BinanceFutures, "coinbase": Coinbase, "kraken": Kraken, "poll": Poll,
    "health": Health, "file": File, "ccxt": Ccxt, "ibkr": Ibkr, "simulated": Simulated,
}  # fmt: skip


def feed_class(kind: str) -> type[Feed]:
    """The class of a kind: a name in FEEDS, or `package.module:Class`, which is imported. Raises Bad."""
    return part_class(kind, FEEDS, "feed", "child")
