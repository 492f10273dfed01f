"""The native API under `/api/oracle`: the four questions (how is it now, how was it, tell me next, please) for the
page, notebooks and the SDK. Lists are `{items, next}`; `next` goes back in as `cursor`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from actors import NobodyOwns, Refused
from oracle.history import Commit
from oracle.history.bars import INTERVAL, interval_us
from oracle.history.page import Page, decode_cursor
from oracle.model import Event, Severity, event_id
from web.auth import TICKET_S
from web.body import encode
from web.errors import invalid
from web.params import CURSOR, NUMBERED
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.rows import native_node, native_row, native_state

__all__ = ["ROUTES", "Items", "asked", "page", "span"]

INBOX_LIMIT_BYTES = 65_536
KINDS = ("quote", "trade", "depth", "bar")
_LIFELESS = ("backing_off", "waiting", "failed", "ended")


@attrs.frozen
class Items:
    """A page of rows; `next` is the cursor of the following one, null at the end."""

    items: list[dict[str, Any]]
    next: str | None


@attrs.frozen
class ActorNode:
    """An actor: state, restarts, last error, messages waiting (`depth`, the oldest for `oldest_s` seconds), handled,
    dropped, messages a second, start of the present life, what it says of itself (`about`: of a socket who it is, its topics,
    and how much it was told, not told, and is held for it), and the actors below it."""

    name: str
    kind: str
    state: str
    restarts: int
    last_error: str | None
    depth: int
    capacity: int
    oldest_s: float
    handled: int
    dropped: int
    rate_per_s: float
    since: str | None
    about: dict[str, Any]
    children: list[ActorNode]


@attrs.frozen
class Done:
    """What was done to which actor."""

    status: str
    actor: str


@attrs.frozen
class Ticket:
    """Opens one live stream as `?ticket=`, once, within `expires_s` seconds."""

    ticket: str
    expires_s: int


@attrs.frozen
class Received:
    """The id of the event a delivery became."""

    event_id: str


async def tree(call: Call) -> dict[str, Any]:
    """The live actor tree."""
    return native_node(call.system.runtime.tree())


async def board(call: Call) -> Items:
    """How everything of a kind is now: `watchdog`, `rule`, `switch`, ..."""
    return page(call, call.system.board.kind(call.args["kind"]), native_state)


async def events(call: Call) -> Items:
    """Events of every kind, newest first unless `order=asc`."""
    wanted = asked(call, "kind", "severity", "subject", "source", "id")
    return _items(await call.system.queries.events(**wanted))


async def bars(call: Call) -> Items:
    """Bars of any interval, the present unfinished one included, oldest first unless `order=desc`."""
    wanted = asked(call, "symbol", "interval")
    return _items(await call.system.queries.bars(**wanted))


async def ticks(call: Call) -> Items:
    """Quotes, trades, depth or venue bars of one symbol as they came, oldest first unless `order=desc`."""
    wanted = asked(call, "kind", "symbol")
    return _items(await call.system.queries.ticks(**wanted))


async def samples(call: Call) -> Items:
    """Numbers about something (funding rate, cpu, cost), oldest first unless `order=desc`."""
    return _items(await call.system.queries.samples(**asked(call, "name", "subject")))


async def gaps(call: Call) -> Items:
    """When somebody saw nothing: starts, lost feeds, mailboxes that overflowed."""
    wanted = asked(call, "who")
    return _items(await call.system.queries.gaps(**wanted))


async def restart(call: Call) -> Done:
    """Give an actor a new life in order; also one that failed for good."""
    return _touch(call, call.system.runtime.restart, "restarted")


async def kill(call: Call) -> Done:
    """End an actor's present life as a crash; its supervisor decides what follows."""

    def act(name: str) -> None:
        state = call.system.runtime.node(name).state
        if state in _LIFELESS:
            raise Refused(f"'{name}' has no life to end: it is {state}", code="not_running", details={"state": state})
        call.system.runtime.kill(name)

    return _touch(call, act, "killed")


async def ticket(call: Call) -> Ticket:
    """A one-time ticket for a live stream, with the scope of the caller."""
    doorman = call.house.doorman
    return Ticket(doorman.tickets.issue(call.who, doorman.now_us()), TICKET_S)


async def inbox(call: Call) -> Answer:
    """Take a webhook: an object becomes an event `webhook_received`; the demo's rule delivers here."""
    if not isinstance(call.body, dict):
        raise invalid("dict_type", ["body"], "Input should be a valid dictionary", call.body)
    runtime = call.system.runtime
    now_us = runtime.now_us()
    salt = (0, call.command_id) if call.command_id else (now_us, encode(call.body))
    ident = event_id("webhook_received", "inbox", "inbox", *salt)
    if call.system.receipts.applied(call.command_id):
        return Answer(Received(ident), 202)
    about = call.body.get("alert_name") or call.body.get("alert_id") or ""
    summary = f"webhook received: {str(about)[:200]}" if about else "webhook received"
    provider = _provider(call.body)
    data = {"provider": provider, **call.body} if provider else call.body
    event = Event(ident, "webhook_received", "inbox", "inbox", Severity.low, summary, data, now_us, call.command_id)
    await runtime.ask("history", Commit((event,)))
    call.system.receipts.note_applied(call.command_id)
    runtime.publish(event)
    return Answer(Received(ident), 202)


def _provider(body: dict[str, Any]) -> str:
    """Whose numbers a webhook is about, where it says so as ours do."""
    event = body.get("event")
    metadata = event.get("metadata") if isinstance(event, dict) else None
    provider = metadata.get("provider") if isinstance(metadata, dict) else None
    return provider if isinstance(provider, str) else ""


def asked(call: Call, *names: str) -> dict[str, Any]:
    """These parameters and those of `span`, as the history's queries take them."""
    asked = {name: call.args[name] for name in (*names, "from_us", "to_us", "limit", "cursor")}
    return asked | {"newest_first": call.args["order"] == "desc"}


def page(call: Call, found: Sequence[Any], show: Callable[[Any], dict[str, Any]]) -> Items:
    """Of what was found the part that `limit` and `cursor` of a call say. Raises Invalid for a cursor that is none."""
    first = _place(call.args["cursor"])
    last = first + call.args["limit"]
    return Items([show(one) for one in found[first:last]], str(last) if last < len(found) else None)


def _items(page: Page) -> Items:
    return Items([native_row(row) for row in page.items], page.next)


def _touch(call: Call, act: Any, done: str) -> Done:
    name, runtime, receipts = call.args["name"], call.system.runtime, call.system.receipts
    if receipts.applied(call.command_id):
        return Done(done, name)
    if name == "root":
        raise Refused("the root ends only with the server", code="forbidden")
    try:
        act(name)
    except NobodyOwns:
        raise Refused(f"no actor is called '{name}'", code="not_found") from None
    now_us, by = runtime.now_us(), call.who.name
    receipts.note_applied(call.command_id)
    ident = event_id(f"actor_{done}", name, "api", 0 if call.command_id else now_us, call.command_id)
    summary = f"{name} was {done} by {by}"
    runtime.publish(
        Event(ident, f"actor_{done}", name, "api", Severity.low, summary, {"by": by}, now_us, call.command_id)
    )
    return Done(done, name)


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise invalid("cursor", ["query", "cursor"], "Input should be the `next` of an earlier page", cursor)
    return int(cursor)


def span(order: str, key: int = 2) -> tuple[Param, ...]:
    """What every list over time takes; `order` is its default, `key` how many numbers its cursors hold."""
    return (
        Param("from", "time", doc="first instant, inclusive"),
        Param("to", "time", doc="last instant, exclusive"),
        Param("order", default=order, choices=("asc", "desc"), doc="by time"),
        _LIMIT,
        Param("cursor", check=lambda text: decode_cursor(text, key), shape=CURSOR, doc=_NEXT),
    )


_LIMIT = Param("limit", "int", default=100, ge=1, le=10_000, doc="most rows")
_NEXT = "`next` of the page before"
_KIND = Param("kind", required=True, ge=1, doc="first part of a ref: watchdog, rule")
_INTERVAL = Param("interval", default="1m", check=interval_us, shape=INTERVAL, doc="30s, 5m, 1h, 1d")
_SYMBOL = Param("symbol", required=True, ge=1, doc="BTC-USD, AAPL")
_SEVERITY = Param("severity", choices=tuple(level.value for level in Severity))
_EVENTS = (Param("kind"), _SEVERITY, Param("subject"), Param("source"), Param("id"))


def _get(path: str, view: Any, params: tuple[Param, ...] = (), answer: Any = Items, *more: int) -> Route:
    return Route(
        "GET",
        f"/api/oracle/{path}",
        view,
        Auth.token,
        Scope.read,
        Family.error,
        params,
        answer=answer,
        refuses=(503, 504, *more),
        tag="oracle",
        head=True,
    )


def _post(
    path: str, view: Any, scope: Scope, answer: Any, body: Any = None, *more: int, done: int = 200, secret: bool = False
) -> Route:
    return Route(
        "POST",
        f"/api/oracle/{path}",
        view,
        Auth.token,
        scope,
        Family.error,
        body=body,
        answer=answer,
        body_limit_bytes=INBOX_LIMIT_BYTES,
        done=done,
        refuses=more,
        tag="oracle",
        secret=secret,
    )


ROUTES = (
    _get("tree", tree, (), ActorNode),
    _get("board", board, (_KIND, _LIMIT, Param("cursor", shape=NUMBERED, doc=_NEXT))),
    _get("events", events, (*_EVENTS, *span("desc"))),
    _get("bars", bars, (_SYMBOL, _INTERVAL, *span("asc", key=1))),
    _get("ticks", ticks, (_SYMBOL, Param("kind", default="trade", choices=KINDS), *span("asc"))),
    _get("samples", samples, (Param("name"), Param("subject"), *span("asc"))),
    _get("gaps", gaps, (Param("who", doc="feed:binance"), *span("desc"))),
    _post("actors/{name}/restart", restart, Scope.admin, Done, None, 404),
    _post("actors/{name}/kill", kill, Scope.admin, Done, None, 404, 409),
    _post("ticket", ticket, Scope.read, Ticket, secret=True),
    _post("inbox", inbox, Scope.operate, Received, dict, 500, 504, done=202),
)
