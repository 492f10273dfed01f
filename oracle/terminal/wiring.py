"""How the terminal is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors import Child
from oracle.log import logger
from oracle.terminal.actor import Terminal
from oracle.terminal.bridge import Answering, Bridge
from oracle.terminal.package import PACKAGE, Package, is_installed
from oracle.terminal.provider import TerminalProvider
from oracle.terminal.reporting import TerminalReports
from oracle.terminal.state import PROVIDER

if TYPE_CHECKING:
    from oracle.system import System

__all__ = ["terminal_children"]

LOG = logger("terminal")
REPORTS_CAPACITY = 10_000


def terminal_children(system: System) -> list[Child]:
    """The actor `terminal`; `terminal_reports` where an external bot or terminal is the broker; `terminal_provider` where an MT5
    terminal is to be asked."""
    settings, memory = system.settings, system.terminal_memory
    asked = _answering(system)
    memory.shown.asked = asked is not None
    if asked is None and system.board.get(PROVIDER):
        system.board.put(PROVIDER, None, system.runtime.now_us())  # it was asked before this start
    children = [Child("terminal", lambda: Terminal(
        system.board, system.queries, system.receipts, memory, settings.mt5.gone_after_s))]  # fmt: skip
    if settings.broker.provider == "push":
        children.append(Child("terminal_reports", lambda: TerminalReports(lambda: system.terminal, system.queries),
                              capacity=REPORTS_CAPACITY, when_full="drop_oldest"))  # fmt: skip
    if asked is not None:
        children.append(Child("terminal_provider", lambda: TerminalProvider(
            system.board, asked, settings.mt5.every_s, settings.mt5.login)))  # fmt: skip
    return children


def _answering(system: System) -> Answering | None:
    """The terminal to ask for its account, where there is one."""
    mt5 = system.settings.mt5
    if mt5.bridge_url:
        return Bridge(system.http, mt5.bridge_url)
    if mt5.login and is_installed():
        return Package(mt5)
    if mt5.login:
        LOG.warning("no MT5 terminal is asked: mt5.login needs the package, or a bridge (mt5.bridge_url)", package=PACKAGE)
    return None
