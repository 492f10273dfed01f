"""The one owner of silences: commits them, and takes them away when they end."""

from __future__ import annotations

import attrs

from actors import Actor, Refused
from oracle.alerts.silence import Matchers, Silence
from oracle.board import Board
from oracle.commit import committed
from oracle.model import Command, Event, Severity, State, event_id, ref
from oracle.receipts import Receipts

__all__ = ["MOST", "Silences", "SilencesMemory"]

MOST = 1_000
SOURCE = "silences"


@attrs.define
class SilencesMemory:
    """What outlives the actor's lives: a change that is decided and not yet done with."""

    in_hand: tuple[State, Event] | None = None
    made: int = 0


@attrs.frozen
class _Ended:
    ident: str


class Silences(Actor):
    """`silences`. Ask it a Command; it answers with the State[Silence] as it is afterwards, once that is committed.

    `create` takes `matchers`, `until_us` and `comment`; `delete` takes `id`. Refuses with code not_found, invalid or full. A
    Command with an id is carried out once, also over a SIGKILL.
    """

    def __init__(self, board: Board, receipts: Receipts, memory: SilencesMemory) -> None:
        self._board = board
        self._receipts = receipts
        self._memory = memory

    async def start(self) -> None:
        if self._memory.in_hand is not None:
            await self._fulfil(*self._memory.in_hand)
        for state in self._board.kind("silence"):
            if state.value is not None:
                self._watch(Silence.of(state.value))

    async def receive(self, message: Command | _Ended) -> State | None:
        match message:
            case _Ended(ident):
                await self._end(ident)
                return None
            case Command(verb="create", args={"matchers": Matchers() as matchers, "until_us": int(until_us)}):
                return await self._create(message, matchers, until_us)
            case Command(verb="delete", args={"id": str(ident)}):
                return await self._delete(message, ident)
        raise Refused(f"silences can't {message.verb!r} with {sorted(message.args)}", code="invalid")

    async def _create(self, command: Command, matchers: Matchers, until_us: int) -> State:
        now_us = self.now_us()
        self._memory.made += 1
        salt = (0, command.id) if command.id else (now_us, self._memory.made)
        ident = event_id("silence", "", SOURCE, *salt).replace("evt_", "sil_")
        if self._receipts.applied(command.id):
            state = self._board.state(ref("silence", ident))
            if state is None:
                raise Refused(f"silence '{ident}' has ended since", code="not_found")
            return state
        if until_us <= now_us:
            raise Refused("a silence has to end later than now", code="invalid")
        if len(self._board.kind("silence")) >= MOST:
            raise Refused(f"there are {MOST} silences", code="full")
        silence = Silence(id=ident, matchers=matchers, from_us=now_us, until_us=until_us, by=command.by,
                          comment=str(command.args.get("comment") or ""))  # fmt: skip
        state = self._board.draft(ref("silence", ident), silence.value(), now_us)
        await self._do(state, self._told("silence_created", silence, command.by, command.id, f"silence by {command.by}"))
        self._watch(silence)
        return state

    async def _delete(self, command: Command, ident: str) -> State:
        name, now_us = ref("silence", ident), self.now_us()
        value = self._board.get(name)
        if self._receipts.applied(command.id):
            return State(name, None, self._board.draft(name, None, now_us).version - 1, now_us)
        if value is None:
            raise Refused(f"no silence has the id '{ident}'", code="not_found")
        state = self._board.draft(name, None, now_us)
        told = self._told("silence_deleted", Silence.of(value), command.by, command.id, f"silence taken away by {command.by}")
        await self._do(state, told)
        return state

    async def _end(self, ident: str) -> None:
        value = self._board.get(ref("silence", ident))
        if value is None:
            return
        silence, now_us = Silence.of(value), self.now_us()
        if now_us < silence.until_us:  # the clock was set back
            self._watch(silence)
            return
        state = self._board.draft(ref("silence", ident), None, now_us)
        await self._do(state, self._told("silence_ended", silence, "", "", "silence is over"))

    def _watch(self, silence: Silence) -> None:
        self.after(max(0, silence.until_us - self.now_us()) / 1e6, _Ended(silence.id))

    def _told(self, kind: str, silence: Silence, by: str, cause: str, what: str) -> Event:
        salt = (0, cause) if cause else (silence.until_us, self.now_us())
        said = f": {silence.comment}" if silence.comment else ""
        return Event(
            id=event_id(kind, silence.id, SOURCE, *salt), kind=kind, subject=silence.id, source=SOURCE, severity=Severity.low,
            summary=what + said, data={**silence.value(), "by": by}, ts_us=self.now_us(), cause=cause,
        )  # fmt: skip

    async def _do(self, state: State, told: Event) -> None:
        self._memory.in_hand = state, told
        await self._fulfil(state, told)

    async def _fulfil(self, state: State, told: Event) -> None:
        try:
            await committed(self, (state, told))
        except Refused:
            self._memory.in_hand = None
            raise
        self._memory.in_hand = None
        self._receipts.note_applied(told.cause)
        self._board.apply(state)
        self.publish(told)
