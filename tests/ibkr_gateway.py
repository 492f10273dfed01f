"""A gateway of Interactive Brokers on this machine: a real TCP server that speaks the text protocol of server version 176.

A message is its length in 4 bytes and then its fields, each ended by NUL, the first one its kind. The lists of fields below are
those of the protocol's documentation; what a test does not care about is empty.
"""

from __future__ import annotations

import math
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

VERSION, T0_S = "176", 1_795_000_000
CONTRACT = "conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass"
OPEN_ORDER = (
    f"orderId {CONTRACT} action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin orderRef "
    "clientId permId outsideRth hidden discretionaryAmt goodAfterTime sharesAllocation faGroup faMethod faPercentage "
    "faProfile modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot designatedLocation exemptCode "
    "auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize blockOrder sweepToFill "
    "allOrNone minQty ocaType eTradeOnly firmQuoteOnly nbboPriceCap parentId triggerMethod volatility volatilityType "
    "deltaNeutralOrderType deltaNeutralAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent "
    "basisPoints basisPointsType comboLegsDescrip comboLegs orderComboLegs smartComboRoutingParams scaleInitLevelSize "
    "scaleSubsLevelSize scalePriceIncrement hedgeType optOutSmartRouting clearingAccount clearingIntent notHeld "
    "deltaNeutralContract algoStrategy solicited whatIf status initMarginBefore maintMarginBefore equityWithLoanBefore "
    "initMarginChange maintMarginChange equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter "
    "commission minCommission maxCommission commissionCurrency warningText randomizeSize randomizePrice conditions "
    "adjustedOrderType triggerPrice trailStopPriceAdjusted lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice "
    "adjustedTrailingAmount adjustableTrailingUnit softDollarName softDollarValue softDollarDisplayName cashQty "
    "dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts "
    "autoCancelParent minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"
).split()
COUNTS = {"comboLegs", "orderComboLegs", "smartComboRoutingParams", "deltaNeutralContract", "conditions", "secIdList"}
ORDER_STATUS = [
    "orderId", "status", "filled", "remaining", "avgFillPrice", "permId", "parentId", "lastFillPrice", "clientId", "whyHeld",
    "mktCapPrice",
]  # fmt: skip
EXECUTION = (
    f"reqId orderId {CONTRACT} execId time acctNumber execExchange side shares price permId clientId liquidation cumQty avgPrice "
    "orderRef evRule evMultiplier modelCode lastLiquidity"
).split()
DETAILS = (  # noqa: SIM905
    "reqId symbol secType expiry strike right exchange currency localSymbol marketName tradingClass conId minTick multiplier "
    "orderTypes validExchanges priceMagnifier underConId longName primaryExchange contractMonth industry category subcategory "
    "timeZoneId tradingHours liquidHours evRule evMultiplier secIdList aggGroup underSymbol underSecType marketRuleIds "
    "realExpirationDate stockType minSize sizeIncrement suggestedSizeIncrement"
).split()
POSITION = f"version account {CONTRACT} position avgCost".split()
PLACE = (
    f"orderId {CONTRACT} secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin "
    "orderRef transmit"
).replace("exchange currency", "exchange primaryExchange currency").split()


@attrs.define(eq=False)
class Gateway:
    """What Interactive Brokers knows, over all connections. `placed` are the orders as they came."""

    port: int = 0
    accounts: tuple[str, ...] = ("DU1",)
    cash: float = 50_000.0
    positions: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    placed: list[dict[str, str]] = attrs.field(factory=list)
    says: tuple[int, str] | None = None
    """An error, in place of taking an order."""
    silent: bool = False
    """Whether an order is taken without a word."""
    deaf: bool = False
    """Whether nothing is answered any more."""
    unknown: tuple[str, ...] = ()
    """Symbols of which there is no contract."""
    followed: dict[str, str] = attrs.field(factory=dict)
    """Numbers of requests for live prices, by symbol."""
    follows: trio.Event = attrs.field(factory=trio.Event)
    cancels: list[str] = attrs.field(factory=list)
    _orders: dict[str, dict[str, Any]] = attrs.field(factory=dict)  # open ones, by the client's number
    _executions: list[tuple[dict[str, Any], float | None]] = attrs.field(factory=list)
    _streams: dict[trio.SocketStream, str] = attrs.field(factory=dict)  # and the client's number
    _pen: trio.Lock = attrs.field(factory=trio.Lock)
    took: trio.Event = attrs.field(factory=trio.Event)
    """Set by the first order."""
    _nursery: trio.Nursery | None = None
    _serving: trio.CancelScope | None = None

    # ---- what happens there

    async def fill(self, ref: str, quantity: float, price: float, commission: float | None = 1.0, at_s: int = T0_S) -> str:
        """Execute so much of an order, and tell of it where somebody is connected; the commission is told later where None."""
        order = next(one for one in self._orders.values() if one["orderRef"] == ref)
        order["filled"] += quantity
        done = order["filled"] >= float(order["totalQuantity"])
        ident = f"0000e.{len(self._executions) + 1:04d}.01.01"
        one = {**order, "reqId": -1, "execId": ident, "time": at_s, "acctNumber": "DU1", "execExchange": "ISLAND",
               "shares": quantity, "side": "BOT" if order["action"] == "BUY" else "SLD", "price": price,
               "cumQty": order["filled"], "avgPrice": price}  # fmt: skip
        self._executions.append((one, commission))
        order["status"] = "Filled" if done else "Submitted"
        await self.tell(self._status(order))
        await self._tell_execution(one, commission)
        if done:
            self._orders.pop(str(order["orderId"]))
        return ident

    async def hold(self, symbol: str, quantity: float, avg_cost: float) -> None:
        """Have a position be so from now on."""
        self.positions[symbol] = (quantity, avg_cost)
        await self.tell(self._position(symbol))

    def forget(self, ref: str) -> None:
        """Have an order be open no more."""
        self._orders = {ident: one for ident, one in self._orders.items() if one["orderRef"] != ref}

    async def commission(self, exec_id: str, amount: float) -> None:
        """Tell what an execution cost."""
        await self.tell(_commission(exec_id, amount))

    async def correct(self, exec_id: str) -> None:
        """Tell an execution again under its next number, as corrections are."""
        one, amount = next(it for it in self._executions if it[0]["execId"] == exec_id)
        await self._tell_execution({**one, "execId": exec_id[:-2] + "02"}, amount)

    async def tick(self, symbol: str, kind: int, price: float, size: float) -> None:
        """A live price: kind 1 is the bid, 2 the ask, 4 the last trade."""
        await self.tell([1, 6, self.followed[symbol], kind, price, size, 0], client="2")

    async def elsewhere(self, symbol: str, quantity: float, price: float) -> None:
        """Somebody else buys in the account; clients are not told of that."""
        one = {"symbol": symbol, "secType": "STK", "currency": "USD", "execId": f"0000f.{len(self._executions) + 1:04d}.01.01",
               "time": T0_S, "acctNumber": "DU1", "side": "BOT", "shares": quantity, "price": price, "permId": 9}  # fmt: skip
        self._executions.append((one, 1.0))

    async def error(self, ident: int | str, code: int, text: str) -> None:
        """Say an error about an order, by its number, or -1."""
        await self.tell([4, 2, ident, code, text, ""])

    async def tell(self, fields: list[Any], client: str = "1") -> None:
        """Send to a client, where it is connected."""
        for stream in [one for one, number in self._streams.items() if number == client]:
            await self._send(stream, fields)

    async def _send(self, stream: trio.SocketStream, fields: list[Any]) -> None:
        async with self._pen:
            await stream.send_all(_packed(fields))

    # ---- the protocol

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Gateway]:
        """It is there, on the port that it had before if any."""
        async with trio.open_nursery() as self._nursery:
            await self.come()
            yield self
            self._nursery.cancel_scope.cancel()

    async def come(self) -> None:
        """Begin to serve."""
        listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        self._serving = await self._nursery.start(self._accept, listeners)

    def leave(self) -> None:
        """Hang up on all, and be gone."""
        self._serving.cancel()

    async def _accept(self, listeners: list[trio.SocketListener], task_status: Any) -> None:
        with trio.CancelScope() as scope:
            task_status.started(scope)
            await trio.serve_listeners(self._serve, listeners)

    async def _serve(self, stream: trio.SocketStream) -> None:
        try:
            await self._talk(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self._streams.pop(stream, None)
            await stream.aclose()

    async def _talk(self, stream: trio.SocketStream) -> None:
        data, greeted = b"", False
        async for chunk in stream:
            data += chunk
            if not greeted and data.startswith(b"API\0"):
                data, greeted = data[4:], True
                assert data[4:].startswith(b"v"), data
                data = data[4 + struct.unpack(">I", data[:4])[0] :]
                await stream.send_all(_packed([VERSION, "20261126 12:00:00 UTC"]))
            while len(data) > 4 and len(data) >= (end := 4 + struct.unpack(">I", data[:4])[0]):
                fields, data = data[4:end].decode().split("\0")[:-1], data[end:]
                for answer in [] if self.deaf else await self._answers(fields, stream):
                    await self._send(stream, answer)

    async def _answers(self, fields: list[str], stream: trio.SocketStream) -> list[list[Any]]:
        match fields:
            case ["71", _, client, *_]:
                self._streams[stream] = client
                return [[15, 1, ",".join(self.accounts)], [9, 1, 1]]
            case ["61", *_]:
                return [*(self._position(symbol) for symbol in self.positions), [62, 1]]
            case ["6", _, _, account]:
                values = {"TotalCashValue": self.cash, "NetLiquidation": self.cash + 10_000, "AccountType": "INDIVIDUAL"}
                told = [[6, 2, name, value, "USD", account] for name, value in values.items()]
                return [*told, [8, 1, "12:00"], [54, 1, account]]
            case ["5", *_]:
                return [*(one for order in self._orders.values() for one in self._told(order)), [53, 1]]
            case ["7", _, request, *_]:
                told = [[11, *_listed(EXECUTION, {**one, "reqId": request})] for one, _ in self._executions]
                fees = [_commission(one["execId"], fee) for one, fee in self._executions if fee is not None]
                return [*told, *fees, [55, 1, request]]
            case ["9", _, request, _, symbol, kind, *_]:
                known = {"reqId": request, "symbol": symbol, "secType": kind, "exchange": "SMART", "currency": "USD",
                         "minTick": 0.01, "conId": sum(map(ord, symbol))}  # fmt: skip
                return [[52, 1, request]] if symbol in self.unknown else [[10, *_listed(DETAILS, known)], [52, 1, request]]
            case ["1", _, request, _, symbol, *_]:
                self.followed[symbol] = request
                self.follows.set()
                return []
            case ["49", *_]:
                return [[49, 1, T0_S]]
            case ["3", *rest]:
                return self._take(dict(zip(PLACE, rest, strict=False)))
            case ["4", _, ident, *_]:
                return self._cancel(ident)
            case _:
                return []

    def _take(self, wish: dict[str, str]) -> list[list[Any]]:
        self.placed.append(wish)
        self.took.set()
        ident = wish["orderId"]
        if self.says is not None:
            return [[4, 2, ident, *self.says, ""]]
        order = {**wish, "permId": 7_000_000 + len(self.placed), "clientId": 1, "status": "Submitted", "filled": 0.0,
                 "conId": 265_598}  # fmt: skip
        self._orders[ident] = order
        return [] if self.silent else self._told(order)

    def _cancel(self, ident: str) -> list[list[Any]]:
        self.cancels.append(ident)
        order = self._orders.pop(ident, None)
        if order is None:
            return [[4, 2, ident, 10147, f"OrderId {ident} that needs to be cancelled is not found.", ""]]
        order["status"] = "Cancelled"
        return [self._status(order), [4, 2, ident, 202, "Order Canceled - reason:", ""]]

    def _told(self, order: dict[str, Any]) -> list[list[Any]]:
        return [[5, *_listed(OPEN_ORDER, order)], self._status(order)]

    def _status(self, order: dict[str, Any]) -> list[Any]:
        left = float(order["totalQuantity"]) - order["filled"]
        return [3, *_listed(ORDER_STATUS, {**order, "remaining": left, "parentId": 0})]

    def _position(self, symbol: str) -> list[Any]:
        quantity, cost = self.positions[symbol]
        known = {"version": 3, "account": self.accounts[0], "symbol": symbol, "secType": "STK", "currency": "USD",
                 "position": quantity, "avgCost": cost, "conId": 1 + sum(map(ord, symbol))}  # fmt: skip
        return [61, *_listed(POSITION, known)]

    async def _tell_execution(self, one: dict[str, Any], commission: float | None) -> None:
        await self.tell([11, *_listed(EXECUTION, one)])
        if commission is not None:
            await self.tell(_commission(one["execId"], commission))


def _listed(names: list[str], known: dict[str, Any]) -> list[Any]:
    return [known.get(name, 0 if name in COUNTS else "") for name in names]


def _commission(exec_id: str, amount: float) -> list[Any]:
    return [59, 1, exec_id, amount, "USD", math.nextafter(math.inf, 0), "", ""]


def _packed(fields: list[Any]) -> bytes:
    text = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(text)) + text
