"""The way in for the external bot or terminal that executes orders, where `broker.provider` is `push`."""

from __future__ import annotations

import attrs

from oracle.border import structure
from oracle.model import Command
from oracle.trading.brokers.report import Report
from web.routes import Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]


@attrs.frozen
class ReportTaken:
    """How many executions and words on orders are booked, and the ids of those that are not: orders that are not out (any more),
    executions from before the first report of the account, which has them."""

    taken: int
    unknown: list[str]


async def report(call: Call) -> ReportTaken:
    """Report the account, positions, executions, and what became of orders; answers when that is booked, and on disk.

    Orders to be executed are told as `event:order_wanted:*` on the stream and as events of that kind over REST, orders to be
    cancelled as `order_cancel_wanted`; their `data` is the order. An execution counts once by its `id` (in `orders`: `trade_id`),
    however often it is reported. An empty report says that the bot is there; one that has not reported for
    `broker.push.gone_after_s` gets no orders. 409 with another broker; 503: nothing says that all of it is booked, send it again.
    """
    structure(Report, call.body, path=("body",))
    answer = await call.system.runtime.ask("broker", Command("report", call.body, call.who.name, call.command_id))
    return ReportTaken(**answer)


ROUTES = (
    Route("POST", "/api/oracle/broker/report", report, Auth.token, Scope.operate, Family.error, body=Report, strict=True,
          answer=ReportTaken, refuses=(409, 503, 504), tag="oracle"),
)  # fmt: skip
