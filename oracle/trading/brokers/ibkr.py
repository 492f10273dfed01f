"""Interactive Brokers' gateway as the broker (extra `ibkr`): where it is, and what must be there for it."""

from __future__ import annotations

import importlib.util

import attrs

from actors import Child
from oracle.board import Board
from oracle.problems import Invalid, Problem
from oracle.settings import Settings
from oracle.trading.brokers.ibkr_memory import IbkrMemory
from oracle.trading.brokers.ibkr_office import IbkrOffice

__all__ = ["MISSING", "IbkrBroker"]

MISSING = "needs the extra `ibkr`: pip install 'oracle-runtime[ibkr]'"
NEEDS = ("ib_async", "trio_asyncio")


@attrs.frozen
class IbkrBroker:
    """A gateway, or a TWS, at `host` and `port`; `client_id` names this client there, whose orders no other works. `account` is
    needed where the login has several."""

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 1
    account: str = ""
    provider = "ibkr"

    @classmethod
    def of(cls, settings: Settings) -> IbkrBroker:
        """What the settings say of it."""
        ibkr = settings.broker.ibkr
        return cls(ibkr.host, ibkr.port, ibkr.client_id, ibkr.account)

    def child(self, board: Board) -> Child:
        """The actor `broker`. Raises Invalid where the extra is not installed."""
        if not all(map(importlib.util.find_spec, NEEDS)):
            raise Invalid([Problem(("broker", "provider"), "value_error", f"ibkr {MISSING}", "ibkr")])
        memory = IbkrMemory()
        return Child("broker", lambda: IbkrOffice(self.host, self.port, self.client_id, self.account, board, memory))
