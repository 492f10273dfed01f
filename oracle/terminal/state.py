"""What the terminal shows, and what each object makes of it. Pure: the same objects in the same order show the same."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
import msgspec

from oracle.terminal.objects import ACCOUNT_UPDATE, POSITION_UPDATE

__all__ = ["EVENTS", "PROVIDER", "TRADES", "TerminalState"]

PROVIDER = "terminal:mt5"
"""How it goes with the MT5 terminal that is asked for its account; also the name it speaks under."""

TRADES, EVENTS = 50, 200
EVENTS_BYTES = 512 * 1024  # a snapshot that is larger is more than many clients take in one message
Object = dict[str, Any]


@attrs.define(eq=False)
class TerminalState:
    """`account` and `positions` as they were said last; `scan_summary` its symbols, timestamp and count; `recent_trades` the
    newest 50, newest first; `events` the newest 200 objects of at most 512 KiB, oldest first. `external`: whether an external bot
    speaks, and not our desk; `heard_us` when it was last heard, `account_us` and `positions_us` when these were last said.
    `asked`: whether an MT5 terminal is asked for them; then our desk's are never shown, and what it says wins as long as it
    answers (`live`)."""

    account: Object = attrs.field(factory=dict)
    positions: list[Object] = attrs.field(factory=list)
    scan_summary: Object = attrs.field(factory=dict)
    recent_trades: deque[Object] = attrs.field(factory=lambda: deque(maxlen=TRADES))
    events: deque[Object] = attrs.field(factory=lambda: deque(maxlen=EVENTS))
    external: bool = False
    asked: bool = False
    live: bool = False
    by: str = ""
    heard_us: int | None = None
    account_us: int | None = None
    positions_us: int | None = None
    _sizes: deque[int] = attrs.field(factory=deque, init=False)
    _bytes: int = attrs.field(default=0, init=False)

    @property
    def ours(self) -> bool:
        """Whether it is our desk's account that is shown."""
        return not self.external and not self.asked

    def hear(self, account: Object, positions: list[Object], at_us: int) -> None:
        """The MT5 terminal answered."""
        self.account, self.positions, self.live = account, positions, True
        self.account_us = self.positions_us = at_us

    def merged(self, given: Object, pushed: bool) -> Object:
        """The account after an ACCOUNT_UPDATE: what it says over what was said before, unless that was of another account."""
        return dict(given["account"]) if self.ours and pushed else {**self.account, **given["account"]}

    def apply(self, given: Object, pushed: bool = True) -> None:
        """Take in one object. The first account or positions that a bot pushes take the place of the desk's."""
        match given.get("type"):
            case "ACCOUNT_UPDATE":
                self.account = self.account if self.live else self.merged(given, pushed)
                self._taken_over(pushed, keep=ACCOUNT_UPDATE)
            case "POSITION_UPDATE":
                self.positions = self.positions if self.live else list(given["positions"])
                self._taken_over(pushed, keep=POSITION_UPDATE)
            case "SCAN_SUMMARY":
                self.scan_summary = scan_of(given)
            case "TRADE_EXECUTION":
                self.recent_trades.appendleft(trade_of(given))
            case "BOT_GONE" if self.external:
                self.hand_back()
        self.keep(given)

    def keep(self, given: Object) -> None:
        """Put an object among the events."""
        size = len(msgspec.json.encode(given))
        self.events.append(given)
        self._sizes.append(size)
        self._bytes += size
        while len(self._sizes) > 1 and (len(self._sizes) > len(self.events) or self._bytes > EVENTS_BYTES):
            if len(self._sizes) == len(self.events):  # else the oldest has gone by itself
                self.events.popleft()
            self._bytes -= self._sizes.popleft()

    def hand_back(self) -> None:
        """The bot is gone: the desk's own account is shown again, from what it says next; a terminal's stays."""
        self.external, self.by, self.heard_us = False, "", None
        if self.asked:
            return
        self.account_us, self.positions_us = None, None
        self.account, self.positions = {}, []

    def _taken_over(self, pushed: bool, keep: str) -> None:
        if not pushed or self.external:
            return
        ours, self.external = self.ours, True
        if not ours:
            return
        if keep == ACCOUNT_UPDATE:
            self.positions = []
        else:
            self.account = {}

    def view(self) -> Object:
        """All of it, as `/api/state` and STATE_SNAPSHOT show it."""
        return {"account": self.account, "positions": self.positions, "scan_summary": self.scan_summary,
                "recent_trades": list(self.recent_trades), "events": list(self.events)}  # fmt: skip


def scan_of(given: Object) -> Object:
    """The three keys of a SCAN_SUMMARY that are kept."""
    symbols = given["symbols"]
    count = given.get("count")
    return {"symbols": symbols, "timestamp": given.get("timestamp"), "count": len(symbols) if count is None else count}


def trade_of(given: Object) -> Object:
    """A TRADE_EXECUTION as a trade: without its type."""
    return {key: value for key, value in given.items() if key != "type"}
