"""Conversations as agent-bot's clients know them: what was said, and what the tasks of each came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.border import structure
from oracle.history.talks import Totals
from oracle.model import Command, Message, State, ref, split_ref
from oracle.runs.run import OVER, run_of
from oracle.tasks.conversations import KIND, conversation_of_flow
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.surfaces.talk_shapes import (
    ROLES,
    Conversation,
    ConversationChange,
    ConversationWhole,
    Line,
    MessageShown,
    Metrics,
    NewConversation,
    NewMessage,
    Result,
)
from web.wire import iso

__all__ = ["ROUTES", "message_shown"]

_WORDS = {"created": "queued", "paused": "queued", "waiting": "waiting_input", "stopped": "cancelled"}


async def conversations(call: Call) -> Answer:
    """List conversations, the one spoken in latest first; how many there are is in `X-Total-Count`."""
    args = call.args
    states = [one for one in call.system.board.kind(KIND) if one.value is not None and _wanted(one.value, args)]
    states.sort(key=lambda one: (_value(one)["updated_us"], one.ref), reverse=True)
    shown = await _shown(call, states[args["offset"] : args["offset"] + args["limit"]])
    return Answer(shown, headers=(("X-Total-Count", str(len(states))),))


async def create(call: Call) -> Conversation:
    """Begin a conversation. `source` is shown in its metadata."""
    wish = structure(NewConversation, call.body, extras="drop", path=("body",))
    args = {**attrs.asdict(wish), "flow_id": wish.flow_id or "", "source": wish.source or ""}
    return (await _shown(call, [await _ask(call, "create", args)]))[0]


async def by_flow(call: Call) -> Conversation:
    """Get the conversation about a flow, like `jira:PROJ-1`, `github:owner/name#7` or `slack:CHANNEL:THREAD`."""
    state = conversation_of_flow(call.system.board, call.args["flow_id"])
    if state is None:
        raise _not_found()
    return (await _shown(call, [state]))[0]


async def one(call: Call) -> ConversationWhole | Conversation:
    """Get a conversation and what was said in it."""
    state = _state(call)
    shown = (await _shown(call, [state]))[0]
    if not call.args["include_messages"]:
        return shown
    return ConversationWhole(**attrs.asdict(shown, recurse=False), messages=await _messages(call, state, limit=500))


async def change(call: Call) -> Conversation:
    """Rename or archive a conversation, or give it other metadata."""
    _state(call)
    wish = structure(ConversationChange, call.body, extras="drop", path=("body",))
    given = {name: value for name, value in attrs.asdict(wish).items() if value is not None}
    return (await _shown(call, [await _ask(call, "change", {"id": call.args["id"], **given})]))[0]


async def delete(call: Call) -> Result:
    """Delete a conversation: what was said in it is not shown any more. What its tasks cost stays on record."""
    await _ask(call, "delete", {"id": call.args["id"]})
    return Result(True, "Conversation deleted", {"conversation_id": call.args["id"]})


async def clear(call: Call) -> Result:
    """Clear a conversation: what was said in it so far is not shown any more."""
    await _ask(call, "clear", {"id": call.args["id"]})
    return Result(True, "Conversation cleared", {"conversation_id": call.args["id"]})


async def metrics(call: Call) -> Metrics:
    """Get what a conversation came to."""
    state = _state(call)
    shown, totals = await _with_totals(call, [state])
    ident = shown[0].conversation_id
    live = [run_of(one.value) for one in call.system.board.kind("run") if one.value and one.value["conversation"] == ident]
    counted = Counter(totals[ident].by_status) + Counter(str(run.status) for run in live if run.status not in OVER)
    breakdown: Counter[str] = Counter()
    for status, count in counted.items():
        breakdown[_WORDS.get(status, status)] += count
    kept = {field.name: getattr(shown[0], field.name) for field in attrs.fields(Metrics) if field.name != "task_breakdown"}
    return Metrics(**kept, task_breakdown=dict(sorted(breakdown.items())))


async def context(call: Call) -> list[Line]:
    """Get what was said last, oldest first, as a model is given it."""
    found = await _messages(call, _state(call), limit=call.args["max_messages"], roles=call.args["roles"] or (), newest=True)
    return [Line(said.role, said.content, said.created_at) for said in found]


async def messages(call: Call) -> Answer:
    """List what was said in a conversation, oldest first; how many messages there are is in `X-Total-Count`."""
    state = _state(call)
    count = await call.system.outputs.message_count(call.args["id"], _since_us(state))
    found = await _messages(call, state, limit=call.args["limit"], offset=call.args["offset"])
    return Answer(found, headers=(("X-Total-Count", str(count)),))


async def say(call: Call) -> MessageShown:
    """Say something in a conversation; answered once it is on disk. A message that an assistant repeats with the same task is
    answered as it stands."""
    _state(call)
    wish = structure(NewMessage, call.body, extras="drop", path=("body",))
    args = {
        "conversation": call.args["id"], "role": wish.role, "content": wish.content, "run": wish.task_id or "",
        "metadata": wish.metadata, "id": wish.message_id,
    }  # fmt: skip
    return message_shown(await _ask(call, "say", args))


def message_shown(said: Message) -> MessageShown:
    """A message as clients see it."""
    return MessageShown(
        said.id, said.conversation, said.role, said.content, said.run or None, iso(said.ts_us), said.metadata
    )


# ---- private


async def _ask(call: Call, verb: str, args: dict[str, Any]) -> Any:
    return await call.system.runtime.ask("conversations", Command(verb, args, call.who.name, call.command_id))


async def _shown(call: Call, states: Sequence[State]) -> list[Conversation]:
    return (await _with_totals(call, states))[0]


async def _with_totals(call: Call, states: Sequence[State]) -> tuple[list[Conversation], dict[str, Totals]]:
    totals = await call.system.talks.totals((split_ref(one.ref)[1], _value(one)["cleared_us"]) for one in states)
    return [_conversation(split_ref(one.ref)[1], _value(one), totals) for one in states], totals


def _conversation(ident: str, value: dict[str, Any], totals: dict[str, Totals]) -> Conversation:
    total, source = totals[ident], {"source": value["source"]} if value["source"] else {}
    return Conversation(
        ident, value["user_id"], value["title"], value["flow_id"] or None, iso(value["created_us"]), iso(value["updated_us"]),
        value["is_archived"], {**value["metadata"], **source}, total.messages, round(total.cost_usd, 9), total.tasks,
        round(total.duration_s, 6), _at(total.started_us), _at(total.finished_us),
    )  # fmt: skip


async def _messages(call: Call, state: State, **options: Any) -> list[MessageShown]:
    found = await call.system.outputs.messages(split_ref(state.ref)[1], since_us=_since_us(state), **options)
    return [message_shown(said) for said in found]


def _since_us(state: State) -> int:
    return int(_value(state)["cleared_us"]) + 1


def _state(call: Call) -> State:
    state: State | None = call.system.board.state(ref(KIND, call.args["id"]))
    if state is None:
        raise _not_found()
    return state


def _value(state: State) -> dict[str, Any]:
    return state.value or {}


def _wanted(value: dict[str, Any], args: Any) -> bool:
    return (not args["user_id"] or value["user_id"] == args["user_id"]) and (args["include_archived"] or not value["is_archived"])


def _at(ts_us: int | None) -> datetime | None:
    return None if ts_us is None else iso(ts_us)


def _not_found() -> Refused:
    return Refused("Conversation not found", "not_found")


_OFFSET = Param("offset", "int", default=0, ge=0, le=2**31, doc="rows left out before")
_ALL, _ONE = "/api/conversations", "/api/conversations/{id}"
_LIST = (
    Param("user_id"), Param("include_archived", "bool", default=False), Param("limit", "int", default=50, ge=1, le=200), _OFFSET,
)  # fmt: skip
_SAID = (Param("limit", "int", default=100, ge=1, le=500), _OFFSET)
_CONTEXT = (Param("max_messages", "int", default=20, ge=1, le=100), Param("roles", many=True, choices=ROLES))
_READ = {"auth": Auth.token, "scope": Scope.read, "tag": "agent-bot"}
_DO = {"auth": Auth.token, "scope": Scope.operate, "tag": "agent-bot"}
ROUTES = (
    Route("GET", _ALL, conversations, params=_LIST, answer=list[Conversation], refuses=(503, 504), **_READ),
    Route("POST", _ALL, create, body=NewConversation, answer=Conversation, refuses=(503, 504), **_DO),
    Route("GET", f"{_ALL}/by-flow/{{flow_id...}}", by_flow, answer=Conversation, refuses=(404, 503, 504), **_READ),
    Route("GET", _ONE, one, params=(Param("include_messages", "bool", default=True),), answer=ConversationWhole,
          refuses=(404, 503, 504), **_READ),
    Route("PUT", _ONE, change, body=ConversationChange, answer=Conversation, refuses=(404, 503, 504), **_DO),
    Route("DELETE", _ONE, delete, answer=Result, refuses=(404, 503, 504), **_DO),
    Route("POST", f"{_ONE}/clear", clear, answer=Result, refuses=(404, 503, 504), **_DO),
    Route("GET", f"{_ONE}/metrics", metrics, answer=Metrics, refuses=(404, 503, 504), **_READ),
    Route("GET", f"{_ONE}/context", context, params=_CONTEXT, answer=list[Line], refuses=(404, 503, 504), **_READ),
    Route("GET", f"{_ONE}/messages", messages, params=_SAID, answer=list[MessageShown], refuses=(404, 503, 504), **_READ),
    Route("POST", f"{_ONE}/messages", say, body=NewMessage, answer=MessageShown, refuses=(400, 404, 503, 504), **_DO),
)  # fmt: skip
