"""What Interactive Brokers' gateway says of the market (extra `ibkr`), as plain words. All is awaited inside `link_loop`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import attrs
import ib_async
from trio_asyncio import aio_as_trio

from actors import Refused
from oracle.ib_link import LOST, TIMEOUT_S, contract_of

__all__ = ["MarketLink", "Missed", "Quoted", "Traded"]

_TOUCH, _LAST = frozenset({0, 1, 2, 3}), 4  # kinds of ticks: sizes and prices of bid and ask; the last trade's price


@attrs.frozen
class Quoted:
    """The touch of a symbol; what is not known is NaN, or -1."""

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float


@attrs.frozen
class Traded:
    """An execution of others."""

    symbol: str
    price: float
    size: float


@attrs.frozen
class Missed:
    """What the gateway does not tell, with its code and reason."""

    symbol: str
    code: int
    reason: str


class MarketLink:
    """One connection, from `open` to `close`, which tells of the symbols that it follows; and LOST when it is over."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell: Callable[[Any], None] | None = tell
        self._ib = ib_async.IB()
        self._symbols: dict[int, str] = {}  # by the number of the contract
        self._traded: set[str] = set()

    async def open(self, host: str, port: int, client_id: int) -> None:
        """Connect. Raises OSError."""
        ib = self._ib
        ib.disconnectedEvent += lambda: self._say(LOST)
        ib.pendingTickersEvent += self._on_ticks
        ib.errorEvent += self._on_error
        await aio_as_trio(ib.connectAsync)(host, port, client_id, timeout=TIMEOUT_S, readonly=True, raiseSyncErrors=True,
                                           fetchFields=ib_async.StartupFetchNONE)  # fmt: skip

    async def follow(self, symbols: Iterable[str]) -> None:
        """Ask for the live prices of symbols. Raises OSError."""

        async def subscribe() -> None:
            for symbol in symbols:
                try:
                    asked = contract_of(symbol)
                except Refused as no:
                    self._say(Missed(symbol, 0, no.reason))
                    continue
                (known,) = await asyncio.wait_for(self._ib.qualifyContractsAsync(asked), TIMEOUT_S)
                if known is None:
                    self._say(Missed(symbol, 200, "there is no such contract, or more than one"))
                else:
                    self._symbols[known.conId] = symbol
                    self._ib.reqMktData(known)

        await aio_as_trio(subscribe)()

    async def look(self) -> None:
        """See whether it is still there. Raises OSError."""

        async def ask() -> None:
            await asyncio.wait_for(self._ib.reqCurrentTimeAsync(), TIMEOUT_S)

        await aio_as_trio(ask)()

    async def close(self) -> None:
        """Be gone, without a word more."""
        self._tell = None

        async def away() -> None:
            self._ib.disconnect()

        await aio_as_trio(away)()

    def _say(self, word: Any) -> None:
        if self._tell is not None:
            self._tell(word)

    def _on_ticks(self, tickers: Iterable[Any]) -> None:
        for one in tickers:
            symbol = self._symbols.get(one.contract.conId)
            if symbol is None:
                continue
            if any(tick.tickType in _TOUCH for tick in one.ticks):
                self._say(Quoted(symbol, one.bid, one.bidSize, one.ask, one.askSize))
            for tick in one.ticks:
                if tick.tickType == _LAST and symbol in self._traded:
                    self._say(Traded(symbol, tick.price, tick.size))
                elif tick.tickType == _LAST:
                    self._traded.add(symbol)  # the first is that of before, nobody knows when

    def _on_error(self, _: int, code: int, text: str, contract: Any) -> None:
        symbol = self._symbols.get(contract.conId) if contract else None
        if symbol is not None:
            self._say(Missed(symbol, code, text))
