"""A delivery of the reader's own making, to see what a webhook does with it: `/api/oracle/webhooks/{id}/trial`."""

from __future__ import annotations

import hashlib
import secrets

import attrs
import msgspec
from attrs.validators import max_len

from oracle.border import structure
from oracle.model import Command
from oracle.tasks.inbound import Taken
from web.routes import Answer, Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]


@attrs.frozen(kw_only=True)
class Trial:
    """What is delivered: the event's name, and what its sender says with it."""

    event: str = attrs.field(default="trial", validator=max_len(100))
    text: str = attrs.field(default="", validator=max_len(10_000))


@attrs.frozen
class Tried:
    """What came of it: what came in, and the task that was made of it; null where it calls for none, or a budget lets none come
    of it (`refused`)."""

    event_id: str
    task_id: str | None
    matched_command: str | None
    refused: bool


async def trial(call: Call) -> Answer:
    """Deliver something to a custom webhook as its sender would: signed with its secret, and taken in like any other delivery, so
    that a task may come of it."""
    wish = structure(Trial, call.body, path=("body",))
    ident, system = call.args["id"], call.system
    now_us = system.runtime.now_us()
    said = {"event": wish.event, "text": wish.text, "sender": call.who.name, "title": "A trial delivery"}
    body = msgspec.json.encode(said)
    headers = {**system.hooks.signed(ident, body, now_us), "x-webhook-id": _ident(call.command_id)}
    incoming = system.hooks.admit("custom", ident, headers, body, now_us)
    taken: Taken = await system.runtime.ask("inbound", Command("receive", {"id": ident, "incoming": incoming}, call.who.name))
    return Answer(Tried(taken.event_id, taken.task_id, taken.matched_command, bool(taken.refused)), 201)


def _ident(command_id: str) -> str:
    """What the delivery is called: the same for the same command."""
    return "trial-" + (hashlib.blake2b(command_id.encode(), digest_size=6).hexdigest() if command_id else secrets.token_hex(6))


ROUTES = (
    Route("POST", "/api/oracle/webhooks/{id}/trial", trial, Auth.token, Scope.operate, Family.error, body=Trial, strict=True,
          answer=Tried, done=201, refuses=(403, 404, 409, 503, 504), tag="oracle"),
)  # fmt: skip
