"""Webhooks as agent-bot's clients know them: whose deliveries are taken, what these may call, and what came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.border import structure
from oracle.history.arrivals import Row
from oracle.inbound.hooks import KIND
from oracle.inbound.webhook import NewCommand, NewWebhook, WebhookChange
from oracle.model import Command, State, ref, split_ref
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class CommandShown:
    """What a delivery may set to work (see `POST .../commands`)."""

    command_id: str
    name: str
    trigger: str
    action: str
    agent: str
    template: str
    conditions: dict[str, Any]
    priority: int


@attrs.frozen
class Webhook:
    """Whose deliveries are taken at `endpoint`, and what they may call. Its secret is never shown; without one
    (`has_secret` false) it takes nothing. Built-in ones are as the settings say."""

    webhook_id: str
    name: str
    provider: str
    endpoint: str
    is_builtin: bool
    enabled: bool
    has_secret: bool
    commands: list[CommandShown]
    default_command: str | None
    bot_name: str
    created_at: datetime | None
    updated_at: datetime | None
    created_by: str


@attrs.frozen
class WebhookEvent:
    """What came in. `task_id` and `matched_command` are null where it called for nothing (or, with a command, where its task was
    refused); `response_sent`: the task's worker has said that it answered the provider."""

    event_id: str
    webhook_id: str
    provider: str
    event_type: str
    task_id: str | None
    matched_command: str | None
    response_sent: bool
    created_at: datetime


@attrs.frozen
class WebhookEventWhole(WebhookEvent):
    """The same with what was delivered, what sounds like a secret masked: an object, the first 262,144 characters of a longer one
    as text (`payload_cut`), or null where it is not kept any more. `own`: our own account, or another bot, did it."""

    delivery_id: str
    sender: str
    flow_id: str | None
    title: str
    url: str
    own: bool
    payload_cut: bool
    payload: Any


@attrs.frozen
class Done:
    """What was done, and how it is now."""

    success: bool
    data: Any


@attrs.frozen
class Stats:
    """How many webhooks there are, how many of them take deliveries, and how many came in by each, by id."""

    total_webhooks: int
    active_webhooks: int
    events_by_webhook: dict[str, int]


async def webhooks(call: Call) -> list[Webhook]:
    """List all webhooks, the ones that are built in first."""
    return [_shown(ident, value, call) for ident, value in call.system.hooks.everything().items()]


async def create(call: Call) -> Answer:
    """Make a webhook. A provider that is none, or a name that is taken, is refused with 400."""
    wish = structure(NewWebhook, call.body, extras="drop", path=("body",))
    state: State = await _ask(call, "create", {"webhook": wish})
    shown = attrs.asdict(_shown_state(state, call), recurse=False)
    return Answer(Done(True, shown), 201)


async def one(call: Call) -> Webhook:
    """Get a webhook."""
    return _shown(call.args["id"], call.system.hooks.find(call.args["id"]), call)


async def change(call: Call) -> Done:
    """Change what is given. An empty secret removes it, the mask that secrets are shown as leaves it."""
    wish = structure(WebhookChange, call.body, extras="drop", path=("body",))
    return _done(await _ask(call, "change", {"id": call.args["id"], "change": wish}), call)


async def delete(call: Call) -> Done:
    """Delete a webhook. What came in by it stays on record."""
    await _ask(call, "delete", {"id": call.args["id"]})
    return Done(True, {"webhook_id": call.args["id"]})


async def enable(call: Call) -> Done:
    """Have a webhook take deliveries."""
    return _done(await _ask(call, "enable", {"id": call.args["id"]}), call)


async def disable(call: Call) -> Done:
    """Have a webhook take no deliveries; each is refused with 403."""
    return _done(await _ask(call, "disable", {"id": call.args["id"]}), call)


async def commands(call: Call) -> list[CommandShown]:
    """List what deliveries may call."""
    return _commands(call.system.hooks.find(call.args["id"]))


async def add_command(call: Call) -> Answer:
    """Add a command, with an id of its own."""
    wish = structure(NewCommand, call.body, extras="drop", path=("body",))
    state: State = await _ask(call, "add_command", {"id": call.args["id"], "command": wish})
    added = next(one for one in reversed(_commands(state.value or {})) if one.name == (wish.name or wish.trigger))
    return Answer(Done(True, added), 201)


async def change_command(call: Call) -> Done:
    """Put another command in the place of one; it keeps its id."""
    ident, wish = call.args["command_id"], structure(NewCommand, call.body, extras="drop", path=("body",))
    state: State = await _ask(call, "change_command", {"id": call.args["id"], "command_id": ident, "command": wish})
    return Done(True, next(one for one in _commands(state.value or {}) if one.command_id == ident))


async def remove_command(call: Call) -> Done:
    """Remove a command."""
    ident = call.args["command_id"]
    await _ask(call, "remove_command", {"id": call.args["id"], "command_id": ident})
    return Done(True, {"command_id": ident})


async def events(call: Call) -> list[WebhookEvent]:
    """List what came in, newest first."""
    ident = call.args["webhook_id"]
    return await _events(call, await call.system.arrivals.page(ref(KIND, ident) if ident else None, call.args["limit"]))


async def recent(call: Call) -> Done:
    """List what came in lately, newest first."""
    return Done(True, await _events(call, await call.system.arrivals.page(None, call.args["limit"])))


async def events_of_one(call: Call) -> Done:
    """List what came in by a webhook, newest first."""
    call.system.hooks.find(call.args["id"])
    return Done(True, await _events(call, await call.system.arrivals.page(ref(KIND, call.args["id"]), call.args["limit"])))


async def one_event(call: Call) -> WebhookEventWhole:
    """Get what came in, with what was delivered."""
    row = await call.system.arrivals.one(call.args["event_id"])
    if row is None:
        raise Refused("Event not found", "not_found")
    (event,) = await _events(call, [row])
    return WebhookEventWhole(
        **attrs.asdict(event), delivery_id=row["delivery"], sender=row["sender"], flow_id=row["flow_id"] or None,
        title=row["title"], url=row["url"], own=row["own"], payload_cut=row["cut"], payload=row["payload"],
    )  # fmt: skip


async def stats(call: Call) -> Stats:
    """Count webhooks and what came in by them."""
    known, counts = call.system.hooks.everything(), await call.system.arrivals.counts()
    active = sum(value["enabled"] and bool(value["secret"]) for value in known.values())
    return Stats(len(known), active, {split_ref(name)[1]: count for name, count in sorted(counts.items())})


# ---- private


async def _ask(call: Call, verb: str, args: dict[str, Any]) -> Any:
    return await call.system.runtime.ask("webhooks", Command(verb, args, call.who.name, call.command_id))


async def _events(call: Call, rows: list[Row]) -> list[WebhookEvent]:
    answered = await call.system.arrivals.answered([row["task_id"] for row in rows if row["task_id"]])
    return [
        WebhookEvent(
            row["event_id"], row["webhook_id"], row["provider"], row["event_type"], row["task_id"], row["matched_command"],
            row["task_id"] in answered, iso(row["created_us"]),
        )
        for row in rows
    ]  # fmt: skip


def _done(state: State, call: Call) -> Done:
    return Done(True, _shown_state(state, call))


def _shown_state(state: State, call: Call) -> Webhook:
    return _shown(split_ref(state.ref)[1], state.value or {}, call)


def _shown(ident: str, value: dict[str, Any], call: Call) -> Webhook:
    own = ident in call.system.hooks.own
    return Webhook(
        ident, value["name"], value["provider"], f"/webhooks/{ident}" if own else f"/webhooks/{value['provider']}/{ident}", own,
        value["enabled"], bool(value["secret"]), _commands(value), value["default_command"] or None,
        call.system.hooks.bot_of(value), iso(value["created_us"]) if value["created_us"] else None,
        iso(value["updated_us"]) if value["updated_us"] else None, value["created_by"],
    )  # fmt: skip


def _commands(value: dict[str, Any]) -> list[CommandShown]:
    return [CommandShown(**one) for one in value["commands"]]


_ALL, _ONE = "/api/webhooks", "/api/webhooks/{id}"
_COMMANDS, _COMMAND = f"{_ONE}/commands", f"{_ONE}/commands/{{command_id}}"
_EVENTS = Param("limit", "int", default=50, ge=1, le=200)
_RECENT = Param("limit", "int", default=100, ge=1, le=200)
_SEGMENTS = {"id": "(?!(?:events|stats)$)[^/]+"}
_READ = {"auth": Auth.token, "scope": Scope.read, "tag": "agent-bot", "segments": _SEGMENTS}
_DO = {**_READ, "scope": Scope.operate, "refuses": (400, 403, 404, 503, 504)}
ROUTES = (
    Route("GET", _ALL, webhooks, answer=list[Webhook], **_READ),
    Route("POST", _ALL, create, body=NewWebhook, answer=Done, done=201, **_DO),
    Route("GET", f"{_ALL}/events", events, params=(Param("webhook_id"), _EVENTS), answer=list[WebhookEvent], refuses=(503, 504),
          **_READ),
    Route("GET", f"{_ALL}/events/recent", recent, params=(_RECENT,), answer=Done, refuses=(503, 504), **_READ),
    Route("GET", f"{_ALL}/events/{{event_id}}", one_event, answer=WebhookEventWhole, refuses=(404, 503, 504), **_READ),
    Route("GET", f"{_ALL}/stats", stats, answer=Stats, refuses=(503, 504), **_READ),
    Route("GET", _ONE, one, answer=Webhook, refuses=(404,), **_READ),
    Route("PUT", _ONE, change, body=WebhookChange, answer=Done, **_DO),
    Route("DELETE", _ONE, delete, answer=Done, **_DO),
    Route("POST", f"{_ONE}/enable", enable, answer=Done, **_DO),
    Route("POST", f"{_ONE}/disable", disable, answer=Done, **_DO),
    Route("GET", f"{_ONE}/events", events_of_one, params=(_EVENTS,), answer=Done, refuses=(404, 503, 504), **_READ),
    Route("GET", _COMMANDS, commands, answer=list[CommandShown], refuses=(404,), **_READ),
    Route("POST", _COMMANDS, add_command, body=NewCommand, answer=Done, done=201, **_DO),
    Route("PUT", _COMMAND, change_command, body=NewCommand, answer=Done, **_DO),
    Route("DELETE", _COMMAND, remove_command, answer=Done, **_DO),
)  # fmt: skip
