"""Carries out a command that a client named by an id of its own once, and answers it again as often as it is asked.

Over HTTP the id is the header `Idempotency-Key` of any unsafe method. It belongs to the caller (`Identity.name`) and to one
request: the same id with another method, path or body is refused. The first request carries the command out, and goes on
doing so when its client has left; whoever sends it meanwhile waits for the same answer. An answer, also a domain "no", is
given when it is on disk. What tells nothing about the command (no token, too many requests, no answer in time, a crash) is
not kept, and the command may be sent again.

Is the process killed after a durable effect and before its answer, the effect is known by its mark (`oracle.receipts`): the
owner answers with the present state. Of what leaves nothing durable (an actor's restart or kill) only the event that tells
of it is, within 50 ms; killed before that, the retry restarts it once more.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import trio

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.problems import Invalid
from oracle.receipts import Answered, Key, answered_event
from oracle.system import System
from web.body import encode
from web.errors import answer_invalid, answer_refusal, answer_status, invalid
from web.routes import Answer, Call, Family

__all__ = ["HEADER", "ID", "REPLAYED", "carry_out", "run", "serve"]

HEADER = "Idempotency-Key"
REPLAYED = ("Idempotent-Replayed", "true")
ID = r"[A-Za-z0-9_.:-]{1,64}"
WITHIN_S = 15.0  # an owner answers in 5 s, the history in another 5
SECRET = "this answer holds a secret and is never stored: ask without an id"
UNRECORDED = "the answer can't be stored now; send the same again"
_KEPT_NOT = frozenset({401, 403, 408, 413, 415, 429})  # refusals that say nothing about the command
_IN_HEADER = ("header", HEADER)

Work = Callable[[str], Awaitable[Answer]]
"""Does it, given the id for `Command.id`, and never raises what `web.errors` has a body for."""


async def serve(call: Call) -> Any:
    """What the route's view says, once for each `Idempotency-Key` where the client sent one. Raises what the view raises."""
    ident = call.headers.get(HEADER.lower())
    if ident is None or not call.route.unsafe:
        return await call.route.view(call)
    return await carry_out(call, ident)


async def carry_out(call: Call, ident: str, where: tuple[str, ...] = _IN_HEADER) -> Answer:
    """The answer of an unsafe route to the command `ident`; `where` the client said the id, for refusals. A "no" is an answer
    too, in the family of the route; raises only what is a bug."""
    route, receipts = call.route, call.system.receipts
    if not re.fullmatch(ID, ident):
        return _refused(invalid("string_pattern_mismatch", where, f"String should match {ID}", ident, pattern=ID), route.family)
    if route.secret:
        return _refused(invalid("id_forbidden", where, SECRET, ident), route.family)
    key = Key(call.who.name, ident, receipts.digest(route.method, route.path, call.args, call.body))

    async def work(command_id: str) -> Answer:
        try:
            result = await route.view(attrs.evolve(call, command_id=command_id))
        except (Invalid, Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull) as no:
            return _refused(no, route.family, route.complaint)
        return result if isinstance(result, Answer) else Answer(result)

    try:
        return await run(call.system, key, (route.method, _path(call)), work, route.family)
    except Refused as no:
        if no.code != "reused":
            return _refused(no, route.family)
        return _refused(invalid("id_reused", where, f"Value error, {no.reason}", ident), route.family)


async def run(system: System, key: Key, about: tuple[str, str], work: Work, family: Family = Family.error) -> Answer:
    """The answer to the command `key`, from `work` unless it is known; `about` is its method and path, for the record.

    Raises Refused: `reused` (the id was given to another request), `full`.
    """
    receipts = system.receipts
    while True:
        known = receipts.find(key)
        if known is None:
            return await _first(system, key, about, work, family)
        if not isinstance(known, Answered):
            await known.ended.wait()
            known = known.answer
        if known is not None and not _final(known):
            return _given(known)
        if known is not None:  # else whoever carried it out crashed
            receipts.replayed += 1
            return _again(known)


async def _first(system: System, key: Key, about: tuple[str, str], work: Work, family: Family) -> Answer:
    before = system.receipts.applied(key.command_id)
    turn = system.receipts.begin(key)
    answer: Answered | None = None
    try:
        # The client that is gone comes back for the answer, so its leaving ends nothing.
        with trio.move_on_after(WITHIN_S, shield=True) as scope:
            answer = await _answer(system, key, about, work, family)
        if scope.cancelled_caught:
            answer = _stored_form(answer_status(504, family, "no answer in time"))
    finally:
        system.receipts.end(turn, answer)
    assert answer is not None
    return _again(answer) if before and _final(answer) else _given(answer)


async def _answer(system: System, key: Key, about: tuple[str, str], work: Work, family: Family) -> Answered:
    receipts = system.receipts
    answer = receipts.held(key) or _stored_form(await work(key.command_id))
    if not _final(answer):
        return answer
    receipts.hold(key, answer)
    crash_point("once:before-answer")
    try:
        event = answered_event(key, *about, answer, system.runtime.now_us())
        await system.runtime.ask("history", Commit((event,)))
    except (Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull):
        return _stored_form(answer_status(503, family, UNRECORDED))
    receipts.stored(key)
    crash_point("once:after-answer")
    return answer


def _final(answer: Answered) -> bool:
    """Whether it says what became of the command."""
    return answer.status < 500 and answer.status not in _KEPT_NOT


def _refused(no: Exception, family: Family, complaint: str = "") -> Answer:
    match no:
        case Invalid():
            return answer_invalid(no, family, complaint)
        case Refused() | AskTimeout() | ActorCrashed() | NobodyOwns() | MailboxFull():
            return answer_refusal(no, family)
    raise no


def _path(call: Call) -> str:
    """The path that was asked for."""
    return re.sub(r"\{(\w+)(?:\.\.\.)?\}", lambda found: str(call.args[found[1]]), call.route.path)


def _stored_form(answer: Answer) -> Answered:
    body = answer.body if isinstance(answer.body, bytes) else encode(answer.body)
    return Answered(answer.status, body.decode(), answer.headers, answer.content_type)


def _given(answer: Answered) -> Answer:
    return Answer(answer.body.encode(), answer.status, answer.headers, answer.content_type)


def _again(answer: Answered) -> Answer:
    return attrs.evolve(_given(answer), headers=(*answer.headers, REPLAYED))
