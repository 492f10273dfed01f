"""One life of an actor: build, start, handle messages until told to leave, stop.

At a crash only the message in hand is lost, to the dead letters at once, and its ask fails; the rest of its batch stays
for the next life. So an async handler's messages are popped one by one; a sync handler's batch, which nobody else can
see meanwhile, is taken whole and the rest put back. A batch is cut at 256 so that siblings run.

An actor whose `receive` is sync and that overrides no other hook can wait only at its mailbox. Its life ends by a flag
and needs no cancel scope, which would cost half as much memory again as the actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from operator import length_hint
from typing import TYPE_CHECKING, Any

import trio

from actors.bus import Published
from actors.errors import ActorCrashed, Refused
from actors.reply import Reply

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell

__all__ = ["live", "serve"]

BATCH = 256


async def live(cell: Cell) -> None:
    """Run one life to its end; raises what the actor raised, or `cell.doomed` when it was killed."""
    cell.forced = False
    cell.leaving = cell.stopping or cell.recycling
    cell.doomed = cell.waiting_helpers = None
    try:
        actor = cell.actor = cell.spec.build()
        actor._cell = cell
        cell.listen(actor.listens)
        if actor._only_parks:
            cell.runtime.began(cell)
            await _handle(cell, actor)
            if cell.waiting_helpers:
                await _with_helpers(cell, actor)
        else:
            await actor._live(cell)
    finally:
        if not cell.mailbox.queue or (cell.actor is not None and not cell.actor._is_async):
            cell.none_before_s = trio.current_time()
        cell.actor = cell.scope = cell.nursery = None
    if cell.doomed is not None:
        raise cell.doomed


async def serve(cell: Cell, actor: Actor) -> None:
    """How an actor that may wait in its own code spends its life: where it can be cut off."""
    with trio.CancelScope() as cell.scope:
        await actor.start()
        cell.runtime.began(cell)
        if not cell.waiting_helpers:
            await _handle(cell, actor)
        if cell.waiting_helpers:
            await _with_helpers(cell, actor)
        else:
            await _stop(cell, actor)


async def _with_helpers(cell: Cell, actor: Actor) -> None:
    async with trio.open_nursery() as nursery:
        cell.nursery = nursery
        cell.scope = cell.scope or nursery.cancel_scope
        for task, args in cell.waiting_helpers or ():
            nursery.start_soon(task, *args)
        cell.waiting_helpers = None
        await _handle(cell, actor)
        await _stop(cell, actor)
        nursery.cancel_scope.cancel()


async def _stop(cell: Cell, actor: Actor) -> None:
    cell.state = "stopping"
    if not cell.forced:
        await actor.stop()


async def _handle(cell: Cell, actor: Actor) -> None:
    """Handle messages until told to leave, or until a helper needs a nursery."""
    mailbox = cell.mailbox
    behind = False
    while not (cell.waiting_helpers and cell.nursery is None):
        if not mailbox.queue and cell.leaving:
            return
        await mailbox.wait()
        if cell.forced:
            return
        if mailbox.lost:
            actor.gap(*mailbox.take_lost())
        was_behind, behind = behind, len(mailbox.queue) > BATCH
        # a sync actor leaves nothing waiting unless it falls behind, so it need not read the time before
        if not behind if actor._is_async else behind and not was_behind:
            cell.none_before_s = trio.current_time()
        if actor._is_async:
            await _handle_async(cell, actor, min(len(mailbox.queue), BATCH))
        else:
            bare = mailbox.bare
            _handle_sync(cell, actor, mailbox.take(BATCH), bare)
        if actor._drains:
            pause = actor.drained()
            if pause is not None:
                await pause


def _handle_sync(cell: Cell, actor: Actor, batch: deque[Any], bare: bool) -> None:
    handle = _handle_bare if bare else _handle_mixed
    cell.handled += len(batch)
    rest = iter(batch)
    while True:
        try:
            return handle(actor, rest)
        except Refused as no:
            _refuse(cell, actor, batch[-1 - length_hint(rest)], no)
        except BaseException as error:
            in_hand = batch[-1 - length_hint(rest)]
            cell.handled -= length_hint(rest)
            cell.mailbox.put_back(deque(rest))
            _abandon(cell, in_hand, error)
            raise


def _handle_bare(actor: Actor, batch: Iterator[Any]) -> None:
    receive = actor.receive
    for message in batch:
        receive(message)


def _handle_mixed(actor: Actor, batch: Iterator[Any]) -> None:
    receive = actor.receive
    for message in batch:
        kind = type(message)
        if kind is Published:
            actor.published = message
            receive(message.message)
            actor.published = None
        elif kind is Reply:
            if not message.done:
                actor._asked = message
                _answer(actor, receive(message.message))
        else:
            receive(message)


async def _handle_async(cell: Cell, actor: Actor, count: int) -> None:
    popleft, receive = cell.mailbox.queue.popleft, actor.receive
    for _ in range(count):
        message = popleft()
        cell.handled += 1
        kind = type(message)
        try:
            if kind is Published:
                actor.published = message
                await receive(message.message)
                actor.published = None
            elif kind is Reply:
                if not message.done:
                    actor._asked = message
                    _answer(actor, await receive(message.message))
            else:
                await receive(message)
        except Refused as no:
            _refuse(cell, actor, message, no)
        except BaseException as error:
            _abandon(cell, message, error)
            raise


def _answer(actor: Actor, value: Any) -> None:
    asked, actor._asked = actor._asked, None
    if asked is not None:  # else the actor took the slot by reply_later
        asked.answer(value)


def _refuse(cell: Cell, actor: Actor, message: object, no: Refused) -> None:
    actor.published = actor._asked = None
    if isinstance(message, Reply):
        message.fail(no)
    else:
        cell.runtime.dead_letter(cell.spec.name, _bare(message), f"refused: {no.reason}")


def _abandon(cell: Cell, message: object, error: BaseException) -> None:
    if isinstance(message, Reply):
        crash = ActorCrashed(f"{cell.spec.name} crashed: {type(error).__name__}: {error}")
        crash.__cause__ = error  # who asked sees where
        message.fail(crash)
    cell.runtime.dead_letter(cell.spec.name, _bare(message), f"in hand at {type(error).__name__}")


def _bare(message: object) -> object:
    return message.message if isinstance(message, (Published, Reply)) else message
