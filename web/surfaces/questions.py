"""The history asked in SQL, under `/api/oracle/sql`: read only, over views with plain names, as Parquet, JSON or Arrow."""

from __future__ import annotations

from typing import Any

import attrs
import trio

from actors import Refused
from oracle.border import structure
from oracle.history.answers import MOST_ROWS, MOST_ROWS_SHOWN, Ask, File, clear
from oracle.history.question import MOST_CHARACTERS
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Route, Scope
from web.surfaces.archive import TYPES, pieces

__all__ = ["ROUTES"]

SHOWN = 1_000  # rows as JSON, unless more are wanted
JSON, PARQUET, ARROW = "application/json", TYPES["parquet"], "application/vnd.apache.arrow.stream"
MOST_PARAMETERS = 100
BODY_BYTES = 131_072


@attrs.frozen
class SqlQuestion:
    """One SELECT; `parameters` are the values of its `?`, in order; `limit` is the most rows that are wanted."""

    sql: str
    parameters: list[Any] = attrs.field(factory=list)
    limit: int | None = None


@attrs.frozen
class SqlColumn:
    """A column of an answer, and its SQL type."""

    name: str
    type: str


@attrs.frozen
class SqlRows:
    """The rows of an answer, each a list in the order of `columns`. `truncated`: there are more than were wanted, or than 16 MiB.
    It waited `waited_s` seconds for its turn and took `took_s` then."""

    columns: list[SqlColumn]
    rows: list[list[Any]]
    truncated: bool
    waited_s: float
    took_s: float


@attrs.frozen
class SqlViews:
    """What can be asked about: each view with its columns, their SQL types, meanings and units. `kept_as` is the key of
    `history.keep_days` that says for how long, empty for ever."""

    views: list[dict[str, Any]]


async def ask(call: Call) -> Answer:
    """Ask the history in SQL: one SELECT over the views of `/api/oracle/sql/schema`, in DuckDB's dialect.

    The answer is Parquet; with `Accept: application/json` at most 10,000 rows (1,000 unless `limit` says otherwise) and 16 MiB of
    JSON; with `Accept: application/vnd.apache.arrow.stream` Arrow, where pyarrow is installed. A file has at most a million rows
    and 256 MiB. `X-Truncated` and `X-Rows` tell of files what JSON says in its fields.

    Nothing can be changed, nothing outside of the views be seen, and no secret is in them: whoever may read may ask. What is not
    for here is answered 422, what takes too much memory or room 413, what takes longer than `history.query_deadline_s` 504. Two
    questions are answered at a time and eight wait, the next is told 503.
    """
    said = structure(SqlQuestion, call.body, path=("body",))
    _checked(said)
    form = _form(call.headers.get("accept", ""))
    most = MOST_ROWS_SHOWN if form == JSON else MOST_ROWS
    limit = (SHOWN if form == JSON else MOST_ROWS) if said.limit is None else said.limit
    if not 1 <= limit <= most:
        raise invalid("less_than_equal", ["body", "limit"], f"Input should be 1 to {most}", limit, ge=1, le=most)
    wish, began_s = Ask(said.sql, said.parameters, limit), trio.current_time()
    if form != JSON:
        return _file(await call.system.answers.file(wish, "arrow" if form == ARROW else "parquet"), form, began_s)
    found = await call.system.answers.rows(wish)
    columns = [SqlColumn(*one) for one in zip(found.names, found.types, strict=True)]
    whole_s = trio.current_time() - began_s
    return Answer({"columns": columns, "rows": found.rows, "truncated": found.truncated,
                   "waited_s": round(found.waited_s, 6), "took_s": round(max(0.0, whole_s - found.waited_s), 6)})  # fmt: skip


async def schema(call: Call) -> SqlViews:
    """What can be asked about in SQL: the views, their columns, types, meanings and units."""
    return SqlViews(clear())


def _checked(said: SqlQuestion) -> None:
    """Raises Invalid."""
    if len(said.sql) > MOST_CHARACTERS:
        msg = f"String should have at most {MOST_CHARACTERS} characters"
        raise invalid("string_too_long", ["body", "sql"], msg, said.sql[:80], max_length=MOST_CHARACTERS)
    if len(said.parameters) > MOST_PARAMETERS:
        raise invalid("too_long", ["body", "parameters"], f"List should have at most {MOST_PARAMETERS} items", None)
    for place, value in enumerate(said.parameters):
        if not isinstance(value, str | int | float | None) or (isinstance(value, int) and abs(value) >= 2**63):
            raise invalid("scalar_type", ["body", "parameters", place], "Input should be a text, a number, true, false or null")


def _form(accept: str) -> str:
    """The first of what is accepted that we have; Parquet where that is anything."""
    for one in accept.lower().split(","):
        kind = one.partition(";")[0].strip()
        if kind in (JSON, PARQUET, ARROW):
            return kind
        if kind in ("*/*", "application/*", ""):
            return PARQUET
    raise Refused(f"the answer is {PARQUET}, {JSON} or {ARROW}", "not_acceptable", {"accept": accept[:200]})


def _file(found: File, form: str, began_s: float) -> Answer:
    took_s = max(0.0, trio.current_time() - began_s - found.waited_s)
    headers = (
        ("Content-Length", str(found.bytes)), ("X-Rows", str(found.rows)), ("X-Truncated", str(found.truncated).lower()),
        ("Server-Timing", f"wait;dur={1_000 * found.waited_s:.1f}, query;dur={1_000 * took_s:.1f}"),
    )  # fmt: skip
    return Answer(pieces(found.file), headers=headers, content_type=form)


_HERE = "/api/oracle/sql"
_READ = {"auth": Auth.token, "scope": Scope.read, "family": Family.error, "tag": "oracle"}
ROUTES = (
    Route("POST", _HERE, ask, body=SqlQuestion, body_limit_bytes=BODY_BYTES, answer=SqlRows, forms=(PARQUET, ARROW),
          asks=True, strict=True, refuses=(400, 406, 504), **_READ),
    Route("GET", f"{_HERE}/schema", schema, answer=SqlViews, head=True, **_READ),
)  # fmt: skip
