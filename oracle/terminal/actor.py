"""The actor `terminal`: takes what bots push, keeps what is shown, and speaks for our own desk while no bot does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from actors import Actor, Refused, Timer
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.history import Commit, Queries
from oracle.model import Command, Event, Severity, State, event_id
from oracle.moments import iso_text
from oracle.receipts import Receipts
from oracle.terminal.objects import ACCOUNT_UPDATE, BOT_GONE, POSITION_UPDATE, QUOTE, TRADE_EXECUTION, quotes_of
from oracle.terminal.ours import account_of, execution_of, positions_of, scan_start_of, scan_summary_of
from oracle.terminal.state import EVENTS, PROVIDER, TRADES, TerminalState
from oracle.trading.bookkeeping import Books
from oracle.trading.portfolio import snapshot

__all__ = ["ACCOUNT", "POSITIONS", "PUSH", "SCAN", "SOURCE", "Terminal", "TerminalMemory"]

PUSH = "terminal"
"""The kind of events that hold an object as it was said; their subject is its type."""
ACCOUNT, POSITIONS, SCAN, SOURCE = "terminal:account", "terminal:positions", "terminal:scan", "terminal:source"
DESK = "desk"
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
AGAIN_S = 1.0
_GONE = "gone"
Object = dict[str, Any]


@attrs.define(eq=False)
class TerminalMemory:
    """What outlives the actor's lives: what is shown, once it was read, and what is decided and not known to be stored."""

    shown: TerminalState = attrs.field(factory=TerminalState)
    rebuilt: bool = False
    in_hand: tuple[tuple[State, ...], tuple[Event, ...]] | None = None
    asked: int = 0


class Terminal(Actor):
    """`terminal`. Asked `Command("push", {"objects": [...]})`: answers with {accepted, epoch, first, last} once they are stored
    (offsets on the stream; None where a former try has stored them); `Command("hand_back")`: the bot is gone, and our desk's
    account is shown again; `Command("live", {account, positions, at_us})` and `Command("lost")`: what an MT5 terminal that is
    asked said, which wins over a bot and our desk, and that it said nothing; then what is shown stays.

    An object is Event `terminal` with its type as subject, stored with what it changes of States `terminal:account`,
    `terminal:positions`, `terminal:scan` and `terminal:source`. A QUOTE is a Quote of source `terminal`, kept as those are.
    Refused: `unavailable` while it can't be stored; then it is stored once it can, and with an id not a second time.
    """

    listens = ("event:fill:*", "event:scan_start:*", "event:scan_summary:*", "state:account:*", "state:position:*",
               "state:equity:desk")  # fmt: skip

    def __init__(self, board: Board, queries: Queries, receipts: Receipts, memory: TerminalMemory, gone_after_s: float) -> None:
        self._board = board
        self._queries = queries
        self._receipts = receipts
        self._memory = memory
        self._shown = memory.shown
        self._gone_after_s = gone_after_s
        self._gone: Timer | None = None
        self._stale = True  # what the desk says is not shown yet

    async def start(self) -> None:
        """Know again what was shown."""
        await self._fulfil()
        if not self._memory.rebuilt:
            await self._rebuild()
            self._memory.rebuilt = True
        if self._shown.external:
            self._wait_for_more()
        self._refresh()

    async def receive(self, message: Any) -> Any:
        """Take what is pushed; note what the desk does."""
        match message:
            case Command(verb="push"):
                return await self._push(message)
            case Command(verb="hand_back"):
                await self._fulfil()
                return await self._hand_back(message.by, message.id)
            case Command(verb="live"):
                await self._fulfil()
                self._show(message.args)
            case Command(verb="lost"):
                await self._fulfil()
                self._shown.live = False
            case Command(verb=verb):
                raise Refused(f"the terminal can't be asked to {verb}", "unknown_verb", {"verb": verb})
            case Event() if not self._shown.external and (self._shown.ours or message.kind != "fill"):
                self._speak(message)
            case State():
                self._stale = True
            case "gone" if self._shown.external:
                await self._fulfil()
                await self._hand_back("nobody was heard", "")
            case "again":
                await self._fulfil()
        return None

    def drained(self) -> None:
        """Show the desk's account and positions as they are after all that was heard."""
        if self._stale:
            self._stale = False
            self._refresh()

    # ---- what bots push

    async def _push(self, command: Command) -> Object:
        await self._fulfil()
        objects: list[Object] = command.args["objects"]
        epoch = self.runtime.epoch
        if self._receipts.applied(command.id):
            return {"accepted": len(objects), "epoch": epoch, "first": None, "last": None}
        told = self._events(objects, command)
        before = self.runtime.bus.offset
        await self._store(self._drafts(objects, command), told)
        for quote in quotes_of(objects, self.now_us()):
            self.publish(quote)
        last = self.runtime.bus.offset
        self._refresh()
        if self._shown.external:
            self._wait_for_more()
        return {"accepted": len(objects), "epoch": epoch, "first": before + 1, "last": last}

    def _events(self, objects: list[Object], command: Command) -> tuple[Event, ...]:
        self._memory.asked += 1
        now_us = self.now_us()
        salt: tuple[Any, ...] = (0, command.id) if command.id else (now_us, self._memory.asked)
        kept = [(place, one) for place, one in enumerate(objects) if one["type"] != QUOTE]
        told = [self._told(one, command.by, now_us, command.id, *salt, place) for place, one in kept]
        if not told and command.id:  # what tells that the command was carried out
            told = [self._told({"type": QUOTE, "count": len(objects)}, command.by, now_us, command.id, *salt)]
        return tuple(told)

    def _told(self, given: Object, by: str, now_us: int, cause: str, *salt: Any) -> Event:
        kind, source = given["type"], f"push:{by}"
        ident = event_id(PUSH, kind, source, *salt)
        return Event(ident, PUSH, kind, source, Severity.low, f"{kind} from {by}", given, now_us, cause)

    def _drafts(self, objects: list[Object], command: Command) -> tuple[State, ...]:
        """The states after all of them, which are tried on a copy."""
        shown, now_us = self._shown, self.now_us()
        trial = TerminalState(dict(shown.account), shown.positions, shown.scan_summary, external=shown.external,
                              asked=shown.asked, live=shown.live)  # fmt: skip
        for one in objects:
            if one["type"] != QUOTE:
                trial.apply(one)
        values: dict[str, tuple[Any, Any, Object]] = {
            ACCOUNT: (trial.account, shown.account, {"account": trial.account, "by": command.by}),
            POSITIONS: (trial.positions, shown.positions, {"positions": trial.positions, "by": command.by}),
            SCAN: (trial.scan_summary, shown.scan_summary, {"scan": trial.scan_summary, "by": command.by}),
        }
        if shown.external and trial.ours:
            del values[ACCOUNT], values[POSITIONS]
        drafts = [self._board.draft(ref, value, now_us) for ref, (after, before, value) in values.items() if after != before]
        if trial.external:
            said = {one["type"] for one in objects} if not shown.live else set()
            heard = {"external": True, "by": command.by, "heard_us": now_us,
                     "account_us": now_us if ACCOUNT_UPDATE in said else shown.account_us,
                     "positions_us": now_us if POSITION_UPDATE in said else shown.positions_us}  # fmt: skip
            return (*drafts, self._board.draft(SOURCE, heard, now_us))
        return (*drafts, *(self._no_bot(now_us) if shown.external else ()))

    def _no_bot(self, now_us: int) -> tuple[State, ...]:
        return tuple(self._board.draft(ref, None, now_us) for ref in self._of_bots() if self._board.get(ref))

    def _of_bots(self) -> tuple[str, ...]:
        return (SOURCE,) if self._shown.asked else (ACCOUNT, POSITIONS, SOURCE)

    async def _hand_back(self, by: str, cause: str) -> Object:
        """Show the desk's account again."""
        if self._shown.external:
            now_us = self.now_us()
            self._memory.asked += 1
            gone = {"type": BOT_GONE, "by": by, "timestamp": iso_text(now_us)}
            await self._store(self._no_bot(now_us), (self._told(gone, by, now_us, cause, now_us, self._memory.asked),))
            self._refresh()
        return {"external": False}

    # ---- storing

    async def _store(self, states: tuple[State, ...], events: tuple[Event, ...]) -> None:
        """Have it stored now, and put it in force. Raises Refused `unavailable`: then it is as soon as it can be."""
        self._memory.in_hand = states, events
        try:
            await self.ask("history", Commit((*states, *events)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            if isinstance(no, Refused) and no.code != "unavailable":
                self._memory.in_hand = None
                raise
            self.after(AGAIN_S, "again")
            raise Refused(f"it can't be stored now, and will be as soon as it can: {no}", "unavailable") from no
        self._put_in_force(states, events)

    async def _fulfil(self) -> None:
        """Have what is in hand stored, however long that takes, and put it in force."""
        if self._memory.in_hand is not None:
            states, events = self._memory.in_hand
            await committed(self, (*states, *events))
            self._put_in_force(states, events)

    def _put_in_force(self, states: tuple[State, ...], events: tuple[Event, ...]) -> None:
        self._memory.in_hand = None
        crash_point("terminal:committed")
        for event in events:
            self._receipts.note_applied(event.cause)
            if event.subject != QUOTE:
                self._shown.apply(event.data)
            self.publish(event)
        for state in states:
            self._board.apply(state)
            if state.ref == SOURCE and state.value is not None:
                self._note_source(state.value)
        self._stale = True

    async def _rebuild(self) -> None:
        shown, board = self._shown, self._board
        page = await self._queries.events(kind=PUSH, limit=EVENTS)
        for row in reversed(page.items):
            if row["subject"] != QUOTE:
                shown.keep(row["data"])
        page = await self._queries.events(kind=PUSH, subject=TRADE_EXECUTION, limit=TRADES)
        for row in reversed(page.items):
            shown.recent_trades.appendleft({key: value for key, value in row["data"].items() if key != "type"})
        if source := board.get(SOURCE):
            shown.external = source["external"]
            self._note_source(source)
        shown.account, shown.positions = self._kept(ACCOUNT, "account", {}), self._kept(POSITIONS, "positions", [])
        if shown.asked and not shown.external and shown.account:
            shown.account_us = shown.positions_us = (board.get(PROVIDER) or {"at_us": None})["at_us"]
        shown.scan_summary = (board.get(SCAN) or {"scan": {}})["scan"]

    def _kept(self, ref: str, key: str, nothing: Any) -> Any:
        """What was shown, where the one who said it is still the one who is shown."""
        value = self._board.get(ref)
        mine = value is not None and (self._shown.external or (value["by"] == DESK) == self._shown.ours)
        return value[key] if value is not None and mine else nothing

    def _note_source(self, source: Object) -> None:
        shown = self._shown
        shown.by, shown.heard_us = source["by"], source["heard_us"]
        shown.account_us, shown.positions_us = source.get("account_us"), source.get("positions_us")

    def _wait_for_more(self) -> None:
        if self._gone is not None:
            self._gone.cancel()
        if self._gone_after_s:
            heard_us = self._shown.heard_us or self.now_us()
            self._gone = self.after(max(0.0, self._gone_after_s - (self.now_us() - heard_us) / 1e6), _GONE)

    # ---- what our desk says

    def _speak(self, event: Event) -> None:
        say: dict[str, Callable[[Event], Object]] = {
            "fill": execution_of, "scan_start": scan_start_of, "scan_summary": scan_summary_of}  # fmt: skip
        given = say[event.kind](event)
        self._shown.apply(given, pushed=False)
        if event.kind == "scan_summary":
            self._board.put(SCAN, {"scan": self._shown.scan_summary, "by": DESK}, self.now_us())
        ident = event_id(PUSH, given["type"], DESK, event.ts_us, event.id)
        self.publish(Event(ident, PUSH, given["type"], DESK, Severity.low, event.summary, given, event.ts_us, event.id))
        self._stale = True

    def _refresh(self) -> None:
        """Account and positions as the desk has them now, told where they differ from what was told last."""
        if self._shown.ours and Books(self._board).account is not None:
            portfolio = snapshot(self._board, self.now_us())
            self._put(account_of(portfolio), positions_of(portfolio.positions, Books(self._board).orders()), DESK)

    def _show(self, said: Object) -> None:
        """Account and positions as the MT5 terminal has them, told where they differ from what is shown."""
        self._put(said["account"], said["positions"], PROVIDER)
        self._shown.hear(said["account"], said["positions"], said["at_us"])

    def _put(self, account: Object, positions: list[Object], by: str) -> None:
        now_us = self.now_us()
        if account != self._shown.account:
            self._shown.account = account
            self._board.put(ACCOUNT, {"account": account, "by": by}, now_us)
        if positions != self._shown.positions:
            self._shown.positions = positions
            self._board.put(POSITIONS, {"positions": positions, "by": by}, now_us)
