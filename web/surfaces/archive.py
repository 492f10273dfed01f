"""What is kept of runs, conversations and events: found by words, and taken away as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO

import attrs
import trio

from oracle.history.export import FORMATS, WHAT, Wish
from oracle.runs.finding import PLACES
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Param, Route
from web.wire import iso

__all__ = ["ROUTES", "TYPES", "pieces"]

PIECE = 256 * 1024  # bytes sent at once
TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8", "json": "application/json"}


@attrs.frozen
class FoundText:
    """A hit: `where` output, messages, tasks or experiments; the text around it, and what it belongs to, null for nothing. `n`
    and `stream` are of a piece of output, `role` is of a message. The time of a run is that of its creation."""

    where: str
    run: str | None
    conversation: str | None
    excerpt: str
    ts: datetime
    n: int | None
    stream: str | None
    role: str | None


@attrs.frozen
class FoundTexts:
    """The newest hits, newest first."""

    items: list[FoundText]


async def search(call: Call) -> FoundTexts:
    """Find a piece of text, whatever its case: in the output of runs, in what was said in conversations, and in the names, inputs
    and results of tasks and experiments.

    Every text in the time between `from` and `to` is looked at, the newest first, until there are `limit` hits: some 500 MB in a
    second. What takes longer than `history.query_deadline_s` is answered 504; ask for a shorter time then.
    """
    args = call.args
    places = args["in"] or list(PLACES)
    if unknown := [place for place in places if place not in PLACES]:
        raise invalid("enum", ["query", "in"], f"Input should be any of {', '.join(PLACES)}", unknown[0])
    found = await call.system.finder.find(args["q"], dict.fromkeys(places), args["limit"], args["from_us"], args["to_us"])
    return FoundTexts([
        FoundText(hit.where, hit.run or None, hit.conversation or None, hit.excerpt, iso(hit.ts_us), hit.n, hit.stream or None,
                  hit.role or None) for hit in found
    ])  # fmt: skip


async def export(call: Call) -> Answer:
    """Take stored rows away as a file: runs that are over, output, messages, samples or events, in the order they were stored.

    `kind` chooses runs by their kind, output by its stream, messages by their role, samples by their name and events by their
    kind; `run` those of one run. A file has at most a million rows and 512 MiB of text (413 beyond), and is made within a minute
    (504). Nothing of it stays here. Instants are of type TIMESTAMP (UTC) in Parquet, else ISO 8601.
    """
    args = call.args
    wish = Wish(args["what"], args["format"], args["kind"] or "", args["run"] or "", args["from_us"], args["to_us"])
    file, size = await call.system.exports.file(wish)
    headers = (("Content-Length", str(size)), ("Content-Disposition", f'attachment; filename="{wish.what}.{wish.format}"'))
    return Answer(pieces(file), headers=headers, content_type=TYPES[wish.format])


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """An open file, bit by bit; it is closed with the last."""
    with file:
        while piece := await trio.to_thread.run_sync(file.read, PIECE):
            yield piece


_FROM, _TO = Param("from", "time", doc="ISO 8601 or UTC microseconds"), Param("to", "until", doc="the first instant too late")
_SEARCH = (
    Param("q", required=True, ge=1, le=200, doc="a piece of text"),
    Param("in", many=True, shape={"enum": list(PLACES)}, doc=f"any of {', '.join(PLACES)}; else all"),
    Param("limit", "int", default=50, ge=1, le=500), _FROM, _TO,
)  # fmt: skip
_EXPORT = (
    Param("what", required=True, choices=tuple(WHAT)), Param("format", default="parquet", choices=tuple(FORMATS)),
    Param("kind", le=200), Param("run", le=64), _FROM, _TO,
)  # fmt: skip
_READ = {"auth": Auth.token, "family": Family.error, "tag": "oracle"}
ROUTES = (
    Route("GET", "/api/oracle/search", search, params=_SEARCH, answer=FoundTexts, refuses=(504,), **_READ),
    Route("GET", "/api/oracle/export", export, params=_EXPORT, answer=", ".join(TYPES.values()), refuses=(413, 504), **_READ),
)
