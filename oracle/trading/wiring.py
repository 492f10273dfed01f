"""How trading is put together: the broker, the watch over risk, the desk and the strategies, in the order they start in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from actors import Child, Refused
from oracle.settings_trading import Broker
from oracle.trading import intake, word
from oracle.trading.brokers import broker_child
from oracle.trading.desk import Desk
from oracle.trading.ledger import Account
from oracle.trading.order import NewOrder
from oracle.trading.pen import DeskMemory
from oracle.trading.records import Records
from oracle.trading.risk.assessment import Assessment, RiskView
from oracle.trading.risk.gate import assess
from oracle.trading.risk.view import account_of, view_of
from oracle.trading.risk.wiring import risk_child
from oracle.trading.word import Gate, View

if TYPE_CHECKING:
    from oracle.system import System

__all__ = ["desk_child", "judged", "opening", "trading_children"]

DESK_CAPACITY = 100_000  # a fill that finds no room would have to be told again


def trading_children(system: System) -> list[Child]:
    """The actors of trading."""
    settings = system.settings
    return [
        broker_child(settings, system.board),
        risk_child(system.board, settings.risk, system.receipts, system.queries, system.day_trades, system.runtime),
        desk_child(system, partial(_gate, system), partial(_view, system)),
    ]


def desk_child(system: System, gate: Gate, view: View) -> Child:
    """The actor `desk`."""
    settings = system.settings
    records = Records(system.store, system.board, deadline_s=settings.history.query_deadline_s)
    memory = DeskMemory()
    return Child("desk", lambda: Desk(
        system.board, system.receipts, records, memory, gate=gate, view=view, opening=opening(settings.broker),
        reconcile_every_s=settings.risk.breakers.reconcile_every_s,
    ), capacity=DESK_CAPACITY)  # fmt: skip


def judged(system: System, wish: NewOrder) -> Assessment:
    """What the gate would say now of an order that is wished for; nothing is ordered by that. Raises Refused as the desk does:
    `invalid` (details: field), `unavailable`."""
    wish = intake.checked(wish)
    if account_of(system.board) is None:
        raise Refused("the broker has not reported an account yet", "unavailable")
    price = intake.arrival(system.board, wish.symbol)
    return word.priced(_gate(system, wish, price, _view(system, "")), wish.symbol, price)


def opening(broker: Broker) -> Account | None:
    """The account to begin with where the desk keeps it itself; None where the broker does."""
    if broker.provider in ("push", "ibkr"):
        return None
    return Account(initial_cash=broker.paper.cash, cash=broker.paper.cash)


def _gate(system: System, order: NewOrder, price: float | None, view: RiskView) -> Assessment:
    return assess(order, price, view, system.settings.risk)


def _view(system: System, without: str) -> RiskView:
    settings, now_us = system.settings, system.runtime.now_us()
    used = system.day_trades.used(now_us, settings.risk.pdt.rolling_window_days)
    return view_of(system.board, settings.trading, settings.broker, now_us, used, system.day_trades.today(now_us), without)
