"""How the actors around services come to be: from the settings, before the runs, whose failures they hear."""

from __future__ import annotations

from typing import Any

from actors import Child
from oracle.services.checkups import Checkups
from oracle.services.config import Config
from oracle.services.gauges import Gauges
from oracle.services.incidents import Incidents, IncidentsMemory

__all__ = ["service_children"]


def service_children(system: Any) -> list[Child]:
    """The actors `services`, `incidents` and `checkups`, in the order to start them."""
    settings, board, memory, history = system.settings, system.board, IncidentsMemory(), system.store.statistics

    def apply(config: Config) -> None:
        system.pools["experiments"].limit = config.dashboard.max_experiments

    return [
        Child("services", lambda: Gauges(board, system.receipts, apply)),
        Child(
            "incidents", lambda: Incidents(board, system.receipts, history, settings.experiments.memory_warning_pct, memory),
            capacity=10_000, when_full="drop_oldest",
        ),
        Child("checkups", lambda: Checkups(board, system.http, system.vitals, settings.experiments.health_every_s)),
    ]  # fmt: skip
