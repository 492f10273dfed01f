"""How strategies are put together: one actor each, their switch, and the scanner."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from actors import Child, Supervisor
from oracle.board import Board
from oracle.history import Queries
from oracle.receipts import Receipts
from oracle.settings_trading import Risk, Trading
from oracle.trading.ml.model_file import ModelFile
from oracle.trading.roster import Listed, made, roster
from oracle.trading.scanner import Scanner
from oracle.trading.strategies import strategy_class
from oracle.trading.strategist import Strategist
from oracle.trading.strategy_dealer import Dealer
from oracle.trading.strategy_past import PastOf
from oracle.trading.strategy_plan import Plan
from oracle.trading.strategy_switch import StrategySwitch

if TYPE_CHECKING:
    from oracle.system import System

__all__ = ["strategist_children", "strategy_children"]

GRACE_S = 0.1  # one that takes in the past loses nothing when it is ended, and nobody should wait for it


def strategist_children(system: System) -> list[Child]:
    """The actors of strategies in a system; they start after the desk. Raises Invalid for settings that make no strategy."""
    settings = system.settings
    folder, board = settings.data.folder, system.board
    return strategy_children(settings.strategies, settings.trading, settings.risk, folder, board, system.queries, system.receipts)


def strategy_children(
    tables: Mapping[str, Mapping[str, Any]], trading: Trading, risk: Risk, folder: Path, board: Board, queries: Queries,
    receipts: Receipts,
) -> list[Child]:
    """The same, of parts. Raises Invalid."""
    known, past = roster(tables), PastOf(queries)
    lives = [_child(listed, Plan(listed.name, board, past, trading, risk), folder / "models") for listed in known.values()]
    return [
        Child("strategies", lambda: Supervisor(lives, exhausted="park")),
        Child("strategist", lambda: StrategySwitch(tuple(known), board, receipts)),
        Child("scanner", lambda: Scanner(board, trading.universe)),
    ]


def _child(listed: Listed, plan: Plan, models: Path) -> Child:
    made(listed.kind, listed.table, ("strategies", listed.name))  # bad settings are refused before anything starts
    table = listed.table
    if "self_training" in attrs.fields_dict(strategy_class(listed.kind)):
        table = {**table, "self_training": False}
        settings = json.dumps(table, sort_keys=True, default=str)
        plan = attrs.evolve(plan, model_file=ModelFile(models / f"{listed.name}.model", settings))
    build: Callable[[], Strategist] = partial(_built, listed.kind, table, plan)
    return Child(f"strategy:{listed.name}", build, capacity=10_000, when_full="drop_oldest", grace_s=GRACE_S)


def _built(kind: str, table: Mapping[str, Any], plan: Plan) -> Strategist:
    return Strategist(plan, made(kind, table), Dealer(plan))
