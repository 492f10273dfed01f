"""Orders, positions, the portfolio, strategies and their backtests (`/api/trades`, `/api/portfolio`, `/api/strategies`)."""

from __future__ import annotations

from typing import Any, TypeVar

import trio

from oracle.patience import Patience
from oracle.remote import RemoteFailed
from oracle.sdk.room import Asked, Room, Trio
from oracle.sdk.thing import at, given
from oracle.sdk.trade import Backtest, Order, PortfolioSnapshot, Position, Signal, Strategy, Trade

__all__ = ["Backtests", "Orders", "Portfolio", "Positions", "Strategies"]

K = TypeVar("K")
TRADES, PORTFOLIO, STRATEGIES = "api/trades", "api/portfolio", "api/strategies"
OVER = ("completed", "failed", "stopped", "cancelled")


class Orders(Room[K]):
    """Orders."""

    @Asked
    async def list(self, *, status: str | None = None, symbol: str | None = None, start: str | None = None,
                   end: str | None = None, limit: int | None = None) -> tuple[Order, ...]:  # fmt: skip
        """The newest first; times are ISO 8601."""
        query = {"status": status, "symbol": symbol, "start": start, "end": end, "limit": limit}
        return tuple(map(Order.of, await self._oracle.get(f"{TRADES}/orders", **query)))

    @Asked
    async def create(self, /, symbol: str, side: str, quantity: float, *, order_type: str = "MARKET", command_id: str = "",
                     **fields: Any) -> Order:  # fmt: skip
        """Give an order: `side` is BUY or SELL, `order_type` MARKET, LIMIT, STOP, STOP_LIMIT or BRACKET, with `limit_price`,
        `stop_price` and `take_profit_price`. Sent again with its `command_id` it is the same order."""
        body = {"symbol": symbol, "side": side, "quantity": quantity, "order_type": order_type, **fields}
        return Order.of(await self._oracle.command("POST", f"{TRADES}/orders", body, id=command_id))

    @Asked
    async def get(self, order_id: str) -> Order:
        """One."""
        return Order.of(await self._oracle.get(at(f"{TRADES}/orders", order_id)))

    @Asked
    async def cancel(self, order_id: str) -> Order:
        """Call it back."""
        return Order.of(await self._oracle.command("DELETE", at(f"{TRADES}/orders", order_id)))

    @Asked
    async def pending(self) -> tuple[Order, ...]:
        """Those that wait for somebody's word."""
        return tuple(map(Order.of, await self._oracle.get(f"{TRADES}/pending")))

    @Asked
    async def approve(self, order_id: str) -> Order:
        """Let it go out."""
        return Order.of(await self._oracle.command("POST", at(f"{TRADES}/orders", order_id, "approve")))

    @Asked
    async def reject(self, order_id: str, reason: str = "") -> Order:
        """Let it not go out."""
        body = given(reason=reason or None)
        return Order.of(await self._oracle.command("POST", at(f"{TRADES}/orders", order_id, "reject"), body))

    @Asked
    async def trades(self, *, start: str | None = None, end: str | None = None, limit: int | None = None) -> tuple[Trade, ...]:
        """What was bought and sold again."""
        return tuple(map(Trade.of, await self._oracle.get(f"{TRADES}/trades", start=start, end=end, limit=limit)))


class Positions(Room[K]):
    """What is held."""

    @Asked
    async def list(self) -> tuple[Position, ...]:
        """All of it."""
        return tuple(map(Position.of, await self._oracle.get(f"{PORTFOLIO}/positions")))


class Portfolio(Room[K]):
    """What all of it is worth."""

    @Asked
    async def get(self) -> PortfolioSnapshot:
        """As it is now."""
        return PortfolioSnapshot.of(await self._oracle.get(PORTFOLIO))

    @Asked
    async def history(self, *, start: str | None = None, end: str | None = None,
                      limit: int | None = None) -> tuple[PortfolioSnapshot, ...]:  # fmt: skip
        """As it was; times are ISO 8601."""
        rows = await self._oracle.get(f"{PORTFOLIO}/history", start=start, end=end, limit=limit)
        return tuple(map(PortfolioSnapshot.of, rows))

    @Asked
    async def sector_exposure(self) -> Any:
        """The share of each sector."""
        return await self._oracle.get(f"{PORTFOLIO}/sector_exposure")


class Strategies(Room[K]):
    """What decides to buy and sell."""

    @Asked
    async def list(self) -> tuple[Strategy, ...]:
        """All of them."""
        return tuple(map(Strategy.of, await self._oracle.get(STRATEGIES)))

    @Asked
    async def get(self, name: str) -> Strategy:
        """One, with whether it may and does trade."""
        return Strategy.of(await self._oracle.get(at(STRATEGIES, name)))

    @Asked
    async def enable(self, name: str) -> Any:
        """Let it trade."""
        return await self._oracle.command("POST", at(STRATEGIES, name, "enable"))

    @Asked
    async def disable(self, name: str) -> Any:
        """Let it rest."""
        return await self._oracle.command("POST", at(STRATEGIES, name, "disable"))

    @Asked
    async def signals(self, name: str, *, start: str | None = None, end: str | None = None,
                      limit: int | None = None) -> tuple[Signal, ...]:  # fmt: skip
        """What it has said, the newest first."""
        rows = await self._oracle.get(at(STRATEGIES, name, "signals"), start=start, end=end, limit=limit)
        return tuple(map(Signal.of, rows))

    @Asked
    async def rankings(self) -> Any:
        """How they compare."""
        return await self._oracle.get(f"{STRATEGIES}/rankings")


class Backtests(Room[K]):
    """What strategies would have made."""

    @Asked
    async def list(self, *, strategy: str | None = None, limit: int | None = None) -> tuple[Backtest, ...]:
        """Those that are kept, the newest first, without curve and trades."""
        rows = await self._oracle.get(f"{STRATEGIES}/backtests", strategy=strategy, limit=limit)
        return tuple(map(Backtest.of, rows))

    @Asked
    async def get(self, id: str) -> Backtest:
        """One, with its curve and trades."""
        return Backtest.of(await self._oracle.get(at(f"{STRATEGIES}/backtests", id)))

    @Asked
    async def run(self: Backtests[Trio], /, strategy: str, start: str, end: str, *, command_id: str = "",
                  **fields: Any) -> Backtest:  # fmt: skip
        """Have a strategy tried over the days `start` to `end`, however long that takes; further fields are `initial_capital`,
        `symbols`, `params`, `sizing`, `orders` and `limits`. Raises RemoteFailed, also where it came to no result."""
        body = {"start": start, "end": end, **fields}
        said = await self._oracle.command("POST", at(STRATEGIES, strategy, "backtest"), body, id=command_id)
        patience = Patience()
        while "url" in said:  # it goes on, as a run
            if said["status"] in OVER:
                if said["status"] != "completed":
                    raise RemoteFailed(f"the backtest {said['id']} is {said['status']}: {said.get('error')}", 0, said)
                return await self.get(said["id"])
            await trio.sleep(patience.wait_s())
            said = await self._oracle.get(at("api/oracle/runs", said["id"]))
        return Backtest.of(said)
