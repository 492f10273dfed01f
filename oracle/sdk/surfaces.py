"""All rooms of a server."""

from __future__ import annotations

from typing import Any, TypeVar

from oracle.sdk.agents import Analytics, Conversations, Webhooks
from oracle.sdk.alerts import Alerts, Incidents, Watchdogs
from oracle.sdk.dashboard import Dashboard
from oracle.sdk.experiments import Experiments
from oracle.sdk.history import History
from oracle.sdk.room import Room, Way
from oracle.sdk.runs import Runs, Tokens
from oracle.sdk.tasks import Tasks
from oracle.sdk.trading import Backtests, Orders, Portfolio, Positions, Strategies

__all__ = ["Surfaces"]

K = TypeVar("K")


class Surfaces(Room[K]):
    """What a server can do, by name."""

    def __init__(self, oracle: Any, way: Way) -> None:
        self._oracle = self._bare = oracle
        self._way = way
        self.experiments: Experiments[K] = Experiments(oracle, way)
        self.tasks: Tasks[K] = Tasks(oracle, way)
        self.conversations: Conversations[K] = Conversations(oracle, way)
        self.webhooks: Webhooks[K] = Webhooks(oracle, way)
        self.analytics: Analytics[K] = Analytics(oracle, way)
        self.alerts: Alerts[K] = Alerts(oracle, way)
        self.incidents: Incidents[K] = Incidents(oracle, way)
        self.watchdogs: Watchdogs[K] = Watchdogs(oracle, way)
        self.orders: Orders[K] = Orders(oracle, way)
        self.positions: Positions[K] = Positions(oracle, way)
        self.portfolio: Portfolio[K] = Portfolio(oracle, way)
        self.strategies: Strategies[K] = Strategies(oracle, way)
        self.backtests: Backtests[K] = Backtests(oracle, way)
        self.runs: Runs[K] = Runs(oracle, way)
        self.tokens: Tokens[K] = Tokens(oracle, way)
        self.history: History[K] = History(oracle, way)
        self.dashboard: Dashboard[K] = Dashboard(oracle, way)
