"""Circuit breakers: which conditions of the world stop new entries, decided from what is known now.

A breaker that has tripped stays so until its cause is seen to be gone; nothing resets by itself.
"""

from __future__ import annotations

from collections.abc import Container

import attrs

from oracle.settings_trading import Risk

__all__ = ["AGED", "HALTING", "NAMES", "Breaker", "Inputs", "breakers", "stale"]

NAMES = ("vix", "stale_data", "drawdown", "daily_loss", "reconciliation", "dead_man_switch")
HALTING = frozenset({"drawdown", "daily_loss", "reconciliation"})
"""Those that trip the kill switch too."""
AGED = frozenset({"stale_data", "dead_man_switch"})
"""Those whose value is an age in seconds, which is another one at every look."""


@attrs.frozen(kw_only=True)
class Inputs:
    """What breakers go by; None where it is not known. Percents, points of the VIX, UTC microseconds. `drawdown_pct` is
    positive, `daily_pnl_pct` negative for a loss."""

    now_us: int
    vix: float | None = None
    newest_data_us: int | None = None
    drawdown_pct: float | None = None
    daily_pnl_pct: float | None = None
    drift_pct: float | None = None
    heartbeat_us: int | None = None


@attrs.frozen
class Breaker:
    """How a breaker is: `value` against `limit`, in the unit its reason says; `reason` is empty while it is off."""

    name: str
    on: bool
    reason: str
    value: float | None
    limit: float


def breakers(inputs: Inputs, risk: Risk, on: Container[str] = ()) -> tuple[Breaker, ...]:
    """All of them in the order of NAMES; `on` are those that were tripped before.

    Without data, and without a heartbeat, they trip. Without a drawdown or a daily result that is taken for 0. A VIX or a drift
    that is not known trips nothing, and resets nothing either.
    """
    limits, bounds = risk.limits, risk.breakers
    return (
        _unknown_or_over("vix", inputs.vix, bounds.max_vix, "the VIX is {:.2f}, above {:g}", on),
        _aged("stale_data", inputs.newest_data_us, inputs.now_us, bounds.stale_data_s, "data"),
        _over("drawdown", inputs.drawdown_pct or 0.0, limits.max_drawdown_pct,
              "the equity is {:.2f} % below its peak, more than {:g} %"),
        _over("daily_loss", 0.0 - (inputs.daily_pnl_pct or 0.0), limits.max_daily_loss_pct,
              "today's loss is {:.2f} % of the equity, more than {:g} %"),
        _unknown_or_over("reconciliation", inputs.drift_pct, bounds.max_drift_pct,
                         "the books are {:.2f} % away from the broker's, more than {:g} %", on),
        _aged("dead_man_switch", inputs.heartbeat_us, inputs.now_us, bounds.heartbeat_within_s, "heartbeat of an operator"),
    )  # fmt: skip


def stale(newest_data_us: int | None, now_us: int, within_s: float) -> str:
    """Why the newest data is too old to trade by; empty where it is not."""
    return _aged("stale_data", newest_data_us, now_us, within_s, "data").reason


def _over(name: str, value: float, limit: float, text: str) -> Breaker:
    on = value > limit + 1e-9
    return Breaker(name, on, text.format(value, limit) if on else "", value, limit)


def _unknown_or_over(name: str, value: float | None, limit: float, text: str, on: Container[str]) -> Breaker:
    if value is not None:
        return _over(name, value, limit, text)
    still = name in on
    return Breaker(name, still, "it had tripped, and what it goes by is not known now" if still else "", None, limit)


def _aged(name: str, at_us: int | None, now_us: int, within_s: float, what: str) -> Breaker:
    if at_us is None:
        return Breaker(name, True, f"there was no {what} yet", None, within_s)
    age_s = max(0.0, (now_us - at_us) / 1e6)
    on = age_s > within_s
    return Breaker(name, on, f"the newest {what} is {age_s:.0f} s old, more than {within_s:g} s" if on else "", age_s, within_s)
