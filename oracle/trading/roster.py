"""Which strategies there are by what name, and how one is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.border import structure
from oracle.problems import Bad, Invalid
from oracle.trading.signal import Strategy
from oracle.trading.strategies import STRATEGIES, plain, strategy_class

__all__ = ["Listed", "made", "roster", "wanted"]

Table = Mapping[str, Any]


@attrs.frozen
class Listed:
    """A strategy that is set up: its name, its kind, and its settings."""

    name: str
    kind: str
    table: dict[str, Any]


def roster(settings: Mapping[str, Table]) -> dict[str, Listed]:
    """All strategies by name; `settings` are the tables of the section `strategies`."""
    tables: dict[str, Table] = {**{name: {} for name in STRATEGIES}, **{_same(name): table for name, table in settings.items()}}
    return {
        name: Listed(name, str(table.get("kind", name)), {key: value for key, value in table.items() if key != "kind"})
        for name, table in tables.items()
    }


def wanted(known: Mapping[str, Listed], name: str) -> Listed:
    """The strategy of a name, in snake case too. Raises Refused `not_found`."""
    for one in known.values():
        if plain(one.name) == plain(name):
            return one
    raise Refused(f"Strategy '{name}' not found; there are {', '.join(known)}", "not_found", {"name": name})


def made(kind: str, table: Table, path: tuple[str | int, ...] = ()) -> Strategy:
    """A new one. Raises Invalid."""
    try:
        found: Strategy = structure(strategy_class(kind), dict(table), path=path)
    except Bad as bad:
        raise Invalid([bad.at(path, kind)]) from None
    return found


def _same(name: str) -> str:
    """The name of the table where it is an alias of one there."""
    return next((one for one in STRATEGIES if plain(one) == plain(name)), name)
