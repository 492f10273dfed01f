"""Which symbols a watchdog watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from oracle.symbols import base_asset

__all__ = ["universe"]

_MOST_KNOWN = 65_536


def universe(wanted: Iterable[str]) -> Callable[[str], bool]:
    """Whether a symbol is among `wanted`: bases (BTC is each BTC pair), symbols (BTC-USD), or "*" for all."""
    names = frozenset(wanted)
    if "*" in names:
        return lambda symbol: True
    known: dict[str, bool] = {}

    def watches(symbol: str) -> bool:
        found = known.get(symbol)
        if found is None:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            found = known[symbol] = symbol in names or base_asset(symbol) in names
        return found

    return watches
