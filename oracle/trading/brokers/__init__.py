"""The brokers: one file each, one line in the table below.

A broker is an attrs class whose fields are its settings, with `of(settings)`, which takes them from the whole tree's, and
`child(board)`: the actor `broker`, which is asked and tells what `oracle.trading.reports` has.
"""

from __future__ import annotations

from typing import Any

from actors import Child
from oracle.board import Board
from oracle.problems import Invalid, Problem
from oracle.settings import Settings
from oracle.trading.brokers.ibkr import IbkrBroker
from oracle.trading.brokers.paper import PaperBroker, SimulatedBroker
from oracle.trading.brokers.push import PushBroker

__all__ = ["BROKERS", "broker_child"]

BROKERS: dict[str, Any] = {"paper": PaperBroker, "simulated": SimulatedBroker, "push": PushBroker, "ibkr": IbkrBroker}


def broker_child(settings: Settings, board: Board) -> Child:
    """The actor `broker` of the provider that is set. Raises Invalid."""
    provider = settings.broker.provider
    if provider not in BROKERS:
        raise Invalid([Problem(("broker", "provider"), "value_error", f"there is no broker {provider!r} here", provider)])
    child: Child = BROKERS[provider].of(settings).child(board)
    return child
