"""The actor `terminal_provider`: asks a MetaTrader 5 terminal for its account, again and again, and has it shown.

What it says is observed, not owed: an answer that is lost is asked for again. State `terminal:mt5` says how it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors import Actor
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.log import logger
from oracle.model import Command
from oracle.problems import Invalid
from oracle.terminal.answer import answer_of
from oracle.terminal.bridge import Answering, Unanswered
from oracle.terminal.state import PROVIDER

__all__ = ["TerminalProvider"]

LOG = logger("terminal")
RENEW_US = 60_000_000
"""So old may `at_us` get in the State while all goes well: it need not be stored at each answer."""


class TerminalProvider(Actor):
    """`terminal_provider`: the one writer of State `terminal:mt5` {connected, reason, at_us, since_us}: whether the newest
    question was answered, why not, when the newest answer was asked for (renewed each minute), and since when it is so."""

    def __init__(self, board: Board, terminal: Answering, every_s: float, login: int = 0) -> None:
        self._board = board
        self._terminal = terminal
        self._every_s = every_s
        self._login = login
        self._at_us: int | None = None

    async def start(self) -> None:
        """Ask at once."""
        self.after(0, "ask")

    async def receive(self, message: Any) -> None:
        """Ask, and have shown what is said."""
        if message == "ask":
            await self._ask()
            self.after(self._every_s, "ask")

    async def _ask(self) -> None:
        asked_us = self.now_us()
        try:
            account, positions = await self._terminal.answer()
            self._look(account)
            shown, held = answer_of(account, positions)
        except Unanswered as why:
            await self._lost(str(why))
        except Invalid as invalid:
            first = invalid.problems[0]  # without the value, which may be another each time
            await self._lost(f"it can't be understood: {first.where}: {first.reason}")
        else:
            try:
                await self.ask("terminal", Command("live", {"account": shown, "positions": held, "at_us": asked_us}, PROVIDER))
            except NOT_NOW as no:
                await self._lost(f"its answer can't be shown now: {no}")
            else:
                self._at_us = asked_us
                self._say(True, "")

    def _look(self, account: Any) -> None:
        """Raises Unanswered where it is another account than the settings name."""
        wanted, said = self._login, account.get("login") if isinstance(account, Mapping) else None
        if wanted and said is not None and str(said) != str(wanted):
            raise Unanswered("it is logged in to another account than mt5.login")

    async def _lost(self, reason: str) -> None:
        self._say(False, reason)
        try:
            await self.ask("terminal", Command("lost", {}, PROVIDER))
        except NOT_NOW:
            return  # the next question says it again

    def _say(self, connected: bool, reason: str) -> None:
        now_us, before = self.now_us(), self._board.get(PROVIDER)
        known_us = before["at_us"] if before else None
        at_us = self._at_us or known_us
        changed = before is None or (before["connected"], before["reason"]) != (connected, reason)
        if not changed and (at_us or 0) - (known_us or 0) < RENEW_US:
            return
        same = before is not None and before["connected"] == connected
        self._board.put(PROVIDER, {"connected": connected, "reason": reason, "at_us": at_us,
                                   "since_us": before["since_us"] if same and before else now_us}, now_us)  # fmt: skip
        if changed and connected:
            LOG.info("the MT5 terminal says its account")
        elif changed:
            LOG.warning("the MT5 terminal does not say its account", why=reason)
