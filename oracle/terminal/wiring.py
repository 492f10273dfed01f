"""How the terminal is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors import Child
from oracle.terminal.actor import Terminal
from oracle.terminal.reporting import TerminalReports

if TYPE_CHECKING:
    from oracle.system import System

__all__ = ["terminal_children"]

REPORTS_CAPACITY = 10_000


def terminal_children(system: System) -> list[Child]:
    """The actor `terminal`, and `terminal_reports` where an external bot or terminal is the broker."""
    settings, memory = system.settings, system.terminal_memory
    children = [Child("terminal", lambda: Terminal(
        system.board, system.queries, system.receipts, memory, settings.mt5.gone_after_s))]  # fmt: skip
    if settings.broker.provider == "push":
        children.append(Child("terminal_reports", lambda: TerminalReports(lambda: system.terminal, system.queries),
                              capacity=REPORTS_CAPACITY, when_full="drop_oldest"))  # fmt: skip
    return children
