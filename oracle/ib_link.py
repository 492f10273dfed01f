"""A connection to Interactive Brokers' gateway (extra `ibkr`): its orders, executions and books in our words.

ib_async is asyncio's: all of a Link but what only reads is awaited inside `link_loop`, in the task that holds it. What the
gateway says comes as words to `tell`, which must neither wait nor raise.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal

import attrs
import ib_async
from trio_asyncio import aio_as_trio, open_loop

from actors import Refused
from oracle.log import logger
from oracle.symbols import base_asset, is_symbol
from oracle.trading.ledger import DUST, Fill
from oracle.trading.order import Order, OrderType, Side
from oracle.trading.reports import Held, Reported

__all__ = ["BACK", "HEARD", "LOST", "Cut", "Executed", "Link", "Unusable", "Worked", "contract_of", "link_loop", "order_of"]

TIMEOUT_S = 5.0  # for each step of connecting, and for an answer
LOST, HEARD, BACK = "lost", "heard", "back"
CASH, EQUITY = "TotalCashValue", "NetLiquidation"
_CUT, _BACK = frozenset({1100, 2110}), frozenset({1101, 1102})  # between the gateway and Interactive Brokers
_NO_CANCEL = frozenset({161, 10148})  # it can't be cancelled as it is; ib_async takes that for its end
_KINDS = {OrderType.market: "MKT", OrderType.limit: "LMT", OrderType.stop: "STP", OrderType.stop_limit: "STP LMT"}
_OVER = frozenset({"Cancelled", "ApiCancelled", "Inactive"})
_WORKS = frozenset({"PreSubmitted", "Submitted", "PendingCancel", "ApiUpdate"})
_FETCH = ib_async.StartupFetch.ORDERS_OPEN | ib_async.StartupFetch.ACCOUNT_UPDATES | ib_async.StartupFetch.EXECUTIONS
_STAMP = re.compile(r"^(?:Error|Warning) \d+, reqId -?\d+: ")


class Unusable(Exception):
    """The gateway is there, but not as it is needed; says why."""


@attrs.frozen
class Cut:
    """The gateway has lost Interactive Brokers, and says so."""

    reason: str


@attrs.frozen
class Worked:
    """How an order of ours stands: `waits` for the gateway's first word, `works`, is `filled`, or is `over` without that."""

    order_id: str
    broker_id: str
    state: Literal["waits", "works", "filled", "over"]
    reason: str


@attrs.frozen
class Executed:
    """An execution; its fill's id is the same for a correction of it, and its fee is not known yet."""

    fill: Fill
    report: Any

    @property
    def fee(self) -> float | None:
        """The commission; None as long as it was not reported."""
        known = self.report.execId and self.report.commission != ib_async.util.UNSET_DOUBLE
        return float(self.report.commission) if known else None


@asynccontextmanager
async def link_loop() -> AsyncIterator[None]:
    """The asyncio loop in which links live."""
    logging.getLogger("ib_async.client").setLevel(logging.CRITICAL)  # why there is no connection is said by State
    async with open_loop() as loop:
        loop.set_exception_handler(lambda _, what: logger("ibkr").warning("asyncio", said=str(what.get("exception") or what)))
        yield


class Link:
    """One connection, from `open` to `close`. It tells HEARD after whatever came, LOST when it is over, a Cut, BACK when that is
    over (all is to be asked anew then, by another Link), and Worked for each word on an order of ours."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell: Callable[[Any], None] | None = tell
        self._ib = ib_async.IB()
        self._executions: list[Executed] = []
        self._counted = 0
        self.account = ""

    async def open(self, host: str, port: int, client_id: int, account: str) -> None:
        """Connect, and learn orders, executions and books. Raises OSError, Unusable."""
        ib = self._ib
        ib.updateEvent += lambda: self._say(HEARD)
        ib.disconnectedEvent += lambda: self._say(LOST)
        ib.orderStatusEvent += lambda trade: self._say(_worked(trade))
        ib.errorEvent += self._on_error
        await aio_as_trio(ib.connectAsync)(host, port, client_id, timeout=TIMEOUT_S, account=account, raiseSyncErrors=True,
                                           fetchFields=_FETCH)  # fmt: skip
        self.account = self._chosen(ib.managedAccounts(), account)
        if self._value(CASH) is None:
            raise Unusable(f"the gateway does not tell the cash ({CASH}) of account {self.account} in USD")

    async def close(self) -> None:
        """Be gone, without a word more."""
        self._tell = None
        await aio_as_trio(self._away)()

    async def look(self) -> None:
        """Ask for executions, also others' in the account; whether it is still there shows by that. Raises OSError."""
        await aio_as_trio(self._look)()

    async def place(self, order: Order, quantity: float) -> Worked:
        """Send so much of an order. Raises OSError; Refused `rejected` for a symbol that can't be traded there."""
        contract, wish = contract_of(order.symbol), order_of(order, quantity, self.account)

        async def send() -> Worked:
            return _worked(self._ib.placeOrder(contract, wish))

        return await aio_as_trio(send)()

    async def cancel(self, order_id: str) -> None:
        """Ask that an order be worked no more. Raises OSError."""

        async def send() -> None:
            for trade in self._trades(order_id):
                if not trade.isDone() and trade.orderStatus.status != "PendingCancel":
                    self._ib.cancelOrder(trade.order)

        await aio_as_trio(send)()

    def order(self, order_id: str) -> Worked | None:
        """How an order stands that this client has out, or had since it is connected."""
        found = [_worked(trade) for trade in self._trades(order_id)]
        return next((one for one in found if one.state != "over"), found[-1] if found else None)

    def orders(self) -> list[Worked]:
        """All that have a name, and are not over."""
        found = [_worked(trade) for trade in self._ib.trades() if trade.order.orderRef]
        return [one for one in found if one.state in ("waits", "works")]

    def executions(self) -> list[Executed]:
        """Those of the account in what we can name, as far back as the gateway tells (the day's)."""
        done = self._ib.fills()
        if len(done) != self._counted:
            found = (_executed(one) for one in done if one.execution.acctNumber == self.account)
            self._executions, self._counted = [one for one in found if one is not None], len(done)
        return self._executions

    def executed(self, order_id: str) -> float:
        """How much of an order was executed, as far back as the gateway tells."""
        fills = {one.fill.id: one.fill.quantity for one in self.executions() if one.fill.order_id == order_id}
        return sum(fills.values())

    def knows(self, order: Order) -> bool:
        """Whether it is worked, or was executed in full."""
        known = self.order(order.id)
        return (known is not None and known.state != "over") or self.executed(order.id) >= order.quantity - DUST

    def books(self, now_us: int) -> Reported:
        """The account as the gateway knows it."""
        cash, equity = self._value(CASH), self._value(EQUITY)
        held = ((_symbol_of(one.contract), one) for one in self._ib.positions(self.account))
        positions = tuple(Held(symbol, float(one.position), float(one.avgCost)) for symbol, one in held if symbol)
        return Reported(cash or 0.0, equity, positions, now_us)

    def left_out(self) -> list[str]:
        """What is held beside, which is no share in USD and no coin."""
        held = (one.contract for one in self._ib.positions(self.account))
        return sorted(one.localSymbol or one.symbol for one in held if not _symbol_of(one))

    # ---- private

    def _say(self, word: Any) -> None:
        if self._tell is not None:
            self._tell(word)

    def _on_error(self, _: int, code: int, text: str, __: Any) -> None:
        if code in _CUT:
            self._say(Cut(text))
        elif code in _BACK:
            self._say(BACK)

    async def _away(self) -> None:
        self._ib.disconnect()

    async def _look(self) -> None:
        await asyncio.wait_for(self._ib.reqExecutionsAsync(), TIMEOUT_S)

    def _trades(self, order_id: str) -> list[Any]:
        return [trade for trade in self._ib.trades() if trade.order.orderRef == order_id]

    def _value(self, tag: str) -> float | None:
        values = (one.value for one in self._ib.accountValues(self.account) if one.tag == tag and one.currency == "USD")
        return next((float(text) for text in values), None)

    def _chosen(self, accounts: Iterable[str], account: str) -> str:
        known = [*accounts]
        if account and account not in known:
            raise Unusable(f"the login has no account {account}")
        if not account and len(known) != 1:
            raise Unusable(f"the login has {len(known)} accounts: say which in broker.ibkr.account")
        return account or known[0]


def contract_of(symbol: str) -> Any:
    """What a symbol is there. Raises Refused `rejected`."""
    if "-" not in symbol:
        return ib_async.Stock(symbol, "SMART", "USD")
    if symbol.endswith("-USD"):
        return ib_async.Crypto(base_asset(symbol), "PAXOS", "USD")
    raise Refused(f"{symbol} is not traded there: shares, and coins in USD, are", "rejected", {"symbol": symbol})


def order_of(order: Order, quantity: float, account: str) -> Any:
    """So much of an order as it is sent. Raises Refused `rejected` for a kind that there is not."""
    if order.order_type not in _KINDS:
        raise Refused(f"a {order.order_type.value} order is not sent as one", "rejected")
    prices = {"lmtPrice": order.limit_price, "auxPrice": order.stop_price}
    return ib_async.Order(
        action=order.side.value, totalQuantity=quantity, orderType=_KINDS[order.order_type], tif=order.time_in_force,
        account=account, orderRef=order.id, **{name: price for name, price in prices.items() if price is not None},
    )  # fmt: skip


def _symbol_of(contract: Any) -> str | None:
    name = {"STK": contract.symbol, "CRYPTO": f"{contract.symbol}-USD"}.get(contract.secType, "")
    return name if contract.currency == "USD" and is_symbol(name) else None


def _worked(trade: Any) -> Worked:
    status = trade.orderStatus.status
    coded = next((entry for entry in reversed(trade.log) if entry.errorCode), None)
    ident = trade.orderStatus.permId or trade.order.permId or trade.order.orderId
    reason = _STAMP.sub("", coded.message) if coded else ""
    state: Literal["waits", "works", "filled", "over"] = "waits"
    if status in _WORKS or (status in _OVER and coded is not None and coded.errorCode in _NO_CANCEL):
        state = "works"
    elif status in _OVER:
        state = "over"
    elif status == "Filled":
        state = "filled"
    return Worked(trade.order.orderRef, str(ident), state, reason)


def _executed(one: Any) -> Executed | None:
    done, symbol = one.execution, _symbol_of(one.contract)
    if symbol is None:
        return None
    side = Side.buy if done.side == "BOT" else Side.sell
    ident = re.sub(r"\.\d+$", "", done.execId)
    fill = Fill(id=ident, order_id=done.orderRef, symbol=symbol, side=side, quantity=float(done.shares), price=float(done.price),
                fee=0.0, ts_us=round(done.time.timestamp() * 1_000_000))  # fmt: skip
    return Executed(fill, one.commissionReport)
