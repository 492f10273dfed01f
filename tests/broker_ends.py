"""Brokers with a desk that only listens, and the far end of each: what makes it execute, and come and go."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio
from orders import T0_US, order, quote

from actors import Actor, Child, Runtime, open_runtime, trio_clock
from oracle.board import Board
from oracle.model import Command
from oracle.settings import Settings
from oracle.settings_trading import Broker, Paper
from oracle.trading.brokers import broker_child
from oracle.trading.order import Order, Side
from oracle.trading.reports import Ended, Filled

WHO = {"paper": "exchange", "simulated": "simulated"}  # who quotes


class Listener(Actor):
    """A desk that notes what it is told."""

    def __init__(self, told: list[Any]) -> None:
        self._told = told

    def receive(self, message: Any) -> None:
        """Note it."""
        self._told.append(message)


@attrs.define(eq=False)
class End:
    """A broker's far end. `told` is what the desk was told."""

    provider: str
    runtime: Runtime
    board: Board
    told: list[Any]

    async def ask(self, message: Any) -> Any:
        """Ask the broker, and let what comes of it arrive."""
        answer = await self.runtime.ask("broker", message)
        await trio.sleep(0.1)
        return answer

    async def ready(self, symbol: str = "AAPL") -> None:
        """Have it take orders for a symbol."""
        await trio.sleep(2)
        if self.provider == "push":
            await self.ask(Command("report", {}))
        else:
            await self.publish(quote(50, 150, symbol=symbol))

    async def publish(self, message: Any) -> None:
        """Somebody says something of the market now."""
        source = WHO[self.provider] if message.source == "test" else message.source
        now = attrs.evolve if attrs.has(type(message)) else _replaced
        self.runtime.publish(now(message, source=source, ts_us=self.runtime.now_us()))
        await trio.sleep(0.1)

    async def execute(self, one: Order, quantity: float, price: float) -> None:
        """Have so much of an order executed at a price."""
        if self.provider == "push":
            filled = {"order_id": one.id, "status": "filled", "trade_id": f"{one.id}-{len(self.fills)}"}
            await self.ask(Command("report", {"orders": [{**filled, "quantity": quantity, "price": price}]}))
        elif one.side is Side.buy:
            await self.publish(quote(price - 1, price, 0, quantity, symbol=one.symbol))
        else:
            await self.publish(quote(price, price + 1, quantity, 0, symbol=one.symbol))

    async def confirm_cancelled(self, one: Order) -> None:
        """Have an order end that was withdrawn, where the broker does not say so at once."""
        if self.provider == "push":
            await self.ask(Command("report", {"orders": [{"order_id": one.id, "status": "cancelled"}]}))

    @property
    def fills(self) -> list[Any]:
        """What was filled, each once."""
        known = {one.fill.id: one.fill for one in self.told if isinstance(one, Filled)}
        return list(known.values())

    @property
    def ends(self) -> list[Any]:
        """What ended unfilled."""
        return [one for one in self.told if isinstance(one, Ended)]

    @property
    def state(self) -> Any:
        """How the broker says it is."""
        return self.board.get(f"broker:{self.provider}")


def limit(ident: str = "o1", side: str = "BUY", quantity: float = 10.0, price: float = 100.0, **facts: Any) -> Order:
    """A limit order, which every broker takes."""
    return order(ident, side, "LIMIT", quantity, limit_price=price, **facts)


@asynccontextmanager
async def open_end(provider: str, paper: Paper | None = None, desk: bool = True, start_us: int = T0_US):
    """A broker of a provider, in virtual time from `start_us` on."""
    settings = Settings(broker=Broker(provider=provider, paper=paper or Paper(slippage_bps=0.0)))
    told: list[Any] = []
    made: list[Board] = []

    def children(runtime: Runtime) -> list[Child]:
        made.append(Board(runtime.bus, runtime.now_us))
        return [broker_child(settings, made[0]), *([Child("desk", lambda: Listener(told))] if desk else [])]

    async with open_runtime(children, clock=trio_clock(start_us), seed=1) as runtime:
        yield End(provider, runtime, made[0], told)


def _replaced(message: Any, **facts: Any) -> Any:
    return type(message)(**{name: facts.get(name, getattr(message, name)) for name in message.__struct_fields__})
