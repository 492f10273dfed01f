"""The strategies: one file each, one line in the table below; a class of anybody's is named `package.module:Class`."""

from __future__ import annotations

from oracle.plugins import part_class

__all__ = ["STRATEGIES", "strategy_class"]

STRATEGIES: dict[str, type] = {}


def strategy_class(kind: str) -> type:
    """The class of a kind: a name of the table, or `package.module:Class`. Raises Bad."""
    return part_class(kind, STRATEGIES, "strategy", "decide")
