"""agent-bot's tasks as lists: bare ones, and the table of its page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import attrs

from actors import Refused
from oracle.moments import time_us, until_us
from oracle.runs.records import RunFilter
from oracle.runs.run import Run
from web.params import either
from web.routes import Answer, Call, Param, Route
from web.surfaces.agent_shapes import AGENT_TYPES, STATUSES, TaskRow, row_of, statuses_of
from web.surfaces.agent_tasks import READ
from web.task_wishes import TASK

__all__ = ["ROUTES", "newest"]

MOST_MATCHED = 10_000  # tasks that are looked through for what no column says
PIECE = 500
_SORTS = {
    "created_at": "created", "started_at": "started", "completed_at": "finished", "status": "status", "assigned_agent": "agent",
    "cost_usd": "cost", "duration_seconds": "duration", "task_id": "id",
}  # fmt: skip


@attrs.frozen
class TaskPage:
    """One page; `total_pages` is 0 where there are none."""

    tasks: list[TaskRow]
    total: int
    page: int
    page_size: int
    total_pages: int


async def tasks(call: Call) -> Answer:
    """Tasks, newest first. `X-Total-Count` says how many there are, `Link` leads to the next page.

    `offset` and `limit`, or `page` (from 1) and `page_size`, say which; filters that are empty ask for nothing.
    """
    args = call.args
    limit = args["page_size"] or args["limit"]
    offset = (args["page"] - 1) * limit if args["page"] else args["offset"]
    runs, total = await _matching(call, "created", True, limit, offset)
    headers = [("X-Total-Count", str(total))]
    if offset + len(runs) < total:
        asked = {name: args[name] for name in _FILTERED if args[name]}
        headers.append(("Link", f'</api/tasks?{urlencode({**asked, "limit": limit, "offset": offset + limit})}>; rel="next"'))
    return Answer([row_of(run) for run in runs], headers=tuple(headers))


async def table(call: Call) -> TaskPage:
    """One page of the table of tasks, sorted by any of its columns."""
    args = call.args
    page, size = args["page"], args["page_size"]
    sort, descending = _SORTS[args["sort_by"] or "created_at"], (args["sort_order"] or "desc") == "desc"
    runs, total = await _matching(call, sort, descending, size, (page - 1) * size)
    return TaskPage([row_of(run) for run in runs], total, page, size, -(-total // size))


async def _matching(call: Call, sort: str, descending: bool, limit: int, offset: int) -> tuple[list[Run], int]:
    args = call.args
    statuses = statuses_of(args["status"]) if args["status"] else ()
    start, end = args.get("start_date"), args.get("end_date")
    where = RunFilter(
        status=tuple(map(str, statuses)), session=args["session_id"] or "", agent=args.get("subagent") or "",
        source=args.get("source") or "", created_from_us=time_us(start, ["query", "start_date"]) if start else None,
        created_to_us=until_us(end, ["query", "end_date"]) if end else None,
    )  # fmt: skip
    kind = args.get("agent_type")
    if not kind:
        page: tuple[list[Run], int] = await call.system.records.page((TASK,), where, sort, descending, limit, offset)
        return page
    matching = [run async for run in newest(call.system, where) if run.params.get("agent_type") == kind]
    return matching[offset : offset + limit], len(matching)


async def newest(system: Any, where: RunFilter = RunFilter()) -> AsyncIterator[Run]:  # noqa: B008
    """The newest 10,000 tasks, in pieces that hold nobody up."""
    for offset in range(0, MOST_MATCHED, PIECE):
        page, _ = await system.records.page((TASK,), where, limit=PIECE, offset=offset)
        for run in page:
            yield run
        if len(page) < PIECE:
            return


def _one_of(*choices: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if text and text not in choices:
            raise Refused(f"Input should be one of {', '.join(choices)}", "enum")

    return check


_TIME = {"pattern": "^([0-9].*)?$"}  # ISO 8601 or microseconds, or empty
_FARTHEST = 1_000_000_000
_FILTERED = ("session_id", "status", "source", "agent_type", "subagent", "start_date", "end_date")
_FILTERS = (
    Param("session_id", doc="of one session"),
    Param("status", shape=either(*STATUSES, "in_progress"), doc="queued, running, waiting_input, completed, failed, cancelled"),
    Param("subagent", doc="the agent it is assigned to"),
)  # fmt: skip
_SINCE = (
    Param("source", doc="where they came from: dashboard, webhook, api, github, ..."),
    Param("agent_type", doc="of the newest 10,000 that fit", check=_one_of(*AGENT_TYPES), shape=either(*AGENT_TYPES)),
    Param("start_date", shape=_TIME, doc="created at or after this ISO 8601 time"),
    Param("end_date", shape=_TIME, doc="created before; of a day alone, all of it counts"),
)
_PAGE = (
    Param("limit", "int", default=50, ge=1, le=1_000), Param("offset", "int", default=0, ge=0, le=_FARTHEST),
    Param("page", "int", ge=1, le=_FARTHEST, doc="instead of an offset"),
    Param("page_size", "int", ge=1, le=1_000, doc="instead of a limit"),
)  # fmt: skip
_TABLE = (
    Param("page", "int", default=1, ge=1, le=_FARTHEST), Param("page_size", "int", default=20, ge=1, le=100), *_FILTERS,
    Param("sort_by", default="created_at", check=_one_of(*_SORTS), shape=either(*_SORTS)),
    Param("sort_order", default="desc", check=_one_of("asc", "desc"), shape=either("asc", "desc")),
)  # fmt: skip
ROUTES = (
    Route("GET", "/api/tasks", tasks, params=(*_PAGE, *_FILTERS, *_SINCE), answer=list[TaskRow], refuses=(503, 504), **READ),
    Route("GET", "/api/tasks/table", table, params=_TABLE, answer=TaskPage, refuses=(503, 504), **READ),
)
