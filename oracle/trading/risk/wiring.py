"""How the watch over the desk is put together."""

from __future__ import annotations

from actors import Child, Runtime
from oracle.board import Board
from oracle.history import Queries
from oracle.receipts import Receipts
from oracle.settings import Risk
from oracle.trading.risk.day_trades import DayTrades
from oracle.trading.risk.watch import RiskMemory, RiskWatch

__all__ = ["risk_child"]


def risk_child(
    board: Board, risk: Risk, receipts: Receipts, queries: Queries, day_trades: DayTrades, runtime: Runtime,
) -> Child:
    """The actor `risk`; `day_trades` hears the bus from now on, and may be read by whoever judges orders."""
    for pattern in ("event:trade_closed:*", "event:fill:*"):
        runtime.listen(pattern, day_trades.hear)
    memory = RiskMemory()
    runtime.listen("bar:*", memory.hear)
    return Child("risk", lambda: RiskWatch(board, risk, receipts, queries, day_trades, memory), capacity=10_000,
                 when_full="drop_oldest")  # fmt: skip
