"""What a MetaTrader 5 terminal answers when it is asked for its account, in the words that the terminal's clients know. Pure.

| MetaTrader5 says | shown as |
| --- | --- |
| type 0, 1 | type, and direction BUY, SELL |
| price_open | entry_price |
| sl, tp | sl_price, tp_price (0 is none) |

The words on the right are understood too, and win. `day_pl` is None where it is not said: the terminal does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs.validators import and_, ge, gt, le, max_len, min_len, optional

from oracle.border import structure
from oracle.problems import Invalid, Problem
from oracle.terminal.objects import ACCOUNT_UPDATE, POSITION_UPDATE, objects_of

__all__ = ["LiveAccount", "LivePosition", "answer_of"]

Object = dict[str, Any]

_RENAMED = {"price_open": "entry_price", "sl": "sl_price", "tp": "tp_price"}
_SIDES = {"0": "BUY", "1": "SELL", "BUY": "BUY", "SELL": "SELL"}
_amount = and_(ge(-1e18), le(1e18))
_maybe = optional(_amount)
_above_0: Any = and_(gt(0), le(1e18))
_named: Any = and_(min_len(1), max_len(64))


@attrs.frozen
class LiveAccount:
    """Money in `currency`; `profit` is floating; None is what was not said."""

    balance: float = attrs.field(validator=_amount)
    equity: float = attrs.field(validator=_amount)
    profit: float | None = attrs.field(default=None, validator=_maybe)
    currency: str | None = attrs.field(default=None, validator=optional(_named))
    leverage: int | None = attrs.field(default=None, validator=optional(and_(ge(0), le(1_000_000))))
    day_pl: float | None = attrs.field(default=None, validator=_maybe)


@attrs.frozen
class LivePosition:
    """An open position, its `volume` in lots; None is what was not said."""

    ticket: int = attrs.field(validator=and_(ge(0), le(2**63 - 1)))
    symbol: str = attrs.field(validator=_named)
    type: int
    direction: str
    volume: float = attrs.field(validator=_above_0)
    entry_price: float = attrs.field(validator=_above_0)
    price_current: float | None = attrs.field(default=None, validator=_maybe)
    sl_price: float | None = attrs.field(default=None, validator=_maybe)
    tp_price: float | None = attrs.field(default=None, validator=_maybe)
    profit: float | None = attrs.field(default=None, validator=_maybe)


def answer_of(account: Any, positions: Any) -> tuple[Object, list[Object]]:
    """Account and positions; either may be wrapped in an object with that key, as in a push. Raises Invalid, and then neither is
    to be believed."""
    account, positions = _unwrapped(account, "account"), _unwrapped(positions, "positions")
    if not isinstance(positions, list):
        raise Invalid([Problem(("positions",), "list_type", "Input should be a list")])
    known = attrs.asdict(structure(LiveAccount, account, extras="drop", path=("account",)))
    held = [_position(one, ("positions", place)) for place, one in enumerate(positions)]
    objects_of([{"type": ACCOUNT_UPDATE, "account": known}, {"type": POSITION_UPDATE, "positions": held}])
    return known, held


def _unwrapped(given: Any, key: str) -> Any:
    return given[key] if isinstance(given, dict) and key in given else given


def _position(given: Any, path: tuple[str | int, ...]) -> Object:
    if not isinstance(given, Mapping):
        raise Invalid([Problem(path, "dict_type", "Input should be an object")])
    row = {**{new: given[old] for old, new in _RENAMED.items() if old in given}, **given}
    said = {_SIDES.get(str(row[key]).upper()) for key in ("type", "direction") if row.get(key) is not None}
    if len(said) != 1 or None in said:
        raise Invalid([Problem((*path, "type"), "enum", "Input should be 0 (BUY) or 1 (SELL)")])
    (direction,) = said
    row |= {"type": 0 if direction == "BUY" else 1, "direction": direction}
    return attrs.asdict(structure(LivePosition, row, extras="drop", path=path))
