"""What rules had to tell, under `/api/oracle/deliveries`: to whom, and what came of each try at it; and telling it once more."""

from __future__ import annotations

from typing import Any

import attrs

from actors import Refused
from oracle.history import Queries
from oracle.model import Command
from web.alert_door import may_call
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.rows import native_row
from web.surfaces.native import Items, asked, span

__all__ = ["ROUTES"]

PAGE_ROWS = 10_000


@attrs.frozen
class Resent:
    """A new delivery of what an earlier one carried; `/api/oracle/deliveries/ID` says what becomes of it."""

    status: str
    delivery_id: str
    resend_of: str


async def deliveries(call: Call) -> Items:
    """What rules had to tell, each with all its attempts, newest first unless `order=asc`."""
    page = await call.system.queries.deliveries(**asked(call, "rule_id", "event_id", "channel", "status", "outcome"))
    return Items(await _with_attempts(call.system.queries, page.items), page.next)


async def delivery(call: Call) -> dict[str, Any]:
    """One delivery with all its attempts."""
    (shown,) = await _with_attempts(call.system.queries, [await _found(call)])
    return shown


async def resend(call: Call) -> Answer:
    """Deliver the same once more, as a new delivery that names this one; its rule says where to.

    An action is done once more, for whoever may give its command themselves.
    """
    row = await _found(call)
    if action := row["payload"].get("action"):
        may_call(call.who, [action["command"]])
    command = Command("resend", {"delivery": row}, call.who.name, call.command_id)
    (ident,) = await call.system.runtime.ask("courier", command)
    return Answer(Resent("resending", ident, row["id"]), 202)


async def _found(call: Call) -> dict[str, Any]:
    ident = call.args["delivery_id"]
    page = await call.system.queries.deliveries(id=ident, limit=1)
    if not page.items:
        raise Refused(f"no delivery has the id '{ident}'", code="not_found")
    return page.items[0]


async def _with_attempts(queries: Queries, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tried: dict[str, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    cursor = None
    while tried:
        page = await queries.attempts(delivery_id=tried, limit=PAGE_ROWS, cursor=cursor)
        for row in page.items:
            tried[row["delivery_id"]].append(_attempt(row))
        cursor = page.next
        if cursor is None:
            break
    return [native_row(row) | {"attempts": sorted(tried[row["id"]], key=lambda one: one["number"])} for row in rows]


def _attempt(row: dict[str, Any]) -> dict[str, Any]:
    shown = native_row({name: row[name] for name in ("number", "outcome", "status", "error", "ts_us")})
    return shown | {"took_ms": row["duration_ms"]}


_STATUS = Param("status", choices=("pending", "delivered", "failed", "cancelled"))
_OUTCOME = Param("outcome", choices=("pending", "retry", "delivered", "failed", "cancelled"), doc="of the last attempt")
_FILTERS = (Param("rule_id"), Param("event_id"), Param("channel", doc="webhook, email, command"), _STATUS, _OUTCOME)
_ALL = "/api/oracle/deliveries"
_ONE = f"{_ALL}/{{delivery_id}}"
_TAG = "oracle"
ROUTES = (
    Route("GET", _ALL, deliveries, Auth.token, Scope.read, Family.error, (*_FILTERS, *span("desc")), answer=Items,
          refuses=(503, 504), tag=_TAG, head=True),
    Route("GET", _ONE, delivery, Auth.token, Scope.read, Family.error, answer=dict, refuses=(404, 503, 504), tag=_TAG, head=True),
    Route("POST", f"{_ONE}/resend", resend, Auth.token, Scope.operate, Family.error, answer=Resent, done=202,
          refuses=(404, 503, 504), tag=_TAG),
)  # fmt: skip
