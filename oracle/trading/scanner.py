"""The scanner: how each symbol of the universe stands, over all strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors import Actor
from oracle.board import Board
from oracle.model import Event, Severity, State, event_id
from oracle.trading.kill_switch import tripped

__all__ = ["NO_BARS", "Scanner", "scan"]

SOURCE, SUBJECT = "scanner", "desk"
EVERY_S = 60.0
SAY_AT_LEAST_S = 300.0
GATHER_S = 1.0  # from a strategist's word to the scan, so that one is made of the words of all
NO_BARS = "no daily bars yet"
_BLOCKED = ("Risk Block", "Exec Block")


def scan(board: Board, symbols: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The reason of each symbol, and whether it is a candidate: what keeps all of trading from entries, else a strategy that
    would open a position, else one that was refused to, else the first that has bars to say something of."""
    if halted := _halted(board):
        return dict.fromkeys(symbols, (halted, False))
    told = [state.value["verdicts"] for state in board.kind("strategy") if state.value and "verdicts" in state.value]
    return {symbol: _best([verdicts[symbol] for verdicts in told if symbol in verdicts]) for symbol in symbols}


def _halted(board: Board) -> str:
    if tripped(board) is not None:
        return "Inactive (Kill Switch)"
    on = any(state.value and state.value.get("on") for state in board.kind("breaker"))
    return "Inactive (Circuit Breaker)" if on else ""


def _best(verdicts: Sequence[dict[str, Any]]) -> tuple[str, bool]:
    if not verdicts:
        return NO_BARS, False
    best = min(verdicts, key=_rank)
    return best["reason"], bool(best["candidate"])


def _rank(verdict: dict[str, Any]) -> int:
    reason: str = verdict["reason"]
    if verdict["candidate"]:
        return 0
    if reason.startswith(_BLOCKED):
        return 1
    if reason.startswith(("Holding", "Cooldown")):
        return 2
    if reason.startswith("Low Score"):
        return 3
    return 5 if reason == NO_BARS else 4


class Scanner(Actor):
    """`scanner`. Scans after each word of a strategist and each minute, and publishes Events `scan_start` and `scan_summary`
    where something changed, or nothing was said for five minutes."""

    listens = ("state:strategy:*", "state:switch:kill", "state:breaker:*")

    def __init__(self, board: Board, symbols: Sequence[str]) -> None:
        self.board = board
        self.symbols = tuple(symbols)
        self._said: dict[str, tuple[str, bool]] | None = None
        self._said_us = 0
        self._soon = False

    async def start(self) -> None:
        """Look at once."""
        self._look()
        self.after(EVERY_S, "minute")

    def receive(self, message: State | str) -> None:
        """Somebody's word, or an own timer."""
        if isinstance(message, State):
            if not self._soon:
                self._soon = True
                self.after(GATHER_S, "soon")
            return
        if message == "minute":
            self.after(EVERY_S, "minute")
        else:
            self._soon = False
        self._look()

    def _look(self) -> None:
        found, now_us = scan(self.board, self.symbols), self.now_us()
        if found == self._said and now_us - self._said_us < SAY_AT_LEAST_S * 1e6:
            return
        self._said, self._said_us = found, now_us
        candidates = sum(candidate for _, candidate in found.values())
        self._tell("scan_start", f"{len(found)} symbols are scanned", {"count": len(found)})
        self._tell("scan_summary", f"{candidates} candidates of {len(found)} symbols",
                   {"symbols": {symbol: reason for symbol, (reason, _) in found.items()}, "count": len(found),
                    "candidates": candidates})  # fmt: skip

    def _tell(self, kind: str, summary: str, data: dict[str, Any]) -> None:
        now_us = self.now_us()
        self.publish(Event(event_id(kind, SUBJECT, SOURCE, now_us), kind, SUBJECT, SOURCE, Severity.low, summary, data, now_us))
