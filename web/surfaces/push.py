"""The way in for scripts and bots: rows of their own data."""

from __future__ import annotations

from oracle.pushed import Pushed, messages_of, push
from web.routes import Answer, Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]


async def push_rows(call: Call) -> Answer:
    """Take one row, a list of rows, or `{"rows": [...], "source": "mybot"}`; answers when they are stored.

    A row has a `kind` (quote, trade, bar, sample, transfer, earnings, fundamental, insider, vix) and its fields; `ts` (now) and
    `source` (push) may be left out. All rows are taken, or none. With an `Idempotency-Key` they are taken once, also over a
    SIGKILL. On the stream, `{"action": "push", "id": ID, "rows": [...]}` does the same.
    """
    messages = messages_of(call.body, call.system.runtime.now_us())
    return Answer(await push(call.system, messages, call.who.name, call.command_id), 202)


ROUTES = (
    Route(
        "POST", "/api/oracle/push", push_rows, Auth.token, Scope.operate, Family.error, body=dict, answer=Pushed, done=202,
        refuses=(503, 504), tag="oracle",
    ),
)  # fmt: skip
