"""Alpha-oracle's strategies: which there are, what they said, and switching them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from oracle.border import unstructure
from oracle.model import Command
from oracle.trading.roster import Listed, made, roster, wanted
from oracle.trading.strategy_plan import is_enabled
from web.routes import Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class StrategyListed:
    """A strategy. `min_hold_days` counts daily bars from an entry to the first exit but for a stop; `params` are its settings,
    percents where a name ends so."""

    name: str
    description: str
    min_hold_days: int
    params: dict[str, Any]


@attrs.frozen
class StrategyDetails:
    """A strategy, and how it stands here. `required_data`: `ohlcv`, `fundamentals`, `insider_transactions`. Where it is not
    `available`, `reason` says why it can't work; where it is not `enabled`, it looks on and opens or closes nothing."""

    name: str
    description: str
    min_hold_days: int
    params: dict[str, Any]
    required_data: list[str]
    available: bool
    reason: str
    enabled: bool


@attrs.frozen
class StrategySignal:
    """What a strategy wanted: `direction` LONG, SHORT or FLAT (close), `strength` 0 to 1, `timestamp` when it said so."""

    symbol: str
    timestamp: datetime
    direction: str
    strength: float
    strategy_name: str
    reason: str
    metadata: dict[str, Any]


@attrs.frozen
class StrategySwitched:
    """What was done: `status` enabled or disabled."""

    status: str
    strategy: str


async def strategies(call: Call) -> list[StrategyListed]:
    """All strategies that are set up."""
    return [_listed(one) for one in _known(call).values()]


async def strategy(call: Call) -> StrategyDetails:
    """One strategy; its name may be in snake case."""
    listed = wanted(_known(call), call.args["name"])
    decider, short = made(listed.kind, listed.table), _listed(listed)
    reason = decider.unavailable()
    return StrategyDetails(
        short.name, short.description, short.min_hold_days, short.params, list(decider.required_data), not reason, reason,
        is_enabled(call.system.board, listed.name))  # fmt: skip


async def signals(call: Call) -> list[StrategySignal]:
    """What a strategy has said, newest first; `start` <= time < `end`."""
    listed = wanted(_known(call), call.args["name"])
    page = await call.system.queries.events(
        kind="signal", source=f"strategy:{listed.name}", from_us=call.args["start_us"], to_us=call.args["end_us"],
        limit=call.args["limit"])  # fmt: skip
    return [_signal(row) for row in page.items]


async def enable(call: Call) -> StrategySwitched:
    """Have a strategy open and close positions again; answers when that is on disk."""
    return await _switch(call, "enable")


async def disable(call: Call) -> StrategySwitched:
    """Have a strategy look on only; answers when that is on disk. Its positions stay, and so do stops that are at work."""
    return await _switch(call, "disable")


async def _switch(call: Call, verb: str) -> StrategySwitched:
    listed = wanted(_known(call), call.args["name"])
    command = Command(verb, {"name": listed.name}, call.who.name, call.command_id)
    return StrategySwitched(await call.system.runtime.ask("strategist", command), listed.name)


def _known(call: Call) -> dict[str, Listed]:
    return roster(call.system.settings.strategies)


def _listed(listed: Listed) -> StrategyListed:
    decider: Any = made(listed.kind, listed.table)
    params = {field.name: unstructure(getattr(decider, field.name)) for field in attrs.fields(type(decider)) if field.init}
    return StrategyListed(listed.name, decider.description, decider.min_hold_days, params)


def _signal(row: dict[str, Any]) -> StrategySignal:
    data = row["data"]
    return StrategySignal(data["symbol"], iso(row["ts_us"]), data["direction"], data["strength"], data["strategy_name"],
                          data["reason"], data["metadata"])  # fmt: skip


_LIMIT = Param("limit", "int", default=100, ge=1, le=1_000, doc="most signals")
_START = Param("start", "time", doc="first time")
_END = Param("end", "until", doc="before this time, or to the end of this day (UTC)")
_ONE = "/api/strategies/{name}"
_TAG = "strategies"
_HISTORY = (404, 503, 504)
ROUTES = (
    Route("GET", "/api/strategies", strategies, Auth.token, answer=list[StrategyListed], tag=_TAG),
    Route("GET", _ONE, strategy, Auth.token, answer=StrategyDetails, refuses=(404,), tag=_TAG),
    Route("GET", f"{_ONE}/signals", signals, Auth.token, params=(_LIMIT, _START, _END), answer=list[StrategySignal],
          refuses=_HISTORY, tag=_TAG),
    Route("POST", f"{_ONE}/enable", enable, Auth.token, Scope.operate, answer=StrategySwitched, refuses=_HISTORY, tag=_TAG),
    Route("POST", f"{_ONE}/disable", disable, Auth.token, Scope.operate, answer=StrategySwitched, refuses=_HISTORY, tag=_TAG),
)  # fmt: skip
