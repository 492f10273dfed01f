"""The rules for each position and for the whole: what an entry must not break. Percents are of the equity.

Each rule is a function of an entry, the view and the limits, and gives the Breach where it is broken. All of them only ask for
less: an entry that keeps a rule keeps it with a smaller quantity too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from oracle.settings_trading import Limits
from oracle.trading.order import Side
from oracle.trading.risk.assessment import Breach, RiskView
from oracle.trading.risk.entry import Entry, lots

__all__ = ["RULES", "broken", "fitting", "oversized"]

EPS = 1e-9  # of the equity: what sums of binary fractions may be off by


def broken(entry: Entry, view: RiskView, limits: Limits) -> Iterator[Breach]:
    """Every rule that the entry breaks and that no smaller size would be offered for."""
    if view.equity <= 0:
        yield _breach(entry, "equity", "the equity is not positive", view.equity, 0.0)
        return
    for rule in RULES:
        if (breach := rule(entry, view, limits)) is not None:
            yield breach


def oversized(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    """The position would be more than `max_position_pct`; `fitting` says how much may be had."""
    pct = _pct(entry.beside * _mark(entry, view) + entry.value, view)
    if pct <= limits.max_position_pct + EPS:
        return None
    reason = f"the position would be {pct:.2f} % of the equity, more than {limits.max_position_pct:g} %"
    return _breach(entry, "max_position_pct", reason, pct, limits.max_position_pct)


def fitting(entry: Entry, view: RiskView, limits: Limits) -> float:
    """The most that `max_position_pct` leaves room for, in whole lots: floor((cap - existing) / price); never more than was
    wished for."""
    room = view.equity * limits.max_position_pct / 100 - entry.beside * _mark(entry, view)
    return min(entry.quantity, lots(entry.symbol, room / entry.price))


def _cheap(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    price = min(entry.price, _mark(entry, view))
    if price >= limits.min_price:
        return None
    return _breach(entry, "min_price", f"the price {price:g} is below {limits.min_price:g}", price, limits.min_price)


def _shorting(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    if entry.side is Side.buy or view.shorting:
        return None
    held = view.positions.get(entry.symbol)
    there = held.quantity if held else 0.0
    return _breach(entry, "oversell", "more would be sold than is held and no other order sells", None, there)


def _sector(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    sector = view.sectors.get(entry.symbol)
    if not sector:
        return None
    pct = _pct(_others(entry, view, sector) + entry.beside * _mark(entry, view) + entry.value, view)
    if pct <= limits.max_sector_pct + EPS:
        return None
    reason = f"the sector {sector} would be {pct:.2f} % of the equity, more than {limits.max_sector_pct:g} %"
    return _breach(entry, "max_sector_pct", reason, pct, limits.max_sector_pct)


def _positions(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    symbols = view.positions.keys() | {symbol for symbol, pending in view.pending_quantity.items() if pending}
    if entry.symbol in symbols or len(symbols) < limits.max_positions:
        return None
    reason = f"there are {len(symbols)} positions already, open orders among them, and no more than {limits.max_positions} may be"
    return _breach(entry, "max_positions", reason, len(symbols), limits.max_positions)


def _trades(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    count = view.trades_today + view.pending_orders
    if count < limits.max_daily_trades:
        return None
    reason = f"{count} orders were traded or placed today, and no more than {limits.max_daily_trades} may be"
    return _breach(entry, "max_daily_trades", reason, count, limits.max_daily_trades)


def _cash(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    free = view.cash - view.reserved_cash
    if entry.side is Side.sell or entry.value <= free + EPS * view.equity:
        return None
    return _breach(entry, "cash", f"it costs {entry.value:.2f}, and {free:.2f} is free", entry.value, free)


def _reserve(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    pct = _pct(view.cash - view.reserved_cash - entry.value, view)
    if entry.side is Side.sell or pct >= limits.min_cash_reserve_pct - EPS:
        return None
    reason = f"{pct:.2f} % of the equity would be left in cash, less than {limits.min_cash_reserve_pct:g} %"
    return _breach(entry, "min_cash_reserve_pct", reason, pct, limits.min_cash_reserve_pct)


def _leverage(entry: Entry, view: RiskView, limits: Limits) -> Breach | None:
    pct = _pct(_others(entry, view) + entry.beside * _mark(entry, view) + entry.value, view)
    if not limits.no_leverage or pct <= 100 + EPS:
        return None
    return _breach(entry, "no_leverage", f"all positions together would be {pct:.2f} % of the equity", pct, 100.0)


Rule = Callable[[Entry, RiskView, Limits], Breach | None]
RULES: tuple[Rule, ...] = (_cheap, _shorting, _sector, _positions, _trades, _cash, _reserve, _leverage)
"""All but the size of the position, which is made to fit."""


def _others(entry: Entry, view: RiskView, sector: str | None = None) -> float:
    """What the other symbols are worth, long or short, held or on the way; of one sector where one is named."""
    worth = 0.0
    for symbol in (view.positions.keys() | view.pending_quantity.keys()) - {entry.symbol}:
        if sector is None or view.sectors.get(symbol) == sector:
            held = view.positions.get(symbol)
            quantity = abs(held.quantity if held else 0.0) + abs(view.pending_quantity.get(symbol, 0.0))
            worth += quantity * (view.price(symbol) or 0.0)
    return worth


def _mark(entry: Entry, view: RiskView) -> float:
    return view.prices.get(entry.symbol, entry.price)


def _pct(value: float, view: RiskView) -> float:
    return 100 * value / view.equity


def _breach(entry: Entry, kind: str, reason: str, current: float | None, limit: float | None) -> Breach:
    return Breach(kind, "medium", f"{entry.symbol}: {reason}", entry.symbol, current, limit)
