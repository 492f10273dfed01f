"""What runs put out, piece by piece: `/api/oracle/runs/{id}/output`, for clients that must not miss any of it.

The stream tells pieces as they come (`output:ID`), each with its number; this answers for those that came before.
"""

from __future__ import annotations

from typing import Any

import attrs

from actors import Refused
from web.errors import invalid
from web.routes import Auth, Call, Family, Param, Route, Scope
from web.rows import native_message

__all__ = ["ROUTES", "Pieces"]


@attrs.frozen
class Pieces:
    """Pieces in their order, as the stream tells them: `{run, n, stream, text, ts}`. `next` asks for the rest, null at the end of
    what there is so far; the number of any piece may be asked for as well."""

    items: list[dict[str, Any]]
    next: str | None


async def output(call: Call) -> Pieces:
    """What a run has put out after its piece `cursor` (from the beginning without one). Pieces are kept as long as
    `history.keep_days.output` says."""
    cursor, limit = call.args["cursor"] or "0", call.args["limit"]
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 15:
        raise invalid("cursor", ["query", "cursor"], "Input should be the `next` of an earlier page, or the number of a piece",
                      cursor[:80])  # fmt: skip
    ident = call.args["id"]
    run = await call.system.records.one(ident)
    if run is None:
        raise Refused(f"Run '{ident[:80]}' not found", "not_found")
    found = await call.system.outputs.chunks(run, int(cursor), limit)
    return Pieces([native_message(piece) for piece in found], str(found[-1].n) if len(found) == limit else None)


_PARAMS = (
    Param("limit", "int", default=1_000, ge=1, le=1_000, doc="most pieces"),
    Param("cursor", shape={"pattern": "^[0-9]{0,15}$"}, doc="`next` of the page before, or the number of a piece"),
)
ROUTES = (
    Route("GET", "/api/oracle/runs/{id}/output", output, Auth.token, Scope.read, Family.error, params=_PARAMS, answer=Pieces,
          refuses=(404, 503, 504), tag="oracle", head=True),
)  # fmt: skip
