"""The package MetaTrader5, which speaks with a terminal on the same Windows machine.

It exists for Windows only, so what calls it has never been run where this was written; all that can be was kept out of it.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import attrs
import trio

from oracle.secret import SecretMissing
from oracle.settings_trading import Mt5
from oracle.terminal.bridge import Unanswered

__all__ = ["PACKAGE", "Package", "answered", "is_installed"]

PACKAGE = "MetaTrader5"
TIMEOUT_S = 30.0  # it may have to start the terminal


def is_installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec(PACKAGE) is not None


@attrs.frozen
class Package:
    """The terminal that the settings name; started by the package where it does not run."""

    mt5: Mt5

    async def answer(self) -> tuple[Any, Any]:
        """See `oracle.terminal.bridge.Answering`. The package blocks, so it is called in a thread; that may be left behind."""
        try:
            with trio.fail_after(TIMEOUT_S):
                return await trio.to_thread.run_sync(self._ask, abandon_on_cancel=True)
        except trio.TooSlowError as error:
            raise Unanswered(f"the terminal gave no answer within {TIMEOUT_S:g} s") from error

    def _ask(self) -> tuple[Any, Any]:
        return answered(importlib.import_module(PACKAGE), self.mt5)


def answered(package: Any, mt5: Mt5) -> tuple[Any, Any]:
    """What the package says of account and positions, logged in as the settings say. Raises Unanswered."""
    account = package.account_info()
    if account is None:
        try:
            password = {"password": mt5.password.reveal()} if mt5.password else {}
        except SecretMissing as missing:
            raise Unanswered(f"mt5.password: {missing}") from missing
        where = (str(mt5.path),) if mt5.path else ()
        server = {"server": mt5.server} if mt5.server else {}
        if not package.initialize(*where, login=mt5.login, **password, **server):
            raise Unanswered(f"the terminal can't be logged in to: {package.last_error()}")
        account = package.account_info()
    positions = package.positions_get()
    if account is None or positions is None:
        raise Unanswered(f"the terminal does not say its account: {package.last_error()}")
    return account._asdict(), [one._asdict() for one in positions]
